package replica

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// Delivery is where a private record of ours stands on its way to its recipient.
type Delivery struct {
	ID        record.ID
	To        identity.TeamID
	Attempts  int
	Next      time.Time // not to be tried again before; in milliseconds, as all times here
	Last      string    // why the last attempt failed; may hold text from a peer
	Delivered time.Time // zero while it waits
}

// newDelivery is that of a private record which has just been signed.
func (r *Replica) newDelivery(rec *record.Record) Delivery {
	h := rec.Header()
	return Delivery{ID: rec.ID(), To: r.other(h.Channel), Next: h.Created}
}

type deliveryKey struct {
	to identity.TeamID
	id record.ID
}

func (d *Delivery) key() deliveryKey { return deliveryKey{d.To, d.ID} }

// The backoff of deliveries: 5 s after the first failure, doubling up to an hour. A recipient that
// connects is tried at once whatever Next says.
const (
	firstBackoff = 5 * time.Second
	maxBackoff   = time.Hour
	maxLast      = 200 // bytes of Last
)

type deliveryWire struct {
	Attempts  int       `json:"attempts"`
	Delivered time.Time `json:"delivered,omitzero"`
	Last      string    `json:"last,omitzero"`
	Next      time.Time `json:"next,omitzero"`
}

// op returns the write of the delivery. Encoding these four members cannot fail.
func (d *Delivery) op() Op {
	v, err := dsse.Encode(deliveryWire{Attempts: d.Attempts, Delivered: d.Delivered, Last: d.Last, Next: d.Next})
	if err != nil {
		v = []byte("{}") // Last was not UTF-8: the delivery starts over
	}
	return Op{Key: outboxKey(d.To, d.ID), Value: v}
}

func (r *Replica) loadOutbox() error {
	return r.opt.Store.Scan([]byte{spaceOutbox}, false, func(key, value []byte) error {
		if len(key) != 65 {
			return fmt.Errorf("outbox key has %d bytes, want 65", len(key))
		}
		d := Delivery{To: identity.TeamID(key[1:33]), ID: record.ID(key[33:65])}
		var w deliveryWire
		if err := dsse.Decode(value, &w); err != nil {
			return fmt.Errorf("read delivery: %w", err)
		}
		d.Attempts, d.Delivered, d.Last, d.Next = w.Attempts, w.Delivered, w.Last, w.Next
		r.outbox[d.key()] = d
		return nil
	})
}

// Outbox returns the deliveries of this node's private records, the delivered ones too, the most urgent
// first, of these the oldest attempt, each to its recipient by the ID that it has today.
func (r *Replica) Outbox() []Delivery {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := make([]Delivery, 0, len(r.outbox))
	for _, d := range r.outbox {
		d.To = r.canonical(d.To)
		out = append(out, d)
	}
	order := [...]int{3, 2, 0, 1} // by the code of the class: an emergency, then what keeps the mesh going
	rank := func(d Delivery) int { return order[r.index.slots[d.ID].class&classMask] }
	slices.SortFunc(out, func(a, b Delivery) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), a.Next.Compare(b.Next), compareIDs(a.ID, b.ID), bytes.Compare(a.To[:], b.To[:]))
	})
	return out
}

// Delivered notes that a recipient has the records on its disk. It is on stable storage on return.
func (r *Replica) Delivered(now time.Time, to identity.TeamID, ids []record.ID) error {
	return r.update(to, ids, func(d *Delivery) {
		if d.Delivered.IsZero() {
			d.Delivered, d.Last = stored(now), ""
			d.Attempts++
		}
	})
}

// Postponed notes that an attempt failed, why, and when to try again.
func (r *Replica) Postponed(now time.Time, to identity.TeamID, ids []record.ID, why string) error {
	return r.update(to, ids, func(d *Delivery) {
		wait := maxBackoff
		if d.Attempts < 10 {
			wait = min(maxBackoff, firstBackoff<<d.Attempts)
		}
		d.Attempts++
		d.Next = stored(now.Add(wait))
		d.Last = string(bytes.ToValidUTF8([]byte(why[:min(len(why), maxLast)]), nil))
	})
}

// stored returns the time as the store gives it back.
func stored(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func (r *Replica) update(to identity.TeamID, ids []record.ID, change func(*Delivery)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for part := range slices.Chunk(ids, MaxApplyOps) {
		var ops []Op
		var changed []Delivery
		for _, id := range part {
			d, ok := r.delivery(to, id)
			if !ok {
				continue
			}
			change(&d)
			changed = append(changed, d)
			ops = append(ops, d.op())
		}
		if len(ops) == 0 {
			continue
		}
		if err := r.opt.Store.Apply(ops); err != nil {
			return fmt.Errorf("note delivery: %w", err)
		}
		for _, d := range changed {
			r.outbox[d.key()] = d
		}
	}
	return nil
}

// delivery finds one by any ID that its recipient had.
func (r *Replica) delivery(to identity.TeamID, id record.ID) (Delivery, bool) {
	for _, t := range append([]identity.TeamID{to}, r.roster.Rotations(to).Formers...) {
		if d, ok := r.outbox[deliveryKey{t, id}]; ok {
			return d, true
		}
	}
	return Delivery{}, false
}
