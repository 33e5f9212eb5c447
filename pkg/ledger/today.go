package ledger

import (
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// Facts keep the IDs that were written; who is who is asked here alone, so that one ledger can be told that
// a team goes on under another root, and two that know different rotations can be merged.

// Renamed is told that Options.Canonical gives other answers than before. All rows are made anew from the
// facts, as if they had been told now.
func (l *Ledger) Renamed() {
	l.threads, l.teams = make(map[record.ID]*thread), make(map[identity.TeamID]*team)
	for _, f := range l.facts {
		if f.linked = false; f.known {
			l.link(f)
		}
	}
}

// today returns the ID that a team has now.
func (l *Ledger) today(t identity.TeamID) identity.TeamID {
	if l.opt.Canonical == nil {
		return t
	}
	return l.opt.Canonical(t)
}

// own reports whether a team is the observer.
func (l *Ledger) own(t identity.TeamID) bool { return l.today(t) == l.today(l.self) }

// pair returns today's IDs of the teams of a private channel.
func (l *Ledger) pair(ch record.Channel) (a, b identity.TeamID) {
	return l.today(ch.Pair[0]), l.today(ch.Pair[1])
}

// between reports whether a channel is the private one of two teams, given by today's IDs.
func (l *Ledger) between(ch record.Channel, t, u identity.TeamID) bool {
	if !ch.Private() || t == u {
		return false
	}
	a, b := l.pair(ch)
	return a == t && b == u || a == u && b == t
}

// same reports whether two channels are one, under whatever roots their teams were written.
func (l *Ledger) same(x, y record.Channel) bool {
	if x == y || !x.Private() || !y.Private() {
		return x == y
	}
	a, b := l.pair(y)
	return l.between(x, a, b)
}

// recipients returns the teams that a request asks by name, by today's IDs, a team perhaps twice. In a
// private channel that is the other of the two and nobody else, whatever the request says; a request to a
// whole community asks nobody by name and so makes nobody silent. Nobody asks itself.
func (l *Ledger) recipients(f *fact) (to []identity.TeamID) {
	author := l.today(f.author)
	if f.channel.Private() {
		a, b := l.pair(f.channel)
		switch {
		case a == b:
			return nil
		case a == author:
			return []identity.TeamID{b}
		case b == author:
			return []identity.TeamID{a}
		}
		return nil
	}
	for _, t := range f.to {
		if t = l.today(t); t != author {
			to = append(to, t)
		}
	}
	return to
}

// answers reports whether g is somebody's own answer to the request f: in the same channel, or
// between the two teams alone, where a team may answer in private what was asked in the open. From
// any other channel it would be an answer that the askers cannot see.
func (l *Ledger) answers(g, f *fact) bool {
	by, to := l.today(g.author), l.today(f.author)
	if g.kind != notice.KindReply || by == to {
		return false
	}
	between := l.between(g.channel, by, to)
	if f.channel.Private() {
		return between && l.same(g.channel, f.channel)
	}
	return between || g.channel == f.channel
}

// ends reports whether g takes the request f back or closes it. Only the team that asked can,
// and only where it asked.
func (l *Ledger) ends(g, f *fact) bool {
	return (g.kind == notice.KindClose || g.kind == notice.KindWithdraw) && l.today(g.author) == l.today(f.author) && l.same(g.channel, f.channel)
}
