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
)

const (
	tendEvery  = time.Minute
	pruneEvery = 24 * time.Hour
	// skewLimit is how far the clocks of others may seem ahead before the operator is told.
	skewLimit = 30 * time.Second
	// skewTeams is how many teams must agree that this clock is behind.
	skewTeams = 3
	maxSkew   = 256 // teams remembered
)

// steps remembers the communities in which this node is in step.
type steps struct {
	woken chan struct{} // room for one

	mu   sync.Mutex
	here map[record.Channel]bool // true: reached since the last mark
}

func newSteps() *steps {
	return &steps{woken: make(chan struct{}, 1), here: map[record.Channel]bool{}}
}

func (s *steps) reached(ch record.Channel) {
	s.mu.Lock()
	s.here[ch] = true
	s.mu.Unlock()
	rouse(s.woken)
}

// take returns the channels to mark: those just reached, and on the minute those where somebody is
// still connected. Gossip then keeps the node in step between two comparisons. Where nobody is left
// the channel is forgotten until the next comparison.
func (s *steps) take(minute bool, connected func(record.Channel) bool) []record.Channel {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []record.Channel
	for ch, fresh := range s.here {
		switch {
		case fresh, minute && connected(ch):
			out = append(out, ch)
			s.here[ch] = false
		case minute:
			delete(s.here, ch)
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

// runTending marks where the node is in step, notes departures, prunes, and watches the clock, until
// ctx ends.
func (n *Node) runTending(ctx context.Context) error {
	n.recallUnsent(ctx)
	ticker := time.NewTicker(tendEvery)
	defer ticker.Stop()
	var pruned, warned time.Time
	for {
		now := n.now()
		if now.Sub(pruned) >= pruneEvery {
			n.prune(ctx, now)
			pruned = now
		}
		if w := n.skew.warning(); w != "" && now.Sub(warned) >= pruneEvery {
			n.log.WarnContext(ctx, "clock", slog.String("warning", w))
			warned = now
		}
		minute := false
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			minute = true
		case <-n.steps.woken:
		case <-n.unsent.woken:
		}
		n.noteLeft(ctx, n.unsent.take())
		for _, ch := range n.steps.take(minute, n.connected) {
			if err := n.replica.InStep(ch, n.now()); err != nil {
				n.log.WarnContext(ctx, "could not note that the node is in step", slog.Any("err", err))
			}
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
