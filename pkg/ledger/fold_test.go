package ledger_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tocsin/pkg/identity"
	"tocsin/pkg/ledger"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// history makes events about n requests between a few teams, honest and not, in a random order,
// with some told more than once: without their notice, with a later sighting, or not yet having left.
func history(r *rand.Rand, n int) []ledger.Event {
	teams := []identity.TeamID{me, ana, ben, cleo, teamID("dora"), teamID("emil")}
	anyone := func() identity.TeamID { return teams[r.IntN(len(teams))] }
	statuses := []notice.Status{"actual", "actual", "actual", "exercise", "test", "festival"}
	var events []ledger.Event
	tell := func(e ledger.Event) {
		e.ID = recordID(fmt.Sprint("event ", len(events), e.ID))
		if r.IntN(4) == 0 {
			e.Claimed = e.Claimed.Add(time.Duration(r.IntN(100)-50) * time.Hour)
		}
		if r.IntN(4) == 0 {
			e.Sighting.InStep = e.Sighting.InStep.Add(-time.Duration(r.IntN(100)) * time.Hour)
		}
		if e.Author == me && r.IntN(4) == 0 {
			e.Sighting.Left = time.Time{}
		}
		events = append(events, e)
	}
	for range n {
		from, to := anyone(), anyone()
		for from == to {
			to = anyone()
		}
		start := r.Float64() * 1000
		n := &notice.Request{Status: statuses[r.IntN(len(statuses))], To: ids(to), ReplyBy: at(start + r.Float64()*48)}
		ch := []record.Channel{apex, other, pair(from, to)}[r.IntN(3)]
		switch r.IntN(8) {
		case 0:
			n.To = nil
		case 1:
			n.To = teams
		}
		tell(event("request", ch, from, start, n))
		id := events[len(events)-1].ID
		for range r.IntN(5) {
			h, who := start+r.Float64()*100, []identity.TeamID{to, to, from, anyone()}[r.IntN(4)]
			where := []record.Channel{ch, ch, ch, apex}[r.IntN(4)]
			switch r.IntN(8) {
			case 0:
				tell(event("close", where, who, h, &notice.Close{Request: id}))
			case 1:
				tell(event("withdraw", where, who, h, &notice.Withdraw{Request: id}))
			case 2, 3:
				earlier := events[r.IntN(len(events))].ID
				if who != me {
					tell(event("receipt", pair(me, who), who, h, &notice.Receipt{Records: []record.ID{id, earlier}}))
				}
			default:
				s := notice.ReplyStates()[r.IntN(len(notice.ReplyStates()))]
				tell(event("reply", where, who, h, &notice.Reply{Request: id, State: s, Reason: notice.ReasonLegal}))
			}
		}
	}
	for _, e := range slices.Clone(events) {
		switch r.IntN(8) {
		case 0:
			e.Notice = nil
			events = append(events, e)
		case 1:
			e.Sighting.Seen = e.Sighting.Seen.Add(time.Hour)
			e.Sighting.InStep = e.Sighting.InStep.Add(2 * time.Hour)
			e.Sighting.Left = e.Sighting.Left.Add(time.Hour)
			events = append(events, e)
		case 2:
			e.Sighting.InStep = e.Sighting.InStep.Add(time.Second)
			events = append(events, e)
		case 3:
			e.Sighting.Left = time.Time{}
			events = append(events, e)
		}
	}
	return events
}

func shuffled(r *rand.Rand, events []ledger.Event) []ledger.Event {
	mixed := slices.Clone(events)
	for range len(events) / 4 {
		mixed = append(mixed, events[r.IntN(len(events))])
	}
	r.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	return mixed
}

type picture struct {
	rows, drills []ledger.Row
	teams        []ledger.Team
	drillTeams   []ledger.Team
	community    []ledger.Team
	since        []ledger.Team
}

func pictureOf(l *ledger.Ledger, now time.Time) picture {
	return picture{
		rows:       l.Rows(now, ledger.Filter{}),
		drills:     l.Rows(now, ledger.Filter{Drills: true}),
		teams:      l.Teams(now, ledger.Filter{}),
		drillTeams: l.Teams(now, ledger.Filter{Drills: true}),
		community:  l.Teams(now, ledger.Filter{Community: apex.Community}),
		since:      l.Teams(now, ledger.Filter{Since: at(500)}),
	}
}

type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

