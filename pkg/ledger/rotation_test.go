package ledger_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tocsin/pkg/identity"
	"tocsin/pkg/ledger"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// former is the ID that a team had before it replaced its root.
func former(t identity.TeamID) identity.TeamID { return teamID("former " + string(t[:])) }

// today follows the rotations of the named teams.
func today(teams ...identity.TeamID) func(identity.TeamID) identity.TeamID {
	now := map[identity.TeamID]identity.TeamID{}
	for _, t := range teams {
		now[former(t)] = t
	}
	return func(t identity.TeamID) identity.TeamID {
		if of, ok := now[t]; ok {
			return of
		}
		return t
	}
}

func everyone() []identity.TeamID {
	return ids(me, ana, ben, cleo, teamID("dora"), teamID("emil"))
}

// aged is the history as it would have been written had each record been before or after the rotations of the
// teams that it names.
func aged(events []ledger.Event) []ledger.Event {
	out := slices.Clone(events)
	for i := range out {
		e := &out[i]
		was := func(t identity.TeamID) identity.TeamID {
			if (e.ID[0]^t[0])&1 == 0 {
				return former(t)
			}
			return t
		}
		e.Author = was(e.Author)
		if e.Channel.Private() {
			e.Channel = pair(was(e.Channel.Pair[0]), was(e.Channel.Pair[1]))
		}
		if n, ok := e.Notice.(*notice.Request); ok {
			c := *n
			c.To = nil
			for _, t := range n.To {
				if c.To = append(c.To, was(t)); e.ID[1]&1 == 0 {
					c.To = append(c.To, t) // by both
				}
			}
			e.Notice = &c
		}
	}
	return out
}

// unchanneled leaves out under which IDs the channels were written.
func unchanneled(p picture) picture {
	for _, rows := range [][]ledger.Row{p.rows, p.drills} {
		for i := range rows {
			rows[i].Channel = record.Channel{}
		}
	}
	return p
}

// TestRotationsChangeNothing asks that a history is the same whichever of their IDs the teams wrote it under, in any
// order, merged of any parts, and whenever the rotations become known.
func TestRotationsChangeNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 3)) //nolint:gosec // repeats by its seed
		now := at(700)
		events := history(r, rapid.IntRange(1, 20).Draw(t, "requests"))
		old := aged(events)
		opt := ledger.Options{ReceiptGrace: time.Hour}
		want := unchanneled(pictureOf(told(opt, events...), now))
		opt.Canonical = today(everyone()...)
		mustFold(t, r, old, opt)
		for _, observer := range ids(me, former(me)) {
			known := today()
			late := ledger.New(observer, ledger.Options{ReceiptGrace: time.Hour, Canonical: func(t identity.TeamID) identity.TeamID { return known(t) }})
			half := ledger.New(observer, ledger.Options{ReceiptGrace: time.Hour})
			mixed := shuffled(r, old)
			for i, e := range mixed {
				if i%3 == 0 {
					half.Apply(e)
				} else {
					late.Apply(e)
				}
				switch i {
				case len(mixed) / 3:
					known = today(ana, me)
					late.Renamed()
					late.Teams(now, ledger.Filter{})
				case len(mixed) / 2:
					known = today(everyone()...)
					late.Renamed()
				}
			}
			known = today(everyone()...)
			late.Renamed()
			late.Merge(half)
			mustEqual(t, "learnt late", unchanneled(pictureOf(late, now)), want)
		}
	})
}

// TestRotationUndone asks that a rotation which is not followed any more leaves nothing behind.
func TestRotationUndone(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 8)) //nolint:gosec // repeats by its seed
		events := aged(history(r, 12))
		known := today(everyone()...)
		l := told(ledger.Options{Canonical: func(t identity.TeamID) identity.TeamID { return known(t) }}, events...)
		l.Teams(at(700), ledger.Filter{})
		known = today()
		l.Renamed()
		mustEqual(t, "undone", pictureOf(l, at(700)), pictureOf(told(ledger.Options{}, events...), at(700)))
		for _, e := range events {
			l.Forget(e.ID)
		}
		for _, e := range events { // answers come before their requests
			l.Forget(e.ID)
		}
		if !l.Empty() {
			t.Fatal("something is left")
		}
	}
}

