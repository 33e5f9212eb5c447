package replica

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// keyOps are the writes that keep the key of a sealed record as long as the record: the key that came
// with it, or what is known of the one that opened it.
func (r *Replica) keyOps(now time.Time, o *opening, drop Day) []Op {
	if !sealed(o.record) || o.closed {
		return nil
	}
	ref := refOf(o.record)
	if o.key != nil {
		o.key.seen = now
		r.keys.put(ref, *o.key)
	}
	h, news := r.keys.use(ref, now, drop)
	if !news {
		return nil
	}
	return []Op{h.op(ref)}
}

// await notes that a kept record waits for its key.
func (r *Replica) await(rec *record.Record) {
	ref := refOf(rec)
	if r.waiting[ref] == nil {
		r.waiting[ref] = map[record.ID]identity.TeamID{}
	}
	r.waiting[ref][rec.ID()] = rec.Team()
}

// maxWanted is how many keys are asked for at a time.
const maxWanted = 1024

// WantedKeys returns the keys of kept records that cannot be opened, at most as many as are worth asking
// for at a time. One of each author comes before a second of any, the newest first: somebody who writes
// under keys that nobody has keeps no other's from being found.
func (r *Replica) WantedKeys() []KeyAsk {
	type want struct {
		ask    KeyAsk
		author identity.TeamID
		newest millis
		turn   int
	}
	var all []want
	r.mu.RLock()
	for ref, ids := range r.waiting {
		w, any := want{}, false
		for id, author := range ids {
			if s, ok := r.index.slots[id]; ok && !s.outside && (!any || s.created > w.newest) {
				w, any = want{KeyAsk{*s.channel, ref.id}, author, s.created, 0}, true
			}
		}
		if any {
			all = append(all, w)
		}
	}
	r.mu.RUnlock()
	slices.SortFunc(all, func(a, b want) int {
		return cmp.Or(cmp.Compare(b.newest, a.newest), bytes.Compare(a.ask.Key[:], b.ask.Key[:]))
	})
	turns := map[identity.TeamID]int{}
	for i := range all {
		all[i].turn = turns[all[i].author]
		turns[all[i].author]++
	}
	slices.SortStableFunc(all, func(a, b want) int { return cmp.Compare(a.turn, b.turn) })
	out := make([]KeyAsk, 0, min(len(all), maxWanted))
	for _, w := range all[:min(len(all), maxWanted)] {
		out = append(out, w.ask)
	}
	return out
}

// loadWaiting finds the records whose bodies wait for a key. One whose key is here was interrupted when
// the key came.
func (r *Replica) loadWaiting(rows []indexRow) error {
	come := map[keyRef]struct{}{}
	for _, row := range rows {
		rec, err := r.reopen(row.drop, row.id)
		if err != nil {
			return err
		}
		r.await(rec)
		if r.holds(rec) {
			come[refOf(rec)] = struct{}{}
		}
	}
	for ref := range come {
		if err := r.relabel(ref, func(*Entry) {}); err != nil {
			return err
		}
	}
	return nil
}

// maxOpened bounds what Opened tells of if nobody asks.
const maxOpened = 1 << 16

// openWaiting takes the records that waited for a key, which is in the ring now, into the views.
func (r *Replica) openWaiting(ref keyRef) error {
	return r.relabel(ref, func(e *Entry) {
		r.noteTexts(e)
		r.view(e)
		if len(r.opened) < maxOpened {
			r.opened = append(r.opened, e.Record.ID())
		}
	})
}

// relabel writes into the index what the records are that waited for a key, and hands each to then. Those
// that it could not do after an error wait for the next start.
func (r *Replica) relabel(ref keyRef, then func(*Entry)) error {
	ids := make([]record.ID, 0, len(r.waiting[ref]))
	for id := range r.waiting[ref] {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, compareIDs)
	delete(r.waiting, ref)
	for part := range slices.Chunk(ids, viewBatch) {
		var ops []Op
		var entries []Entry
		var better []slot
		for _, id := range part {
			s, ok := r.index.slots[id]
			if !ok {
				continue
			}
			e, err := r.read(s.drop, id)
			if err != nil && !errors.Is(err, ErrNotFound) {
				return fmt.Errorf("open record %s: %w", id, err)
			}
			if err != nil || !e.Record.HasBody() {
				continue
			}
			if !e.Record.Inline() {
				if err := r.storeBrief(s.drop, e.Record, e.Notice); err != nil {
					return fmt.Errorf("open record %s: %w", id, err)
				}
			}
			e.Notice, e.Files = briefOf(e.Notice) // a batch of them is held
			to := s
			to.code, to.class = codeOf(e.Record, e.Notice), classOf(e.Record, e.Notice)
			ops = append(append(ops, rename(&e, s, to)...), r.textOps(&e)...)
			entries, better = append(entries, e), append(better, to)
		}
		if len(ops) > 0 {
			if err := r.opt.Store.Apply(ops); err != nil {
				return fmt.Errorf("open records: %w", err)
			}
		}
		for i := range entries {
			r.index.slots[entries[i].Record.ID()] = better[i]
			then(&entries[i])
		}
	}
	return nil
}

// Opened returns the records that were opened since the last call by a key that came after them.
func (r *Replica) Opened() []record.ID {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.opened
	r.opened = nil
	return out
}