func mustEqual(t failer, what string, got, want picture) {
	t.Helper()
	for i := range want.rows {
		if i < len(got.rows) && got.rows[i] != want.rows[i] {
			t.Fatalf("%s: row %d\n got %+v\nwant %+v", what, i, got.rows[i], want.rows[i])
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s: pictures differ\n got %+v\nwant %+v", what, got.teams, want.teams)
	}
}

// checkLaws holds for any history: order, repetition, asking in between and merging do not matter;
// telling it again is no news; the summaries are what the rows say.
func checkLaws(t failer, r *rand.Rand, n int) {
	t.Helper()
	mustFold(t, r, history(r, n), ledger.Options{ReceiptGrace: time.Hour})
}

// mustFold asks that the events give one picture, however they are told.
func mustFold(t failer, r *rand.Rand, events []ledger.Event, opt ledger.Options) {
	t.Helper()
	now := at(700)
	want := pictureOf(told(opt, events...), now)
	for range 3 {
		mixed := shuffled(r, events)
		l := ledger.New(me, opt)
		for i, e := range mixed {
			l.Apply(e)
			if i == len(mixed)/2 {
				l.Teams(now, ledger.Filter{})
			}
		}
		mustEqual(t, "shuffled", pictureOf(l, now), want)
		for _, e := range mixed {
			if l.Apply(e) {
				t.Fatalf("told again, %+v is news", e)
			}
		}
		cut := r.IntN(len(mixed) + 1)
		a, b := told(opt, mixed[:cut]...), told(opt, mixed[cut:]...)
		a.Merge(b)
		mustEqual(t, "merged", pictureOf(a, now), want)
		if a.Merge(b) {
			t.Fatalf("merged again, it is news")
		}
	}
	mustAddUp(t, want)
}

// mustAddUp counts the rows by hand.
func mustAddUp(t failer, p picture) {
	t.Helper()
	for _, team := range p.teams {
		var own, others []ledger.Observation
		asked, unsent := 0, 0
		for _, r := range p.rows {
			if r.Team != team.Team || !r.Counts() {
				continue
			}
			if r.Sent.IsZero() {
				unsent++
				continue
			}
			asked++
			if !r.Own && (r.State == ledger.Silent || r.State == ledger.Unreachable) {
				t.Fatalf("somebody else's request is %v: %+v", r.State, r)
			}
			if r.Own {
				own = append(own, ledger.Observation{After: r.Waited, Answered: !r.Acknowledged.IsZero()})
			} else {
				others = append(others, ledger.Observation{After: r.Waited, Answered: !r.Acknowledged.IsZero()})
			}
		}
		if team.Own.Asked+team.Others.Asked != asked || team.Own.Unsent+team.Others.Unsent != unsent {
			t.Fatalf("asked %d and unsent %d by the rows: %+v", asked, unsent, team)
		}
		for _, side := range []struct {
			s   ledger.Summary
			obs []ledger.Observation
		}{{team.Own, own}, {team.Others, others}} {
			s := side.s
			if s.InTime+s.Late+s.Open+s.Overdue+s.Missed+s.Released != s.Asked || s.Sample != s.Asked || s.MostByOne > s.Asked {
				t.Fatalf("does not add up: %+v", s)
			}
			if s.Waiting+s.Silent+s.Unreachable+s.Unseen > s.Open+s.Overdue+s.Unsent {
				t.Fatalf("more unanswered than there are: %+v", s)
			}
			d, ok := ledger.KaplanMeier(side.obs).Median()
			if s.Median != d || s.Reached != ok {
				t.Fatalf("median %v %v, by the rows %v %v", s.Median, s.Reached, d, ok)
			}
		}
	}
}

func TestAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		checkLaws(t, rand.New(rand.NewPCG(seed, 1)), rapid.IntRange(1, 30).Draw(t, "requests"))
	})
}

func TestAnyOrderTenThousand(t *testing.T) {
	n := 10_000
	if testing.Short() {
		n = 1000
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	checkLaws(t, rand.New(rand.NewPCG(seed, 1)), n)
}

// Forgetting every record of some requests leaves the ledger as if they had never been told, in
// whatever order it happens, and forgetting all of them leaves nothing.
func TestForget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 2))
		old, kept := history(r, 10), history(r, 10)
		for i := range kept { // another story: no ID in common
			kept[i].ID = recordID("kept" + string(kept[i].ID[:]))
			switch n := kept[i].Notice.(type) {
			case *notice.Reply:
				c := *n
				c.Request = recordID("kept" + string(n.Request[:]))
				kept[i].Notice = &c
			case *notice.Close:
				kept[i].Notice = &notice.Close{Request: recordID("kept" + string(n.Request[:]))}
			case *notice.Withdraw:
				kept[i].Notice = &notice.Withdraw{Request: recordID("kept" + string(n.Request[:]))}
			case *notice.Receipt:
				var c notice.Receipt
				for _, id := range n.Records {
					c.Records = append(c.Records, recordID("kept"+string(id[:])))
				}
				kept[i].Notice = &c
			}
		}
		l := told(ledger.Options{}, shuffled(r, slices.Concat(old, kept))...)
		l.Teams(at(700), ledger.Filter{}) // what it worked out must not outlive the rows
		forget := shuffled(r, old)
		for range 2 { // answers first heard of before their request went are asked again
			for _, e := range forget {
				l.Forget(e.ID)
			}
		}
		mustEqual(t, "forgotten", pictureOf(l, at(700)), pictureOf(told(ledger.Options{}, kept...), at(700)))
		for range 2 {
			for _, e := range kept {
				l.Forget(e.ID)
			}
		}
		if !l.Empty() {
			t.Fatalf("something is left: %+v", l.Rows(at(700), ledger.Filter{}))
		}
	})
}

// A reply that is pruned before its request still counts: the team did answer.
func TestForgetAnswerFirst(t *testing.T) {
	ch := pair(me, ana)
	answer := reply(ch, ana, 2, notice.Accepted)
	l := told(ledger.Options{}, ask(ch, me, ana), answer)
	l.Forget(answer.ID)
	if r := onlyRow(t, l, at(30), ana); r.State != ledger.Accepted {
		t.Errorf("state %v", r.State)
	}
	l.Forget(recordID("r"))
	if l.Len() != 0 || !l.Empty() || l.Request(at(30), recordID("r")) != nil {
		t.Error("the request is still there")
	}
}
