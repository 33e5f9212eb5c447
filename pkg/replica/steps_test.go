package replica_test

import (
	"testing"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// Times with a monotonic part are those that the process read; where the wall clock goes another way than the
// monotonic one, the machine slept or its clock was set.
func TestALookFindsAnInterruption(t *testing.T) {
	start := time.Now()
	for name, c := range map[string]struct {
		now  time.Time
		want replica.Interruption
	}{
		"the next tick":                     {start.Add(10 * time.Second), replica.Uninterrupted},
		"two that look in the other order":  {start.Add(-time.Millisecond), replica.Uninterrupted},
		"stopped, both clocks went on":      {start.Add(5 * time.Minute), replica.Paused},
		"no monotonic clock, stopped":       {start.Add(5 * time.Minute).Round(0), replica.Paused},
		"no monotonic clock, set back":      {start.Add(-time.Minute).Round(0), replica.Jumped},
		"no monotonic clock, the next tick": {start.Add(10 * time.Second).Round(0), replica.Uninterrupted},
	} {
		s := replica.NewSteps(start, 20*time.Second)
		if got, _ := s.Look(c.now); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
		if got, _ := s.Look(c.now.Add(time.Second)); got != replica.Uninterrupted {
			t.Errorf("%s: the look after it found %d", name, got)
		}
	}
}

func TestAnInterruptionForgetsWhoWasInStep(t *testing.T) {
	s := replica.NewSteps(noon, 20*time.Second)
	ch, team := record.InCommunity(identity.CommunityID{1}), identity.TeamID{2}
	connected := func(record.Channel, identity.TeamID) bool { return true }
	minutes := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }
	look := func(from, to time.Time) {
		for at := from; !at.After(to); at = at.Add(10 * time.Second) {
			s.Look(at)
		}
	}
	s.Reached(replica.Step{Channel: ch, Team: team, At: minutes(0)})
	look(minutes(0), minutes(4))
	if got := s.Take(minutes(4), true, connected); len(got) != 2 || !got[1].At.Equal(minutes(2)) {
		t.Fatalf("in step %v", got)
	}
	if found, gone := s.Look(minutes(10)); found != replica.Paused || len(gone) != 1 || gone[0].Team != team {
		t.Fatalf("found %d, forgot %v", found, gone)
	}
	// A comparison that began before the pause says nothing of what was written during it.
	s.Reached(replica.Step{Channel: ch, Team: team, At: minutes(4)})
	look(minutes(10), minutes(14))
	if got := s.Take(minutes(14), true, connected); len(got) != 1 || !got[0].At.Equal(minutes(4)) {
		t.Fatalf("in step %v", got)
	}
	s.Reached(replica.Step{Channel: ch, Team: team, At: minutes(12)})
	if got := s.Take(minutes(16), true, connected); len(got) != 2 || !got[1].At.Equal(minutes(14)) {
		t.Fatalf("in step %v", got)
	}
}

// A clock that was set back leaves marks that lie ahead of it. They prove nothing of what comes now.
func TestAMarkAheadOfTheClockIsNotHeldAgainstATeam(t *testing.T) {
	us, p, ch := village(t)
	if err := us.InStep(replica.Step{Channel: ch, Team: p.team(), At: noon}); err != nil {
		t.Fatal(err)
	}
	back := noon.Add(-10 * time.Minute)
	rec := p.say(t, ch, alert("x"), func(h *record.Header) { h.Created = back.Add(-time.Minute) })
	us.accept(t, back, rec.Frame())
	e, err := us.Entry(rec.ID())
	if err != nil || !e.Sighting.InStep.IsZero() {
		t.Errorf("sighting %+v, %v", e.Sighting, err)
	}
}
