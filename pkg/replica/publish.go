package replica

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
)

// Publish signs notices as this node, in order, and takes them through the same door as everything
// else. Where Err is nil the record is on stable storage; it has not left the node yet. A refusal of
// one does not stop the others; a failure to store one stops those after it, which stand on it.
func (r *Replica) Publish(now time.Time, outgoing []Outgoing) []Published {
	out := make([]Published, len(outgoing))
	r.mu.Lock()
	defer r.mu.Unlock()
	heads := map[record.Channel]laneHead{}
	arrivals := make([]Arrival, len(outgoing))
	opened := make([]opening, len(outgoing))
	for i := range outgoing {
		o := outgoing[i]
		o.Channel = r.channelNow(o.Channel)
		rec, err := r.sign(now, &o, heads)
		if err != nil {
			out[i].Err = err
			continue
		}
		// The door sees what strangers will see: the frame.
		arrivals[i], opened[i] = Arrival{Frame: rec.Frame(), Via: Local, own: true}, r.openingOf(rec)
		heads[rec.Header().Channel] = headAt(rec)
	}
	outcomes := make([]Outcome, len(outgoing))
	r.admit(now, arrivals, opened, outcomes)
	for i := range out {
		switch {
		case out[i].Err != nil:
		case outcomes[i].Verdict == policy.Accept:
			out[i].Record = opened[i].record
		default:
			out[i].Err = &Refusal{Reason: outcomes[i].Reason, Detail: outcomes[i].Detail}
		}
	}
	return out
}

// sign makes the record of an outgoing notice at the next place of its lane. heads holds the places
// taken in this call.
func (r *Replica) sign(now time.Time, o *Outgoing, heads map[record.Channel]laneHead) (*record.Record, error) {
	if o.Notice == nil {
		return nil, errors.New("publish: no notice")
	}
	if err := r.mayUseKey(now); err != nil {
		return nil, err
	}
	if err := MayLeave(o.Notice.MarkingOf(), o.Channel); err != nil {
		return nil, err
	}
	if err := r.maySpeak(o.Channel); err != nil {
		return nil, err
	}
	body, err := notice.Encode(o.Notice)
	if err != nil {
		return nil, err
	}
	head, err := r.place(o.Channel, heads)
	if err != nil {
		return nil, err
	}
	class := o.Class
	if class == "" {
		class = record.Routine
	}
	header := record.Header{
		Kind: o.Notice.Kind(), Channel: o.Channel, Class: class, Delegation: r.opt.Delegation,
		Run: head.run, Seq: head.seq + 1, Prev: head.id, Created: now, Expires: o.Expires,
		Body: record.Body{MediaType: notice.MediaType},
	}
	var rec *record.Record
	if mustSeal(o.Notice) {
		var p *plan
		if p, err = r.planFor(now, o.Channel); err != nil {
			return nil, err
		}
		rec, err = r.signSealed(now, header, p, body)
	} else {
		rec, err = record.Sign(r.opt.Key, header, body)
	}
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", o.Notice.Kind(), err)
	}
	retention, j := r.judge(rec, false, now)
	if j.Verdict != policy.Accept {
		return nil, &Refusal{Reason: j.Reason, Detail: j.Detail}
	}
	return r.prove(rec, o.Notice, dropDay(rec, retention))
}

// prove opens what was signed as a stranger will, and stores a detached body. The place in the lane is
// not taken before both are done.
func (r *Replica) prove(rec *record.Record, n notice.Notice, d Day) (*record.Record, error) {
	seen, err := r.verifier.Open(rec.Frame())
	if err != nil {
		return nil, fmt.Errorf("open own record: %w", err)
	}
	if rec.Inline() {
		return seen, nil
	}
	if err = r.storeBrief(d, rec, n); err == nil {
		err = r.storeBody(rec, d)
	}
	if err != nil {
		return nil, storeRefusal(err)
	}
	return rec, nil
}

