package node

import (
	"testing"
	"testing/synctest"
	"time"

	"tocsin/pkg/record"
)

// Over a line that is too slow for all that waits the urgent goes first, and the rest goes on without waiting
// for another try.
func TestDeliveryGoesOnOverASlowLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.member("Alpha"), w.member("Bravo")
		defer a.stop()
		defer b.stop()
		together(t, a, b)
		w.isolate(b.id(), true)
		var ids []record.ID
		for i := range 20 {
			d := ask("bravo")
			if i == 19 {
				d.Class = record.Emergency
			}
			ids = append(ids, must(a.PublishRequest(t.Context(), d))(t).Published[0].ID)
		}
		time.Sleep(10 * time.Minute)
		w.at(a.id()).takes = 1
		w.isolate(b.id(), false)
		time.Sleep(5 * time.Second)
		delivered := map[record.ID]time.Time{}
		for _, d := range a.replica.Outbox() {
			delivered[d.ID] = d.Delivered
		}
		first := ids[19]
		for _, id := range ids {
			if at := delivered[id]; at.IsZero() {
				t.Errorf("%s was not delivered", id)
			} else if at.Before(delivered[first]) {
				t.Errorf("%s went before the emergency", id)
			}
		}
	})
}

// Of bodies that came by half few are kept: those that got more lately.
func TestPartsOfBodiesAreFew(t *testing.T) {
	parts := map[record.ID]*partial{}
	now := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	keepPart(parts, record.ID{99}, &partial{})
	if len(parts) != 0 {
		t.Error("nothing was kept as a part")
	}
	keep := func(id byte, has int64, at time.Duration) {
		p := parts[record.ID{id}]
		if p == nil {
			p = &partial{}
		}
		p.note(has, now.Add(at))
		keepPart(parts, record.ID{id}, p)
	}
	for i := range maxParts {
		keep(byte(i), 1, time.Duration(i)*time.Minute)
	}
	keep(0, 2, time.Hour)
	keep(50, 1, time.Hour)
	if len(parts) != maxParts || parts[record.ID{0}] == nil || parts[record.ID{50}] == nil || parts[record.ID{1}] != nil {
		t.Errorf("%d parts are kept: %v", len(parts), parts)
	}
}
