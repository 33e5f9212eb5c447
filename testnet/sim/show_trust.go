package sim

import (
	"fmt"
	"slices"
	"strings"

	"tocsin/pkg/notice"
	"tocsin/pkg/replica"
	"tocsin/pkg/roster"
)

// ShowReading lists the records that the team keeps, oldest first: whether it can read each, and what it
// must know beside.
func (t *Team) ShowReading() []string {
	list, err := t.rep.List(replica.Query{})
	if err != nil {
		return []string{err.Error()}
	}
	var out []string
	for _, e := range slices.Backward(list) {
		line := t.w.label(e.Record) + ": "
		switch {
		case e.Notice == nil:
			line += "closed, " + e.Unread
		case len(e.Record.Header().Body.KeyID) > 0:
			line += "opened, " + e.Notice.MarkingOf().TLP.String()
		default:
			line += "in clear"
		}
		var marks strings.Builder
		for _, m := range e.Marks {
			fmt.Fprintf(&marks, " [%s]", strings.TrimSpace(string(m.Word)+" "+t.w.labels[m.Record]))
		}
		out = append(out, line+marks.String())
	}
	return out
}

// ShowMarks counts what readers must know of the records that a team keeps.
func (t *Team) ShowMarks() []string {
	list, err := t.rep.List(replica.Query{})
	if err != nil {
		return []string{err.Error()}
	}
	count := map[replica.MarkWord]int{}
	for i := range list {
		for _, m := range list[i].Marks {
			count[m.Word]++
		}
	}
	var out []string
	for word, n := range count {
		out = append(out, fmt.Sprintf("%s: %d records", word, n))
	}
	slices.Sort(out)
	st, err := t.rep.Stats()
	if err != nil {
		return []string{err.Error()}
	}
	for _, m := range t.w.teams {
		if n := st.Equivocations[m.ID]; n > 0 {
			out = append(out, fmt.Sprintf("%s said another thing in the same place %d times", m.Name, n))
		}
	}
	if st.Outside > 0 {
		out = append(out, fmt.Sprintf("%d records are outside", st.Outside))
	}
	return out
}

// ShowStanding writes down what a team sees of applications, of removals and of the tree of sponsors.
func (t *Team) ShowStanding() []string {
	var out []string
	for _, name := range t.w.regions {
		c, ok := t.rep.Roster().Community(t.w.communities[name])
		if !ok || c.Charter.Admission.Rule != notice.RuleSponsors {
			continue
		}
		states := map[roster.State]int{}
		var lines []string
		for _, a := range c.Applications() {
			states[a.State]++
			if m := t.w.ids[a.Team]; m != nil {
				line := fmt.Sprintf("%s applied to %s: %s, %s", m.Name, name, a.State, voices(a.Sponsors, "sponsor", "sponsors"))
				if n := counting(a.Objections); n > 0 {
					line += ", " + voices(a.Objections, "objection", "objections")
				}
				if c.Observer(m.ID) {
					line += ", observes"
				}
				lines = append(lines, line)
			}
		}
		if all := states[roster.Open] + states[roster.Admitted] + states[roster.Refused] + states[roster.Void] + states[roster.Past]; all > 20 {
			lines = []string{fmt.Sprintf("%d applications to %s: %d admitted, %d refused, %d open", all, name,
				states[roster.Admitted], states[roster.Refused], states[roster.Open])}
		}
		for _, p := range c.Proposals() {
			line := fmt.Sprintf("removal of %s from %s: %d of %d votes", t.w.nameOf(p.Team), name, p.Counting, p.Needed)
			if p.Effective {
				line += ", in effect"
			}
			lines = append(lines, line)
		}
		slices.Sort(lines)
		out = append(out, lines...)
		for _, m := range t.w.teams {
			if used, limit := c.Budget(m.ID); used > 0 && limit > 0 {
				out = append(out, fmt.Sprintf("%s answers for %d teams of %s, at most %d", m.Name, used, name, limit))
			}
		}
	}
	return out
}

func counting(all []roster.Voice) (n int) {
	for _, v := range all {
		if v.Counts {
			n++
		}
	}
	return n
}

func voices(all []roster.Voice, one, many string) string {
	n := counting(all)
	word := many
	if n == 1 {
		word = one
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", n, word))
}
