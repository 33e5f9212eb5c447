package replica

import (
	"errors"
	"fmt"
	"slices"

	"tocsin/pkg/policy"
	"tocsin/pkg/record"
)

// body reads a detached body and returns the record with it, or ErrNotFound while it is not here.
func (r *Replica) body(drop Day, rec *record.Record) (*record.Record, error) {
	if _, err := r.opt.Store.Get(partKey(drop, partLeaves, rec.ID())); err != nil {
		return nil, err
	}
	body := make([]byte, 0, rec.Header().Body.Length)
	for n := range record.Chunks(rec.Header().Body.Length) {
		chunk, err := r.opt.Store.Get(chunkKey(drop, rec.ID(), n))
		if err != nil {
			return nil, fmt.Errorf("read chunk %d: %w", n, err)
		}
		body = append(body, chunk...)
	}
	return rec.WithBody(body)
}

// Chunk returns the leaf hashes and one chunk of a detached body, or ErrNotFound while the whole is
// not here.
func (r *Replica) Chunk(id record.ID, n int) (leaves [][32]byte, chunk []byte, err error) {
	r.mu.RLock()
	s, ok := r.index.slots[id]
	r.mu.RUnlock()
	if !ok || n < 0 || n >= record.Chunks(record.MaxBody) {
		return nil, nil, fmt.Errorf("chunk %d of %s: %w", n, id, ErrNotFound)
	}
	flat, err := r.opt.Store.Get(partKey(s.drop, partLeaves, id))
	if err != nil {
		return nil, nil, err
	}
	for leaf := range slices.Chunk(flat, 32) {
		leaves = append(leaves, [32]byte(leaf))
	}
	chunk, err = r.opt.Store.Get(chunkKey(s.drop, id, n))
	return leaves, chunk, err
}

// WantedBodies returns the kept records whose detached body is not here, ascending.
func (r *Replica) WantedBodies() []record.ID {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := make([]record.ID, 0, len(r.wanted))
	for id := range r.wanted {
		out = append(out, id)
	}
	slices.SortFunc(out, compareIDs)
	return out
}

// PutBody stores the detached body of a kept record, if it is the one that the header commits to. It
// is on stable storage and in the views when PutBody returns nil.
func (r *Replica) PutBody(id record.ID, body []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.index.slots[id]
	if !ok {
		return fmt.Errorf("record %s: %w", id, ErrNotFound)
	}
	if _, ok := r.wanted[id]; !ok {
		return nil
	}
	e, err := r.read(s.drop, id)
	if err != nil {
		return err
	}
	if e.Record, err = e.Record.WithBody(body); err != nil {
		return err
	}
	if err := r.roomForBody(e.Record); err != nil {
		return err
	}
	o := r.openingOf(e.Record)
	e.Notice, e.Unread = o.notice, o.unread
	if _, erased := r.erasedBy(e.Record); erased {
		delete(r.wanted, id)
		return nil
	}
	better := s
	better.code, better.class = o.code(), classOf(e.Record, e.Notice)
	if better.class&classBare != 0 {
		return r.refuseBody(&e, s, better)
	}
	follows := append(rename(&e, s, better), r.keyOps(e.Sighting.Seen, &o, s.drop)...)
	follows = append(follows, r.textOps(&e)...)
	follows = append(follows, r.draw(e.Record.Team(), e.Record.Header().Body.Length)...)
	if err = r.storeBrief(s.drop, e.Record, e.Notice); err == nil {
		err = r.storeBody(e.Record, s.drop, follows...)
	}
	if err != nil {
		r.draw(e.Record.Team(), -e.Record.Header().Body.Length)
		if errors.Is(err, ErrFull) {
			return storeRefusal(err)
		}
		return fmt.Errorf("store body of %s: %w", id, err)
	}
	r.index.slots[id] = better
	delete(r.wanted, id)
	if o.closed {
		r.await(e.Record)
	}
	r.noteTexts(&e)
	r.view(&e)
	return nil
}

// rename returns the writes that replace a record's index key, now that its body tells what it is: a
// start reads from the key alone which notices the views need.
func rename(e *Entry, from, to slot) []Op {
	if from.code == to.code && from.class == to.class {
		return nil
	}
	row := indexRow{
		drop: from.drop, created: from.created, code: from.code, class: from.class,
		author: e.Record.Team(), tag: e.Record.Header().Channel.Tag(), id: e.Record.ID(),
		place: from.place,
	}
	old := row.key()
	row.code, row.class = to.code, to.class
	return []Op{{Key: old, Delete: true}, {Key: row.key()}}
}

// refuseBody notes that a detached body came in clear although what it says must be sealed. It is not kept,
// and so goes no further from here.
func (r *Replica) refuseBody(e *Entry, from, to slot) error {
	id := e.Record.ID()
	to.code = from.code // of what nobody may hand on, nothing goes into the views
	if err := r.opt.Store.Apply(rename(e, from, to)); err != nil {
		return fmt.Errorf("note body of %s: %w", id, err)
	}
	r.index.slots[id] = to
	delete(r.wanted, id)
	return &Refusal{Reason: policy.Marking, Detail: "its marking is stricter than TLP:CLEAR, and it came in clear"}
}
