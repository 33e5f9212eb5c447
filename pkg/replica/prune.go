package replica

import (
	"encoding/binary"
	"errors"
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
	pruned, err := r.prunedTo()
	if err != nil {
		return 0, err
	}
	// Days that an earlier Prune began with and a crash kept it from finishing.
	for d := max(pruned, today-min(today, maxCatchUp)); pruned > 0 && d < today; d++ {
		if !slices.Contains(days, d) {
			days = append(days, d)
		}
	}
	if len(days) == 0 && pruned == today {
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
	op := Op{Key: metaKey("pruned"), Value: binary.BigEndian.AppendUint32(nil, uint32(today))}
	if err := r.opt.Store.Apply([]Op{op}); err != nil {
		return len(ids), fmt.Errorf("note what was dropped: %w", err)
	}
	return len(ids), nil
}

// maxCatchUp bounds how many days without a Prune are looked at again.
const maxCatchUp Day = 1000

// prunedTo returns the day up to which everything was dropped for certain; 0 for a new store.
func (r *Replica) prunedTo() (Day, error) {
	v, err := r.opt.Store.Get(metaKey("pruned"))
	switch {
	case errors.Is(err, ErrNotFound):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("read what was dropped: %w", err)
	case len(v) != 4:
		return 0, fmt.Errorf("read what was dropped: %d bytes, want 4", len(v))
	}
	return Day(binary.BigEndian.Uint32(v)), nil
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
