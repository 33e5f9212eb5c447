package node

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

const (
	tendEvery  = time.Minute
	pruneEvery = 24 * time.Hour
	// settled is how long ago a connected team's word is surely here: longer than a dead connection takes
	// to be noticed and a frame that gossip lost to be fetched.
	settled = 2 * time.Minute
	// skewLimit is how far the clocks of others may seem ahead before the operator is told.
	skewLimit = 30 * time.Second
	// skewTeams is how many teams must agree that this clock is behind.
	skewTeams = 3
	maxSkew   = 256 // teams remembered
	// attestSoon is how long statements may gather before the applications are looked at.
	attestSoon = 250 * time.Millisecond
)

// steps remembers with whom this node is in step.
type steps struct {
	woken chan struct{} // room for one

	mu    sync.Mutex
	fresh []replica.Step          // reached by a comparison since the last take
	here  map[levelWith]time.Time // the newest mark of teams that are connected since a comparison
}

type levelWith struct {
	channel record.Channel
	team    identity.TeamID
}

func newSteps() *steps {
	return &steps{woken: make(chan struct{}, 1), here: map[levelWith]time.Time{}}
}

func (s *steps) reached(step replica.Step) {
	s.mu.Lock()
	s.fresh = append(s.fresh, step)
	s.here[levelWith{step.Channel, step.Team}] = step.At
	s.mu.Unlock()
	rouse(s.woken)
}

// take returns the steps to note: those just reached, and on the minute those with teams that have
// been connected ever since, as of settled ago: gossip keeps the node in step between comparisons, and
// a line that is dead is noticed before that. A team that is gone is forgotten until it is compared
// with again.
func (s *steps) take(minute bool, now time.Time, connected func(record.Channel, identity.TeamID) bool) []replica.Step {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.fresh
	s.fresh = nil
	if !minute {
		return out
	}
	for with, last := range s.here {
		if !connected(with.channel, with.team) {
			delete(s.here, with)
			continue
		}
		if at := now.Add(-settled); at.After(last) {
			s.here[with] = at
			out = append(out, replica.Step{Channel: with.channel, Team: with.team, At: at})
		}
	}
	return out
}

// skew remembers how far each team's latest record was ahead of our clock when it came.
type skew struct {
	mu    sync.Mutex
	teams map[identity.TeamID]time.Duration
}

func newSkew() *skew { return &skew{teams: map[identity.TeamID]time.Duration{}} }

func (s *skew) saw(t identity.TeamID, ahead time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.teams[t]; ok || len(s.teams) < maxSkew {
		s.teams[t] = ahead
	}
}

// warning says that this clock is probably behind, or is empty. Records that took long to come only
// hide it: they are never ahead.
func (s *skew) warning() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ahead []time.Duration
	for _, d := range s.teams {
		if d > skewLimit {
			ahead = append(ahead, d)
		}
	}
	if len(ahead) < skewTeams {
		return ""
	}
	slices.Sort(ahead)
	return fmt.Sprintf("%d teams write times ahead of this clock, by %s in the middle: check this machine's clock",
		len(ahead), ahead[len(ahead)/2].Round(time.Second))
}

// runTending marks where the node is in step, notes departures, attests applications, prunes, and watches
// the clock, until ctx ends.
func (n *Node) runTending(ctx context.Context) error {
	n.recallUnsent(ctx)
	ticker := time.NewTicker(tendEvery)
	defer ticker.Stop()
	due := time.NewTimer(0) // looks at the applications once at the start
	defer due.Stop()
	var pruned, warned time.Time
	for {
		now := n.now()
		if now.Sub(pruned) >= pruneEvery {
			n.prune(ctx, now)
			n.logExpiry(ctx)
			pruned = now
		}
		if w := n.skew.warning(); w != "" && now.Sub(warned) >= pruneEvery {
			n.log.WarnContext(ctx, "clock", slog.String("warning", w))
			warned = now
		}
		minute := false
		select {
		case <-ctx.Done():
			n.noteLeft(context.WithoutCancel(ctx), n.unsent.take())
			return nil
		case <-ticker.C:
			minute = true
		case <-n.steps.woken:
		case <-n.unsent.woken:
		case <-n.members:
			due.Reset(attestSoon)
			continue
		case <-due.C:
			if next := n.attestDue(ctx); !next.IsZero() {
				due.Reset(max(next.Sub(n.now()), attestSoon))
			}
			continue
		}
		n.noteLeft(ctx, n.unsent.take())
		if err := n.replica.InStep(n.steps.take(minute, n.now(), n.connectedTo)...); err != nil {
			n.log.WarnContext(ctx, "could not note that the node is in step", slog.Any("err", err))
		}
	}
}

func (n *Node) prune(ctx context.Context, now time.Time) {
	dropped, err := n.replica.Prune(now)
	if err != nil {
		n.log.WarnContext(ctx, "could not prune", slog.Any("err", err))
		return
	}
	if dropped > 0 {
		n.log.InfoContext(ctx, "pruned", slog.Int("records", dropped))
	}
}
