package node

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A clock is 11 minutes fast. What it publishes waits outside at the other, and both say so.
func TestAFastClockIsNamedOnBothSides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.member("Alpha"), w.member("Bravo")
		defer a.stop()
		defer b.stop()
		together(t, a, b)
		time.Sleep(time.Second)
		a.ahead.Store(int64(11 * time.Minute))
		first := must(a.PublishAlert(t.Context(), draft("into the void")))(t)
		time.Sleep(time.Second)
		if b.replica.Has(first.ID) {
			t.Fatal("it was taken")
		}
		if !hasWarning(t, b, "Alpha (") || !hasWarning(t, b, "clock seems 11m0s fast: its records wait outside until this clock is near, 1 now, the last until 2000-01-01 00:01:01Z") {
			t.Errorf("the one that waits says %q", must(b.Status(t.Context()))(t).Warnings)
		}
		if !hasWarning(t, a, "this machine's clock is 11m0s ahead of that of Bravo") {
			t.Errorf("the fast one says %q", must(a.Status(t.Context()))(t).Warnings)
		}
		second := must(a.PublishAlert(t.Context(), draft("again")))(t)
		if len(second.Warnings) != 1 || !strings.Contains(second.Warnings[0], "waits there until 2000-01-01 00:12:02Z") {
			t.Errorf("the sender is told %q", second.Warnings)
		}
		time.Sleep(2 * time.Minute)
		if hasWarning(t, b, "Alpha") {
			t.Error("it goes on to say that something waits that it would take")
		}
		// The clock is set right.
		a.ahead.Store(0)
		time.Sleep(time.Minute)
		p := must(a.PublishAlert(t.Context(), draft("on time")))(t)
		time.Sleep(time.Second)
		if len(p.Warnings) > 0 || hasWarning(t, a, "clock") || !b.replica.Has(p.ID) {
			t.Errorf("it is still warned: %q %q", p.Warnings, must(a.Status(t.Context()))(t).Warnings)
		}
	})
}

// That gossip comes late from all is a sign before anything is published; that it does from one of several is
// that one's matter. A judgement on a direct stream is a sign as well.
func TestSignsOfAFastClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b, c := w.member("Alpha"), w.member("Bravo"), w.member("Charlie")
		for _, m := range []*member{a, b, c} {
			defer m.stop()
		}
		together(t, a, b, c)
		time.Sleep(time.Second)
		a.ahead.Store(int64(11 * time.Minute))
		must(b.PublishAlert(t.Context(), draft("x")))(t)
		must(c.PublishAlert(t.Context(), draft("x")))(t)
		time.Sleep(time.Second)
		if !hasWarning(t, a, "this machine's clock seems 11m0s fast: the clocks of 2 of 2 teams are behind it") {
			t.Errorf("it says %q", must(a.Status(t.Context()))(t).Warnings)
		}
		if p := must(a.PublishAlert(t.Context(), draft("x")))(t); len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "by the clocks of 2 teams") {
			t.Errorf("the sender is told %q", p.Warnings)
		}
		time.Sleep(time.Second)
		a.skew.forget()
		sent := must(a.PublishRequest(t.Context(), ask("bravo")))(t).Published[0].ID
		time.Sleep(time.Second)
		if !hasWarning(t, a, "ahead of that of Bravo") {
			t.Errorf("after a judgement of %s it says %q", sent, must(a.Status(t.Context()))(t).Warnings)
		}
	})
}

// A node that was made while the clock was wrong.
func TestADelegationThatBeginsLaterNamesTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.member("Alpha")
		defer a.stop()
		together(t, a)
		a.ahead.Store(int64(-2 * time.Hour))
		if !hasWarning(t, a, "begins at") || !hasWarning(t, a, "is the clock right?") {
			t.Errorf("it says %q", must(a.Status(t.Context()))(t).Warnings)
		}
		_, err := a.PublishAlert(t.Context(), draft("x"))
		if err == nil || !strings.Contains(err.Error(), "this machine's clock says") {
			t.Errorf("the refusal is %v", err)
		}
		a.ahead.Store(0)
		if hasWarning(t, a, "begins at") {
			t.Error("it goes on to warn")
		}
	})
}

func TestTheClocksOfTooManyTeamsAreNotKept(t *testing.T) {
	s := newSkew()
	for i := range 2 * maxSkew {
		s.told([32]byte{byte(i), byte(i >> 8)}, time.Hour, time.Now())
	}
	if len(s.teams) != maxSkew {
		t.Errorf("%d teams", len(s.teams))
	}
}

// One member says that this clock is a century fast.
func TestTheWordOfOneTeamOnAClockIsItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b, c := w.member("Alpha"), w.member("Bravo"), w.member("Charlie")
		for _, m := range []*member{a, b, c} {
			defer m.stop()
		}
		together(t, a, b, c)
		time.Sleep(time.Second)
		a.skew.forget()
		a.aheadCame(b.id(), 136*365*24*time.Hour)
		if !hasWarning(t, a, ", by its word") || hasWarning(t, a, "until 2") {
			t.Errorf("it says %q", must(a.Status(t.Context()))(t).Warnings)
		}
		p := must(a.PublishAlert(t.Context(), draft("x")))(t)
		if len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "Bravo") || !strings.Contains(p.Warnings[0], "says that by its clock") || strings.Contains(p.Warnings[0], "until") ||
			!strings.Contains(p.Warnings[0], "a day or more") {
			t.Errorf("the sender is told %q", p.Warnings)
		}
		a.aheadCame(c.id(), time.Hour)
		p = must(a.PublishAlert(t.Context(), draft("x")))(t)
		if len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "2 teams") || !strings.Contains(p.Warnings[0], "until 2000") {
			t.Errorf("the sender is told %q", p.Warnings)
		}
	})
}
