package node

import (
	"cmp"
	"slices"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// showStanding adds to a community what is being decided there, and what was.
func (n *Node) showStanding(out *api.Community, c *roster.Community) {
	self := n.replica.Self()
	applications := c.Applications()
	open := false
	for _, a := range applications {
		if a.State == roster.Open && !c.Member(a.Team) {
			out.Applications = append(out.Applications, n.showApplication(c, &a))
			open = open || n.isOwn(a.Team)
		}
	}
	slices.SortStableFunc(out.Applications, func(a, b api.Application) int { return a.At.Compare(b.At) })
	switch {
	case c.IsFounder(self) && c.Member(self):
		out.Role = "founder"
	case c.Member(self):
		out.Role = "member"
	case c.Observer(self):
		out.Role = "observer"
	case open:
		out.Role = "applicant"
	case c.Left(self):
		out.Role = "left"
	case c.Removed(self):
		out.Role = "removed"
	}
	for i := range out.Members {
		n.showPlace(&out.Members[i], c, applications)
	}
	for _, p := range c.Proposals() {
		if !p.Effective && c.Member(p.Team) && p.Counting > 0 {
			out.Proposals = append(out.Proposals, n.showProposal(&p))
		}
	}
	out.Gone = n.gone(c)
}

// showPlace adds a member's place in the tree of sponsors.
func (n *Node) showPlace(m *api.Member, c *roster.Community, applications []roster.Application) {
	m.Parent = parentName(c, m.Team.ID, applications)
	if c.Charter.Admission.Rule != notice.RuleSponsors {
		return
	}
	for _, by := range c.SponsoredBy(m.Team.ID) {
		m.SponsoredBy = append(m.SponsoredBy, n.team(by))
	}
	m.Brought, m.Budget = c.Budget(m.Team.ID)
}

// parentName returns a member's parent organisation as it was written, or "".
func parentName(c *roster.Community, t identity.TeamID, applications []roster.Application) string {
	for _, a := range applications {
		if a.Team == t && a.State == roster.Admitted {
			return a.Apply.Parent
		}
	}
	for _, p := range c.Charter.Parents {
		if p.Team == t {
			return p.Name
		}
	}
	return ""
}

// showApplication shows an application with what was said of it, and what this node's clock says.
func (n *Node) showApplication(c *roster.Community, a *roster.Application) api.Application {
	rule := c.Charter.Admission
	out := api.Application{
		ID: a.ID, Community: n.community(c.ID), Team: n.team(a.Team), Parent: a.Apply.Parent, Contact: a.Apply.Contact, Note: a.Apply.Note,
		At: a.Created.UTC(), Seen: utc(n.heard(a.ID)), Until: utc(n.window(c, a)),
		Sponsors: n.voices(rule.Sponsors, a.Sponsors), Objections: n.voices(rule.Objections, a.Objections), Witnesses: n.voices(rule.Witnesses, a.Admits),
	}
	out.Team.Name = cmp.Or(out.Team.Name, a.Apply.Name)
	out.Sponsors.Counted = len(n.sponsorsOf(c, a))
	n.noteSameParent(c, a, &out.Sponsors)
	if _, err := c.Attest(a.ID, n.replica.Self()); err != nil {
		out.Attest = err.Error()
	}
	switch {
	case a.State == roster.Admitted:
		out.State = api.ApplicationAdmitted
	case a.State == roster.Past:
		out.State = api.ApplicationPast
	case a.State == roster.Refused:
		out.State = api.ApplicationRefused
	case a.State == roster.Void:
		out.State, out.Why = api.ApplicationVoid, whyNot(a.Why)
	case out.Objections.Counted >= rule.Objections:
		out.State = api.ApplicationOpposed
	case out.Sponsors.Counted < rule.Sponsors:
		out.State = api.ApplicationUnsponsored
	case out.Until.IsZero() || n.now().Before(out.Until):
		out.State = api.ApplicationWindow
	default:
		out.State = api.ApplicationRipe
	}
	return out
}

func (n *Node) voices(needed int, list []roster.Voice) api.Voices {
	out := api.Voices{Needed: needed}
	teams := map[identity.TeamID]bool{}
	for _, v := range list {
		out.Voices = append(out.Voices, api.Voice{
			Team: n.team(v.Team), Statement: v.ID, At: v.Created.UTC(), Text: v.Text, Counts: v.Counts, Why: whyNot(v.Why),
		})
		if v.Counts {
			teams[v.Team] = true
		}
	}
	out.Counted = len(teams)
	return out
}

// noteSameParent says of sponsors who stand behind another one that they do not count beside it.
func (n *Node) noteSameParent(c *roster.Community, a *roster.Application, v *api.Voices) {
	chosen := n.sponsorsOf(c, a)
	for i := range v.Voices {
		one := &v.Voices[i]
		if one.Counts && !slices.Contains(chosen, one.Statement) {
			one.Counts, one.Why = false, "a member of the same parent organisation sponsors the team already, or it did so itself"
		}
	}
}

// sponsorsOf returns the counting sponsorings of an application by members of pairwise different parent
// organisations, in the order in which they came here; no more than are needed would be named, so the first
// ones are.
func (n *Node) sponsorsOf(c *roster.Community, a *roster.Application) []record.StatementID {
	return n.sponsorings(c, a, func(identity.TeamID) bool { return false })
}

// nameable is sponsorsOf with those that this team can name if it attests: not its own, nor one whose budget
// is used up.
func (n *Node) nameable(c *roster.Community, a *roster.Application) []record.StatementID {
	return n.sponsorings(c, a, func(t identity.TeamID) bool { return n.isOwn(t) || c.Spent(t) })
}

func (n *Node) sponsorings(c *roster.Community, a *roster.Application, without func(identity.TeamID) bool) (out []record.StatementID) {
	list := slices.DeleteFunc(slices.Clone(a.Sponsors), func(v roster.Voice) bool { return !v.Counts || without(v.Team) })
	slices.SortStableFunc(list, func(x, y roster.Voice) int { return n.heard(x.ID).Compare(n.heard(y.ID)) })
	taken := map[string]bool{}
	for _, v := range list {
		if parent := c.Parent(v.Team); parent != "" && !taken[parent] {
			taken[parent] = true
			out = append(out, v.ID)
		}
	}
	return out
}

// whyNot says for people why a statement does not count.
func whyNot(w roster.Why) string {
	switch w {
	case roster.Counts:
		return ""
	case roster.WhyWaits:
		return "statements that it refers to are not here yet"
	case roster.WhySigners:
		return "it is not signed by one team"
	case roster.WhyKey:
		return "its key was revoked, or its root replaced, and it is not from before"
	case roster.WhyStranger:
		return "its author is not a member"
	case roster.WhyMember:
		return "the team was a member when it applied"
	case roster.WhyCut:
		return "its author was removed or left before"
	case roster.WhyApplication:
		return "it names no application that counts"
	case roster.WhyProposal:
		return "it names no proposal that counts"
	case roster.WhyOwn:
		return "a team cannot speak for or against itself"
	case roster.WhySponsors:
		return "the sponsors that it names do not count, or are of one parent organisation"
	case roster.WhyOpposed:
		return "members had objected before"
	case roster.WhyBudget:
		return "a sponsor has brought in as many teams as it may"
	case roster.WhyOutvoted:
		return "its author was removed by more votes"
	case roster.WhyRule:
		return "the charter's rule has no use for it"
	}
	return string(w)
}

func (n *Node) showProposal(p *roster.Proposal) api.Proposal {
	out := api.Proposal{
		ID: p.ID, Team: n.team(p.Team), Reason: p.Reason, At: p.Created.UTC(), Effective: p.Effective, Votes: n.voices(p.Needed, p.Votes),
	}
	out.Votes.Counted = p.Counting
	return out
}

// gone lists the teams that were members and are none, each with the first statement that ended it.
func (n *Node) gone(c *roster.Community) (out []api.Gone) {
	until := n.replica.ReadableUntil(c.ID)
	add := func(g api.Gone) {
		g.ReadableUntil = utc(until[g.Team.ID])
		if at := slices.IndexFunc(out, func(o api.Gone) bool { return o.Team.ID == g.Team.ID }); at < 0 {
			out = append(out, g)
		} else if g.At.Before(out[at].At) {
			out[at] = g
		}
	}
	for _, p := range c.Proposals() {
		if p.Effective && c.Removed(p.Team) {
			g := api.Gone{Team: n.team(p.Team), Statement: p.ID, At: p.Created.UTC(), By: []api.Team{}, Reason: p.Reason}
			for _, v := range p.Votes {
				if v.Counts {
					g.By = append(g.By, n.team(v.Team))
				}
			}
			add(g)
		}
	}
	for _, d := range c.Departures() {
		if d.Counts && c.Left(d.Team) {
			add(api.Gone{Team: n.team(d.Team), Left: true, Statement: d.ID, At: d.Created.UTC(), By: []api.Team{n.team(d.Team)}, Reason: d.Reason})
		}
	}
	slices.SortStableFunc(out, func(a, b api.Gone) int { return a.At.Compare(b.At) })
	return out
}
