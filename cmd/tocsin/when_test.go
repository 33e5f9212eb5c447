package main

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseWhen(t *testing.T) {
	now := draftNow()
	for typed, want := range map[string]time.Time{
		"24h": now.Add(24 * time.Hour), "7d": now.AddDate(0, 0, 7), "1d12h": now.Add(36 * time.Hour), "90m": now.Add(90 * time.Minute), " 2w ": now.AddDate(0, 0, 14),
		"2026-03-02T00:00:00Z": now.Add(12 * time.Hour), "2026-03-02 08:00+08:00": now.Add(12 * time.Hour), "2026-03-02T00:00Z": now.Add(12 * time.Hour),
	} {
		if got, err := parseWhen(typed, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, %v, want %v", typed, got, err, want)
		}
	}
	for _, typed := range []string{"", "24", "h", "-1h", "1.5h", "1y", "tomorrow", "2026-03-02", "2026-03-02T00:00:00", "9999999999d", "999999999d", "999999w999999w"} {
		if got, err := parseWhen(typed, now); err == nil {
			t.Errorf("%q was read as %v", typed, got)
		}
	}
}

func TestParseSpanNeverWraps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`([0-9]{1,9}[wdhms]){1,6}`).Draw(t, "span")
		if d, err := parseSpan(s); err == nil && (d < 0 || d > maxSpan) {
			t.Fatalf("%q is %v", s, d)
		}
	})
}

func TestShowTime(t *testing.T) {
	now := draftNow()
	for want, at := range map[string]time.Time{
		"2026-03-01 09:00:00Z (3 h ago)": now.Add(-3 * time.Hour), "2026-03-03 12:00:00Z (in 2 d)": now.AddDate(0, 0, 2),
		"2026-03-01 12:00:00Z (now)": now, "-": {},
	} {
		if got := showTime(at, now); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
