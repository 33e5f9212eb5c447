package replica

import (
	"sync"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
)

const (
	// settled is how long ago a connected team's word is surely here: longer than a dead connection takes
	// to be noticed and a frame that gossip lost to be fetched.
	settled = 2 * time.Minute
	// clockStep is how far the wall clock may move away from the monotonic one between two looks. What
	// steers a clock in small steps needs hours for that.
	clockStep = 5 * time.Second
)

// Interruption is what a look at the clock found.
type Interruption uint8

// The interruptions.
const (
	Uninterrupted Interruption = iota
	// Paused: nothing ran here for a while: the process was stopped, or the machine was starved.
	Paused
	// Jumped: the wall clock went another way than the time that passed: the machine slept, was put back to an
	// earlier state, or its clock was set.
	Jumped
)

// Steps remembers with whom a node is in step between comparisons, for as long as it runs without a
// break. Whoever has it looks at the clock again and again (Look), and before anything that came in is
// taken up. What peers wrote during a break is on its way here when it ends, so that nobody may be held
// to it: all are forgotten until they are compared with again. It is safe for concurrent use.
type Steps struct {
	gap time.Duration

	mu    sync.Mutex
	last  time.Time             // the last look
	since time.Time             // the last interruption; zero for none
	fresh []Step                // reached by a comparison since the last Take
	here  map[stepKey]time.Time // the newest mark of teams that are connected since a comparison
}

// NewSteps returns the memory of a node that starts now. More than gap between two looks is a break.
func NewSteps(now time.Time, gap time.Duration) *Steps {
	return &Steps{gap: gap, last: now, here: map[stepKey]time.Time{}}
}

// Look compares the time with that of the last look, by the wall clock and, where both times have one, by
// the monotonic clock. After an interruption it returns the steps that were forgotten.
func (s *Steps) Look(now time.Time) (Interruption, []Step) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.look(now)
	if found == Uninterrupted {
		return found, nil
	}
	s.since = now
	gone := make([]Step, 0, len(s.here))
	for with, at := range s.here {
		gone = append(gone, Step{with.channel, with.team, at})
	}
	clear(s.here)
	return found, gone
}

func (s *Steps) look(now time.Time) Interruption {
	wall, ran := now.Round(0).Sub(s.last.Round(0)), now.Sub(s.last) // Round takes the monotonic clock off
	if ran >= 0 || wall < -clockStep {                              // two that look at once may come in the other order
		s.last = now
	}
	switch drift := wall - ran; {
	case drift > clockStep || drift < -clockStep || wall < -clockStep:
		return Jumped
	case ran > s.gap:
		return Paused
	}
	return Uninterrupted
}

// Reached notes that a comparison with a team found no difference.
func (s *Steps) Reached(step Step) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fresh = append(s.fresh, step)
	if step.At.After(s.since) { // else it says nothing of what was written during the break
		s.here[stepKey{step.Channel, step.Team}] = step.At
	}
}

// Missed looks at what became of an arrival. If a record was not kept for a reason of this node's own, it is
// not in step with the author until they are compared again.
func (s *Steps) Missed(o *Outcome) {
	if o.Record == nil || o.Reason != policy.Unavailable && o.Reason != policy.Full && o.Reason != policy.NotMember {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.here, stepKey{o.Record.Header().Channel, o.Record.Team()})
}

// Take returns the steps to note: those just reached, and if standing is true those with teams that have
// been connected ever since, as of settled ago: gossip keeps the node in step between comparisons, and
// a line that is dead is noticed before that. A team that is gone is forgotten until it is compared
// with again. Look comes first.
func (s *Steps) Take(now time.Time, standing bool, connected func(record.Channel, identity.TeamID) bool) []Step {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.fresh
	s.fresh = nil
	if !standing {
		return out
	}
	for with, last := range s.here {
		if !connected(with.channel, with.team) {
			delete(s.here, with)
			continue
		}
		if at := now.Add(-settled); at.After(last) {
			s.here[with] = at
			out = append(out, Step{Channel: with.channel, Team: with.team, At: at})
		}
	}
	return out
}
