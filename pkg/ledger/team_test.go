package ledger_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tocsin/pkg/ledger"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// asks makes own requests to ana, one a day, answered after the given hours (24 are asked): "5", or
// not at all: "silent" (with receipt), "nothing" (without).
func asks(l *ledger.Ledger, status notice.Status, answers ...string) (now time.Time) {
	ch := pair(me, ana)
	for i, a := range answers {
		start := float64(24 * i)
		id := fmt.Sprint(status, i)
		l.Apply(event(id, ch, me, start, &notice.Request{Status: status, To: ids(ana), ReplyBy: at(start + 24)}))
		if a == "nothing" {
			continue
		}
		l.Apply(receipt(ana, start+.01, id))
		var hours float64
		if n, _ := fmt.Sscan(a, &hours); n == 1 {
			l.Apply(event("re "+id, ch, ana, start+hours, &notice.Reply{Request: recordID(id), State: notice.Accepted}))
		}
	}
	return at(float64(24 * len(answers)))
}

func TestSentenceOfTheReadme(t *testing.T) {
	l := ledger.New(me, ledger.Options{})
	now := asks(l, notice.StatusActual, "2", "5", "30", "5", "1", "silent", "4", "7", "20", "open")
	got := onlyTeam(t, l, now.Add(-time.Hour), ledger.Filter{})
	if s := got.Sentence(); s != "7 of 9 in the time asked, median 5 h, 1 late, 1 silent, 1 open" {
		t.Errorf("sentence %q from %+v", s, got.Own)
	}
	if got.Own.Sample != 10 || got.Own.Small || got.Own.Requesters != 1 || got.Own.MostByOne != 10 {
		t.Errorf("own %+v", got.Own)
	}
}

// The mean of the answered ones would be one hour. Most were never answered.
func TestUnansweredCount(t *testing.T) {
	l := ledger.New(me, ledger.Options{})
	now := asks(l, notice.StatusActual, "1", "silent", "silent", "nothing", "1", "silent")
	got := onlyTeam(t, l, now.Add(30*time.Hour), ledger.Filter{})
	if s := got.Sentence(); s != "2 of 6 in the time asked, median not reached, 3 silent, 1 unreachable" {
		t.Errorf("sentence %q", s)
	}
	own, others := l.Curves(now, ledger.Filter{Team: ana})
	if own.N != 6 || own.Answered != 2 || others.N != 0 {
		t.Errorf("curves %+v %+v", own, others)
	}
	if own, _ := l.Curves(now, ledger.Filter{Team: ben}); own.N != 0 {
		t.Errorf("curve of a stranger %+v", own)
	}
}

func TestDrillsApart(t *testing.T) {
	l := ledger.New(me, ledger.Options{})
	asks(l, notice.StatusExercise, "1", "2")
	asks(l, notice.StatusTest, "3")
	now := asks(l, notice.StatusActual, "silent").Add(30 * time.Hour)
	if s := onlyTeam(t, l, now, ledger.Filter{}).Own; s.Asked != 1 || s.Silent != 1 {
		t.Errorf("actual %+v", s)
	}
	if s := onlyTeam(t, l, now, ledger.Filter{Drills: true}).Own; s.Asked != 3 || s.InTime != 3 {
		t.Errorf("drills %+v", s)
	}
	if n := len(l.Rows(now, ledger.Filter{Drills: true})); n != 3 {
		t.Errorf("%d drill rows", n)
	}
}

func TestWithdrawnCountsForNothing(t *testing.T) {
	ch := pair(me, ana)
	l := told(ledger.Options{}, ask(ch, me, ana), receipt(ana, 1, "r"), withdrawal(ch, me, 30))
	got := onlyTeam(t, l, at(50), ledger.Filter{})
	if want := (ledger.Summary{Withdrawn: 1, Small: true}); got.Own != want {
		t.Errorf("own %+v", got.Own)
	}
	if s := got.Sentence(); s != "not asked, 1 withdrawn" {
		t.Errorf("sentence %q", s)
	}
}

// Ben asks ana a hundred times through the community; I asked her once. My own experience stays
// what it is, and the weight of ben is visible.
func TestOneRequesterDoesNotDominate(t *testing.T) {
	l := told(ledger.Options{}, ask(pair(me, ana), me, ana), reply(pair(me, ana), ana, 2, notice.Done))
	for i := range 100 {
		l.Apply(event(fmt.Sprint("flood", i), apex, ben, 0, &notice.Request{Status: notice.StatusActual, To: ids(ana), ReplyBy: at(2)}))
	}
	l.Apply(event("one", apex, cleo, 0, &notice.Request{Status: notice.StatusActual, To: ids(ana), ReplyBy: at(2)}))
	got := onlyTeam(t, l, at(30), ledger.Filter{})
	if got.Own.Asked != 1 || got.Own.InTime != 1 || got.Others.Asked != 101 || got.Others.Requesters != 2 || got.Others.MostByOne != 100 {
		t.Errorf("team %+v", got)
	}
	want := "1 of 1 in the time asked, too few for a median; seen of others: 0 of 101 in the time asked, median not reached, 101 no answer seen"
	if s := got.Sentence(); s != want {
		t.Errorf("sentence %q", s)
	}
}

