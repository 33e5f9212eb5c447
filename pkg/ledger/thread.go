package ledger

import (
	"slices"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// thread is one request and all that refers to it, or only the latter while the request is not here.
// A peer can make many of the latter with one long receipt, so they cost little: the maps are made
// when the request comes.
type thread struct {
	ask    *fact
	others []*fact
	by     map[identity.TeamID][]*fact // others by author, by today's ID; the order within does not matter
	rows   map[identity.TeamID]*entry
}

// entry is the place of one (request, team) pair. Its row is made anew, when next asked for, after
// anything that bears on it was learnt.
type entry struct {
	thread *thread
	row    Row
	stale  bool
}

func (l *Ledger) thread(id record.ID) *thread {
	th := l.threads[id]
	if th == nil {
		th = new(thread)
		l.threads[id] = th
	}
	return th
}

// add joins one fact into the fold.
func (l *Ledger) add(f fact) (changed bool) {
	if f.kind == notice.KindReceipt && !f.channel.Private() {
		return false // a receipt is for the asker's eyes; whose the channel is depends on the roots known
	}
	f.linked = false // it may come from another ledger
	held := l.facts[f.id]
	if held == nil {
		held = &f
		l.facts[f.id] = held
	} else if !held.learn(&f) {
		return false
	}
	if held.known {
		l.link(held)
	}
	return true
}

// link puts a fact whose content is known in its threads and marks the rows that it bears on.
func (l *Ledger) link(f *fact) {
	if f.kind == notice.KindRequest {
		l.linkRequest(f)
		return
	}
	for _, ref := range f.refs {
		th := l.thread(ref)
		if !f.linked {
			th.others = append(th.others, f)
		}
		if th.ask == nil {
			continue
		}
		if !f.linked {
			l.attribute(th, f)
		}
		l.bear(th, f)
	}
	f.linked = true
}

func (l *Ledger) linkRequest(f *fact) {
	th := l.thread(f.id)
	if th.ask == nil {
		th.ask = f
		th.by = make(map[identity.TeamID][]*fact)
		th.rows = make(map[identity.TeamID]*entry)
		for _, name := range l.recipients(f) {
			l.open(th, name)
		}
		for _, g := range th.others {
			l.attribute(th, g)
			l.bear(th, g)
		}
	}
	for name := range th.rows {
		l.open(th, name)
	}
}

// attribute puts a fact with the others of its author.
func (l *Ledger) attribute(th *thread, f *fact) {
	author := l.today(f.author)
	th.by[author] = append(th.by[author], f)
}

// bear marks the rows of th that f has a say in, and opens one for a team that answered unasked.
func (l *Ledger) bear(th *thread, f *fact) {
	author := l.today(f.author)
	switch {
	case l.ends(f, th.ask):
		for name := range th.rows {
			l.open(th, name)
		}
	case l.answers(f, th.ask):
		l.open(th, author)
	case th.rows[author] != nil:
		l.open(th, author)
	}
}

// open makes sure that the pair has an entry and that it will be made anew.
func (l *Ledger) open(th *thread, name identity.TeamID) {
	e := th.rows[name]
	if e == nil {
		e = &entry{thread: th}
		e.row.Team = name
		th.rows[name] = e
	}
	e.stale = true
	t := l.teams[name]
	if t == nil {
		t = &team{rows: make(map[record.ID]*entry)}
		l.teams[name] = t
	}
	t.rows[th.ask.id] = e
	t.digests = nil
}

// remove takes one answer out of a thread whose request is not here and reports whether nothing is
// left in it.
func (th *thread) remove(f *fact) (empty bool) {
	th.others = slices.DeleteFunc(th.others, func(g *fact) bool { return g == f })
	return len(th.others) == 0
}
