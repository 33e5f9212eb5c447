package sim

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
	"tocsin/pkg/store/memstore"
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

// snapshot is what a machine's disk held at a moment, and what the oracle held its team to then.
type snapshot struct {
	store      *memstore.Store
	kept       []promise
	known      map[record.ID]bool
	statements []record.StatementID
}

// Snapshot keeps the team's disk as it is now, to be put back.
func (t *Team) Snapshot() error {
	if !t.Up() {
		return fmt.Errorf("snapshot of %s: %w", t.Name, errDown)
	}
	o := &t.w.oracle
	t.saved = &snapshot{t.store.Clone(), slices.Clone(o.kept[t]), maps.Clone(o.known[t]), slices.Clone(o.statements[t])}
	t.w.tell("the disk of %s is copied", t.Name)
	return nil
}

// PutBack takes the machine down and starts it with the disk of the last snapshot. What the team has said since
// then it does not know; that it says nothing else in those places is for the oracle to see.
func (t *Team) PutBack() error {
	if t.saved == nil {
		return fmt.Errorf("there is no snapshot of %s", t.Name)
	}
	if t.Up() {
		t.down()
	}
	o, s := &t.w.oracle, t.saved
	t.store = s.store.Clone()
	t.store.SetFault(t.storeFault)
	o.kept[t], o.known[t], o.statements[t] = slices.Clone(s.kept), maps.Clone(s.known), slices.Clone(s.statements)
	t.w.tell("the disk of %s is put back", t.Name)
	return t.Restart()
}