// maySpeak refuses a channel that this team does not belong to.
func (r *Replica) maySpeak(ch record.Channel) error {
	if ch.Private() {
		if !ch.Has(r.self) || !r.inPair(ch, r.self) {
			return &Refusal{Reason: policy.NotOurs, Detail: "the private channel is not one of this team's"}
		}
		return nil
	}
	if !r.roster.Member(ch.Community, r.self) {
		return &Refusal{
			Reason: policy.NotMember, Detail: "this team is not a member of community " + ch.Community.String(),
			Hint: r.outsiderHint(ch.Community),
		}
	}
	return nil
}

// ownOps are the writes that go with a record of this node's: the lane's head, and the delivery of a
// private one.
func (r *Replica) ownOps(rec *record.Record) []Op {
	var ops []Op
	if r.lanes.main(rec) {
		ops = append(ops, headAt(rec).op(rec.Header().Channel))
	}
	if rec.Header().Channel.Private() {
		d := r.newDelivery(rec)
		ops = append(ops, d.op())
	}
	return ops
}

// own takes a stored record of this node's into the views.
func (r *Replica) own(rec *record.Record) {
	ch := rec.Header().Channel
	r.lanes.took(rec)
	if ch.Private() {
		d := r.newDelivery(rec)
		r.outbox[d.key()] = d
	}
}

// Left notes that records of this node's left it now, for the first time. Later calls for the same
// record change nothing. It is on stable storage when Left returns nil.
func (r *Replica) Left(now time.Time, ids []record.ID) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for part := range slices.Chunk(ids, MaxApplyOps) {
		if err := r.left(now, part); err != nil {
			return err
		}
	}
	return nil
}

func (r *Replica) left(now time.Time, ids []record.ID) error {
	var ops []Op
	var entries []Entry
	for _, id := range ids {
		s, ok := r.index.slots[id]
		if !ok {
			continue
		}
		key := partKey(s.drop, partSighting, id)
		raw, err := r.opt.Store.Get(key)
		if err != nil {
			return fmt.Errorf("read sighting of %s: %w", id, err)
		}
		sighting, via, err := decodeSighting(raw)
		if err != nil {
			return err
		}
		if sighting.Left.IsZero() {
			sighting.Left = now
			ops = append(ops, Op{Key: key, Value: encodeSighting(sighting, via)})
		}
		// Also where the store has it already: an earlier call may have been told that it failed.
		if s.code.plain() == codeRequest {
			e, err := r.glance(s.drop, id)
			if err != nil {
				return err
			}
			e.Sighting = sighting
			entries = append(entries, e)
		}
	}
	if len(ops) > 0 {
		if err := r.opt.Store.Apply(ops); err != nil {
			return fmt.Errorf("note departure: %w", err)
		}
	}
	for i := range entries {
		r.view(&entries[i])
	}
	return nil
}

// storeBody writes a detached body: chunks first, each write small, then the leaves that say that it
// is whole, together with what follows from having it. What a crash leaves behind goes with its bucket.
func (r *Replica) storeBody(rec *record.Record, d Day, follows ...Op) error {
	body := rec.Body()
	leaves := record.Leaves(body)
	for n, chunk := range chunks(body) {
		if err := r.opt.Store.Apply([]Op{{Key: chunkKey(d, rec.ID(), n), Value: chunk}}); err != nil {
			return err
		}
	}
	flat := make([]byte, 0, len(leaves)*32)
	for _, l := range leaves {
		flat = append(flat, l[:]...)
	}
	return r.opt.Store.Apply(append(follows, Op{Key: partKey(d, partLeaves, rec.ID()), Value: flat}))
}

func chunks(body []byte) [][]byte {
	var out [][]byte
	for len(body) > 0 {
		n := min(len(body), record.ChunkSize)
		out = append(out, body[:n])
		body = body[n:]
	}
	return out
}

// dropDay returns the bucket of a record: the whole day of the end of its time stays.
func dropDay(rec *record.Record, retention time.Duration) Day {
	return DayOf(policy.Drops(rec.Header(), retention)) + 1
}

// storeRefusal is the refusal of a publish for an error of the store.
func storeRefusal(err error) error {
	return &Refusal{Reason: storeReason(err), Detail: err.Error()}
}

// storeReason names the reason of an error that the store answered a write with.
func storeReason(err error) policy.Reason {
	if errors.Is(err, ErrFull) {
		return policy.Full
	}
	return policy.Unavailable
}
