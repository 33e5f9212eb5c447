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
		us.Confirm(ch, noon)
		us.Confirm(private, noon)
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
		us.Confirm(ch, noon)
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

// An old store is put back: what peers have of ours since then comes with the first comparison.
func TestAStorePutBackSignsNoPlaceTwice(t *testing.T) {
	for _, early := range []bool{false, true} {
		us, p, ch := village(t)
		private := pair(t, us.Self(), p.team())
		here, there := us.publish(t, noon, ch, alert("1")), us.publish(t, noon, private, alert("1"))
		old := us.store.Clone()
		second, lost := us.publish(t, noon, ch, alert("2")), us.publish(t, noon, ch, alert("3"))
		us.store = old
		us.restart(t, noon)
		var before *record.Record
		if early {
			before = us.publish(t, noon, ch, alert("not made to wait"))
			begins(t, before, here)
			follows(t, us.publish(t, noon, ch, alert("nor this")), before)
		}
		// Whether the lane goes on behind it or the record is kept: neither may happen without the other.
		struck := strike(us, 1, false)
		if o := us.offer(noon, second.Frame()); o.Reason != policy.Unavailable || !struck() || us.Has(second.ID()) {
			t.Fatal(o.Reason)
		}
		us.accept(t, noon, lost.Frame(), second.Frame()) // in any order
		us.restart(t, noon)
		us.Confirm(ch, noon)
		follows(t, us.publish(t, noon, ch, alert("4")), lost)
		begins(t, us.publish(t, noon, private, alert("2")), there) // nobody was asked about that channel
		us.Confirm(private, noon)
		follows(t, us.publish(t, noon, private, alert("3")), there)
		if found := us.Equivocations(); len(found) != 0 {
			t.Errorf("it signed a place twice: %v", found)
		}
		whole(t, us.store, noon)
	}
}

// The same snapshot is put back again and again, and each time somebody publishes at once.
func TestASnapshotPutBackManyTimesSignsNoPlaceTwice(t *testing.T) {
	us, _, ch := village(t)
	us.publish(t, noon, ch, alert("1"))
	us.restart(t, noon)
	us.publish(t, noon, ch, alert("before a comparison"))
	snapshot := us.store.Clone()
	places := map[[24]byte]record.ID{}
	for range 5 {
		us.store = snapshot.Clone()
		us.restart(t, noon)
		for range 2 {
			rec := us.publish(t, noon, ch, alert("x"))
			h := rec.Header()
			place := [24]byte(append(h.Run[:], byte(h.Seq), 0, 0, 0, 0, 0, 0, 0))
			if was, taken := places[place]; taken {
				t.Fatalf("%s and %s at place %d of run %x", was, rec.ID(), h.Seq, h.Run)
			}
			places[place] = rec.ID()
		}
	}
}

// A member that was compared with lacked something of ours, which comes later.
func TestALaneMovesOnBehindWhatComesLate(t *testing.T) {
	us, _, ch := village(t)
	us.publish(t, noon, ch, alert("1"))
	old := us.store.Clone()
	second := us.publish(t, noon, ch, alert("2"))
	us.store = old
	us.restart(t, noon)
	us.Confirm(ch, noon)
	us.accept(t, noon, second.Frame())
	begins(t, us.publish(t, noon, ch, alert("in doubt again")), second)
	us.Confirm(ch, noon)
	follows(t, us.publish(t, noon, ch, alert("3")), second)
}

// Two records of one place: the lane is not followed on by either.
func TestAForkedLaneEnds(t *testing.T) {
	us, _, ch := village(t)
	us.publish(t, noon, ch, alert("1"))
	old := us.store.Clone()
	one := us.publish(t, noon, ch, alert("2"))
	us.store = old
	us.restart(t, noon)
	us.Confirm(ch, noon)
	two := us.publish(t, noon, ch, alert("another 2"))
	follows(t, us.publish(t, noon, ch, alert("3")), two)
	us.accept(t, noon, one.Frame())
	next := us.publish(t, noon, ch, alert("x"))
	begins(t, next, two)
	us.restart(t, noon)
	us.Confirm(ch, noon)
	follows(t, us.publish(t, noon, ch, alert("x")), next)
}

