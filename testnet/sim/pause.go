package sim

import (
	"fmt"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

const (
	stepEvery = time.Minute
	// stepGap is after which time without a look at the clock a team takes itself for paused.
	stepGap = stepEvery + 15*time.Second
)

// StandInStep has teams count as in step from now on whom they visited and still reach. Gossip of this world is
// not repeated, so it ends where the network begins to lose some.
func (w *World) StandInStep() {
	if w.standing = w.cfg.Network.Loss == 0; !w.standing {
		return
	}
	w.note("teams stay in step with whom they reach")
	for _, t := range w.teams {
		if t.Up() {
			t.steps = replica.NewSteps(t.now(), stepGap) // it did not look at the clock until now
			t.later(stepEvery, t.standStep)
		}
	}
}

// standStep notes with whom the team is in step, each minute.
func (t *Team) standStep() {
	if t.w.standing {
		t.steps.Look(t.now())
		t.noteSteps(true)
		t.later(stepEvery, t.standStep)
	}
}

func (t *Team) noteSteps(standing bool) {
	reached := t.steps.Take(t.now(), standing && t.w.standing, func(_ record.Channel, id identity.TeamID) bool {
		other := t.w.ids[id]
		return other != nil && t.w.reach(t, other)
	})
	if err := t.rep.InStep(reached...); err != nil {
		t.w.note("%s cannot note that it is in step: %v", t.Name, err)
	}
}

// Pause stops a team's machine as a lid that is closed does: nothing is handled and no timer runs out until
// Resume. Its connections stay; what is sent to it waits.
func (t *Team) Pause() error {
	if !t.Up() || t.paused {
		return fmt.Errorf("pause %s: %w", t.Name, errDown)
	}
	t.paused = true
	t.w.tell("%s stands still", t.Name)
	return nil
}

// Resume lets a team's machine go on: timers are late and what came is there, and either may be looked at
// first.
func (t *Team) Resume() error {
	if !t.paused {
		return fmt.Errorf("%s does not stand still", t.Name)
	}
	t.paused = false
	t.w.tell("%s goes on", t.Name)
	first, then := t.late, t.queued
	if t.w.rnd.IntN(2) == 0 {
		first, then = then, first
	}
	t.late, t.queued = nil, nil
	for _, do := range append(first, then...) {
		t.w.after(0, do)
	}
	return nil
}
