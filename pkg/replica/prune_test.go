package replica_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// under counts the keys that lie under days before now.
func under(t *testing.T, us *team, space string, now replica.Day) (n int) {
	t.Helper()
	if err := us.store.Scan([]byte(space), true, func(key, _ []byte) error {
		if replica.Day(binary.BigEndian.Uint32(key[1:])) < now {
			n++
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestPruneLeavesNothingOfARecordButItsLane(t *testing.T) {
	us, p, ch := village(t)
	private := pair(t, us.Self(), p.team())
	short := func(h *record.Header) { h.Expires = noon.Add(day) }
	old := p.say(t, ch, alert("old"), short)
	update := p.say(t, ch, long("update", old.ID()), short)
	ask := p.say(t, ch, request(us.Self()), short)
	us.accept(t, noon, old.Frame(), update.Frame(), ask.Frame())
	if err := us.PutBody(update.ID(), update.Body()); err != nil {
		t.Fatal(err)
	}
	unfetched := p.say(t, ch, long("never fetched"), short)
	us.accept(t, noon, unfetched.Frame())
	out := us.Publish(noon, []replica.Outgoing{{Channel: private, Notice: request(p.team()), Expires: noon.Add(day)}})
	ids := []record.ID{old.ID(), update.ID(), ask.ID(), unfetched.ID(), out[0].Record.ID()}
	kept := p.say(t, ch, alert("kept"), nil)
	us.accept(t, noon, kept.Frame())

	// The whole day of the end stays, and the next: others may not have dropped it yet.
	for days, want := range []int{0, 0, 0, 5, 0} {
		n, err := us.Prune(noon.AddDate(0, 0, days))
		if err != nil || n != want {
			t.Fatalf("day %d: %d dropped, want %d, %v", days, n, want, err)
		}
	}
	for _, id := range ids {
		if us.Has(id) {
			t.Errorf("%s is still shown", id)
		}
		if err := us.store.Scan(nil, false, func(key, value []byte) error {
			if (bytes.Contains(key, id[:]) || bytes.Contains(value, id[:])) && key[0] != 'l' {
				t.Errorf("%x still names %s", key, id)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	now := noon.AddDate(0, 0, 4)
	before := views(t, us.Replica, now)
	if strings.Contains(before, "\nrow ") || strings.Contains(before, "\ndelivery ") || strings.Contains(before, "\nwanted ") {
		t.Errorf("something is left in the views:\n%s", before)
	}
	us.restart(t, now)
	same(t, "restart", before, views(t, us.Replica, now))
	if _, err := us.Entry(kept.ID()); err != nil {
		t.Error(err)
	}
	us.Confirm(private, now)
	follows(t, us.publish(t, now, private, alert("next")), out[0].Record)
}

// What a crash left at any moment of a Prune goes with the next, even the first ever.
func TestACrashInMidPruneIsMadeGood(t *testing.T) {
	for _, happens := range []bool{false, true} {
		for n := 1; ; n++ {
			us, p, ch := village(t)
			for d := range 3 {
				us.accept(t, noon, p.say(t, ch, long("x"), func(h *record.Header) { h.Expires = noon.AddDate(0, 0, d+1) }).Frame())
			}
			us.Publish(noon, []replica.Outgoing{
				{Channel: pair(t, us.Self(), p.team()), Notice: alert("x"), Expires: noon.Add(day)},
			})
			now := noon.AddDate(0, 0, 10)
			struck := strike(us, n, happens)
			_, err := us.Prune(now)
			if !struck() {
				if err != nil || n < 4 {
					t.Fatalf("%d writes, %v", n, err)
				}
				break
			}
			us.restart(t, now)
			if _, err := us.Prune(now); err != nil {
				t.Fatal(err)
			}
			if n := under(t, us, "b", replica.DayOf(now)) + under(t, us, "i", replica.DayOf(now)) + count(t, us.store, "o"); n != 0 {
				t.Fatalf("%d keys are left", n)
			}
		}
	}
}

// A body that was stored for a record that was then refused has no index key; its day still goes.
func TestPruneFindsWhatNoViewKnows(t *testing.T) {
	us, _, ch := village(t)
	struck := strike(us, 4, false) // two chunks, the leaves, the record
	out := us.Publish(noon, []replica.Outgoing{{Channel: ch, Notice: long("x"), Expires: noon.Add(day)}})
	if !struck() || out[0].Err == nil || count(t, us.store, "b") != 3 {
		t.Fatalf("%v, %d keys", out[0].Err, count(t, us.store, "b"))
	}
	if _, err := us.Prune(noon.AddDate(0, 0, 3)); err != nil {
		t.Fatal(err)
	}
	if n := count(t, us.store, "b"); n != 0 {
		t.Fatalf("%d keys are left", n)
	}
}

func TestTheSetOfADayDoesNotDependOnWhoPrunedYet(t *testing.T) {
	us, p, ch := village(t)
	rec := p.say(t, ch, alert("x"), func(h *record.Header) { h.Expires = noon.Add(day) })
	us.accept(t, noon, rec.Frame(), p.say(t, ch, alert("y"), nil).Frame())
	for days, want := range []uint32{2, 2, 1, 1} {
		now := noon.AddDate(0, 0, days)
		before := us.Set(ch, now).Days()
		if len(before) != 1 || before[0].Count != want {
			t.Fatalf("day %d: %+v, want %d", days, before, want)
		}
		if _, err := us.Prune(now); err != nil {
			t.Fatal(err)
		}
		if after := us.Set(ch, now).Days(); after[0] != before[0] {
			t.Fatalf("day %d: pruning changed the set", days)
		}
	}
	if _, err := us.Prune(noon.AddDate(2, 0, 0)); err != nil {
		t.Fatal(err)
	}
	if d := us.Set(ch, noon.AddDate(2, 0, 0)).Days(); len(d) != 0 {
		t.Fatalf("%+v", d)
	}
}

// The answer to a request stays as long as the request, whatever expiry its author gave it.
func TestAnAnswerIsNotPrunedBeforeItsRequest(t *testing.T) {
	us, p, ch := village(t)
	ask := us.publish(t, noon, ch, request(p.team()))
	answer := p.say(t, ch, reply(ask.ID()), func(h *record.Header) { h.Expires = noon.Add(day) })
	us.accept(t, noon, answer.Frame())
	now := noon.AddDate(0, 0, 9)
	if _, err := us.Prune(now); err != nil || !us.Has(answer.ID()) {
		t.Fatal("the answer is gone", err)
	}
}

// A request of a community is answered in private, too: what is private goes no earlier than what the
// community keeps.
func TestPrivateRecordsStayAsLongAsASharedCommunityKeepsItsOwn(t *testing.T) {
	us, p, _ := village(t) // which keeps for the default
	us.opt.Limits.PrivateRetention = 60 * day
	us.restart(t, noon)
	private := pair(t, us.Self(), p.team())
	ours := us.publish(t, noon, private, request(p.team()))
	theirs := p.say(t, private, reply(ours.ID()), nil)
	us.accept(t, noon, theirs.Frame())
	for days, want := range map[int]bool{61: true, notice.DefaultRetentionDays: true, notice.DefaultRetentionDays + 2: false} {
		copied := *us
		copied.restart(t, noon)
		if _, err := copied.Prune(noon.AddDate(0, 0, days)); err != nil {
			t.Fatal(err)
		}
		if copied.Has(ours.ID()) != want || copied.Has(theirs.ID()) != want {
			t.Errorf("after %d days: request %t, answer %t, want %t", days, copied.Has(ours.ID()), copied.Has(theirs.ID()), want)
		}
	}
}
