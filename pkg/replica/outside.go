package replica

import (
	"fmt"

	"tocsin/pkg/ledger"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// setAside takes the records that lie beyond a removal out of the set and out of every view. They stay
// in the store as evidence. After an error some may still be in the views; the next statements or the
// next Prune try again. The caller holds the lock.
func (r *Replica) setAside() error {
	again := r.astray
	r.astray = true
	changed, err := r.exile()
	if err == nil && (changed || again) {
		err = r.rebuild()
	}
	if err != nil {
		return fmt.Errorf("set records aside: %w", err)
	}
	r.astray = false
	return nil
}

// exile marks the records of removed teams that lie beyond their removal, and reports whether any was
// not marked before. Removals only ever become stricter, so a mark stays. The caller holds the lock,
// or is the only user yet.
func (r *Replica) exile() (changed bool, err error) {
	removed := map[[32]byte]*roster.Community{}
	for _, id := range r.roster.Communities() {
		if c, _ := r.roster.Community(id); c.AnyRemoved() {
			removed[id] = c
		}
	}
	if len(removed) == 0 {
		return false, nil
	}
	suspects, err := r.rows(func(row *indexRow) bool {
		c := removed[row.tag]
		return c != nil && c.Removed(row.author)
	})
	if err != nil {
		return false, err
	}
	for _, row := range suspects {
		s := r.index.slots[row.id]
		if s.outside {
			continue
		}
		rec, err := r.reopen(row.drop, row.id)
		if err != nil {
			return changed, err
		}
		if removed[row.tag].Speaks(row.author, rec.Lane(), rec.Header().Seq) {
			continue
		}
		s.outside, changed = true, true
		r.index.slots[row.id] = s
	}
	return changed, nil
}

// rows returns the index rows that keep chooses, of records that the views know. The store may hold
// others, whose write was reported as failed or that a Prune could not finish with.
func (r *Replica) rows(keep func(*indexRow) bool) ([]indexRow, error) {
	var out []indexRow
	err := r.opt.Store.Scan([]byte{spaceIndex}, true, func(key, _ []byte) error {
		row, err := parseIndex(key)
		if err != nil {
			return err
		}
		if _, ok := r.index.slots[row.id]; ok && keep(&row) {
			out = append(out, row)
		}
		return nil
	})
	return out, err
}

// rebuild makes the ledger and the references anew from the store. After an error they are as before.
func (r *Replica) rebuild() error {
	rows, err := r.rows(func(row *indexRow) bool { return row.code.viewed() })
	if err != nil {
		return err
	}
	book, before := r.ledger, r.index
	r.clearViews()
	if err := r.loadViews(rows); err != nil {
		r.ledger, r.index = book, before
		return err
	}
	return nil
}

func (r *Replica) clearViews() {
	r.ledger = ledger.New(r.self, ledger.Options{Floor: r.floor, ReceiptGrace: r.opt.ReceiptGrace})
	r.index.revised, r.index.answered = map[record.ID][]record.ID{}, map[record.ID][]record.ID{}
	r.index.erased, r.index.gone = map[record.ID][]record.ID{}, map[record.ID][]record.ID{}
}
