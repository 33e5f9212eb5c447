package node

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/invite"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// Apply implements httpapi.Service.
func (n *Node) Apply(_ context.Context, d api.ApplyDraft) (*api.Applied, error) {
	draft, err := invite.OpenDraft(d.Charter)
	if err != nil {
		return nil, err
	}
	charter, err := draft.Statement()
	if err != nil {
		return nil, api.NewProblem(api.Malformed, "the charter is not complete: "+err.Error(), "ask a founder for the complete one: tocsin community charter")
	}
	switch {
	case draft.Charter.Admission.Rule != notice.RuleSponsors:
		return nil, api.NewProblem(api.NotAllowed, "in this community one founder's word makes a team a member; nobody applies",
			"send your card to a founder, who invites you: tocsin id --card")
	case !draft.Charter.Ends.IsZero() && !n.now().Before(draft.Charter.Ends):
		return nil, api.NewProblem(api.Expired, "the community has ended", "")
	}
	if open, err := n.ownApplication(draft.Community()); open != nil || err != nil {
		if err != nil {
			return nil, err
		}
		if d.Name+d.Parent+d.Contact+d.Note != "" {
			return nil, api.NewProblem(api.Conflict, "this team has applied already, and what it said stands",
				"see: tocsin community applications; without flags the application is written again")
		}
		return n.applied(draft.Community(), open.ID)
	}
	if err := n.join(draft.Community(), []*record.Statement{charter}); err != nil {
		return nil, err
	}
	s, err := n.state(roster.KindApply, &notice.Apply{
		Community: draft.Community(), Name: cmp.Or(d.Name, n.replica.Delegation().Name), Parent: cmp.Or(d.Parent, n.ownParent()),
		Contact: d.Contact, Note: d.Note,
	})
	if err != nil {
		return nil, err
	}
	return n.applied(draft.Community(), s.ID())
}

// ownApplication returns this team's open application, or nil; an error if it is a member.
func (n *Node) ownApplication(id identity.CommunityID) (*roster.Application, error) {
	c, ok := n.replica.Roster().Community(id)
	if !ok {
		return nil, nil //nolint:nilnil // none is no fault
	}
	if c.Member(n.replica.Self()) {
		return nil, api.NewProblem(api.Conflict, "this team is a member already", "")
	}
	for _, a := range c.Applications() {
		if n.isOwn(a.Team) && a.State == roster.Open {
			return &a, nil
		}
	}
	return nil, nil //nolint:nilnil // none is no fault
}

// applied answers with an application of this team and its file.
func (n *Node) applied(community identity.CommunityID, id record.StatementID) (*api.Applied, error) {
	c, a, err := n.application(community, id)
	if err != nil {
		return nil, err
	}
	s, ok := n.replica.Roster().Statement(id)
	if !ok {
		return nil, api.NewProblem(api.Internal, "the application is not here", "")
	}
	file, err := s.Envelope().Marshal()
	if err != nil {
		return nil, err
	}
	return &api.Applied{Application: n.showApplication(c, a), File: file}, nil
}

// application returns an application that is here.
func (n *Node) application(community identity.CommunityID, id record.StatementID) (*roster.Community, *roster.Application, error) {
	if c, ok := n.replica.Roster().Community(community); ok {
		for _, a := range c.Applications() {
			if a.ID == id {
				return c, &a, nil
			}
		}
	}
	return nil, nil, api.NewProblem(api.NotFound, "the application is not here, or waits for statements that are not", "")
}

// Applications implements httpapi.Service.
func (n *Node) Applications(_ context.Context, q api.ApplicationQuery) (*api.Applications, error) {
	list, err := n.applications(q.Community)
	if err != nil {
		return nil, err
	}
	out := &api.Applications{Applications: []api.Application{}}
	for _, x := range list {
		if q.All || x.a.State == roster.Open {
			out.Applications = append(out.Applications, n.showApplication(x.c, x.a))
		}
	}
	slices.SortStableFunc(out.Applications, func(a, b api.Application) int { return a.At.Compare(b.At) })
	return out, nil
}

// asked is an application with its community.
type asked struct {
	c *roster.Community
	a *roster.Application
}

// applications returns those of one community, or of all.
func (n *Node) applications(community string) ([]asked, error) {
	r := n.replica.Roster()
	ids := r.Communities()
	if community != "" {
		id, err := n.findCommunity(community)
		if err != nil {
			return nil, err
		}
		ids = []identity.CommunityID{id}
	}
	var out []asked
	for _, id := range ids {
		if c, ok := r.Community(id); ok {
			for _, a := range c.Applications() {
				out = append(out, asked{c, &a})
			}
		}
	}
	return out, nil
}

