package roster

import (
	"errors"
	"fmt"
	"slices"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// Why a team cannot attest an application. Test with errors.Is.
var (
	ErrApplication = errors.New("no such application counts")
	ErrDecided     = errors.New("the application is decided on")
	ErrNotMember   = errors.New("only a member can attest")
	ErrOwn         = errors.New("a team cannot attest its own application")
	ErrSponsor     = errors.New("too few others sponsor it for one of its sponsors to attest")
	ErrSponsors    = errors.New("too few members of different parent organisations sponsor it")
	ErrOpposed     = errors.New("members object to it")
	ErrAttested    = errors.New("the team attested it already")
	ErrBudget      = errors.New("its sponsors, or teams above them, answer for as many teams as they may")
)

// Attest returns the sponsorings that a team may name if it admits now, or why it may not. It says nothing
// of windows: whoever attests has held the application and these for the whole of it, by its own clock.
func (c *Community) Attest(application record.StatementID, by identity.TeamID) ([]record.StatementID, error) {
	a, now, rule := c.apps.get(application), c.keys.canonical(by), &c.Charter.Admission
	switch {
	case rule.Rule != notice.RuleSponsors, a == nil:
		return nil, ErrApplication
	case a.admitted, a.refused, c.members.has(a.team), c.cutOff(a.team, a):
		return nil, ErrDecided
	case !c.members.has(now):
		return nil, ErrNotMember
	case a.team == now:
		return nil, ErrOwn
	case find(a.admits, now) >= 0:
		return nil, ErrAttested
	}
	if objections := c.objecting(a); objections >= rule.Objections {
		return nil, fmt.Errorf("%w: %d", ErrOpposed, objections)
	}
	var out []record.StatementID
	var parents []string
	own, spent := false, false
	for _, w := range c.sponsorings(application) {
		parent := c.Parent(w.Team)
		switch {
		case w.Team == now:
			own = true
		case c.Spent(w.Team):
			spent = true
		case len(out) < rule.Sponsors && !slices.Contains(parents, parent):
			out, parents = append(out, w.ID), append(parents, parent)
		}
	}
	switch {
	case len(out) == rule.Sponsors:
		slices.SortFunc(out, compareIDs)
		return out, nil
	case spent:
		return nil, ErrBudget
	case own:
		return nil, ErrSponsor
	}
	return nil, fmt.Errorf("%w: %d of %d", ErrSponsors, len(out), rule.Sponsors)
}

// Spent reports whether a sponsor, or a team above it, answers for as many teams as it may: to name it in an
// admission would keep the applicant out for good.
func (c *Community) Spent(t identity.TeamID) bool {
	j := c.judge(nil, c.verdict)
	return slices.ContainsFunc(j.above([]identity.TeamID{c.keys.canonical(t)}), func(t identity.TeamID) bool {
		return j.party(t).below >= j.rule.Budget
	})
}

// sponsorings returns those of an application that count, by members, one of each, by ID.
func (c *Community) sponsorings(application record.StatementID) (out []Voice) {
	for _, x := range c.graph.nodes.all() {
		if x.Kind == KindSponsor && x.application == application {
			if w := c.voice(x.said); w.Counts {
				out = append(out, w)
			}
		}
	}
	slices.SortFunc(out, func(a, b Voice) int { return compareIDs(a.ID, b.ID) })
	seen := map[identity.TeamID]struct{}{}
	return slices.DeleteFunc(out, func(w Voice) bool {
		_, again := seen[w.Team]
		seen[w.Team] = struct{}{}
		return again
	})
}