// A comparison that began before the doubt says nothing.
func TestAnOldComparisonConfirmsNothing(t *testing.T) {
	us, _, ch := village(t)
	first := us.publish(t, noon, ch, alert("1"))
	us.Doubt(noon.Add(time.Minute))
	us.Confirm(ch, noon)
	begins(t, us.publish(t, noon.Add(time.Minute), ch, alert("2")), first)
	us.DoubtUntil(noon.Add(2 * time.Minute)) // another process may have our key
	us.Confirm(ch, noon.Add(time.Minute))
	if third := us.publish(t, noon.Add(time.Minute), ch, alert("3")); third.Header().Run == first.Header().Run {
		t.Error("it went on in a lane that another process may go on in")
	}
	us.Confirm(ch, noon.Add(2*time.Minute))
	follows(t, us.publish(t, noon.Add(time.Minute), ch, alert("4")), first)
}

// A copy of this node runs elsewhere and goes on in our lane.
func TestAnotherProcessThatSignsAsThisNode(t *testing.T) {
	later := noon.Add(time.Minute)
	us, _, ch := village(t)
	first := us.publish(t, noon, ch, alert("1"))
	other := *us
	other.store = us.store.Clone()
	other.restart(t, noon)
	us.restart(t, noon)
	us.Confirm(ch, noon)
	other.Confirm(ch, noon)
	theirs := other.publish(t, later, ch, alert("of the copy"))
	follows(t, theirs, first)
	if !us.Twin().IsZero() {
		t.Fatal("a twin that nothing is known of")
	}
	us.accept(t, later, theirs.Frame())
	if at := us.Twin(); !at.Equal(theirs.Header().Created) {
		t.Errorf("the twin was heard at %s", at)
	}
	ours := us.publish(t, later, ch, alert("ours"))
	begins(t, ours, theirs)
	other.Part()
	begins(t, other.publish(t, later, ch, alert("of the copy")), theirs)
	us.Confirm(ch, later)
	follows(t, us.publish(t, later, ch, alert("ours")), ours)
	if found := us.Equivocations(); len(found) != 0 {
		t.Error(found)
	}
	// The two stay apart after the next start, of which the copy may not be told.
	us.restart(t, later)
	us.Confirm(ch, later)
	if rec := us.publish(t, later, ch, alert("ours again")); rec.Header().Run != ours.Header().Run || rec.Header().Seq != 3 {
		t.Errorf("place %d of run %x", rec.Header().Seq, rec.Header().Run)
	}
	if !us.Twin().IsZero() {
		t.Error("the twin is remembered beyond a start")
	}
}

// A member says again and again that it hears two, and the machine sleeps each night. Each lane that this process
// begins is one that removals and revocations must name.
func TestAWordThatThereAreTwoBeginsOneLane(t *testing.T) {
	for before := range 2 { // lanes of this life
		us, _, ch := village(t)
		us.publish(t, noon, ch, alert("1"))
		us.restart(t, noon)
		if before > 0 {
			us.publish(t, noon, ch, alert("before a comparison"))
		}
		us.Part()
		ours := us.publish(t, noon, ch, alert("2"))
		for i := range 10 {
			now := noon.Add(time.Duration(i) * time.Hour)
			us.Doubt(now)
			us.Part()
			us.Confirm(ch, now)
			next := us.publish(t, now, ch, alert("x"))
			follows(t, next, ours)
			ours = next
		}
		if st, err := us.Stats(); err != nil || st.Lanes != before+2 || st.Beside != before+1 {
			t.Errorf("%d lanes, %d beside others, %v", st.Lanes, st.Beside, err)
		}
	}
}

// The machine may have been put back with what this process had in memory: a lane of its own is in doubt then as any is.
func TestAPartedLaneIsInDoubtAfterASleep(t *testing.T) {
	us, _, ch := village(t)
	us.publish(t, noon, ch, alert("1"))
	us.restart(t, noon)
	us.Part()
	ours := us.publish(t, noon, ch, alert("2"))
	later := noon.Add(time.Minute)
	us.Doubt(later)
	begins(t, us.publish(t, later, ch, alert("before a comparison")), ours)
	us.Confirm(ch, later)
	follows(t, us.publish(t, later, ch, alert("3")), ours)
}

