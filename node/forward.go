package node

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// destination is where content goes on to: the members of a community, or a team.
type destination struct {
	channel   record.Channel
	community identity.CommunityID
	team      identity.TeamID
}

// destination resolves the one of the two that is named.
func (n *Node) destination(community, team string) (destination, error) {
	switch {
	case community != "" && team != "":
		return destination{}, api.Invalid("to", "and community exclude each other", "name a community, or a team")
	case community != "":
		c, err := n.findCommunity(community)
		return destination{channel: record.InCommunity(c), community: c}, err
	case team == "":
		return destination{}, api.Invalid("community", "is missing", "name a community, or a team with to")
	}
	t, err := n.findTeam(team)
	if err != nil {
		return destination{}, err
	}
	if n.isOwn(t) {
		return destination{}, api.Invalid("to", "names this team itself", "")
	}
	ch, err := record.Between(n.replica.Self(), t)
	return destination{channel: ch, team: t}, err
}

// says names the destination as a flag of the command line.
func (d *destination) says() string {
	if d.channel.Private() {
		return "--team " + d.team.String()
	}
	return "--community " + d.community.String()
}

// Forward implements httpapi.Service.
func (n *Node) Forward(ctx context.Context, id string, d api.ForwardDraft) (*api.Published, error) {
	e, m, err := n.foreign(id)
	if err != nil {
		return nil, err
	}
	alert, ok := e.Notice.(*notice.Alert)
	if !ok {
		return nil, api.NewProblem(api.NotAllowed, "the record is of kind "+e.Record.Header().Kind+", and only alerts are forwarded", "")
	}
	if _, cancelled := n.revisions(e.Record.ID()); len(cancelled) > 0 {
		return nil, api.NewProblem(api.Conflict, "its author has cancelled the alert", "")
	}
	to, err := n.destination(d.Community, d.To)
	if err != nil {
		return nil, err
	}
	if err := n.hasIt(e.Record, &to); err != nil {
		return nil, err
	}
	marking, err := n.mayForward(e.Record, m, &to)
	if err != nil {
		return nil, err
	}
	if err := n.dutyOf(to.channel, marking, d.DespiteDuty); err != nil {
		return nil, err
	}
	class := d.Class
	if class == "" && e.Record.Header().Class != record.Control {
		class = e.Record.Header().Class
	}
	if class != "" {
		if err := checkClass(class); err != nil {
			return nil, err
		}
	}
	return n.publishOne(ctx, leaving{
		Outgoing: replica.Outgoing{
			Channel: to.channel, Class: class, Notice: n.reissued(e.Record, alert, *marking), Expires: e.Record.Header().Expires,
		},
		relabel: d.Relabel, words: e.Record.Team(),
	})
}

// hasIt refuses to forward to who has the record by its own channel.
func (n *Node) hasIt(rec *record.Record, to *destination) error {
	ch, r := rec.Header().Channel, n.replica.Roster()
	has := ch == to.channel
	if to.channel.Private() {
		has = ch.Private() && r.Canonical(rec.Team()) == r.Canonical(to.team) || !ch.Private() && r.Member(ch.Community, to.team)
	}
	if has {
		return api.NewProblem(api.Conflict, "they have the alert already", "it came to them as it came here")
	}
	return nil
}

// mayForward returns the marking under which content of another team may go on to a destination: its own, or
// what the author granted.
func (n *Node) mayForward(rec *record.Record, m *notice.Marking, to *destination) (*notice.Marking, error) {
	if n.isOwn(rec.Team()) {
		return m, nil // to send it is this team's own decision, which the policy judges as such
	}
	r := n.replica.Roster()
	exit := policy.Exit{
		Action: policy.Forward, Audience: policy.OtherTeam, Marking: m, Sealed: true,
		Record: rec.ID(), Author: r.Canonical(rec.Team()), Community: to.community, Team: to.team, Now: n.now(),
	}
	why := policy.MayLeave(exit)
	if why.Verdict == policy.Accept {
		return m, nil
	}
	grants, err := n.grantsOf(rec.ID())
	if err != nil {
		return nil, err
	}
	for i := range slices.Backward(grants) {
		g := &grants[i]
		exit.Grant, exit.GrantedBy = &g.Permission, g.By
		if d := policy.MayLeave(exit); d.Verdict == policy.Accept {
			return granted(m, g, d.Tell), nil
		}
	}
	hint, err := n.askAuthor(rec.ID(), to.says())
	if err != nil {
		return nil, err
	}
	if !to.channel.Private() { // to the policy, the members of another community are teams
		why.Detail = strings.Replace(why.Detail, " to team: ", " to community: ", 1)
	}
	return nil, &replica.Refusal{Reason: why.Reason, Detail: why.Detail, Hint: hint}
}

