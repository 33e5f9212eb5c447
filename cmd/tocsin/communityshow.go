package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
)

func communityShowCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "show",
		Usage: "show one community: its rules, its members, and what is being decided",
		Args:  "COMMUNITY",
		Help: `COMMUNITY is a name, an ID or the first characters of one. Names of teams and of their parent organisations are their own
claims; compare IDs. Windows run by the clock of this node, from when it had the application and its last needed sponsor.

For a team that was removed or left it says of when the last sealed record is that it could read, as far as is known here.`,
		Examples: []string{"tocsin community show 'Drill 2026'"},
		Run: func(ctx context.Context, c *cli.Context) error {
			d, err := dial(e)
			if err != nil {
				return err
			}
			m, err := d.Community(ctx, c.Args().First())
			if err != nil {
				return err
			}
			if e.JSON {
				return printAnswer(e, m)
			}
			return writeCommunity(e, m)
		},
	})
}

func writeCommunity(e *env, m *api.Community) error {
	s := &sheet{now: e.Now()}
	s.title(m.Name)
	s.gap()
	s.line("ID", m.ID.String())
	s.line("Role here", m.Role)
	s.line("Region", m.Region)
	s.line("Sector", m.Sector)
	s.line("Members", ruleWords(m.Admission))
	if m.Admission.Rule == notice.RuleSponsors {
		s.line("New ones read", historyWords(m.History))
	}
	s.line("Bodies", parkingWords(m.Parking))
	s.linef("Keeps records", "%d days", m.RetentionDays)
	s.linef("Reply floor", "%s", words(time.Duration(m.ReplyByFloor)*time.Second))
	s.line("Last resort", m.LastResort)
	s.at("Ends", m.Ends)
	s.domain(e, m)
	s.at("In step", m.InStep)
	s.gap()
	if err := s.write(e.Stdout); err != nil {
		return err
	}
	t := newTable("TEAM", "NAME", "PARENT", "ROLE", "BROUGHT>", "NOW")
	for _, member := range m.Members {
		t.add(member.Team.ID.String(), truncate(cleanLine(member.Team.Name), 40), truncate(cleanLine(member.Parent), 30), roleOf(member), budgetOf(member), presence(member))
	}
	if err := t.write(e.Stdout); err != nil {
		return err
	}
	s = &sheet{now: e.Now()}
	s.sponsorTree(m.Members)
	s.applications(m.Applications)
	s.proposals(e, m)
	s.gone(m.Gone)
	return s.write(e.Stdout)
}

func roleOf(m api.Member) string {
	if m.Founder {
		return "founder"
	}
	return "member"
}

func presence(m api.Member) string {
	switch {
	case m.Self:
		return "this node"
	case m.Online:
		return "connected"
	}
	return "-"
}

// budgetOf says how many teams a member has brought in, of those that it may.
func budgetOf(m api.Member) string {
	switch {
	case m.Budget > 0:
		return fmt.Sprintf("%d of %d", m.Brought, m.Budget)
	case m.Brought > 0:
		return fmt.Sprint(m.Brought)
	}
	return "-"
}

// domain says what is known of the domain that a charter names.
func (s *sheet) domain(e *env, m *api.Community) {
	switch p := m.Proof; {
	case m.Domain == "":
	case p == nil:
		s.line("Domain", m.Domain+": not looked at yet; "+e.here("tocsin community prove "+short(m.ID)))
	case p.State == api.ProofFound:
		s.linef("Domain", "%s: names this community (by %s, %s)", m.Domain, p.How, showDistance(p.At, s.now))
	case p.State == api.ProofMissing:
		s.linef("Domain", "%s: does NOT name this community (%s)", m.Domain, showDistance(p.At, s.now))
	default:
		s.linef("Domain", "%s: could not be asked (%s): %s", m.Domain, showDistance(p.At, s.now), p.Detail)
	}
}

// sponsorTree shows who brought in whom, if anybody was brought in by sponsors. A team with several sponsors stands
// under each, and with what it brought in itself under the first alone.
func (s *sheet) sponsorTree(members []api.Member) {
	below := map[identity.TeamID][]api.Member{}
	var roots []api.Team
	isRoot, isMember := map[identity.TeamID]bool{}, map[identity.TeamID]bool{}
	for _, m := range members {
		isMember[m.Team.ID] = true
		if m.Founder || len(m.SponsoredBy) == 0 {
			roots, isRoot[m.Team.ID] = append(roots, m.Team), true
		}
	}
	for _, m := range members {
		for _, by := range m.SponsoredBy {
			below[by.ID] = append(below[by.ID], m)
			if !isMember[by.ID] && !isRoot[by.ID] {
				roots, isRoot[by.ID] = append(roots, by), true
			}
		}
	}
	if len(below) == 0 {
		return
	}
	s.gap()
	s.title("Who brought in whom:")
	shown := map[identity.TeamID]bool{}
	var walk func(t api.Team, depth int)
	walk = func(t api.Team, depth int) {
		line := strings.Repeat("  ", depth) + showTeam(t)
		switch {
		case !isMember[t.ID]:
			line += ", no member any more"
		case shown[t.ID] && len(below[t.ID]) > 0:
			line += ", see above"
		}
		s.prose(line)
		if shown[t.ID] {
			return
		}
		shown[t.ID] = true
		for _, m := range below[t.ID] {
			walk(m.Team, depth+1)
		}
	}
	for _, t := range roots {
		if len(below[t.ID]) > 0 {
			walk(t, 0)
		}
	}
}

