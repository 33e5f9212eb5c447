package ledger_test

import (
	"testing"
	"time"

	"tocsin/pkg/ledger"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// The observer was in step until hour 1 and again from hour 60. Ana answered at hour 2. She is in
// time, although the answer was seen after it was due.
func TestAbsentObserver(t *testing.T) {
	for _, author := range []string{"own", "others"} {
		e, ch := ask(pair(me, ana), me, ana), pair(me, ana)
		if author == "others" {
			e, ch = ask(apex, ben, ana), apex
		}
		answer := reply(ch, ana, 2, notice.Accepted)
		answer.Sighting = ledger.Sighting{Seen: at(60), InStep: at(1)}
		r := onlyRow(t, told(ledger.Options{}, e, answer), at(61), ana)
		if !r.Acknowledged.Equal(at(2)) || r.Timing != ledger.InTime {
			t.Errorf("%s: acknowledged %v, %v", author, r.Acknowledged, r.Timing)
		}
	}
}

// An observer that was away altogether has nothing of its own to say on when; the request cannot
// have been answered before it was sent.
func TestNeverInStep(t *testing.T) {
	ch := pair(me, ana)
	answer := reply(ch, ana, -5, notice.Accepted)
	answer.Sighting = ledger.Sighting{Seen: at(60)}
	r := onlyRow(t, told(ledger.Options{}, ask(ch, me, ana), answer), at(61), ana)
	if !r.Acknowledged.Equal(at(0)) || r.Waited != 0 {
		t.Errorf("acknowledged %v, waited %v", r.Acknowledged, r.Waited)
	}
}

// Ana answers at hour 30, six late, and writes hour 2 on it. The observer was in step all along.
func TestBackdating(t *testing.T) {
	ch := pair(me, ana)
	answer := reply(ch, ana, 30, notice.Accepted)
	answer.Claimed = at(2)
	r := onlyRow(t, told(ledger.Options{}, ask(ch, me, ana), answer), at(31), ana)
	if r.Timing != ledger.Late || r.Acknowledged.Before(at(30).Add(-time.Minute)) {
		t.Errorf("backdating gained: %v, %v", r.Acknowledged, r.Timing)
	}
}

// A requester that backdates its request to make the asked look slow gains nothing either; nor does
// a claim from the future.
func TestMisdatedRequest(t *testing.T) {
	for _, claim := range []float64{-100, 100} {
		e := ask(apex, ben, ana)
		e.Claimed = at(claim)
		r := onlyRow(t, told(ledger.Options{}, e, reply(apex, ana, 5, notice.Accepted)), at(6), ana)
		if wrong := r.Waited - 5*time.Hour; wrong.Abs() > time.Minute {
			t.Errorf("claim %v: waited %v, want 5h within a minute", claim, r.Waited)
		}
	}
}

func TestFutureClaim(t *testing.T) {
	ch := pair(me, ana)
	answer := reply(ch, ana, 5, notice.Accepted)
	answer.Claimed = at(500)
	if r := onlyRow(t, told(ledger.Options{}, ask(ch, me, ana), answer), at(6), ana); !r.Acknowledged.Equal(at(5)) {
		t.Errorf("acknowledged %v", r.Acknowledged)
	}
}

// A sighting that says it was in step after it saw is taken as in step when it saw.
func TestInStepAfterSeen(t *testing.T) {
	ch := pair(me, ana)
	answer := reply(ch, ana, 5, notice.Accepted)
	answer.Sighting.InStep = at(9)
	if r := onlyRow(t, told(ledger.Options{}, ask(ch, me, ana), answer), at(6), ana); !r.Acknowledged.Equal(at(5)) {
		t.Errorf("acknowledged %v", r.Acknowledged)
	}
}

// The request was written at 0 with 24 hours to answer and lay in our outbox until 20.
func TestOutboxIsNotTheirDelay(t *testing.T) {
	ch := pair(me, ana)
	e := ask(ch, me, ana)
	e.Sighting.Left = at(20)
	r := onlyRow(t, told(ledger.Options{}, e, reply(ch, ana, 43, notice.Accepted)), at(50), ana)
	if !r.Sent.Equal(at(20)) || !r.Due.Equal(at(44)) || !r.ReplyBy.Equal(at(24)) || r.Timing != ledger.InTime || r.Waited != 23*time.Hour {
		t.Errorf("row %+v", r)
	}
}

func TestFloor(t *testing.T) {
	tests := []struct {
		replyBy time.Time
		floor   time.Duration
		want    time.Time
	}{
		{at(24), 0, at(24)},
		{at(24), 2 * time.Hour, at(24)},
		{at(.1), 2 * time.Hour, at(2)},
		{at(-9), 0, at(0)},
		{at(-9), -time.Hour, at(0)},
		{time.Time{}, 2 * time.Hour, time.Time{}},
	}
	for _, tt := range tests {
		n := &notice.Request{Status: notice.StatusActual, To: ids(ana), ReplyBy: tt.replyBy}
		e := event("r", apex, ben, 0, n)
		r := onlyRow(t, told(ledger.Options{Floor: func(record.Channel) time.Duration { return tt.floor }}, e), at(1), ana)
		if !r.Due.Equal(tt.want) {
			t.Errorf("reply by %v, floor %v: due %v, want %v", tt.replyBy, tt.floor, r.Due, tt.want)
		}
	}
	e := ask(apex, ben, ana)
	e.Claimed = at(23.5)
	e.Sighting = seen(23.5)
	if r := onlyRow(t, told(ledger.Options{}, e), at(24), ana); !r.Due.Equal(at(23.5).Add(notice.DefaultReplyByFloor)) {
		t.Errorf("without a floor given: due %v", r.Due)
	}
}

// Back from an absence and not yet in step again, the observer does not call anybody overdue.
func TestHorizon(t *testing.T) {
	l := told(ledger.Options{}, ask(apex, ben, ana))
	behind := ledger.Filter{Horizon: func(ch record.Channel) time.Time {
		if ch == apex {
			return at(10)
		}
		return at(100)
	}}
	if s := onlyTeam(t, l, at(50), behind).Others; s.Open != 1 || s.Overdue != 0 {
		t.Errorf("behind: %+v", s)
	}
	ahead := ledger.Filter{Horizon: func(record.Channel) time.Time { return at(100) }}
	if s := onlyTeam(t, l, at(20), ahead).Others; s.Open != 1 {
		t.Errorf("ahead: %+v", s)
	}
	if s := onlyTeam(t, l, at(50), ledger.Filter{}).Others; s.Open != 0 || s.Overdue != 1 || s.Unseen != 1 {
		t.Errorf("in step: %+v", s)
	}
}
