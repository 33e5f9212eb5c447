package replica_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/replica"
)

func TestPinsAreKept(t *testing.T) {
	a, b, _ := village(t)
	at := time.Date(2026, 3, 1, 12, 0, 0, 500, time.UTC)
	other := identity.TeamID{7}
	for _, team := range []identity.TeamID{b.team(), other} {
		if err := a.Pin(team, replica.Pin{At: at, How: "words", Note: "at the meeting"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Pin(b.team(), replica.Pin{At: at.Add(time.Hour), How: "fingerprint"}); err != nil {
		t.Fatal(err)
	}
	if ok, err := a.Unpin(other); !ok || err != nil {
		t.Fatalf("got %v, %v", ok, err)
	}
	if ok, err := a.Unpin(other); ok || err != nil {
		t.Fatalf("a second time: got %v, %v", ok, err)
	}
	a.restart(t, noon)
	pins, err := a.Pins()
	if err != nil || len(pins) != 1 {
		t.Fatalf("got %v, %v", pins, err)
	}
	if p := pins[b.team()]; p.How != "fingerprint" || p.Note != "" || !p.At.Equal(at.Add(time.Hour).Truncate(time.Millisecond)) {
		t.Errorf("got %+v", p)
	}
}

func TestPinRefuses(t *testing.T) {
	a, b, _ := village(t)
	for name, err := range map[string]error{
		"itself":   a.Pin(a.Self(), replica.Pin{}),
		"nobody":   a.Pin(identity.TeamID{}, replica.Pin{}),
		"too much": a.Pin(b.team(), replica.Pin{Note: strings.Repeat("x", replica.MaxPinText+1)}),
	} {
		if _, ok := errors.AsType[*replica.Refusal](err); !ok {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
