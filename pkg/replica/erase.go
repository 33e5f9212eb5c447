package replica

import (
	"errors"
	"fmt"
	"slices"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// erasure is what an erase record does to a record that is here.
type erasure struct {
	target record.ID
	texts  []textHash // that it held
}

// erases returns what becomes of the record that another asks to erase, and the writes for it: its body
// goes, its header stays. It is nil where the record is not here, is another team's, or is itself one that
// erases, which is its whole purpose. The caller holds the lock.
func (r *Replica) erases(by *record.Record, n *notice.Erase) (*erasure, []Op, error) {
	s, ok := r.index.slots[n.Record]
	if !ok {
		return nil, nil, nil
	}
	e, err := r.glance(s.drop, n.Record)
	if errors.Is(err, ErrNotFound) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	target := e.Record
	if !r.mayErase(by.Team(), target) {
		return nil, nil, nil
	}
	ops := []Op{
		{Key: partKey(s.drop, partRecord, n.Record), Value: target.WithoutBody().Frame()},
		{Key: partKey(s.drop, partTexts, n.Record), Delete: true},
	}
	if !target.Inline() {
		brief, err := r.briefDeletes(s.drop, n.Record)
		if err != nil {
			return nil, nil, err
		}
		ops = append(ops, brief...)
		ops = append(ops, Op{Key: partKey(s.drop, partLeaves, n.Record), Delete: true})
		for i := range record.Chunks(target.Header().Body.Length) {
			ops = append(ops, Op{Key: chunkKey(s.drop, n.Record, i), Delete: true})
		}
	}
	return &erasure{n.Record, textsOf(e.Notice)}, ops, nil
}

func (r *Replica) mayErase(by identity.TeamID, target *record.Record) bool {
	return r.canonical(by) == r.canonical(target.Team()) && target.Header().Kind != notice.KindErase
}

// eraser returns the record by which the author of a record had its body removed.
func (r *Replica) eraser(rec *record.Record) (record.ID, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.erasedBy(rec)
}

func (r *Replica) erasedBy(rec *record.Record) (record.ID, bool) {
	for _, by := range r.index.erased[rec.ID()] {
		if r.index.has(by.id) && r.mayErase(by.team, rec) {
			return by.id, true
		}
	}
	return record.ID{}, false
}

// unsay takes out of the views what a record said. The caller holds the lock.
func (r *Replica) unsay(what *erasure) {
	id := what.target
	r.ledger.Retract(id)
	delete(r.wanted, id)
	for ref, ids := range r.waiting {
		if delete(ids, id); len(ids) == 0 {
			delete(r.waiting, ref)
		}
	}
	for _, references := range []map[record.ID][]mention{r.index.revised, r.index.answered, r.index.granted} {
		for to, from := range references {
			if slices.ContainsFunc(from, func(m mention) bool { return m.id == id }) {
				references[to] = slices.DeleteFunc(slices.Clone(from), func(m mention) bool { return m.id == id })
			}
		}
	}
	for _, h := range what.texts {
		r.texts.drop(h, func(one record.ID) bool { return one == id })
	}
}

// loadErased takes the bodies that were removed off those that are wanted.
func (r *Replica) loadErased() error {
	for id := range r.index.erased {
		s, ok := r.index.slots[id]
		if _, wanted := r.wanted[id]; !ok || !wanted {
			continue
		}
		rec, err := r.reopen(s.drop, id)
		if err != nil {
			return err
		}
		if _, erased := r.erasedBy(rec); erased {
			delete(r.wanted, id)
		}
	}
	return nil
}

// forgetBare takes records out of the views whose bodies were removed here by what is outside now: nobody takes
// such a record from this node, and who has its body brings it back. The store keeps the header until then.
func (r *Replica) forgetBare() error {
	for id, s := range r.index.slots {
		if !s.outside || s.code.plain() != codeErase {
			continue
		}
		by, err := r.glance(s.drop, id)
		if err != nil {
			return fmt.Errorf("read what erases: %w", err)
		}
		n, ok := by.Notice.(*notice.Erase)
		if !ok {
			continue
		}
		target, here := r.index.slots[n.Record]
		if !here || target.outside || target.code.detached() {
			continue
		}
		rec, err := r.reopen(target.drop, n.Record)
		if err != nil {
			return fmt.Errorf("read what was erased: %w", err)
		}
		if _, erased := r.erasedBy(rec); !erased && !rec.HasBody() {
			r.index.remove(n.Record)
		}
	}
	return nil
}

// Confirmation is a team's word that it removed the body of a record.
type Confirmation struct {
	Team    identity.TeamID
	Receipt record.ID
}

// Confirmations returns who says that it removed the body of a record, ascending by receipt.
func (r *Replica) Confirmations(id record.ID) ([]Confirmation, error) {
	list := r.mentioned(func() []mention { return r.index.gone[id] }, anybody)
	var out []Confirmation
	for _, m := range list {
		out = append(out, Confirmation{m.team, m.id})
	}
	slices.SortFunc(out, func(a, b Confirmation) int { return compareIDs(a.Receipt, b.Receipt) })
	return out, nil
}
