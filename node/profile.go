package node

import (
	"context"
	"errors"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/roster"
)

// Profile implements httpapi.Service.
func (n *Node) Profile(context.Context) (*api.ProfileView, error) {
	self := n.replica.Self()
	if v := n.profileOf(n.replica.Roster(), self); v != nil {
		return v, nil
	}
	return &api.ProfileView{Team: n.team(self)}, nil
}

// PublishProfile implements httpapi.Service.
func (n *Node) PublishProfile(_ context.Context, d api.ProfileDraft) (*api.ProfilePublished, error) {
	p := &d.Profile
	if p.Document.Updated.IsZero() {
		p.Document.Updated = n.now()
	}
	s, err := n.state(roster.KindProfile, p)
	if err != nil {
		return nil, err
	}
	out := &api.ProfilePublished{Statement: s.ID(), Bytes: len(s.Says)}
	r := n.replica.Roster()
	for _, t := range r.Teams() {
		if t != n.replica.Self() && r.Share(t, n.replica.Self()) {
			out.Reaches++
		}
	}
	return out, nil
}

// profileOf returns what is here of a team's profile, or nil.
func (n *Node) profileOf(r *roster.Roster, t identity.TeamID) *api.ProfileView {
	s, ok := r.Profile(t)
	if !ok {
		return nil
	}
	out := &api.ProfileView{Team: n.team(t), Statement: s.ID(), Created: utc(s.Created), ByRoot: s.Signers[0].Delegation == nil}
	p, err := notice.DecodeProfile(s.Says)
	if err != nil {
		out.Unread = err.Error()
		return out
	}
	out.Profile = p
	if odd, ok := errors.AsType[notice.FieldErrors](p.Validate()); ok {
		for _, f := range odd[:min(len(odd), maxOdd)] {
			out.Odd = append(out.Odd, api.Field{Field: f.Field, Problem: f.Problem, Hint: f.Hint})
		}
	}
	return out
}

// maxOdd is how many oddities of a peer's profile are shown.
const maxOdd = 16

// ownParent returns the parent organisation that this team's profile names, or "".
func (n *Node) ownParent() string {
	if v := n.profileOf(n.replica.Roster(), n.replica.Self()); v != nil && v.Profile != nil {
		return v.Profile.Parent
	}
	return ""
}
