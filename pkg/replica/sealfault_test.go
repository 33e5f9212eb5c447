package replica_test

import (
	"testing"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// Whatever write fails while a key is taken in, what waited for it is readable after the next start or the
// next try, and nothing else changed.
func TestNoWriteThatFailsLosesAKey(t *testing.T) {
	for nth := 1; nth <= 3; nth++ {
		for _, applied := range []bool{false, true} {
			a, b, _, ch := trio(t)
			rec := a.publish(t, noon, ch, sealedRequest(notice.TLPAmber, b.Self()))
			b.get(t, noon, rec)
			struck := strike(b, nth, applied)
			hand(noon, a, b)
			struck()
			b.restart(t, noon)
			whole(t, b.store, noon)
			if !b.reads(t, rec.ID()) && hand(noon, a, b) != 1 {
				t.Fatalf("write %d, applied %t: the key does not come again", nth, applied)
			}
			if !b.reads(t, rec.ID()) || len(b.WantedKeys()) != 0 {
				t.Errorf("write %d, applied %t: it cannot be read", nth, applied)
			}
			before := views(t, b.Replica, noon)
			b.restart(t, noon)
			same(t, "restart", before, views(t, b.Replica, noon))
		}
	}
}

func TestNoWriteThatFailsHalfErases(t *testing.T) {
	for _, applied := range []bool{false, true} {
		us, p, ch := village(t)
		rec := p.say(t, ch, alert(canary), nil)
		us.accept(t, noon, rec.Frame())
		wipe := p.say(t, ch, &notice.Erase{Record: rec.ID()}, nil)
		struck := strike(us, 1, applied)
		if o := us.offer(noon, wipe.Frame()); o.Reason != policy.Unavailable || !struck() {
			t.Fatal(o.Reason)
		}
		us.restart(t, noon)
		whole(t, us.store, noon)
		if us.Has(wipe.ID()) != applied || holds(t, us.store, canary) == applied {
			t.Errorf("applied %t: it is half erased", applied)
		}
		us.offer(noon, wipe.Frame())
		if holds(t, us.store, canary) {
			t.Error("it is not erased")
		}
	}
}

// sister makes another node of a team's.
func sister(t testing.TB, of *team, rootSeed, seed uint64) *team {
	t.Helper()
	root, err := identity.NewRootKey(source(rootSeed))
	if err != nil {
		t.Fatal(err)
	}
	key, err := identity.NewNodeKey(source(seed))
	if err != nil {
		t.Fatal(err)
	}
	d, err := root.Delegate(key, "Second", noon.AddDate(0, 0, -1), noon.AddDate(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	if d.Team != of.Self() {
		t.Fatal("not the root of that team")
	}
	out := newTeam(t, seed+500, "x") // for its store
	out.opt.Key, out.opt.Delegation = key, d
	out.opt.Store, out.store = nil, nil
	out.store = newTeam(t, seed+501, "x").store.Clone()
	if err := out.store.Drop([]byte{}); err != nil {
		t.Fatal(err)
	}
	out.opt.Store = out.store
	if out.Replica, err = replica.Open(out.opt, noon); err != nil {
		t.Fatal(err)
	}
	return out
}

// A team has two nodes. What is sent to it privately reaches either; what the one wrote the other reads;
// a node that came later gets the keys from its sister.
func TestTwoNodesOfOneTeam(t *testing.T) {
	a, b, _, ch := trio(t)
	second := sister(t, a, 1, 40)
	second.Join(noon, a.StatementFrames(a.Statements(), a.Self()))
	private := pair(t, a.Self(), b.Self())
	early := b.publish(t, noon, private, sealedRequest(notice.TLPRed, a.Self()))
	meet(t, a, b, second)
	both := b.publish(t, noon, private, sealedRequest(notice.TLPRed, a.Self()))
	inside := a.publish(t, noon, ch, marked(notice.TLPAmber, "x"))
	mine := second.publish(t, noon, private, reply2(both.ID()))
	for _, rec := range []*record.Record{early, both, inside} {
		second.get(t, noon, rec)
	}
	a.get(t, noon, early)
	a.get(t, noon, both)
	a.get(t, noon, mine)
	b.get(t, noon, mine)
	for tm, want := range map[*team]map[*record.Record]bool{
		second: {early: false, both: true, inside: false, mine: true},
		a:      {early: true, both: true, inside: true, mine: true},
		b:      {mine: true},
	} {
		for rec, may := range want {
			if tm.reads(t, rec.ID()) != may {
				t.Errorf("%s reads %s: %t", tm.Node(), rec.Header().Kind, !may)
			}
		}
	}
	if n := hand(noon, a, second); n != 2 || !second.reads(t, early.ID()) || !second.reads(t, inside.ID()) {
		t.Errorf("%d keys came from its sister", n)
	}
	if !second.MayRead(a.Self(), private) || second.SetFor(private, a.Self(), noon).Days()[0].Count != 3 {
		t.Error("the private channel does not sync between the two")
	}
}

func reply2(to record.ID) *notice.Reply {
	r := reply(to)
	r.Marking.TLP = notice.TLPAmber
	return r
}
