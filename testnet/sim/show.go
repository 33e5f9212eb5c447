package sim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"tocsin/pkg/ledger"
	"tocsin/pkg/replica"
)

// ShowLedger writes a team's ledger for people: a line for each row, then what it says of each team.
func (t *Team) ShowLedger() []string {
	var out []string
	rows := t.Rows(ledger.Filter{})
	slices.SortStableFunc(rows, func(a, b ledger.Row) int {
		return cmp.Or(a.Created.Compare(b.Created), strings.Compare(t.w.labels[a.Request], t.w.labels[b.Request]),
			strings.Compare(t.w.nameOf(a.Team), t.w.nameOf(b.Team)))
	})
	for _, r := range rows {
		var line strings.Builder
		fmt.Fprintf(&line, "%s %s: %s, %s", t.w.labels[r.Request], t.w.nameOf(r.Team), r.State, r.Timing)
		if r.Voluntary {
			line.WriteString(", unasked")
		}
		if r.Reason != "" {
			line.WriteString(", reason " + string(r.Reason))
		}
		if !r.Sent.IsZero() {
			line.WriteString("; sent " + clock(r.Sent))
		}
		for _, e := range []struct {
			what string
			at   time.Time
		}{
			{"receipt", r.Receipt},
			{"acknowledged", r.Acknowledged},
			{"decided", r.Decided},
			{"result", r.Result},
			{"closed", r.Closed},
			{"withdrawn", r.Withdrawn},
		} {
			if !e.at.IsZero() {
				fmt.Fprintf(&line, ", %s after %s", e.what, ledger.Words(e.at.Sub(r.Sent)))
			}
		}
		out = append(out, line.String())
	}
	var teams []ledger.Team
	t.rep.Ledger(func(l *ledger.Ledger) { teams = l.Teams(t.now(), ledger.Filter{}) })
	slices.SortFunc(teams, func(a, b ledger.Team) int { return strings.Compare(t.w.nameOf(a.Team), t.w.nameOf(b.Team)) })
	for i := range teams {
		out = append(out, t.w.nameOf(teams[i].Team)+": "+teams[i].Sentence())
	}
	return out
}

// ShowRoster writes down who belongs where, as the team sees it.
func (t *Team) ShowRoster() []string {
	var out []string
	for _, name := range t.w.regions {
		c, ok := t.rep.Roster().Community(t.w.communities[name])
		if !ok {
			continue
		}
		var line strings.Builder
		line.WriteString(name + ":")
		for _, m := range t.w.teams {
			switch {
			case c.IsFounder(m.ID) && c.Member(m.ID):
				line.WriteString(" " + m.Name + " (founder)")
			case c.Member(m.ID):
				line.WriteString(" " + m.Name)
			case c.Removed(m.ID):
				line.WriteString(" " + m.Name + " (removed)")
			case c.Left(m.ID):
				line.WriteString(" " + m.Name + " (left)")
			}
		}
		out = append(out, line.String())
	}
	return out
}

// ShowRecords lists the records that a team keeps, oldest first.
func (t *Team) ShowRecords() []string {
	list, err := t.rep.List(replica.Query{})
	if err != nil {
		return []string{err.Error()}
	}
	var out []string
	for _, e := range slices.Backward(list) {
		out = append(out, fmt.Sprintf("%s by %s, %s, here since %s (%s)", t.w.label(e.Record), t.w.nameOf(e.Record.Team()),
			t.w.channelName(e.Record.Header().Channel), clock(e.Sighting.Seen), e.Via))
	}
	return out
}

// ShowOutbox lists what waits for other teams, and why.
func (t *Team) ShowOutbox() []string {
	var out []string
	for _, d := range t.rep.Outbox() {
		line := fmt.Sprintf("%s for %s: ", t.w.labels[d.ID], t.w.nameOf(d.To))
		if d.Delivered.IsZero() {
			line += fmt.Sprintf("waits, %d attempts, %s", d.Attempts, d.Last)
		} else {
			line += "delivered " + clock(d.Delivered)
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

// ShowLanes writes down what a team itself wrote, a line for each lane, in the order of its places.
func (t *Team) ShowLanes() []string {
	list, err := t.rep.List(replica.Query{})
	if err != nil {
		return []string{err.Error()}
	}
	lanes := map[string][]string{}
	slices.SortStableFunc(list, func(a, b replica.Entry) int {
		return cmp.Compare(a.Record.Header().Seq, b.Record.Header().Seq)
	})
	for i := range list {
		if r := list[i].Record; t.w.ids[r.Team()] == t {
			h := r.Header()
			key := fmt.Sprintf("%x %s", h.Run, t.w.channelName(h.Channel))
			lanes[key] = append(lanes[key], fmt.Sprintf("%d %s", h.Seq, t.w.label(r)))
		}
	}
	var out []string
	for key, records := range lanes {
		_, where, _ := strings.Cut(key, " ")
		out = append(out, where+": "+strings.Join(records, ", "))
	}
	slices.Sort(out)
	return out
}