func (s *sheet) applications(list []api.Application) {
	if len(list) == 0 {
		return
	}
	s.gap()
	s.title("Applications:")
	for _, a := range list {
		s.application(&a)
	}
}

// application prints what a team asks and what members said about it.
func (s *sheet) application(a *api.Application) {
	s.prose(showTeam(a.Team) + ": " + standing(a, s.now))
	s.prose("  application " + a.ID.String() + ", written " + showTime(a.At, s.now))
	if a.Parent != "" {
		s.prose("  parent organisation: " + cleanLine(a.Parent))
	}
	if a.Contact != "" {
		s.prose("  contact: " + cleanLine(a.Contact))
	}
	if a.Note != "" {
		for line := range strings.SplitSeq(cleanText(a.Note), "\n") {
			s.prose("  | " + line)
		}
	}
	s.voices("sponsors", a.Sponsors)
	s.voices("objections", a.Objections)
	s.voices("witnesses", a.Witnesses)
}

// standing says where an application stands.
func standing(a *api.Application, now time.Time) string {
	switch a.State {
	case api.ApplicationUnsponsored:
		return fmt.Sprintf("waits for sponsors, has %d of %d", a.Sponsors.Counted, a.Sponsors.Needed)
	case api.ApplicationWindow:
		return "members may object until " + showTime(a.Until, now)
	case api.ApplicationRipe:
		return fmt.Sprintf("waits for witnesses, has %d of %d", a.Witnesses.Counted, a.Witnesses.Needed)
	case api.ApplicationOpposed:
		return fmt.Sprintf("kept out by %s", plural(a.Objections.Counted, "objection"))
	case api.ApplicationAdmitted:
		return "admitted"
	case api.ApplicationPast:
		return "admitted once, no member any more"
	case api.ApplicationRefused:
		return "kept out: a sponsor has brought in as many teams as it may"
	case api.ApplicationVoid:
		return "does not count: " + cleanLine(a.Why)
	}
	return string(a.State)
}

func (s *sheet) voices(what string, v api.Voices) {
	if len(v.Voices) == 0 {
		return
	}
	s.prose(fmt.Sprintf("  %s, %d of %d:", what, v.Counted, v.Needed))
	for _, one := range v.Voices {
		line := "    " + showTeam(one.Team) + " " + showDistance(one.At, s.now)
		if one.Text != "" {
			line += ": " + truncate(cleanLine(strings.ReplaceAll(one.Text, "\n", " ")), 100)
		}
		if !one.Counts {
			line += " [does not count: " + cleanLine(one.Why) + "]"
		}
		s.prose(line)
	}
}

func (s *sheet) proposals(e *env, m *api.Community) {
	if len(m.Proposals) == 0 {
		return
	}
	s.gap()
	s.title("Proposed removals:")
	about := map[identity.TeamID]int{}
	for _, p := range m.Proposals {
		about[p.Team.ID]++
	}
	var self identity.TeamID // zero where this team has no vote
	for _, member := range m.Members {
		if member.Self {
			self = member.Team.ID
		}
	}
	for _, p := range m.Proposals {
		line := fmt.Sprintf("%s: %d of %d votes", showTeam(p.Team), p.Votes.Counted, p.Votes.Needed)
		if p.Reason != "" {
			line += ": " + cleanLine(p.Reason)
		}
		s.prose(line)
		s.prose("  proposal " + p.ID.String() + ", written " + showTime(p.At, s.now))
		s.voices("votes", p.Votes)
		if about[p.Team.ID] > 1 {
			s.prose(fmt.Sprintf("  one of %d proposals to remove it; one of them needs all the votes", about[p.Team.ID]))
		}
		voted := slices.ContainsFunc(p.Votes.Voices, func(v api.Voice) bool { return v.Team.ID == self })
		if self == (identity.TeamID{}) || self == p.Team.ID || voted {
			continue
		}
		s.prose("  to vote for it: " + e.here("tocsin community remove --for-good "+short(m.ID)+" "+short(p.Team.ID)))
	}
}

func (s *sheet) gone(list []api.Gone) {
	if len(list) == 0 {
		return
	}
	s.gap()
	s.title("No members any more:")
	for _, g := range list {
		line := showTeam(g.Team) + ": removed "
		if g.Left {
			line = showTeam(g.Team) + ": left "
		}
		line += showTime(g.At, s.now)
		if len(g.By) > 0 && !g.Left {
			line += " by " + teamNames(g.By)
		}
		if g.Reason != "" {
			line += ": " + cleanLine(g.Reason)
		}
		s.prose(line)
		if !g.ReadableUntil.IsZero() {
			s.prose("  the last sealed record it could read was of " + showTime(g.ReadableUntil, s.now))
		}
	}
}

func teamNames(teams []api.Team) string {
	names := make([]string, 0, len(teams))
	for _, t := range teams {
		names = append(names, showTeam(t))
	}
	return strings.Join(names, ", ")
}
