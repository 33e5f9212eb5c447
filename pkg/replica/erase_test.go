package replica_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"tocsin/pkg/ledger"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
	"tocsin/pkg/store/memstore"
)

// holds reports whether any value of the store holds the text.
func holds(t testing.TB, s *memstore.Store, text string) (found bool) {
	t.Helper()
	err := s.Scan(nil, false, func(_, v []byte) error {
		found = found || bytes.Contains(v, []byte(text))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestAnErasedBodyIsGoneAndItsHeaderStays(t *testing.T) {
	for _, first := range []bool{true, false} { // whether the record comes before the one that erases it
		us, p, ch := village(t)
		small, big := p.say(t, ch, alert(canary), nil), p.say(t, ch, long(canary), nil)
		asked := p.say(t, ch, request(us.Self()), nil)
		list := []*record.Record{small, big, asked}
		var wipes []*record.Record
		for _, r := range list {
			wipes = append(wipes, p.say(t, ch, &notice.Erase{Record: r.ID(), Reason: "sent in error"}, nil))
		}
		put := func() {
			for _, r := range list {
				us.accept(t, noon, r.Frame())
			}
			if err := us.PutBody(big.ID(), big.Body()); err != nil {
				t.Fatal(err)
			}
		}
		if first {
			put()
		}
		for _, r := range wipes {
			us.accept(t, noon, r.Frame())
		}
		if !first {
			put()
		}
		check := func() {
			t.Helper()
			whole(t, us.store, noon)
			if holds(t, us.store, canary) {
				t.Error("the store still holds the text")
			}
			for i, r := range list {
				e, err := us.Entry(r.ID())
				if err != nil || e.Notice != nil || e.Record.HasBody() || !slices.Contains(words(e), replica.MarkErased) || e.Marks[0].Record != wipes[i].ID() {
					t.Errorf("%v %q %v", e.Marks, e.Unread, err)
				}
			}
			us.Ledger(func(l *ledger.Ledger) {
				if rows := l.Request(noon, asked.ID()); len(rows) != 0 {
					t.Error("the request is in the ledger")
				}
			})
			if days := us.Set(ch, noon).Days(); len(days) != 1 || days[0].Count != 6 || len(us.WantedBodies()) != 0 {
				t.Error("the set changed, or a body is wanted")
			}
		}
		check()
		before := views(t, us.Replica, noon)
		us.restart(t, noon)
		check()
		same(t, "restart", before, views(t, us.Replica, noon))
		// Another node takes the bare header, once it knows of the erasure.
		frame, err := us.FrameFor(small.ID(), us.Self(), policy.Sync)
		if err != nil || strings.Contains(string(frame), canary) {
			t.Fatal(err)
		}
		other, _, _ := village(t)
		if o := other.offer(noon, frame); o.Reason != policy.NoBody {
			t.Error(o.Reason)
		}
		other.accept(t, noon, wipes[0].Frame(), frame)
		if !other.Has(small.ID()) {
			t.Error("the header did not get there")
		}
	}
}

func TestNobodyErasesForAnother(t *testing.T) {
	us, p, ch := village(t)
	q := newParty(t, 7)
	admit(t, us, ch.Community, q)
	rec := p.say(t, ch, alert(canary), nil)
	us.accept(t, noon, rec.Frame(), q.say(t, ch, &notice.Erase{Record: rec.ID()}, nil).Frame())
	if e, err := us.Entry(rec.ID()); err != nil || e.Notice == nil || len(e.Marks) != 0 {
		t.Error(e.Marks, err)
	}
	// Nor does an erasure take itself back.
	wipe := p.say(t, ch, &notice.Erase{Record: rec.ID()}, nil)
	us.accept(t, noon, wipe.Frame(), p.say(t, ch, &notice.Erase{Record: wipe.ID()}, nil).Frame())
	us.restart(t, noon)
	if e, err := us.Entry(rec.ID()); err != nil || e.Notice != nil {
		t.Error(e.Marks, err)
	}
}

func TestWhoConfirmedAnErasure(t *testing.T) {
	a, b := newTeam(t, 1, "Alpha"), newTeam(t, 2, "Beta")
	ch := record.InCommunity(found(t, a, b))
	rec := a.publish(t, noon, ch, alert(canary))
	b.get(t, noon, rec)
	b.get(t, noon, a.publish(t, noon, ch, &notice.Erase{Record: rec.ID()}))
	if holds(t, a.store, canary) || holds(t, b.store, canary) {
		t.Error("a store still holds the text")
	}
	done := b.publish(t, noon, pair(t, a.Self(), b.Self()), &notice.Receipt{Erased: []record.ID{rec.ID()}})
	a.get(t, noon, done)
	for range 2 {
		got, err := a.Confirmations(rec.ID())
		if err != nil || len(got) != 1 || got[0].Team != b.Self() || got[0].Receipt != done.ID() {
			t.Error(got, err)
		}
		a.restart(t, noon)
	}
}

func TestAMemberThatStripsAMarkingIsShown(t *testing.T) {
	a, b, c, ch := trio(t)
	secret := a.publish(t, noon, ch, marked(notice.TLPAmber, canary))
	b.get(t, noon, secret)
	c.get(t, noon, secret)
	hand(noon, a, b)
	stripped := alert("  " + strings.ToUpper(canary))
	again := b.publish(t, noon.Add(1), ch, stripped)
	own := a.publish(t, noon.Add(1), ch, alert(canary))
	for _, tm := range []*team{a, b, c} {
		tm.offer(noon.Add(2), again.Frame())
		tm.offer(noon.Add(2), own.Frame())
	}
	hand(noon.Add(3), a, c) // that the key came later does not matter
	for _, tm := range []*team{a, c} {
		for range 2 {
			e, err := tm.Entry(again.ID())
			if err != nil || !slices.Contains(words(e), replica.MarkStripped) || e.Marks[0].Record != secret.ID() {
				t.Errorf("%s: %v %v", tm.Self(), e.Marks, err)
			}
			if e, err := tm.Entry(own.ID()); err != nil || len(e.Marks) != 0 {
				t.Error("the author may change its own marking", e.Marks, err)
			}
			tm.restart(t, noon)
		}
	}
}
