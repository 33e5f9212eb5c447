package node

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"tocsin/pkg/api"
)

// ringSize is how many events a feed may lag behind, and how far back one may carry on. A feed that
// falls further behind is told that it lost some and goes on from now.
const ringSize = 4096

// maxFeeds bounds the feeds open at once; a browser or two, scripts.
const maxFeeds = 64

// hub hands the node's events to the feeds. It keeps the last ringSize of them, without content.
type hub struct {
	life string // of this start of the daemon, so that IDs of an earlier one are told apart

	mu    sync.Mutex    // guards what follows
	ring  []api.Event   // event n is at (n-1) mod ringSize; it grows to ringSize, and is written over then
	next  uint64        // number of the next event; the first is 1
	moved chan struct{} // closed and replaced when there is a new event
	feeds int
}

func newHub(started time.Time) *hub {
	return &hub{life: strconv.FormatInt(started.UnixMilli(), 36), next: 1, moved: make(chan struct{})}
}

func (h *hub) id(seq uint64) string { return fmt.Sprintf("%s-%d", h.life, seq) }

// tell adds an event. It never waits.
func (h *hub) tell(e api.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	e.ID = h.id(h.next)
	if len(h.ring) < ringSize {
		h.ring = append(h.ring, e)
	} else {
		h.ring[(h.next-1)%ringSize] = e
	}
	h.next++
	close(h.moved)
	h.moved = make(chan struct{})
}

// watch calls fn for each event after the one with the ID from, first with an empty one.
func (h *hub) watch(ctx context.Context, from string, fn func(api.Event) error) error {
	h.mu.Lock()
	full := h.feeds >= maxFeeds
	if !full {
		h.feeds++
	}
	at, lost := h.place(from)
	h.mu.Unlock()
	if full {
		return api.NewProblem(api.Unavailable, "too many feeds are open", "close another one")
	}
	defer func() {
		h.mu.Lock()
		h.feeds--
		h.mu.Unlock()
	}()
	if err := fn(api.Event{}); err != nil {
		return err
	}
	for {
		events, now, missed, moved := h.since(at)
		if lost || missed {
			if err := fn(api.Event{ID: h.id(now - 1), Type: api.EventLost}); err != nil {
				return err
			}
			lost, at = false, now
			continue
		}
		for _, e := range events {
			if err := fn(e); err != nil {
				return err
			}
			at++
		}
		if len(events) > 0 {
			continue
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// place returns the number of the event to go on with, and whether what lies between is lost.
func (h *hub) place(from string) (at uint64, lost bool) {
	if from == "" {
		return h.next, false
	}
	life, number, _ := strings.Cut(from, "-")
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil || life != h.life || n >= h.next {
		return h.next, true
	}
	return n + 1, false
}

// since returns a few events from at on, the number of the next one to come, and what to wait for.
func (h *hub) since(at uint64) (events []api.Event, now uint64, missed bool, moved <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if at+uint64(len(h.ring)) < h.next {
		return nil, h.next, true, h.moved
	}
	for ; at < h.next && len(events) < 64; at++ {
		events = append(events, h.ring[(at-1)%ringSize])
	}
	return events, h.next, false, h.moved
}