// findApplication returns the application that a text means: its ID, the beginning of it, or its team; of a
// team's the open one.
func (n *Node) findApplication(text, community string) (*roster.Community, *roster.Application, error) {
	list, err := n.applications(community)
	if err != nil {
		return nil, nil, err
	}
	var byID []named[asked]
	var teams []named[identity.TeamID]
	wanted := strings.TrimSpace(text)
	for _, x := range list {
		id := x.a.ID.String()
		if id == wanted || len(wanted) >= api.MinPrefix && strings.HasPrefix(id, wanted) {
			byID = append(byID, named[asked]{x, id, x.a.Apply.Name})
		}
		if !slices.ContainsFunc(teams, func(t named[identity.TeamID]) bool { return t.id == x.a.Team }) {
			teams = append(teams, named[identity.TeamID]{x.a.Team, x.a.Team.String(), cmp.Or(n.team(x.a.Team).Name, x.a.Apply.Name)})
		}
	}
	if len(byID) == 0 {
		team, err := choose(identity.KindTeam, text, teams)
		if err != nil {
			return nil, nil, noApplication(n.teamsToldApart(hinted(err, compareIDs+nameByID)))
		}
		of := slices.DeleteFunc(slices.Clone(list), func(x asked) bool { return x.a.Team != team })
		if open := slices.DeleteFunc(slices.Clone(of), func(x asked) bool { return x.a.State != roster.Open }); len(open) > 0 {
			of = open
		}
		for _, x := range of {
			byID = append(byID, named[asked]{x, x.a.ID.String(), x.c.Charter.Name})
		}
	}
	if len(byID) > 1 {
		return nil, nil, candidates(api.NewProblem(api.Ambiguous, "there are several applications that may be meant", "give the application's ID, or --community"), byID)
	}
	return byID[0].id.c, byID[0].id.a, nil
}

// noApplication says of a team that is not found that it is no applicant.
func noApplication(err error) error {
	if p, ok := err.(*api.Problem); ok && p.Code == api.NotFound { //nolint:errorlint // choose made it
		p.Hint = "see: tocsin community applications; or give the file that the team sent"
		p.Detail += ", among the teams that applied"
	}
	return err
}

// takeApplication takes in an application that the operator has as a file, if there is one, and finds the one
// that is meant. That of a team whose name looks like another's is meant by the team's whole ID only, since a file can be
// anybody's.
func (n *Node) takeApplication(file api.File, text, community string) (*roster.Community, *roster.Application, error) {
	c, a, err := n.meantApplication(file, text, community)
	if err != nil {
		return nil, nil, err
	}
	err = n.wholeID(text, a.Team, cmp.Or(n.team(a.Team).Name, a.Apply.Name))
	if len(file) > 0 {
		err = hinted(err, compareIDs+nameByID+" in place of the file")
	}
	return c, a, err
}

func (n *Node) meantApplication(file api.File, text, community string) (*roster.Community, *roster.Application, error) {
	if len(file) == 0 {
		return n.findApplication(text, community)
	}
	opened, err := invite.OpenApplication(file)
	if err != nil {
		return nil, nil, err
	}
	c, ok := n.replica.Roster().Community(opened.Community)
	if !ok || !c.Member(n.replica.Self()) {
		return nil, nil, api.NewProblem(api.NotMember, "the application is to a community that this team is not a member of: "+opened.Community.String(), "")
	}
	if err := n.join(c.ID, []*record.Statement{opened.Statement}); err != nil {
		return nil, nil, err
	}
	return n.application(c.ID, opened.Statement.ID())
}

// mayJudge refuses to speak about an application where that would change nothing.
func (n *Node) mayJudge(c *roster.Community, a *roster.Application) error {
	switch self := n.replica.Self(); {
	case c.Charter.Admission.Rule != notice.RuleSponsors:
		return api.NewProblem(api.NotAllowed, "in this community one founder's word makes a team a member", "a founder invites it: tocsin invite")
	case n.isOwn(a.Team):
		return api.NewProblem(api.NotAllowed, "the application is this team's own", "ask members for it")
	case !c.Member(self):
		return api.NewProblem(api.NotMember, "only members of the community can say something about an application", "")
	case a.State == roster.Admitted:
		return api.NewProblem(api.Conflict, "the team is a member already", "to have it out again: tocsin community remove")
	case a.State != roster.Open:
		return api.NewProblem(api.Conflict, "the application is over: the team was admitted by it once", "the team has to apply again")
	}
	return nil
}