// TestAnswerUnderTheNewRoot is the story of a team that replaces its root between request and answer.
func TestAnswerUnderTheNewRoot(t *testing.T) {
	t.Parallel()
	was := former(ana)
	for name, tt := range map[string]struct {
		ask, answer record.Channel
	}{
		"in private":            {pair(me, was), pair(me, ana)},
		"in the old pair":       {pair(me, was), pair(me, was)},
		"in the open":           {apex, apex},
		"in private to an open": {apex, pair(me, ana)},
		"the asker rotated too": {pair(former(me), was), pair(me, ana)},
	} {
		opt := ledger.Options{ReceiptGrace: time.Hour, Canonical: today(ana, me)}
		l := told(opt, ask(tt.ask, me, was), receipt(ana, 1, "r"), reply(tt.answer, ana, 2, notice.Accepted))
		r := onlyRow(t, l, at(30), ana)
		if r.State != ledger.Accepted || r.Timing != ledger.InTime || r.Voluntary || !r.Own || !r.Receipt.Equal(at(1)) {
			t.Errorf("%s: %+v", name, r)
		}
		if rows := l.Request(at(30), recordID("r")); len(rows) != 1 {
			t.Errorf("%s: %d rows for one team", name, len(rows))
		}
		if a, b := l.Teams(at(30), ledger.Filter{Team: was}), l.Teams(at(30), ledger.Filter{Team: ana}); len(a) != 1 || len(b) != 1 || a[0] != b[0] {
			t.Errorf("%s: asked by its old ID the team is another: %+v, %+v", name, a, b)
		}
		if _, others := l.Curves(at(30), ledger.Filter{Team: was}); others.N != 0 {
			t.Errorf("%s: the own request is others'", name)
		}
	}
}

// TestReceiptUnderTheNewRoot: a machine's word alone is enough not to be unreachable.
func TestReceiptUnderTheNewRoot(t *testing.T) {
	t.Parallel()
	opt := ledger.Options{ReceiptGrace: time.Hour, Canonical: today(ana)}
	l := told(opt, ask(apex, me, former(ana)), receipt(ana, 1, "r"))
	if r := onlyRow(t, l, at(2), ana); r.State != ledger.Waiting {
		t.Errorf("state %v", r.State)
	}
	if r := onlyRow(t, l, at(30), ana); r.State != ledger.Silent {
		t.Errorf("state %v", r.State)
	}
}

// TestCloseUnderTheNewRoot: the asker replaces its root, then closes or withdraws.
func TestCloseUnderTheNewRoot(t *testing.T) {
	t.Parallel()
	for _, ch := range [][2]record.Channel{{apex, apex}, {pair(former(me), ana), pair(me, ana)}} {
		opt := ledger.Options{Canonical: today(me)}
		e := ask(ch[0], former(me), ana)
		e.Sighting.Left = at(0)
		if r := onlyRow(t, told(opt, e, closing(ch[1], me, 5)), at(30), ana); r.State != ledger.Closed || r.Timing != ledger.Released || !r.Own || r.Requester != me {
			t.Errorf("closed: %+v", r)
		}
		if r := onlyRow(t, told(opt, e, withdrawal(ch[1], me, 5)), at(30), ana); r.State != ledger.Withdrawn {
			t.Errorf("withdrawn: %+v", r)
		}
		if r := onlyRow(t, told(opt, e, closing(ch[1], former(ana), 5)), at(30), ana); !r.Closed.IsZero() {
			t.Error("closed by another")
		}
	}
	// Nobody asks itself, nor answers itself, by whatever ID.
	opt := ledger.Options{Canonical: today(ana)}
	if rows := told(opt, ask(pair(former(ana), ana), ana)).Rows(at(1), ledger.Filter{}); len(rows) != 0 {
		t.Errorf("asks itself in private: %+v", rows)
	}
	l := told(opt, ask(apex, former(ana), ana), reply(apex, ana, 2, notice.Done))
	if rows := l.Rows(at(3), ledger.Filter{}); len(rows) != 0 {
		t.Errorf("asks itself: %+v", rows)
	}
}
