package main

import (
	"fmt"
	"strings"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
)

// shortLen is how much of an ID a list shows: enough to be typed back, since the daemon takes any unique beginning.
const shortLen = 12

// short is the beginning of an ID's text form.
func short(id fmt.Stringer) string { return shortID(id.String()) }

func shortID(s string) string { return s[:min(len(s), shortLen)] }

// showTeam names a team: the name is its own claim, so the beginning of its ID, which cannot be claimed, stands beside it.
func showTeam(t api.Team) string {
	if t.Name == "" {
		return short(t.ID)
	}
	return cleanLine(t.Name) + " (" + short(t.ID) + ")"
}

// teamName is a team in a narrow column; with the beginning of its ID where what is shown of the name may be taken for another's.
func teamName(t api.Team) string {
	if t.Name == "" {
		return short(t.ID)
	}
	return narrow(t.Name, t.Alike, t.ID)
}

// communityName names a community in a sentence or a column.
func communityName(c api.CommunityRef) string {
	if c.Name == "" {
		return short(c.ID)
	}
	return narrow(c.Name, c.Alike, c.ID)
}

// narrow is a name of at most 28 cells; another may have the same beginning.
func narrow(name string, alike bool, id fmt.Stringer) string {
	clean := cleanLine(name)
	cut := truncate(clean, 28)
	return withID(cut, alike || cut != clean, id)
}

func withID(name string, alike bool, id fmt.Stringer) string {
	if !alike {
		return name
	}
	return name + " (" + short(id) + ")"
}

// channelName says where an entry belongs.
func channelName(e *api.Entry) string {
	switch {
	case e.Community != nil:
		return communityName(*e.Community)
	case e.With != nil:
		return "private"
	}
	return "-"
}

// drillMark makes an exercise or a test impossible to take for the real thing, and the other way round.
func drillMark(s notice.Status) string {
	if s.Drill() {
		return "[" + strings.ToUpper(string(s)) + "] "
	}
	return ""
}

// headline is an entry's title in one line, with what must not be overlooked in front.
func headline(e *api.Entry) string {
	var marks strings.Builder
	for _, m := range e.Marks {
		marks.WriteString("[" + strings.ToUpper(m.Word) + "] ")
	}
	return marks.String() + titleOf(e)
}

func titleOf(e *api.Entry) string {
	switch {
	case e.Alert != nil:
		return drillMark(e.Alert.Status) + e.Alert.Headline()
	case e.Request != nil:
		return drillMark(e.Request.Status) + e.Request.Headline()
	case e.Red != nil:
		return "(for " + e.Red.For + ")"
	case e.Unread != "":
		return "(not readable: " + e.Unread + ")"
	}
	return "(" + e.Kind + ")"
}

// markingOf is the TLP label of an entry, or a dash where it cannot be read.
func markingOf(e *api.Entry) string {
	var m *notice.Marking
	switch {
	case e.Red != nil:
		m = &e.Red.Marking
	case e.Alert != nil:
		m = &e.Alert.Marking
	case e.Request != nil:
		m = &e.Request.Marking
	case e.Reply != nil:
		m = &e.Reply.Marking
	case e.Close != nil:
		m = &e.Close.Marking
	case e.Withdraw != nil:
		m = &e.Withdraw.Marking
	}
	if m == nil || m.TLP == "" {
		return "-"
	}
	return m.TLP.String()
}

// groups writes an ID for comparing aloud.
func groups(id identity.TeamID) string { return identity.Groups(id.String()) }

// bytesOf writes a size as people do.
func bytesOf(n int64) string {
	for _, unit := range []struct {
		name  string
		bytes int64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n >= unit.bytes {
			return fmt.Sprintf("%.1f %s", float64(n)/float64(unit.bytes), unit.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}

// plural is a count with its noun.
func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	if many, ok := strings.CutSuffix(one, "y"); ok {
		return fmt.Sprintf("%d %sies", n, many)
	}
	return fmt.Sprintf("%d %ss", n, one)
}
