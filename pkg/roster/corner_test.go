package roster_test

import (
	"testing"

	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// What the witness did not know of keeps nobody out, whenever it was said.
func TestAnObjectionUnknownToTheWitness(t *testing.T) {
	p := parties(t, 6)
	w := newTown(t, usual(), p[:5]...)
	a := w.apply(p[5], "")
	at := w.now()
	w.object(p[4], a, at)
	s := []record.StatementID{w.sponsor(p[0], a, at), w.sponsor(p[1], a, at)}
	w.admit(p[2], a, s, s)
	if !w.community().Member(p[5].team()) {
		t.Error("an objection that the witness did not know of keeps the team out")
	}
}

func TestARemovedObjectorObstructsNoMore(t *testing.T) {
	p := parties(t, 6)
	w := newTown(t, usual(), p[:5]...)
	a := w.apply(p[5], "")
	w.object(p[4], a)
	w.removeBy(p[4], nil, p[0], p[1], p[2])
	w.through(a, p[2], p[0], p[1])
	if !w.community().Member(p[5].team()) {
		t.Error("the objection of a removed team keeps another out")
	}
}

func TestABanVoidsWhatDoesNotKnowOfIt(t *testing.T) {
	p := parties(t, 6)
	w := newTown(t, usual(), p[:5]...)
	at := w.now()
	w.removeBy(p[5], nil, p[0], p[1], p[2])
	if w.community().Removed(p[5].team()) {
		t.Error("a team that never was in was removed")
	}
	stale := w.apply(p[5], "", at)
	if got := applicationOf(t, w.community(), stale); got.State != roster.Void || got.Why != roster.WhyCut {
		t.Errorf("%s %s", got.State, got.Why)
	}
	if w.bring(p[5], p[2], p[0], p[1]); !w.community().Member(p[5].team()) {
		t.Error("it cannot come in knowing of the ban")
	}
}

func TestOnlyWhoWasInVotes(t *testing.T) {
	p := parties(t, 8)
	w := newTown(t, usual(), p[:5]...)
	id := w.propose(p[0], p[4], nil)
	w.vote(p[1], p[4], id)
	w.bring(p[5], p[2], p[0], p[1])
	w.vote(p[5], p[4], id)
	if got := proposalOf(t, w.community(), id); got.Effective || got.Counting != 2 {
		t.Errorf("a team that came in later votes: %+v", got)
	}
}

func TestNobodySponsorsItself(t *testing.T) {
	p := parties(t, 6)
	w := newTown(t, usual(), p[:5]...)
	at := w.now()
	a, rival := w.apply(p[5], "", at), w.apply(p[5], "x", at)
	w.through(a, p[2], p[0], p[1])
	w.sponsor(p[5], rival)
	if got := applicationOf(t, w.community(), rival); len(got.Sponsors) != 1 || got.Sponsors[0].Why != roster.WhyOwn {
		t.Errorf("%+v", got.Sponsors)
	}
}
