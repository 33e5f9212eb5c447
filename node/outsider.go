package node

import (
	"fmt"
	"strings"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
)

// How long the status reminds of the end of a membership. An operator who took the team out knows that.
const (
	removedNews = 30 * 24 * time.Hour
	leftNews    = 24 * time.Hour
)

// standingWarnings says where this team was removed, has left, or is about to be removed.
func (n *Node) standingWarnings(communities []api.Community) (out []string) {
	now := n.now()
	for i := range communities {
		c := &communities[i]
		if !c.Ends.IsZero() && now.After(c.Ends) {
			continue
		}
		for _, p := range c.Proposals {
			if n.isOwn(p.Team.ID) {
				out = append(out, fmt.Sprintf("members propose to remove this team from %s, with %d of %d votes%s; see: tocsin community show %s",
					c.Name, p.Votes.Counted, p.Votes.Needed, because(p.Reason), c.ID))
			}
		}
		for _, g := range c.Gone {
			switch since := now.Sub(g.At); {
			case !n.isOwn(g.Team.ID), g.Left && c.Role != "left", !g.Left && c.Role != "removed":
			case g.Left && since < leftNews:
				out = append(out, fmt.Sprintf("this team left %s on %s: it gets nothing new from there%s", c.Name, day(g.At), wayBack(c)))
			case !g.Left && since < removedNews:
				out = append(out, fmt.Sprintf("this team was removed from %s on %s by %s%s: it gets nothing new from there%s",
					c.Name, day(g.At), namesOf(g.By), because(g.Reason), wayBack(c)))
			}
		}
	}
	return out
}

// wayBack says how a team that is out can be in again, if it can.
func wayBack(c *api.Community) string {
	switch {
	case c.Admission.Rule == notice.RuleSponsors:
		return "; it may apply again, see: tocsin community apply --help"
	case c.Role == "removed":
		return ", for good"
	}
	return ""
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}

func namesOf(teams []api.Team) string {
	names := make([]string, 0, len(teams))
	for _, t := range teams {
		names = append(names, nameOf(t))
	}
	return strings.Join(names, ", ")
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
