package ledger

import (
	"fmt"
	"strings"
	"time"
)

// Sentence says in plain words (ASCII) how a team answers, for example
// "7 of 9 in the time asked, median 5 h, 1 open". What others asked follows, marked as seen only.
func (t *Team) Sentence() string {
	var parts []string
	if !t.Own.Empty() {
		parts = append(parts, t.Own.Sentence())
	}
	if !t.Others.Empty() {
		parts = append(parts, "seen of others: "+t.Others.Sentence())
	}
	if t.Voluntary > 0 {
		parts = append(parts, fmt.Sprintf("helped unasked %s", times(t.Voluntary)))
	}
	if len(parts) == 0 {
		return "never asked"
	}
	return strings.Join(parts, "; ")
}

// Sentence is the plain answer of one summary. The share is of the requests that can be judged, so
// that one which is not due yet does not count as a failure; it is then among the open.
func (s *Summary) Sentence() string {
	if s.Asked+s.Unsent == 0 {
		return "not asked" + some(s.Withdrawn, "withdrawn")
	}
	var b strings.Builder
	switch settled := s.Settled(); {
	case settled > 0:
		fmt.Fprintf(&b, "%d of %d in the time asked", s.InTime, settled)
		b.WriteString(s.median())
	case s.Asked > 0:
		b.WriteString("nothing due yet")
	default:
		b.WriteString("not asked yet")
	}
	b.WriteString(some(s.Late, "late"))
	b.WriteString(some(s.Declined, "declined"))
	b.WriteString(some(s.Missed, "never answered"))
	b.WriteString(some(s.Silent, "silent"))
	b.WriteString(some(s.Unreachable, "unreachable"))
	b.WriteString(some(s.Unseen, "no answer seen"))
	b.WriteString(some(s.Waiting, "open"))
	return b.String()
}

func (s *Summary) median() string {
	switch {
	case s.Small:
		return ", too few for a median"
	case !s.Reached:
		return ", median not reached"
	}
	return ", median " + Words(s.Median)
}

func some(n int, what string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %d %s", n, what)
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// Words says a duration as people do, in the one or two largest units that matter: "12 s",
// "40 min", "1 h 30 min", "18 h", "2 d 4 h", "12 d".
func Words(d time.Duration) string {
	d = max(d, 0)
	seconds := int64(d.Round(time.Second) / time.Second)
	minutes := int64(d.Round(time.Minute) / time.Minute)
	hours := int64(d.Round(time.Hour) / time.Hour)
	switch {
	case seconds < 60:
		return fmt.Sprintf("%d s", seconds)
	case minutes < 60:
		return fmt.Sprintf("%d min", minutes)
	case minutes < 10*60:
		return pair(minutes/60, "h", minutes%60, "min")
	case hours < 48:
		return fmt.Sprintf("%d h", hours)
	case hours < 10*24:
		return pair(hours/24, "d", hours%24, "h")
	}
	return fmt.Sprintf("%d d", int64(d.Round(24*time.Hour)/(24*time.Hour)))
}

func pair(big int64, unit string, small int64, rest string) string {
	if small == 0 {
		return fmt.Sprintf("%d %s", big, unit)
	}
	return fmt.Sprintf("%d %s %d %s", big, unit, small, rest)
}
