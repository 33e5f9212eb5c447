package node

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/pkg/api"
)

// collect watches until n events have come.
func collect(t *testing.T, h *hub, from string, n int) []api.Event {
	t.Helper()
	var got []api.Event
	enough := errors.New("enough")
	err := h.watch(t.Context(), from, func(e api.Event) error {
		if e.Type == "" {
			return nil
		}
		if got = append(got, e); len(got) == n {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) {
		t.Fatalf("watch: %v", err)
	}
	return got
}

func TestHubCarriesOn(t *testing.T) {
	h := newHub(time.UnixMilli(1))
	for range 5 {
		h.tell(api.Event{Type: api.EventRecord})
	}
	got := collect(t, h, h.id(2), 3)
	if got[0].ID != h.id(3) || got[2].ID != h.id(5) {
		t.Errorf("got %v", got)
	}
	for _, from := range []string{"otherlife-3", h.id(77), "x"} {
		if got := collect(t, h, from, 1); got[0].Type != api.EventLost || got[0].ID != h.id(5) {
			t.Errorf("from %s: %v", from, got)
		}
	}
}

func TestHubTellsTheSlowThatTheyLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(time.Now())
		ctx, cancel := context.WithCancel(t.Context())
		release, first := make(chan struct{}), make(chan struct{})
		var types []api.EventType
		done := make(chan error, 1)
		go func() {
			done <- h.watch(ctx, "", func(e api.Event) error {
				if e.Type == "" {
					close(first)
					<-release
					return nil
				}
				types = append(types, e.Type)
				return nil
			})
		}()
		<-first
		for range ringSize + 10 {
			h.tell(api.Event{Type: api.EventRecord}) // must not wait for the slow one
		}
		close(release)
		synctest.Wait()
		h.tell(api.Event{Type: api.EventPeer})
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if len(types) != 2 || types[0] != api.EventLost || types[1] != api.EventPeer {
			t.Errorf("got %d events, first %v", len(types), types[:min(3, len(types))])
		}
		if h.feeds != 0 {
			t.Errorf("%d feeds are left", h.feeds)
		}
	})
}

// TestHubKeepsItsMemory: what an event costs does not depend on how many came before it.
func TestHubKeepsItsMemory(t *testing.T) {
	h := newHub(time.UnixMilli(1))
	for range ringSize {
		h.tell(api.Event{Type: api.EventRecord})
	}
	where, size := &h.ring[0], cap(h.ring)
	for range 2*ringSize + 7 {
		h.tell(api.Event{Type: api.EventRecord})
	}
	if &h.ring[0] != where || cap(h.ring) != size {
		t.Fatal("a full ring was copied")
	}
	const last = 3*ringSize + 7
	for _, from := range []int{last - 1, last - 100, last - ringSize} {
		for i, e := range collect(t, h, h.id(uint64(from)), last-from) { //nolint:gosec // a small number
			if want := h.id(uint64(from + 1 + i)); e.ID != want { //nolint:gosec // a small number
				t.Fatalf("after %d event %d is %s, want %s", from, i, e.ID, want)
			}
		}
	}
	if got := collect(t, h, h.id(last-ringSize-1), 1); got[0].Type != api.EventLost {
		t.Errorf("one too far back: %v", got)
	}
}

func BenchmarkHubTell(b *testing.B) {
	h := newHub(time.UnixMilli(1))
	for b.Loop() {
		h.tell(api.Event{Type: api.EventRecord})
	}
}
