package node

import (
	"context"
	"fmt"
	"slices"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// Remove implements httpapi.Service.
func (n *Node) Remove(_ context.Context, id string, d api.RemoveDraft) (*api.RemovedTeam, error) {
	c, err := n.known(id)
	if err != nil {
		return nil, err
	}
	if c.Charter.Admission.Rule == notice.RuleSponsors {
		return n.vote(c, d)
	}
	if c, err = n.founded(id); err != nil {
		return nil, err
	}
	team, err := n.removable(c, d.Team)
	if err != nil {
		return nil, err
	}
	if c.IsFounder(team) {
		return nil, api.NewProblem(api.NotAllowed, "the team is a founder, and founders cannot be removed", "found a new community without it")
	}
	s, lanes, err := n.remove(c, team, d.Reason)
	if err != nil {
		return nil, err
	}
	return &api.RemovedTeam{Team: n.team(team), Statement: s.ID(), Lanes: lanes, Votes: 1, Needed: 1, Removed: true, Rule: notice.RuleFounders}, nil
}

// removable returns the member that a text means.
func (n *Node) removable(c *roster.Community, text string) (identity.TeamID, error) {
	team, err := n.findTeam(text)
	switch {
	case err != nil:
		return team, err
	case c.Removed(team):
		return team, api.NewProblem(api.Conflict, "the team was removed already", "")
	case !c.Member(team):
		return team, api.NewProblem(api.NotFound, "the team is not a member", "")
	}
	return team, nil
}

// remove signs a removal, or the proposal of one, that cuts the team's lanes at what is here of them.
func (n *Node) remove(c *roster.Community, team identity.TeamID, reason string) (s *record.Statement, lanes int, err error) {
	heads, err := n.replica.LaneHeads(record.InCommunity(c.ID), team)
	if err != nil {
		return nil, 0, err
	}
	s, err = n.state(roster.KindRemove, &notice.Remove{Community: c.ID, Team: team, Heads: heads, Reason: reason})
	return s, len(heads), err
}

// vote votes for the removal of a team, by the first of the open proposals that this team has not voted for, or proposes it.
func (n *Node) vote(c *roster.Community, d api.RemoveDraft) (*api.RemovedTeam, error) {
	if !c.Member(n.replica.Self()) {
		return nil, api.NewProblem(api.NotMember, "only members of the community vote on removals", "")
	}
	team, err := n.removable(c, d.Team)
	if err != nil {
		return nil, err
	}
	if n.isOwn(team) {
		return nil, api.NewProblem(api.NotAllowed, "the team is this one itself", "to go: tocsin community leave")
	}
	out := &api.RemovedTeam{Team: n.team(team), Needed: c.Charter.Admission.Removal, Rule: notice.RuleSponsors}
	open := openProposals(c, team)
	var s *record.Statement
	var on record.StatementID
	if len(open) == 0 {
		out.Proposed = true
		if s, out.Lanes, err = n.remove(c, team, d.Reason); err != nil {
			return nil, err
		}
		on = s.ID()
	} else {
		ours := func(v roster.Voice) bool { return n.isOwn(v.Team) }
		at := slices.IndexFunc(open, func(p roster.Proposal) bool { return !slices.ContainsFunc(p.Votes, ours) })
		if at < 0 {
			first := open[0]
			said := first.Votes[slices.IndexFunc(first.Votes, ours)].ID
			return nil, api.NewProblem(api.Conflict, fmt.Sprintf("this team has voted already: %s; %d of %d votes are here", said, first.Counting, out.Needed),
				"other members vote with the same command")
		}
		on = open[at].ID
		out.By, out.Beside = n.team(open[at].Votes[0].Team), len(open)-1
		if s, err = n.state(roster.KindRemove, &notice.Remove{Community: c.ID, Team: team, Proposal: on, Reason: d.Reason}); err != nil {
			return nil, err
		}
	}
	out.Statement = s.ID()
	if now, ok := n.replica.Roster().Community(c.ID); ok {
		out.Removed = !now.Member(team)
		for _, p := range now.Proposals() {
			if p.ID == on {
				out.Votes = p.Counting
			}
		}
	}
	return out, nil
}

// openProposals returns the proposals to remove a team that can take effect still, the one with most votes first, then the
// one of the least ID: whoever votes next picks the same one. Members that begin at the same moment make one each.
func openProposals(c *roster.Community, team identity.TeamID) []roster.Proposal {
	open := slices.DeleteFunc(c.Proposals(), func(p roster.Proposal) bool { return p.Team != team || p.Effective || p.Counting == 0 })
	slices.SortStableFunc(open, func(a, b roster.Proposal) int { return b.Counting - a.Counting })
	return open
}

// Leave implements httpapi.Service.
func (n *Node) Leave(_ context.Context, id string, d api.LeaveDraft) (*api.Left, error) {
	c, err := n.known(id)
	if err != nil {
		return nil, err
	}
	if !c.Member(n.replica.Self()) {
		return nil, api.NewProblem(api.NotMember, "this team is not a member of the community", "")
	}
	heads, err := n.replica.LaneHeads(record.InCommunity(c.ID), n.replica.Self())
	if err != nil {
		return nil, err
	}
	s, err := n.state(roster.KindLeave, &notice.Leave{Community: c.ID, Heads: heads, Reason: d.Reason})
	if err != nil {
		return nil, err
	}
	return &api.Left{Community: n.community(c.ID), Statement: s.ID(), Lanes: len(heads)}, nil
}
