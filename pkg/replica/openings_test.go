package replica_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

func TestReadingsAreKeptWithTheRecord(t *testing.T) {
	us, p, ch := village(t)
	rec := p.say(t, ch, alert("for some"), func(h *record.Header) { h.Expires = noon.Add(day) })
	us.accept(t, noon, rec.Frame())
	if all, err := us.Readings(rec.ID()); err != nil || len(all) != 0 {
		t.Fatalf("before: %v %v", all, err)
	}
	for i := range replica.MaxReadings + 3 {
		if err := us.NoteReading(rec.ID(), replica.Reading{At: noon.Add(time.Duration(i) * time.Minute), As: "Ada Obi", By: "ada"}); err != nil {
			t.Fatal(err)
		}
	}
	us.restart(t, noon)
	all, err := us.Readings(rec.ID())
	if err != nil || len(all) != replica.MaxReadings {
		t.Fatalf("%d readings, %v", len(all), err)
	}
	last := noon.Add((replica.MaxReadings + 2) * time.Minute)
	if first := all[0]; !first.At.Equal(noon) || first.As != "Ada Obi" || first.By != "ada" || !all[len(all)-1].At.Equal(last) || !all[1].At.Equal(noon.Add(4*time.Minute)) {
		t.Errorf("first %+v, second %+v, last %+v", all[0], all[1], all[len(all)-1])
	}
	if _, err := us.Prune(noon.AddDate(0, 0, 3)); err != nil {
		t.Fatal(err)
	}
	if _, err := us.Readings(rec.ID()); !errors.Is(err, replica.ErrNotFound) {
		t.Errorf("after the record went: %v", err)
	}
	if n := under(t, us, "b", replica.DayOf(noon.AddDate(0, 0, 3))); n != 0 {
		t.Errorf("%d keys are left", n)
	}
}

func TestReadingsAreBounded(t *testing.T) {
	us, p, ch := village(t)
	rec := p.say(t, ch, alert("for some"), nil)
	us.accept(t, noon, rec.Frame())
	if _, ok := errors.AsType[*replica.Refusal](us.NoteReading(rec.ID(), replica.Reading{As: strings.Repeat("x", replica.MaxReadingText+1)})); !ok {
		t.Error("a long name was kept")
	}
	if err := us.NoteReading(record.ID{1}, replica.Reading{As: "Ada"}); !errors.Is(err, replica.ErrNotFound) {
		t.Errorf("of nothing: %v", err)
	}
}