// Sponsor implements httpapi.Service.
func (n *Node) Sponsor(_ context.Context, id string, d api.SponsorDraft) (*api.Sponsored, error) {
	c, a, err := n.takeApplication(d.Application, id, d.Community)
	if err != nil {
		return nil, err
	}
	now := n.now()
	expires := d.Expires
	if expires.IsZero() {
		expires = now.Add(inviteTime + c.Charter.Admission.Duration())
	}
	if !expires.After(now) {
		return nil, api.Invalid("expires", "has passed already", "")
	}
	own := n.ownVoice(a.Sponsors)
	already := own != record.StatementID{}
	if !already {
		if err := n.mayJudge(c, a); err != nil {
			return nil, err
		}
		if used, limit := c.Budget(n.replica.Self()); limit > 0 && used >= limit {
			return nil, api.NewProblem(api.NotAllowed, "this team's budget is used up: it has brought in as many teams as the charter lets a member bring in",
				"another member can sponsor the team")
		}
		s, err := n.state(roster.KindSponsor, &notice.Sponsor{Community: c.ID, Application: a.ID, Note: d.Note})
		if err != nil {
			return nil, err
		}
		own = s.ID()
		if c, a, err = n.application(c.ID, a.ID); err != nil {
			return nil, err
		}
	}
	out := &api.Sponsored{Application: n.showApplication(c, a), Statement: own, Already: already, Expires: expires.UTC()}
	return out, n.inviteApplicant(out, c, a)
}

// ownVoice returns what this team said, under whatever root, or zero.
func (n *Node) ownVoice(list []roster.Voice) (id record.StatementID) {
	if at := slices.IndexFunc(list, func(v roster.Voice) bool { return n.isOwn(v.Team) }); at >= 0 {
		return list[at].ID
	}
	return id
}

// inviteApplicant writes the file by which the applicant finds this node.
func (n *Node) inviteApplicant(out *api.Sponsored, c *roster.Community, a *roster.Application) error {
	i := invite.Invite{
		Sponsor: n.replica.Delegation(), Team: a.Team, Community: c.ID, Created: n.now().Truncate(time.Millisecond), Expires: out.Expires,
		Addresses: n.callingAddresses(),
	}
	for _, id := range []record.StatementID{record.StatementID(c.ID), a.ID, out.Statement} {
		s, ok := n.replica.Roster().Statement(id)
		if !ok {
			return api.NewProblem(api.Internal, "a statement for the invite is not here", "")
		}
		i.Statements = append(i.Statements, s)
	}
	file, err := i.Seal(n.key)
	if err != nil {
		return err
	}
	out.Invite, out.Addresses = file, i.Addresses
	return nil
}

// Object implements httpapi.Service.
func (n *Node) Object(_ context.Context, id string, d api.ObjectDraft) (*api.Spoken, error) {
	c, a, err := n.takeApplication(d.Application, id, d.Community)
	if err != nil {
		return nil, err
	}
	if err := n.mayJudge(c, a); err != nil {
		return nil, err
	}
	if said := n.ownVoice(a.Objections); said != (record.StatementID{}) {
		return nil, api.NewProblem(api.Conflict, "this team has objected already: "+said.String(), "")
	}
	s, err := n.state(roster.KindObject, &notice.Object{Community: c.ID, Application: a.ID, Reason: d.Reason})
	if err != nil {
		return nil, err
	}
	return n.spoken(c.ID, a.ID, s)
}

// Admit implements httpapi.Service.
func (n *Node) Admit(_ context.Context, id string, d api.AdmitDraft) (*api.Spoken, error) {
	c, a, err := n.findApplication(id, d.Community)
	if err != nil {
		return nil, err
	}
	if err := n.mayJudge(c, a); err != nil {
		return nil, err
	}
	if said := n.ownVoice(a.Admits); said != (record.StatementID{}) {
		return nil, api.NewProblem(api.Conflict, "this team has attested it already: "+said.String(), "")
	}
	if _, err := c.Attest(a.ID, n.replica.Self()); err != nil {
		return nil, api.NewProblem(api.NotAllowed, err.Error(), "see: tocsin community applications")
	}
	switch until := n.windowOf(c, a, n.nameable(c, a)); {
	case until.IsZero():
		return nil, api.NewProblem(api.NotAllowed, "this node does not know since when the application and its sponsorings are here", "another member can attest it")
	case n.now().Before(until):
		return nil, api.NewProblem(api.NotAllowed, "the window has not run by this node's clock: members may object until "+until.UTC().Format(time.RFC3339),
			"try again then; unless community.attest is ask, the node does it by itself")
	}
	s, err := n.attest(c, a)
	if err != nil {
		return nil, err
	}
	return n.spoken(c.ID, a.ID, s)
}

func (n *Node) spoken(community identity.CommunityID, application record.StatementID, s *record.Statement) (*api.Spoken, error) {
	c, a, err := n.application(community, application)
	if err != nil {
		return nil, err
	}
	return &api.Spoken{Application: n.showApplication(c, a), Statement: s.ID()}, nil
}
