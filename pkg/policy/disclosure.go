package policy

import (
	"fmt"
	"slices"

	"tocsin/pkg/notice"
)

// Disclosure returns what must be shown before content with a marking is sent to a team: one sentence
// for each duty to hand on that the team's profile names and that matters for the marking, the ones
// that stand against it first. Nothing has to be shown of what anybody may have. The sentences hold text of
// peers.
func Disclosure(m *notice.Marking, team string, duties []notice.Duty) []string {
	if m == nil {
		return nil
	}
	forbidden := slices.Contains(m.Purpose, notice.NoLawEnforcement)
	var against, other []string
	for _, d := range duties {
		if d.Obligation == notice.ObligationNone {
			continue
		}
		s := fmt.Sprintf("%s says of what it is told: it %s (%s).", team, d.Obligation.Says(), authority(d))
		if d.TellsSource {
			s += " It says that it tells the source before."
		}
		if d.Text != "" {
			s += " In its own words: " + d.Text
		}
		switch {
		case d.To == notice.DutyLawEnforcement && forbidden:
			against = append(against, s+" That stands against "+string(notice.NoLawEnforcement)+", which you ask for: talk to the team before you send.")
		case m.TLP != notice.TLPClear || forbidden:
			other = append(other, s)
		}
	}
	return append(against, other...)
}

// authority names whom a duty is towards.
func authority(d notice.Duty) string {
	kind := "another authority"
	switch d.To {
	case notice.DutyLawEnforcement:
		kind = "law enforcement"
	case notice.DutyRegulator:
		kind = "a regulator"
	case notice.DutyOther:
	}
	if d.Name != "" {
		return kind + ": " + d.Name
	}
	return kind
}