// Whoever goes on in a lane of ours ends it there: it is not followed on behind that.
func TestALaneThatAnotherProcessSignsInEnds(t *testing.T) {
	us, _, ch := village(t)
	first := us.publish(t, noon, ch, alert("1"))
	other := *us
	other.store = us.store.Clone()
	other.restart(t, noon)
	other.Confirm(ch, noon)
	us.restart(t, noon)
	us.Part()
	us.Confirm(ch, noon)
	ours := us.publish(t, noon, ch, alert("ours"))
	begins(t, ours, first)
	again := *us
	again.store = us.store.Clone()
	again.restart(t, noon)
	again.Confirm(ch, noon)
	later := noon.Add(time.Minute)
	theirs := again.publish(t, later, ch, alert("of a second copy"))
	follows(t, theirs, ours)
	us.accept(t, later, theirs.Frame())
	us.Confirm(ch, later)
	begins(t, us.publish(t, later, ch, alert("ours")), theirs)
}

// However many lanes there are, of channels or of starts without anybody to ask: no place is signed twice to save one.
func TestManyLanesSignNoPlaceTwice(t *testing.T) {
	us, _, ch := village(t)
	us.publish(t, noon, ch, alert("x"))
	for i := range notice.MaxLaneHeads - 1 {
		q := newParty(t, uint64(1000+i))
		admit(t, us, ch.Community, q)
		us.publish(t, noon, pair(t, us.Self(), q.team()), alert("private"))
	}
	if st, err := us.Stats(); err != nil || st.Lanes != notice.MaxLaneHeads || st.Beside != 0 {
		t.Errorf("%d lanes, %d beside others, %v", st.Lanes, st.Beside, err)
	}
	old := us.store.Clone()
	lost := us.publish(t, noon, ch, alert("lost"))
	us.store = old
	us.restart(t, noon)
	begins(t, us.publish(t, noon, ch, alert("after it was put back")), lost)
	us.accept(t, noon, lost.Frame())
	if found := us.Equivocations(); len(found) != 0 {
		t.Error(found)
	}
}

func TestLanesAreCounted(t *testing.T) {
	us, _, ch := village(t)
	for i := range notice.MaxLaneHeads + 4 {
		us.publish(t, noon, ch, alert("x"))
		if st, err := us.Stats(); err != nil || st.Lanes != i+1 || st.Beside != i {
			t.Fatalf("%d lanes, %d beside others, after %d starts, %v", st.Lanes, st.Beside, i, err)
		}
		us.restart(t, noon)
	}
	heads, left, err := us.NodeCuts(us.Node())
	if err != nil || len(heads[0].Heads) != notice.MaxCuts || left != 4 {
		t.Errorf("a revocation names %d, and leaves out %d, %v", len(heads[0].Heads), left, err)
	}
	if _, err := us.Prune(noon.AddDate(3, 0, 0)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if st, err := us.Stats(); err != nil || st.Lanes != 0 || st.Beside != 0 {
			t.Fatalf("%d lanes of which nothing is left, %v", st.Lanes, err)
		}
		us.restart(t, noon)
	}
}

func TestWhoSaysLocalAtTheDoorDoesNotMoveOurLane(t *testing.T) {
	us, _, ch := village(t)
	first := us.publish(t, noon, ch, alert("1"))
	foreign := us.store.Clone()
	us.publish(t, noon, ch, alert("2"))
	us.store = foreign
	us.restart(t, noon)
	stray := us.publish(t, noon, ch, alert("another life's")) // in a run of its own
	us.store = foreign.Clone()
	us.restart(t, noon)
	us.Ingest(noon, []replica.Arrival{{Frame: stray.Frame(), Via: replica.Local}})
	us.Confirm(ch, noon)
	follows(t, us.publish(t, noon, ch, alert("3")), first)
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
