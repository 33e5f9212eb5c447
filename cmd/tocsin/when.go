package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/ledger"
)

// Times are shown as an instant in UTC and, beside it, how far that is from now: the first is what one compares and quotes on
// the phone, the second what one needs at three in the morning.

// showInstant is the absolute half, to the second.
func showInstant(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

// showTime is an instant with its distance: "2026-03-01 12:00:00Z (3 h ago)".
func showTime(t, now time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return showInstant(t) + " (" + showDistance(t, now) + ")"
}

// showDistance is the relative half: "3 h ago", "in 2 d".
func showDistance(t, now time.Time) string {
	switch d := t.Sub(now); {
	case t.IsZero():
		return "never"
	case d >= 500*time.Millisecond:
		return "in " + ledger.Words(d)
	case d > -500*time.Millisecond:
		return "now"
	default:
		return ledger.Words(-d) + " ago"
	}
}

// whenHint tells what parseWhen reads.
const whenHint = "an instant with its zone, such as 2026-03-01T12:00:00Z, or a span, such as 90m, 24h or 7d"

// parseWhen reads an instant, or a span that is counted from now.
func parseWhen(s string, now time.Time) (time.Time, error) {
	s = strings.TrimSpace(s)
	if d, err := parseSpan(s); err == nil {
		return now.Add(d), nil
	}
	return parseInstant(s)
}

// parseInstant reads RFC 3339, with a space for the T and without seconds if the writer prefers. A zone is asked for: half of
// all mistakes with times between teams are a zone that everybody assumed.
func parseInstant(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04Z07:00", "2006-01-02 15:04Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		if _, err := time.Parse(layout, s); err == nil {
			return time.Time{}, fmt.Errorf("%q has no time of day with a zone, such as 12:00Z or 14:00+02:00", s)
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time", s)
}

// maxSpan keeps sums with the present inside what can be written: 100 years.
const maxSpan = 100 * 365 * 24 * time.Hour

// parseSpan reads whole numbers with the units w, d, h, m and s: "24h", "7d", "1d12h".
func parseSpan(s string) (time.Duration, error) {
	wrong := fmt.Errorf("%q is not a span of time such as 90m, 24h or 7d", s)
	rest := s
	var sum time.Duration
	for rest != "" {
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		if digits == 0 || digits > 9 || digits == len(rest) {
			return 0, wrong
		}
		n, err := strconv.Atoi(rest[:digits])
		if err != nil {
			return 0, wrong
		}
		unit, ok := spanUnit(rest[digits])
		if !ok || n > int(maxSpan/unit) {
			return 0, wrong
		}
		if sum += time.Duration(n) * unit; sum > maxSpan {
			return 0, wrong
		}
		rest = rest[digits+1:]
	}
	if s == "" {
		return 0, wrong
	}
	return sum, nil
}

func spanUnit(c byte) (time.Duration, bool) {
	switch c {
	case 'w':
		return 7 * 24 * time.Hour, true
	case 'd':
		return 24 * time.Hour, true
	case 'h':
		return time.Hour, true
	case 'm':
		return time.Minute, true
	case 's':
		return time.Second, true
	}
	return 0, false
}

// sinceFlag reads --since: an instant, or a span that ends now.
func sinceFlag(e *env, c *cli.Context) (time.Time, error) {
	typed := c.String("since")
	if typed == "" {
		return time.Time{}, nil
	}
	if d, err := parseSpan(typed); err == nil {
		return e.Now().Add(-d), nil
	}
	t, err := parseInstant(typed)
	if err != nil {
		return t, usageErrorf(whenHint, "--since: %v", err)
	}
	return t, nil
}

// words is a length of time as people say it.
func words(d time.Duration) string { return ledger.Words(d) }
