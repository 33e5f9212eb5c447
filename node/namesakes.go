package node

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/roster"
)

// Names are claims, and two of them can look the same: by chance, or because somebody wants to be taken for another. What is
// shown by such a name is shown with its ID (api.Team.Alike), and what would give it a place is done for its whole ID only.

// nameIndex finds the teams and communities of one roster by what their names look like.
type nameIndex struct {
	roster      *roster.Roster
	looks       map[string][]string // of each name, since they cost more than all else here
	teams       map[string][]identity.TeamID
	communities map[string][]identity.CommunityID
}

// nameIndex returns that of the roster as it is.
func (n *Node) nameIndex() *nameIndex {
	r, last := n.replica.Roster(), n.names.Load()
	if last != nil && last.roster == r {
		return last
	}
	x := &nameIndex{
		roster: r, looks: map[string][]string{}, teams: map[string][]identity.TeamID{}, communities: map[string][]identity.CommunityID{},
	}
	var before map[string][]string
	if last != nil {
		before = last.looks
	}
	self := n.replica.Self()
	index(x.teams, self, x.looksOf(n.replica.Delegation().Name, before))
	known := map[identity.TeamID]struct{}{r.Canonical(self): {}, self: {}}
	for _, t := range r.Teams() {
		now, name := r.Canonical(t), r.Name(t) // a team's former root is no other team, and has its name until the new one has a delegation
		if _, ok := known[now]; !ok && name != "" {
			index(x.teams, now, x.looksOf(name, before))
			known[now] = struct{}{}
		}
	}
	for _, id := range r.Communities() {
		if c, ok := r.Community(id); ok {
			index(x.communities, id, x.looksOf(c.Charter.Name, before))
		}
	}
	n.names.Store(x)
	return x
}

// looksOf keeps the looks of a name, which it takes from those that were known before.
func (x *nameIndex) looksOf(name string, before map[string][]string) []string {
	looks, ok := x.looks[name]
	if ok || name == "" {
		return looks
	}
	if looks, ok = before[name]; !ok {
		looks = identity.Looks(name)
	}
	x.looks[name] = looks
	return looks
}

func index[ID comparable](by map[string][]ID, id ID, looks []string) {
	for _, look := range looks {
		by[look] = append(by[look], id)
	}
}

// others are those but id that have a name like this one, as many as an answer has room for.
func others[ID comparable](x *nameIndex, by map[string][]ID, id ID, name string) (found []ID) {
	if name == "" {
		return nil
	}
	looks, ok := x.looks[name]
	if !ok {
		looks = identity.Looks(name)
	}
	for _, look := range looks {
		for _, other := range by[look] {
			if other != id && !slices.Contains(found, other) {
				if found = append(found, other); len(found) == api.MaxCandidates {
					return found
				}
			}
		}
	}
	return found
}

// namesakes are the other teams whose name looks like this one of a team, which need not be known here.
func (n *Node) namesakes(id identity.TeamID, name string) []identity.TeamID {
	x := n.nameIndex()
	if n.isOwn(id) {
		return others(x, x.teams, n.replica.Self(), name)
	}
	return others(x, x.teams, x.roster.Canonical(id), name)
}

// wholeID refuses a text that means a team whose name looks like another's, unless it is the team's whole ID: whoever typed a
// name, or the beginning of an ID, may have meant the other.
func (n *Node) wholeID(text string, id identity.TeamID, name string) error {
	if typed, err := identity.ParseTeam(text); err == nil && typed == id {
		return nil
	}
	alike := n.namesakes(id, name)
	if len(alike) == 0 {
		return nil
	}
	p := api.NewProblem(api.Ambiguous, fmt.Sprintf("%+q may be taken for the name of another team that is known here", name), compareIDs+nameByID)
	p.Candidates = append(p.Candidates, api.Candidate{ID: id.String(), Name: name, About: n.standingOf(id)})
	for _, other := range alike[:min(len(alike), api.MaxCandidates-1)] {
		p.Candidates = append(p.Candidates, api.Candidate{ID: other.String(), Name: n.team(other).Name, About: n.standingOf(other)})
	}
	return p
}

// The hint about a team that may be taken for another: what to do first, then how to name it.
const (
	compareIDs = "compare the ID with the team itself, by a way that you know to be theirs, and "
	nameByID   = "name it by the whole ID"
)

// hinted replaces the hint of a refusal because of names.
func hinted(err error, hint string) error {
	if p, ok := errors.AsType[*api.Problem](err); ok && p.Code == api.Ambiguous {
		p.Hint = hint
	}
	return err
}

// toldApart says in a refusal because of names what tells each candidate from the others.
func toldApart[ID any](err error, parse func(string) (ID, error), about func(ID) string) error {
	if p, ok := errors.AsType[*api.Problem](err); ok && p.Code == api.Ambiguous {
		for i := range p.Candidates {
			if id, err := parse(p.Candidates[i].ID); err == nil {
				p.Candidates[i].About = about(id)
			}
		}
	}
	return err
}

func (n *Node) teamsToldApart(err error) error {
	return toldApart(err, identity.ParseTeam, n.standingOf)
}

// standingOf is what tells a team from a namesake: where it belongs, since when and by whose word, and where its mail goes.
func (n *Node) standingOf(t identity.TeamID) string {
	r := n.replica.Roster()
	var parts []string
	if pins, err := n.replica.Pins(); err == nil {
		if pin, ok := pins[t]; ok {
			parts = append(parts, "pinned here on "+day(pin.At))
		}
	}
	for _, id := range r.Communities() {
		if c, ok := r.Community(id); ok {
			parts = append(parts, n.placeIn(c, t)...)
		}
	}
	if ds := r.Delegations(t); len(ds) > 0 {
		parts = append(parts, "its first delegation known here is of "+day(ds[0].From))
	}
	if v := n.profileOf(r, t); v != nil && v.Profile != nil && len(v.Profile.Contact.Email) > 0 {
		_, domain, _ := strings.Cut(v.Profile.Contact.Email[0], "@")
		parts = append(parts, "its profile has mail at "+domain)
	}
	if len(parts) == 0 {
		return "nothing else is known of it here"
	}
	return strings.Join(parts, "; ")
}

// placeIn says what a team is in a community.
func (n *Node) placeIn(c *roster.Community, t identity.TeamID) (parts []string) {
	switch {
	case c.IsFounder(t) && c.Member(t):
		parts = append(parts, "founder of "+c.Charter.Name)
	case c.Member(t):
		text := "member of " + c.Charter.Name
		if by := c.SponsoredBy(t); len(by) > 0 && c.Charter.Admission.Rule == notice.RuleSponsors {
			text += ", sponsored by " + n.namesOf(by)
		}
		parts = append(parts, text)
	}
	for _, a := range c.Applications() {
		if a.Team != t {
			continue
		}
		text := "applied to " + c.Charter.Name + " on " + day(a.Created)
		var by []identity.TeamID
		for _, v := range a.Sponsors {
			if v.Counts {
				by = append(by, v.Team)
			}
		}
		if len(by) > 0 {
			text += ", sponsored by " + n.namesOf(by)
		}
		parts = append(parts, text)
	}
	return parts
}

// namesOf names teams in a sentence.
func (n *Node) namesOf(ids []identity.TeamID) string {
	var teams []api.Team
	for _, t := range ids {
		teams = append(teams, n.team(t))
	}
	return namesOf(teams)
}
