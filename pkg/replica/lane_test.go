package replica_test

import (
	"errors"
	"testing"
	"testing/iotest"
	"time"

	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

func follows(t *testing.T, rec, before *record.Record) {
	t.Helper()
	h, b := rec.Header(), before.Header()
	if h.Run != b.Run || h.Seq != b.Seq+1 || h.Prev != before.ID() {
		t.Fatalf("place %d of run %x on %s, after place %d of run %x", h.Seq, h.Run, h.Prev, b.Seq, b.Run)
	}
}

func begins(t *testing.T, rec, before *record.Record) {
	t.Helper()
	if h := rec.Header(); h.Run == before.Header().Run || h.Seq != 1 || h.Prev != (record.ID{}) {
		t.Fatalf("place %d of run %x is not the first of a new run", h.Seq, h.Run)
	}
}

func TestALaneIsAChainAcrossRestarts(t *testing.T) {
	us, p, ch := village(t)
	private := pair(t, us.Self(), p.team())
	last := map[record.Channel]*record.Record{}
	for range 3 {
		for _, ch := range []record.Channel{ch, private} {
			var batch []replica.Outgoing
			for range 3 {
				batch = append(batch, replica.Outgoing{Channel: ch, Notice: alert("x")})
			}
			for _, out := range us.Publish(noon, batch) {
				if out.Err != nil {
					t.Fatal(out.Err)
				}
				if last[ch] != nil {
					follows(t, out.Record, last[ch])
				}
				last[ch] = out.Record
			}
		}
		us.restart(t, noon)
	}
	if a, b := last[ch].Header(), last[private].Header(); a.Run == b.Run || a.Seq != 9 || b.Seq != 9 {
		t.Fatalf("two channels, places %d and %d", a.Seq, b.Seq)
	}
}

func TestARefusedNoticeTakesNoPlace(t *testing.T) {
	us, _, ch := village(t)
	red := alert("red")
	red.Marking.TLP = notice.TLPRed
	bad := alert("")
	out := us.Publish(noon, []replica.Outgoing{
		{Channel: ch, Notice: alert("one")},
		{Channel: ch, Notice: red},
		{Channel: ch, Notice: bad},
		{Channel: ch},
		{Channel: ch, Notice: alert("late"), Expires: noon.Add(-day)},
		{Channel: ch, Notice: alert("two"), Class: record.Emergency},
	})
	for i := 1; i < 5; i++ {
		if out[i].Err == nil {
			t.Errorf("notice %d was published", i)
		}
	}
	follows(t, out[5].Record, out[0].Record)
	if out[0].Record.Header().Class != record.Routine || out[5].Record.Header().Class != record.Emergency {
		t.Error("the class is not the one asked for")
	}
}

func TestANewRunBeginsWhereTheLastWriteIsInDoubt(t *testing.T) {
	for _, happens := range []bool{false, true} {
		us, p, ch := village(t)
		private := pair(t, us.Self(), p.team())
		first, other := us.publish(t, noon, ch, alert("x")), us.publish(t, noon, private, alert("x"))
		struck := strike(us, 1, happens)
		if out := us.Publish(noon, []replica.Outgoing{{Channel: ch, Notice: alert("x")}}); reasonOf(out[0].Err) != policy.Unavailable {
			t.Fatal(out[0].Err)
		}
		struck()
		next := us.publish(t, noon, ch, alert("x"))
		begins(t, next, first)
		begins(t, us.publish(t, noon, private, alert("x")), other)
		us.restart(t, noon)
		follows(t, us.publish(t, noon, ch, alert("x")), next)
		whole(t, us.store, noon)
	}
}

func TestAFullStoreLeavesTheRunAsItIs(t *testing.T) {
	us, _, ch := village(t)
	first := us.publish(t, noon, ch, alert("x"))
	us.store.SetFault(func(op string, _ []replica.Op) (bool, error) {
		if op == "apply" {
			return false, replica.ErrFull
		}
		return false, nil
	})
	us.Publish(noon, []replica.Outgoing{{Channel: ch, Notice: alert("x")}})
	us.store.SetFault(nil)
	follows(t, us.publish(t, noon, ch, alert("x")), first)
}

// A backup is put back, and a peer hands us what we said after it was made.
func TestANewRunBeginsWhenARestoredNodeMeetsItself(t *testing.T) {
	for _, again := range []string{"", "restart", "fail first"} {
		us, p, ch := village(t)
		private := pair(t, us.Self(), p.team())
		here, there := us.publish(t, noon, ch, alert("1")), us.publish(t, noon, private, alert("1"))
		backup := us.store.Clone()
		lost := us.publish(t, noon, ch, alert("2"))
		lostThere := us.publish(t, noon, private, alert("2"))
		us.store = backup
		us.restart(t, noon)
		if again == "fail first" {
			// Whether the lanes are given up or the record is kept: neither may happen without the other.
			for n := 1; n <= 2; n++ {
				struck := strike(us, n, false)
				if o := us.offer(noon, lost.Frame()); o.Reason != policy.Unavailable {
					t.Fatal(o.Reason)
				}
				if !struck() || us.Has(lost.ID()) {
					t.Fatal("the write did not fail")
				}
			}
		}
		us.accept(t, noon, lost.Frame())
		if again == "restart" {
			us.restart(t, noon)
		}
		next, nextThere := us.publish(t, noon, ch, alert("3")), us.publish(t, noon, private, alert("3"))
		begins(t, next, here)
		begins(t, nextThere, there)
		us.accept(t, noon, lostThere.Frame())
		whole(t, us.store, noon)
		us.restart(t, noon)
		if len(us.Outbox()) != 2 {
			t.Errorf("%d deliveries: what another life sent is not ours to send again", len(us.Outbox()))
		}
	}
}

func TestWhoSaysLocalAtTheDoorDoesNotMoveOurLane(t *testing.T) {
	us, _, ch := village(t)
	first := us.publish(t, noon, ch, alert("1"))
	backup := us.store.Clone()
	second := us.publish(t, noon, ch, alert("2"))
	us.store = backup
	us.restart(t, noon)
	us.Ingest(noon, []replica.Arrival{{Frame: second.Frame(), Via: replica.Local}})
	begins(t, us.publish(t, noon, ch, alert("3")), first)
}

func TestOpenRefusesWhatCannotBeOurs(t *testing.T) {
	a, b := newTeam(t, 1, "Alpha"), newTeam(t, 2, "Beta")
	for name, change := range map[string]func(*replica.Options){
		"no store":             func(o *replica.Options) { o.Store = nil },
		"no key":               func(o *replica.Options) { o.Key = nil },
		"no delegation":        func(o *replica.Options) { o.Delegation = nil },
		"another's delegation": func(o *replica.Options) { o.Delegation = b.opt.Delegation },
		"no randomness":        func(o *replica.Options) { o.Rand = nil },
		"another's store":      func(o *replica.Options) { o.Store = b.store },
	} {
		opt := a.opt
		change(&opt)
		if _, err := replica.Open(opt, noon); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
	for name, op := range map[string]replica.Op{
		"format":    {Key: []byte("mowner"), Value: []byte{99}},
		"index":     {Key: []byte("i short"), Value: nil},
		"statement": {Key: append([]byte("s"), make([]byte, 32)...), Value: []byte("no frame")},
		"outbox":    {Key: []byte("o short"), Value: nil},
		"delivery":  {Key: append([]byte("o"), make([]byte, 64)...), Value: []byte("{")},
	} {
		opt := a.opt
		s := a.store.Clone()
		if err := s.Apply([]replica.Op{op}); err != nil {
			t.Fatal(err)
		}
		opt.Store = s
		if _, err := replica.Open(opt, noon); err == nil {
			t.Errorf("a store with a broken %s opened", name)
		}
	}
}

func TestWithoutRandomnessNoRunBegins(t *testing.T) {
	us, _, ch := village(t)
	us.opt.Rand = iotest.ErrReader(errors.New("empty"))
	us.restart(t, noon)
	if out := us.Publish(noon, []replica.Outgoing{{Channel: ch, Notice: alert("x")}}); out[0].Err == nil {
		t.Fatal("published")
	}
}

func TestWePublishOnlyWhereWeBelongAndWhileWeMay(t *testing.T) {
	us, p, ch := village(t)
	stranger := newParty(t, 9)
	for name, c := range map[string]struct {
		now time.Time
		out replica.Outgoing
		is  policy.Reason
	}{
		"foreign community": {noon, replica.Outgoing{Channel: record.InCommunity([32]byte{1}), Notice: alert("x")}, policy.NotMember},
		"foreign pair":      {noon, replica.Outgoing{Channel: pair(t, p.team(), stranger.team()), Notice: alert("x")}, policy.NotOurs},
		"nowhere":           {noon, replica.Outgoing{Notice: alert("x")}, policy.NotMember},
		"no delegation":     {noon.AddDate(2, 0, 0), replica.Outgoing{Channel: ch, Notice: alert("x")}, policy.Expired},
	} {
		out := us.Publish(c.now, []replica.Outgoing{c.out})
		if out[0].Err == nil || reasonOf(out[0].Err) != c.is {
			t.Errorf("%s: %v", name, out[0].Err)
		}
	}
}
