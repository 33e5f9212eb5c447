package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// leastStop is what each part gets to stop, also when the time for all is used up by another.
const leastStop = time.Second

// stops is a stack of named ways down.
type stops struct {
	mu   sync.Mutex
	list []namedStop
}

type namedStop struct {
	name string
	stop func(ctx context.Context) error
}

func (s *stops) push(name string, stop func(ctx context.Context) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, namedStop{name, stop})
}

// unwind stops everything, last pushed first, and joins the errors. A part that has not stopped when
// ctx ends is left behind, named in the error; what lies below it is stopped nevertheless, since a
// store that was never closed is worse than a loop that finds it closed. A second call does nothing.
func (s *stops) unwind(ctx context.Context, log *slog.Logger) error {
	s.mu.Lock()
	list := s.list
	s.list = nil
	s.mu.Unlock()
	var errs []error
	for _, part := range slices.Backward(list) {
		if err := part.run(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", part.name, err))
			continue
		}
		log.DebugContext(ctx, "stopped", slog.String("part", part.name))
	}
	return errors.Join(errs...)
}

func (n namedStop) run(ctx context.Context) error {
	least, cancel := context.WithTimeout(context.WithoutCancel(ctx), leastStop)
	defer cancel()
	done := make(chan error, 1) // room for one: a part that stops after we left must not wait for us
	go func() { done <- n.stop(ctx) }()
	select {
	case err := <-done:
		return err
	case <-least.Done():
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("still running: %w", ctx.Err())
	}
}
