package replica_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/pkg/dsse"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
	"tocsin/pkg/roster"
)

func heads(recs ...*record.Record) []notice.LaneHead {
	var out []notice.LaneHead
	for _, r := range recs {
		out = append(out, notice.LaneHead{Node: r.Node(), Run: dsse.Nonce(r.Header().Run), Seq: r.Header().Seq, ID: r.ID()})
	}
	return out
}

// A key is stolen after its second record; the thief cancels an alert, asks and answers. The removal
// names the second record.
func TestWhatLiesBeyondARemovalIsInNoView(t *testing.T) {
	us, p, ch := village(t)
	ours := us.publish(t, noon, ch, request(p.team()))
	if err := us.Left(noon, []record.ID{ours.ID()}); err != nil {
		t.Fatal(err)
	}
	one, two := p.say(t, ch, alert("true"), nil), p.say(t, ch, request(us.Self()), nil)
	us.accept(t, noon, one.Frame(), two.Frame())
	clean := views(t, us.Replica, noon)
	evil := []*record.Record{
		p.say(t, ch, revision(notice.AlertCancel, one.ID()), nil), p.say(t, ch, reply(ours.ID()), nil),
		p.say(t, ch, request(us.Self()), nil), p.say(t, ch, long("x", one.ID()), nil),
	}
	for _, e := range evil {
		us.accept(t, noon, e.Frame())
	}
	if r, _ := us.Revisions(one.ID()); len(r) != 1 {
		t.Fatal("the cancel does not count before the removal")
	}

	state(t, us, roster.KindRemove, &notice.Remove{Community: ch.Community, Team: p.team(), Heads: heads(two)})
	check := func() {
		t.Helper()
		got := views(t, us.Replica, noon)
		for line := range strings.SplitSeq(missing(clean, got)+"\n"+missing(got, clean), "\n") {
			if what, _, _ := strings.Cut(line, " "); line != "" && what != "stats" && what != "statement" && what != "wanted" {
				t.Errorf("the removal left its mark: %s", line)
			}
		}
		st, err := us.Stats()
		if err != nil || st.Outside != len(evil) {
			t.Errorf("%d outside, %v", st.Outside, err)
		}
		if a, err := us.Answers(ours.ID()); err != nil || len(a) != 0 {
			t.Errorf("%d answers, %v", len(a), err)
		}
		for _, e := range evil { // evidence
			if _, err := us.Entry(e.ID()); err != nil {
				t.Error(err)
			}
			if us.offer(noon, e.Frame()).Reason != policy.Duplicate {
				t.Error("a record beyond the removal is taken again")
			}
		}
	}
	check()
	if err := us.PutBody(evil[3].ID(), evil[3].Body()); err != nil {
		t.Fatal(err)
	}
	check()
	us.restart(t, noon)
	check()
	// A lane that the removal leaves out is outside as a whole; the lane it names is closed.
	for _, change := range []func(*record.Header){nil, func(h *record.Header) { h.Run[5], h.Seq, h.Prev = 9, 1, record.ID{} }} {
		if o := us.offer(noon, p.say(t, ch, alert("late"), change).Frame()); o.Reason != policy.Removed {
			t.Error(o.Reason)
		}
	}
	// What the removal leaves in may still come, and comes.
	if o := us.offer(noon, two.Frame()); o.Reason != policy.Duplicate {
		t.Error(o.Reason)
	}
	if us.MayRead(p.team(), ch) {
		t.Error("the removed team may read")
	}
}

func TestTheOrderOfARemovalAndItsRecordsDoesNotMatter(t *testing.T) {
	var first string
	for _, removeAt := range []int{0, 1, 2, 3} {
		us, p, ch := village(t)
		recs := []*record.Record{
			p.say(t, ch, alert("1"), nil), p.say(t, ch, request(us.Self()), nil), p.say(t, ch, alert("3"), nil),
		}
		for i := range 4 {
			if i == removeAt {
				state(t, us, roster.KindRemove, &notice.Remove{Community: ch.Community, Team: p.team(), Heads: heads(recs[1])})
			}
			if i < 3 {
				us.offer(noon, recs[i].Frame())
			}
		}
		var lines []string
		for line := range strings.SplitSeq(views(t, us.Replica, noon), "\n") {
			if !strings.HasPrefix(line, "stats") { // the evidence at hand does depend on it
				lines = append(lines, line)
			}
		}
		slices.Sort(lines)
		got := strings.Join(lines, "\n")
		if first == "" {
			first = got
		}
		same(t, "order", first, got)
	}
}

// The store holds a record that the views do not know; a removal of its author must pass it over.
func TestARemovalMeetsARecordThatWasSaidToHaveFailed(t *testing.T) {
	us, p, ch := village(t)
	struck := strike(us, 1, true)
	ghost := p.say(t, ch, alert("x"), nil)
	if o := us.offer(noon, ghost.Frame()); o.Reason != policy.Unavailable || !struck() {
		t.Fatal(o.Reason)
	}
	state(t, us, roster.KindRemove, &notice.Remove{Community: ch.Community, Team: p.team()})
	if us.Has(ghost.ID()) {
		t.Error("the ghost is shown")
	}
	us.restart(t, noon)
	if st, err := us.Stats(); err != nil || st.Outside != 1 {
		t.Error(st.Outside, err)
	}
	if list, err := us.List(replica.Query{}); err != nil || len(list) != 0 {
		t.Error(len(list), err)
	}
}

func TestARemovedTeamOfOursHearsOfItAndNoMore(t *testing.T) {
	a, b := newTeam(t, 1, "Alpha"), newTeam(t, 2, "Beta")
	c := found(t, a, b)
	ch := record.InCommunity(c)
	gone := state(t, a, roster.KindRemove, &notice.Remove{Community: c, Team: b.Self()})
	if o := b.AddStatements(noon, [][]byte{gone.Frame()})[0]; o.Verdict != policy.Accept {
		t.Fatal(o.Reason)
	}
	later := state(t, a, roster.KindMember, &notice.Member{Community: c, Team: newParty(t, 5).team(), Name: "late"})
	if o := b.AddStatements(noon, [][]byte{later.Frame()})[0]; o.Reason != policy.NotOurs {
		t.Fatal(o.Reason)
	}
	if out := b.Publish(noon.Add(time.Second), []replica.Outgoing{{Channel: ch, Notice: alert("x")}}); reasonOf(out[0].Err) != policy.NotMember {
		t.Fatal(out[0].Err)
	}
	if o := b.offer(noon, a.publish(t, noon, ch, alert("x")).Frame()); o.Reason != policy.NotOurs {
		t.Fatal(o.Reason)
	}
}
