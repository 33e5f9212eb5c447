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
	by     map[identity.TeamID][]*fact // others by author; the order within does not matter
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
	if f.kind == notice.KindReceipt && !f.channel.Has(l.self) {
		return false // receipts are for the asker's eyes; any other's could only mislead us
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
			th.by[f.author] = append(th.by[f.author], f)
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
		for _, name := range f.recipients() {
			l.open(th, name)
		}
		for _, g := range th.others {
			th.by[g.author] = append(th.by[g.author], g)
			l.bear(th, g)
		}
	}
	for name := range th.rows {
		l.open(th, name)
	}
}

// bear marks the rows of th that f has a say in, and opens one for a team that answered unasked.
func (l *Ledger) bear(th *thread, f *fact) {
	switch {
	case th.ask.endedBy(f):
		for name := range th.rows {
			l.open(th, name)
		}
	case th.ask.answeredBy(f):
		l.open(th, f.author)
	case th.rows[f.author] != nil:
		l.open(th, f.author)
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

// recipients returns the teams that a request asks by name. In a private channel that is the other
// of the two and nobody else, whatever the request says; a request to a whole community asks
// nobody by name and so makes nobody silent. Nobody asks itself.
func (f *fact) recipients() []identity.TeamID {
	if f.channel.Private() {
		if !f.channel.Has(f.author) {
			return nil
		}
		return []identity.TeamID{f.channel.Other(f.author)}
	}
	var to []identity.TeamID
	for _, name := range f.to {
		if name != f.author {
			to = append(to, name)
		}
	}
	return to
}

// answeredBy reports whether g is somebody's own answer to the request f: in the same channel, or
// between the two teams alone, where a team may answer in private what was asked in the open. From
// any other channel it would be an answer that the askers cannot see.
func (f *fact) answeredBy(g *fact) bool {
	if g.kind != notice.KindReply || g.author == f.author {
		return false
	}
	between := g.channel.Has(g.author) && g.channel.Has(f.author)
	if f.channel.Private() {
		return g.channel == f.channel && between
	}
	return g.channel == f.channel || between
}

// endedBy reports whether g takes the request f back or closes it. Only the team that asked can,
// and only where it asked.
func (f *fact) endedBy(g *fact) bool {
	return (g.kind == notice.KindClose || g.kind == notice.KindWithdraw) && g.author == f.author && g.channel == f.channel
}
