package roster

import (
	"maps"
	"slices"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// Community is a charter with what its members said. It is immutable. A team may be asked about under any of
// its roots.
type Community struct {
	ID      identity.CommunityID
	Charter *notice.Charter
	Founded time.Time

	keys  *keys
	graph graph
	named cow[identity.TeamID, struct{}] // roots that statements are signed by or speak of
	*verdict
}

// Member reports whether t is a member now.
func (c *Community) Member(t identity.TeamID) bool { return c.members.has(c.keys.canonical(t)) }

// Removed reports whether members removed t, and it is not in again.
func (c *Community) Removed(t identity.TeamID) bool {
	now := c.keys.canonical(t)
	return c.removed.has(now) && !c.members.has(now) && c.was(now)
}

// Left reports whether t left of its own will, and it is not in again.
func (c *Community) Left(t identity.TeamID) bool {
	now := c.keys.canonical(t)
	return c.ends.has(now) && !c.removed.has(now) && !c.members.has(now)
}

// BeenIn reports whether t is a member or was one, as far as is known now: it can turn out that what brought a
// team in does not count.
func (c *Community) BeenIn(t identity.TeamID) bool {
	now := c.keys.canonical(t)
	return c.members.has(now) || c.ends.has(now) && c.was(now)
}

// AnyRemoved reports whether any team was removed or left.
func (c *Community) AnyRemoved() bool { return c.ends.len() > 0 }

// IsFounder reports whether the charter names t.
func (c *Community) IsFounder(t identity.TeamID) bool {
	now := c.keys.canonical(t)
	return slices.ContainsFunc(c.Charter.Founders, func(f identity.TeamID) bool { return c.keys.canonical(f) == now })
}

// Members returns the members, ascending by ID.
func (c *Community) Members() []identity.TeamID {
	out := make([]identity.TeamID, 0, c.members.len())
	for t := range c.members.all() {
		out = append(out, t)
	}
	slices.SortFunc(out, compareIDs)
	return out
}

// Parent returns what tells a member's parent organisation from others: its name, folded, or the team's own
// text form where it named none; "" for others.
func (c *Community) Parent(t identity.TeamID) string {
	now := c.keys.canonical(t)
	if !c.members.has(now) {
		return ""
	}
	spell := c.members.get(now)
	if a := c.apps.get(spell); a != nil {
		return a.parent
	}
	if p := c.parties.get(now); p != nil && p.founder != nil {
		return p.founder.parent
	}
	return now.String()
}

// Retention returns how long members keep records.
func (c *Community) Retention() time.Duration { return c.Charter.Retention() }

// place says whether a team's record is in, as far as membership goes.
func (c *Community) place(t identity.TeamID, lane laneKey, seq uint64, id record.ID) Place {
	now := c.keys.canonical(t)
	member, of := c.members.has(now), c.ends.get(now)
	switch {
	case of == nil && member:
		return In
	case !c.BeenIn(t):
		return Stranger
	case of.holds(!member, lane, id, seq):
		return In
	}
	return BeyondRemoval
}

// was reports whether a team that was removed or left had been in.
func (c *Community) was(t identity.TeamID) bool {
	if c.Charter.Admission.Rule != notice.RuleSponsors {
		return true
	}
	p := c.parties.get(t)
	return p != nil && len(p.spells) > 0
}

// FounderSigned reports whether a founder is among the signers.
func (c *Community) FounderSigned(s *record.Statement) bool {
	return slices.ContainsFunc(s.Signers, func(s record.Signer) bool { return c.IsFounder(s.Team) })
}

// Community returns a community whose charter is known.
func (r *Roster) Community(id identity.CommunityID) (*Community, bool) {
	c := r.communities.get(id)
	return c, c != nil && c.Charter != nil
}

// Communities returns the communities whose charters are known, ascending by ID.
func (r *Roster) Communities() []identity.CommunityID {
	var out []identity.CommunityID
	for id, c := range r.communities.all() {
		if c.Charter != nil {
			out = append(out, id)
		}
	}
	slices.SortFunc(out, compareIDs)
	return out
}

// CommunitiesOf returns the communities of which t is a member, ascending by ID.
func (r *Roster) CommunitiesOf(t identity.TeamID) []identity.CommunityID {
	return slices.DeleteFunc(r.Communities(), func(id identity.CommunityID) bool { return !r.Member(id, t) })
}

// Member reports whether t is a member of c. It is false where the charter of c is not known.
func (r *Roster) Member(c identity.CommunityID, t identity.TeamID) bool {
	community, ok := r.Community(c)
	return ok && community.Member(t)
}

// Members returns the members of c, ascending by ID; none where its charter is not known.
func (r *Roster) Members(c identity.CommunityID) []identity.TeamID {
	if community, ok := r.Community(c); ok {
		return community.Members()
	}
	return nil
}

// Share reports whether two teams are members of one community.
func (r *Roster) Share(a, b identity.TeamID) bool {
	for _, c := range r.communities.all() {
		if c.Charter != nil && c.Member(a) && c.Member(b) {
			return true
		}
	}
	return false
}

// Teams returns every team that is known by a delegation or as a member, ascending by ID.
func (r *Roster) Teams() []identity.TeamID {
	all := map[identity.TeamID]struct{}{}
	for t := range r.delegations.all() {
		all[t] = struct{}{}
	}
	for _, c := range r.communities.all() {
		if c.Charter == nil {
			continue
		}
		for t := range c.members.all() {
			all[t] = struct{}{}
		}
	}
	return slices.SortedFunc(maps.Keys(all), compareIDs)
}
