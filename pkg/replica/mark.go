package replica

import (
	"fmt"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// MarkWord is something that a reader of a record must know, in a word. Words are never renamed.
type MarkWord string

// The marks.
const (
	MarkEquivocation MarkWord = "equivocation"     // the author said something else at the same place of its lane
	MarkStripped     MarkWord = "stripped-marking" // another team said the same before, or what it answers, under a stricter marking
	MarkUnsealed     MarkWord = "unsealed"         // what it says must not travel in clear, and did
	MarkFrozenKey    MarkWord = "frozen-key"       // the team took the node's key back, and has not said yet from where on
	MarkErased       MarkWord = "erased"           // its author had its body removed
	MarkBadWrap      MarkWord = "bad-wrap"         // a team handed out another key in place of its own
	MarkOutside      MarkWord = "outside"          // beyond a removal, a revocation or the community's end: evidence only
)

// Mark is a word about a record with what it rests on. It never changes what is in the set.
type Mark struct {
	Word   MarkWord
	Detail string    // for people
	Record record.ID // the other record that it is about; zero for none
	// Stricter is the marking of that record, with MarkStripped.
	Stricter notice.TLP
	// Team is the team that Detail names, if it does.
	Team identity.TeamID
}

// mark fills in what a reader must know of a record beside what it says.
func (r *Replica) mark(e *Entry) {
	id := e.Record.ID()
	by, erased := r.eraser(e.Record)
	stripped := r.stripped(e)
	r.mu.RLock()
	defer r.mu.RUnlock()
	s := r.index.slots[id]
	e.Marks = nil
	add := func(m Mark) { e.Marks = append(e.Marks, m) }
	if f := r.index.forks[id]; f != nil {
		add(Mark{Word: MarkEquivocation, Detail: fmt.Sprintf("node %s signed %d records at place %d of one lane",
			e.Record.Node(), len(f.others)+1, e.Record.Header().Seq), Record: f.others[0]})
	}
	if stripped != nil {
		add(*stripped)
	}
	if s.class&classBare != 0 {
		add(Mark{Word: MarkUnsealed, Detail: "its marking is stricter than TLP:CLEAR, and its body came in clear: it was not kept"})
	}
	if r.frozenRecord(e) {
		add(Mark{Word: MarkFrozenKey, Detail: "the team took this node's key back and has not said yet which records are its own"})
	}
	if erased {
		add(Mark{Word: MarkErased, Detail: "its author asked that its body be removed", Record: by})
		e.Unread = "its body was removed, as its author asked"
	}
	if s.code.closed() {
		for _, t := range r.badGivers(refOf(e.Record)) {
			add(Mark{Word: MarkBadWrap, Detail: fmt.Sprintf("team %s handed out something else in place of its key", t), Team: t})
		}
	}
	if s.outside {
		add(Mark{Word: MarkOutside, Detail: r.outsideWhy(e.Record)})
	}
}