// askAuthor is the way to the permission of the author of a record, for an audience as the flags say it; what is asked already
// comes first.
func (n *Node) askAuthor(of record.ID, audience string) (string, error) {
	hint := fmt.Sprintf("ask its author: tocsin request permission %s %s", audience, of)
	open, err := n.openPermissions(of)
	if err != nil {
		return "", err
	}
	for _, id := range open {
		hint = fmt.Sprintf("its author is asked already, and has not decided: tocsin request show %s\n", id) + hint
	}
	return hint, nil
}

// openPermissions are the requests of this team for permission to pass a record on that are neither over nor decided.
func (n *Node) openPermissions(of record.ID) ([]record.ID, error) {
	var open []record.ID
	err := n.replica.Each(replica.Query{Kinds: []notice.Kind{notice.KindRequest}}, func(e *replica.Entry) (bool, error) {
		q, ok := e.Notice.(*notice.Request)
		if !ok || q.Permission == nil || q.Permission.Record != of || !n.isOwn(e.Record.Team()) {
			return true, nil
		}
		end, err := n.ended(e)
		if err != nil {
			return false, err
		}
		answers, err := n.replica.Answers(e.Record.ID())
		if err == nil && end == nil && !slices.ContainsFunc(answers, decides) {
			open = append(open, e.Record.ID())
		}
		return true, err
	})
	return open, err
}

// decides reports whether an answer is the last word on what was asked.
func decides(answer replica.Entry) bool {
	said, ok := answer.Notice.(*notice.Reply)
	return ok && (said.State == notice.Accepted || said.State == notice.Declined || said.State == notice.Done)
}

// grantsOf returns what the author of a record allows; of one that is not kept here that is nothing.
func (n *Node) grantsOf(id record.ID) ([]replica.Grant, error) {
	if !n.replica.Has(id) {
		return nil, nil
	}
	return n.replica.Grants(id)
}

// granted is the marking that a grant gives. What is CLEAR for those who are named is not so for the world.
func granted(m *notice.Marking, g *replica.Grant, purpose []notice.Purpose) *notice.Marking {
	out := &notice.Marking{TLP: g.Permission.TLP, PAP: m.PAP, Purpose: slices.Clone(purpose)}
	if out.TLP == notice.TLPClear && !g.Permission.Public {
		out.TLP = notice.TLPGreen
	}
	return out
}

// The references by which a forwarded alert names where it comes from.
const (
	originRecord = replica.OriginRecord
	originTeam   = "tocsin:team:"
)

// reissued is another team's alert as one of this team's, with a reference to the original and, unless that
// is not to be named, its author. What means something only where it came from is left out.
func (n *Node) reissued(rec *record.Record, alert *notice.Alert, m notice.Marking) *notice.Alert {
	out := *alert
	out.Type, out.Replaces, out.Marking, out.OurRef, out.YourRef = notice.AlertNew, nil, m, "", ""
	origin := []notice.Reference{{Type: notice.ReferenceAdvisory, Value: originRecord + rec.ID().String()}}
	if !slices.Contains(alert.Marking.Purpose, notice.NoAttribution) {
		origin = append(origin, notice.Reference{Type: notice.ReferenceAdvisory, Value: originTeam + rec.Team().String()})
	}
	// Of what was forwarded before, the first origin stays: it stands in the references already.
	kept := alert.References[:min(len(alert.References), notice.MaxReferences-len(origin))]
	out.References = append(slices.Clone(kept), origin...)
	return &out
}