func TestFilters(t *testing.T) {
	l := ledger.New(me, ledger.Options{})
	ask := func(id string, ch record.Channel, h float64) {
		l.Apply(event(id, ch, me, h, &notice.Request{Status: notice.StatusActual, To: ids(ana, ben), ReplyBy: at(h + 24)}))
	}
	ask("1", apex, 0)
	ask("2", other, 10)
	ask("3", pair(me, ana), 20)
	unsent := event("4", pair(me, ben), me, 30, &notice.Request{Status: notice.StatusActual, To: ids(ben), ReplyBy: at(40)})
	unsent.Sighting.Left = time.Time{}
	l.Apply(unsent)
	for _, tt := range []struct {
		name        string
		f           ledger.Filter
		rows, teams int
	}{
		{"all", ledger.Filter{}, 6, 2},
		{"team", ledger.Filter{Team: ana}, 3, 1},
		{"stranger", ledger.Filter{Team: cleo}, 0, 0},
		{"community", ledger.Filter{Community: apex.Community}, 2, 2},
		{"since the second", ledger.Filter{Since: at(10)}, 4, 2},
		{"since the third", ledger.Filter{Since: at(20)}, 2, 2},
		{"since the unsent", ledger.Filter{Since: at(30)}, 1, 1},
		{"since later", ledger.Filter{Since: at(31)}, 0, 0},
	} {
		if n := len(l.Rows(at(50), tt.f)); n != tt.rows {
			t.Errorf("%s: %d rows, want %d", tt.name, n, tt.rows)
		}
		teams := l.Teams(at(50), tt.f)
		if len(teams) != tt.teams {
			t.Errorf("%s: %d teams, want %d", tt.name, len(teams), tt.teams)
		}
		for i := 1; i < len(teams); i++ {
			if strings.Compare(string(teams[i-1].Team[:]), string(teams[i].Team[:])) >= 0 {
				t.Errorf("%s: not in order of IDs", tt.name)
			}
		}
	}
	got := l.Teams(at(50), ledger.Filter{Since: at(30)})[0]
	if s := got.Sentence(); s != "not asked yet, 1 unreachable" || got.Own.Unsent != 1 || got.Own.Asked != 0 {
		t.Errorf("sentence %q of %+v", s, got)
	}
}

// A query after a query sees what was learnt in between, and what only time changed.
func TestQueriesAreFresh(t *testing.T) {
	ch := pair(me, ana)
	l := told(ledger.Options{}, ask(ch, me, ana), receipt(ana, 1, "r"))
	if s := onlyTeam(t, l, at(2), ledger.Filter{}).Own; s.Waiting != 1 || s.Open != 1 {
		t.Errorf("at first %+v", s)
	}
	if s := onlyTeam(t, l, at(25), ledger.Filter{}).Own; s.Silent != 1 || s.Overdue != 1 {
		t.Errorf("later %+v", s)
	}
	l.Apply(reply(ch, ana, 3, notice.Declined))
	if s := onlyTeam(t, l, at(25), ledger.Filter{}).Own; s.Declined != 1 || s.InTime != 1 || s.Overdue != 0 {
		t.Errorf("answered %+v", s)
	}
	l.Apply(closing(ch, me, 26))
	l.Apply(withdrawal(ch, me, 27))
	if s := onlyTeam(t, l, at(30), ledger.Filter{}).Own; s.Withdrawn != 1 || s.Asked != 0 {
		t.Errorf("withdrawn %+v", s)
	}
}

func TestSentences(t *testing.T) {
	for _, tt := range []struct {
		team ledger.Team
		want string
	}{
		{ledger.Team{}, "never asked"},
		{ledger.Team{Voluntary: 3}, "helped unasked 3 times"},
		{ledger.Team{Own: ledger.Summary{Asked: 2, Open: 2, Waiting: 2, Small: true}}, "nothing due yet, 2 open"},
		{ledger.Team{Own: ledger.Summary{Asked: 3, InTime: 2, Late: 1, Declined: 1, Small: true}}, "2 of 3 in the time asked, too few for a median, 1 late, 1 declined"},
		{ledger.Team{Own: ledger.Summary{Asked: 6, InTime: 4, Missed: 1, Released: 1, Median: 90 * time.Minute, Reached: true}}, "4 of 5 in the time asked, median 1 h 30 min, 1 never answered"},
	} {
		if got := tt.team.Sentence(); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

func TestWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second:                    "0 s",
		400 * time.Millisecond:          "0 s",
		12 * time.Second:                "12 s",
		59600 * time.Millisecond:        "1 min",
		40 * time.Minute:                "40 min",
		59*time.Minute + 40*time.Second: "1 h",
		90 * time.Minute:                "1 h 30 min",
		5 * time.Hour:                   "5 h",
		18*time.Hour + 20*time.Minute:   "18 h",
		47*time.Hour + 40*time.Minute:   "2 d",
		52 * time.Hour:                  "2 d 4 h",
		12*24*time.Hour + 5*time.Hour:   "12 d",
	} {
		if got := ledger.Words(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestWordsOfStates(t *testing.T) {
	seen := map[string]bool{"unknown": true}
	for s := ledger.Withdrawn; s <= ledger.NoAnswerSeen; s++ {
		if seen[s.String()] {
			t.Errorf("state %d: %q", s, s)
		}
		seen[s.String()] = true
	}
	for s := ledger.Exempt; s <= ledger.Missed; s++ {
		if seen[s.String()] {
			t.Errorf("timing %d: %q", s, s)
		}
		seen[s.String()] = true
	}
	if ledger.State(0).String() != "unknown" || ledger.Timing(0).String() != "unknown" {
		t.Error("the zero values have a name")
	}
}
