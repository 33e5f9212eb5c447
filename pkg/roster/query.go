package roster

import (
	"bytes"
	"iter"
	"maps"
	"slices"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// IsFounder reports whether the charter names t.
func (c *Community) IsFounder(t identity.TeamID) bool { return slices.Contains(c.Charter.Founders, t) }

// Member reports whether t is a member now.
func (c *Community) Member(t identity.TeamID) bool {
	_, ok := c.members[t]
	return ok
}

// Removed reports whether t was a member and was removed.
func (c *Community) Removed(t identity.TeamID) bool {
	_, ok := c.removed[t]
	return ok
}

// Members returns the members, ascending by ID.
func (c *Community) Members() []identity.TeamID {
	return ascending(maps.Keys(c.members))
}

// Retention returns how long members keep records.
func (c *Community) Retention() time.Duration { return c.Charter.Retention() }

// Speaks reports whether a record of the team, at that place in its lane, belongs to the community:
// the team is a member, or was and the place is not beyond the heads that its removal names.
func (c *Community) Speaks(team identity.TeamID, lane record.Lane, seq uint64) bool {
	if c.Member(team) {
		return true
	}
	r, ok := c.removed[team]
	if !ok {
		return false
	}
	head, ok := r.heads[laneKey{lane.Node, lane.Run}]
	return ok && seq <= head
}

// Community returns a community whose charter is known.
func (r *Roster) Community(id identity.CommunityID) (*Community, bool) {
	c, ok := r.communities[id]
	return c, ok
}

// Communities returns the communities whose charters are known, ascending by ID.
func (r *Roster) Communities() []identity.CommunityID {
	return ascending(maps.Keys(r.communities))
}

// CommunitiesOf returns the communities of which t is a member, ascending by ID.
func (r *Roster) CommunitiesOf(t identity.TeamID) []identity.CommunityID {
	return ascending(func(yield func(identity.CommunityID) bool) {
		for id, c := range r.communities {
			if c.Member(t) && !yield(id) {
				return
			}
		}
	})
}

func ascending[ID ~[32]byte](ids iter.Seq[ID]) []ID {
	return slices.SortedFunc(ids, func(a, b ID) int { return bytes.Compare(a[:], b[:]) })
}

// Member reports whether t is a member of c. It is false where the charter of c is not known.
func (r *Roster) Member(c identity.CommunityID, t identity.TeamID) bool {
	community, ok := r.communities[c]
	return ok && community.Member(t)
}

// Members returns the members of c, ascending by ID; none where its charter is not known.
func (r *Roster) Members(c identity.CommunityID) []identity.TeamID {
	if community, ok := r.communities[c]; ok {
		return community.Members()
	}
	return nil
}

// Share reports whether two teams are members of one community.
func (r *Roster) Share(a, b identity.TeamID) bool {
	for _, c := range r.communities {
		if c.Member(a) && c.Member(b) {
			return true
		}
	}
	return false
}

// Delegations returns what is known of the team's nodes, oldest first. The caller must not change
// the slice.
func (r *Roster) Delegations(t identity.TeamID) []*identity.Delegation { return r.delegations[t] }

// Teams returns every team that is known by a delegation or as a member, ascending by ID.
func (r *Roster) Teams() []identity.TeamID {
	all := map[identity.TeamID]struct{}{}
	for t := range r.delegations {
		all[t] = struct{}{}
	}
	for _, c := range r.communities {
		for t := range c.members {
			all[t] = struct{}{}
		}
	}
	return ascending(maps.Keys(all))
}

// Name returns what the team calls itself in its newest delegation, else what the founder who
// admitted it called it, else "". It is a claim, and text from a peer.
func (r *Roster) Name(t identity.TeamID) string {
	if ds := r.delegations[t]; len(ds) > 0 {
		return ds[len(ds)-1].Name
	}
	for _, id := range r.Communities() {
		if name := r.communities[id].names[t]; name != "" {
			return name
		}
	}
	return ""
}

// Claims returns the delegations in force at at that name the transport key with this digest: those of
// teams that are members somewhere, else all; one for each team, the oldest first. A root can name a
// key that is not its node's, so where there are several only the holder of the key can say whose it is;
// that members go first keeps a stranger from taking a member's place.
func (r *Roster) Claims(transport [32]byte, at time.Time) []*identity.Delegation {
	var members, others []*identity.Delegation
	for _, d := range r.transports[transport] {
		same := func(e *identity.Delegation) bool { return e.Team == d.Team }
		switch {
		case !d.Covers(at), slices.ContainsFunc(members, same), slices.ContainsFunc(others, same):
		case len(r.CommunitiesOf(d.Team)) > 0:
			members = append(members, d)
		default:
			others = append(others, d)
		}
	}
	if len(members) > 0 {
		return members
	}
	return others
}

// Has reports whether the statement is in the roster.
func (r *Roster) Has(id record.StatementID) bool {
	_, ok := r.statements[id]
	return ok
}

// Statement returns a statement of the roster.
func (r *Roster) Statement(id record.StatementID) (*record.Statement, bool) {
	s, ok := r.statements[id]
	return s, ok
}

// Statements returns the IDs of all statements, ascending.
func (r *Roster) Statements() []record.StatementID {
	return ascending(maps.Keys(r.statements))
}

// For returns the statements that a team may have, ascending by ID: those about communities it is a
// member of, the delegations of the teams it shares them with, and whatever it signed itself. The
// roster of a community is its members' business; that it was removed is also that team's.
func (r *Roster) For(t identity.TeamID) []record.StatementID {
	var out []record.StatementID
	for _, id := range r.Statements() {
		s := r.statements[id]
		of, isAbout := r.subjects[id]
		switch {
		case s.SignedBy(t),
			isAbout && r.Member(of.community, t),
			s.Kind == KindRemove && of.team == t,
			s.Kind == identity.KindDelegate && r.Share(t, s.Delegation.Team):
			out = append(out, id)
		}
	}
	return out
}

// AnyRemoved reports whether any team was removed.
func (c *Community) AnyRemoved() bool { return len(c.removed) > 0 }

// Heads returns the statements about a community that no other of them names, ascending, at most
// record.MaxHeads: what the next statement about it says it saw.
func (r *Roster) Heads(c identity.CommunityID) []record.StatementID {
	named := map[record.StatementID]struct{}{}
	for _, s := range r.about[c] {
		for _, h := range s.Heads {
			named[h] = struct{}{}
		}
	}
	var out []record.StatementID
	for _, s := range r.about[c] {
		if _, ok := named[s.ID()]; !ok {
			out = append(out, s.ID())
		}
	}
	slices.SortFunc(out, func(a, b record.StatementID) int { return bytes.Compare(a[:], b[:]) })
	return out[:min(len(out), record.MaxHeads)]
}
