package replica

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"tocsin/pkg/record"
)

// Prune drops every record whose day has passed and gives the space back. It returns how many
// records went. After an error some may be gone from the views and still in the store; the next
// Prune or the next start puts that right.
func (r *Replica) Prune(now time.Time) (dropped int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	today := DayOf(now)
	ids := r.index.drop(func(d Day) bool { return d < today })
	for _, id := range ids {
		r.ledger.Forget(id)
		delete(r.wanted, id)
	}
	r.texts.forget(func(id record.ID) bool {
		_, ok := r.index.slots[id]
		return !ok
	})
	if err := r.pruneKeys(today); err != nil {
		return len(ids), fmt.Errorf("drop keys: %w", err)
	}
	if err := r.pruneRuns(today); err != nil {
		return len(ids), fmt.Errorf("drop runs: %w", err)
	}
	if err := r.pruneOutbox(); err != nil {
		return len(ids), fmt.Errorf("drop deliveries: %w", err)
	}
	// The index goes first: a body without index is dropped with its day, an index without body would
	// stop the next start.
	for _, space := range []byte{spaceIndex, spaceBucket} {
		if err := r.pruneSpace(space, today); err != nil {
			return len(ids), fmt.Errorf("drop days: %w", err)
		}
	}
	if r.astray {
		return len(ids), r.setAside()
	}
	return len(ids), nil
}

// pruneSpace drops the days of a space that have passed, oldest first. It asks the store and not the
// views which they are, so that whatever an earlier Prune, a body without its record or a write that
// was reported as failed left behind goes too.
func (r *Replica) pruneSpace(space byte, today Day) error {
	for {
		oldest := today
		first := errors.New("the first key is enough")
		err := r.opt.Store.Scan([]byte{space}, true, func(key, _ []byte) error {
			if len(key) >= 5 {
				oldest = Day(binary.BigEndian.Uint32(key[1:]))
			}
			return first
		})
		if err != nil && !errors.Is(err, first) {
			return err
		}
		if oldest >= today {
			return nil
		}
		if err := r.opt.Store.Drop(dayPrefix(space, oldest)); err != nil {
			return err
		}
	}
}

// pruneOutbox forgets the deliveries of records that are gone.
func (r *Replica) pruneOutbox() error {
	var gone []deliveryKey
	for key := range r.outbox {
		if _, ok := r.index.slots[key.id]; !ok {
			gone = append(gone, key)
		}
	}
	for part := range slices.Chunk(gone, MaxApplyOps) {
		ops := make([]Op, len(part))
		for i, key := range part {
			ops[i] = Op{Key: outboxKey(key.to, key.id), Delete: true}
		}
		if err := r.opt.Store.Apply(ops); err != nil {
			return err
		}
		for _, key := range part {
			delete(r.outbox, key)
		}
	}
	return nil
}

// pruneKeys drops the keys that open nothing any more, and the records from those that wait for one.
func (r *Replica) pruneKeys(today Day) error {
	for ref, ids := range r.waiting {
		for id := range ids {
			if _, ok := r.index.slots[id]; !ok {
				delete(ids, id)
			}
		}
		if len(ids) == 0 {
			delete(r.waiting, ref)
		}
	}
	current := map[[32]byte]struct{}{}
	for _, c := range r.roster.Communities() {
		current[r.roster.View(c)] = struct{}{}
	}
	gone, views := r.keys.stale(today, func(view [32]byte) bool {
		_, ok := current[view]
		return ok
	})
	ops := make([]Op, 0, len(gone)+len(views))
	for _, ref := range gone {
		ops = append(ops, Op{Key: refKey(ref), Delete: true})
	}
	for _, view := range views {
		ops = append(ops, Op{Key: idKey(spaceView, view), Delete: true})
	}
	for part := range slices.Chunk(ops, MaxApplyOps) {
		if err := r.opt.Store.Apply(part); err != nil {
			return err
		}
	}
	return nil
}
