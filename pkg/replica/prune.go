package replica

import (
	"fmt"
	"slices"
	"time"
)

// Prune drops every record whose day has passed and gives the space back. It returns how many
// records went. After an error some may be gone from the views and still in the store; the next
// Prune or the next start puts that right.
func (r *Replica) Prune(now time.Time) (dropped int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	today := DayOf(now)
	gone := func(d Day) bool { return d < today }
	var days []Day
	for _, s := range r.index.slots {
		if gone(s.drop) && !slices.Contains(days, s.drop) {
			days = append(days, s.drop)
		}
	}
	if len(days) == 0 {
		return 0, nil
	}
	slices.Sort(days)
	ids := r.index.drop(gone)
	for _, id := range ids {
		r.ledger.Forget(id)
		delete(r.wanted, id)
	}
	if err := r.pruneOutbox(); err != nil {
		return len(ids), err
	}
	// The index goes first: a body without index is dropped with its day, an index without body would
	// stop the next start.
	var index, bodies [][]byte
	for _, d := range days {
		index = append(index, dayPrefix(spaceIndex, d))
		bodies = append(bodies, dayPrefix(spaceBucket, d))
	}
	if err := r.opt.Store.Drop(index...); err != nil {
		return len(ids), fmt.Errorf("drop index: %w", err)
	}
	if err := r.opt.Store.Drop(bodies...); err != nil {
		return len(ids), fmt.Errorf("drop records: %w", err)
	}
	return len(ids), nil
}

// pruneOutbox forgets the deliveries of records that are gone.
func (r *Replica) pruneOutbox() error {
	var ops []Op
	flush := func() error {
		if len(ops) == 0 {
			return nil
		}
		err := r.opt.Store.Apply(ops)
		ops = nil
		return err
	}
	for key := range r.outbox {
		if _, ok := r.index.slots[key.id]; ok {
			continue
		}
		delete(r.outbox, key)
		ops = append(ops, Op{Key: outboxKey(key.to, key.id), Delete: true})
		if len(ops) == MaxApplyOps {
			if err := flush(); err != nil {
				return fmt.Errorf("drop deliveries: %w", err)
			}
		}
	}
	if err := flush(); err != nil {
		return fmt.Errorf("drop deliveries: %w", err)
	}
	return nil
}
