package node

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// named is something that a text may mean.
type named[ID any] struct {
	id   ID
	text string // the ID's text form
	name string
}

// choose returns the one of list that text means: by its whole ID, by its name, or by a prefix of at
// least api.MinPrefix characters of the ID. Nobody is guessed: where several fit, the problem lists them,
// also where one fits by name and another by prefix, since a team can call itself by the beginning of
// another's ID, and where other names look like the one that fits.
func choose[ID any](kind identity.Kind, text string, list []named[ID]) (ID, error) {
	var none ID
	what := kind.String()
	wanted := strings.TrimSpace(text)
	if wanted == "" {
		return none, api.NewProblem(api.NotFound, "no "+what+" is named", "give its name, its ID or the first characters of the ID")
	}
	var found, near, begin []named[ID]
	byName := false
	lower := strings.ToLower(strings.NewReplacer(" ", "", "-", "").Replace(wanted))
	for _, n := range list {
		switch {
		case n.text == lower:
			return n.id, nil
		case strings.EqualFold(n.name, wanted):
			found, byName = append(found, n), true
		case len(lower) >= api.MinPrefix && strings.HasPrefix(n.text, lower):
			found = append(found, n)
		case strings.HasPrefix(n.text, lower):
			begin = append(begin, n)
		case strings.Contains(strings.ToLower(n.name), strings.ToLower(wanted)), identity.Alike(n.name, wanted):
			near = append(near, n)
		}
	}
	if byName {
		found = append(found, lookingLike(list, found)...)
	}
	switch len(found) {
	case 0:
	case 1:
		return found[0].id, nil
	default:
		return none, candidates(api.NewProblem(api.Ambiguous, fmt.Sprintf("%+q may be one of %d %s", wanted, len(found), plural(kind)),
			"give the ID, or more of it"), found)
	}
	switch _, err := identity.Parse(kind, wanted); {
	case len(lower) == identity.TextLen && err != nil:
		return none, api.NewProblem(api.NotFound, err.Error(), "copy the ID anew, or give its first characters or the name")
	case len(begin) > 0:
		return none, candidates(api.NewProblem(api.NotFound, fmt.Sprintf("%+q is too short: at least %d characters of an ID are needed", wanted, api.MinPrefix),
			"give more of the ID, or the name"), begin)
	}
	if len(near) == 0 {
		near = list
	}
	return none, candidates(api.NewProblem(api.NotFound, fmt.Sprintf("no %s here is called %+q or has an ID that begins so", what, wanted),
		fmt.Sprintf("give a name, an ID or at least %d characters of the ID", api.MinPrefix)), near)
}

// lookingLike are those of list, but for found itself, whose names look like one in found.
func lookingLike[ID any](list, found []named[ID]) (more []named[ID]) {
	for _, n := range list {
		same := func(f named[ID]) bool { return f.text == n.text }
		if n.name != "" && !slices.ContainsFunc(found, same) && slices.ContainsFunc(found, func(f named[ID]) bool { return identity.Alike(f.name, n.name) }) {
			more = append(more, n)
		}
	}
	return more
}

// plural names several of a kind.
func plural(kind identity.Kind) string {
	if kind == identity.KindCommunity {
		return "communities"
	}
	return kind.String() + "s"
}

func candidates[ID any](p *api.Problem, list []named[ID]) *api.Problem {
	for _, n := range list[:min(len(list), api.MaxCandidates)] {
		p.Candidates = append(p.Candidates, api.Candidate{ID: n.text, Name: n.name})
	}
	return p
}

// findCommunity returns the community that a text means.
func (n *Node) findCommunity(text string) (identity.CommunityID, error) {
	r := n.replica.Roster()
	var list []named[identity.CommunityID]
	for _, id := range r.Communities() {
		c, ok := r.Community(id)
		if ok {
			list = append(list, named[identity.CommunityID]{id, id.String(), c.Charter.Name})
		}
	}
	id, err := choose(identity.KindCommunity, text, list)
	return id, toldApart(err, identity.ParseCommunity, func(id identity.CommunityID) string {
		c, _ := r.Community(id)
		return "founded by " + n.namesOf(c.Charter.Founders)
	})
}

// findTeam returns the team that a text means, for what gives it a place, trust or a record: a team whose name looks like another's
// is meant by its whole ID only. A whole ID need not be known here.
func (n *Node) findTeam(text string) (identity.TeamID, error) {
	id, err := n.lookUpTeam(text)
	if err != nil {
		return id, hinted(err, compareIDs+nameByID)
	}
	return id, n.wholeID(text, id, n.team(id).Name)
}

// lookUpTeam is findTeam for what only shows something of the team.
func (n *Node) lookUpTeam(text string) (identity.TeamID, error) {
	if id, err := identity.ParseTeam(text); err == nil {
		return id, nil
	}
	r := n.replica.Roster()
	var list []named[identity.TeamID]
	for _, id := range r.Teams() {
		list = append(list, named[identity.TeamID]{id, id.String(), r.Name(id)})
	}
	id, err := choose(identity.KindTeam, text, list)
	return id, n.teamsToldApart(err)
}

// findRecord returns the kept record that a text means.
func (n *Node) findRecord(text string) (replica.Entry, error) { return n.find(text, n.replica.Entry) }

func (n *Node) find(text string, read func(record.ID) (replica.Entry, error)) (replica.Entry, error) {
	id, err := n.replica.Find(strings.NewReplacer(" ", "", "-", "").Replace(text))
	switch {
	case errors.Is(err, replica.ErrNotFound), errors.Is(err, replica.ErrAmbiguous):
		return replica.Entry{}, err // httpapi knows these
	case err != nil:
		return replica.Entry{}, api.NewProblem(api.NotFound, err.Error(), fmt.Sprintf("give a record ID, or at least %d characters of one", api.MinPrefix))
	}
	return read(id)
}

// team names a team for an answer.
func (n *Node) team(id identity.TeamID) api.Team {
	t := api.Team{ID: id, Name: n.replica.Roster().Name(id)}
	if id == n.replica.Self() {
		t.Name = n.replica.Delegation().Name
	}
	t.Alike = len(n.namesakes(id, t.Name)) > 0
	return t
}

// community names a community for an answer.
func (n *Node) community(id identity.CommunityID) api.CommunityRef {
	ref := api.CommunityRef{ID: id}
	if c, ok := n.replica.Roster().Community(id); ok {
		x := n.nameIndex()
		ref.Name, ref.Alike = c.Charter.Name, len(others(x, x.communities, id, c.Charter.Name)) > 0
	}
	return ref
}

// channelOf returns the channel of a community named by a text, or the zero channel for none.
func (n *Node) channelOf(text string) (record.Channel, error) {
	if text == "" {
		return record.Channel{}, nil
	}
	id, err := n.findCommunity(text)
	return record.InCommunity(id), err
}
