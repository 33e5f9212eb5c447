package roster

import (
	"cmp"
	"slices"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// Delegations returns what is known of the nodes under one root, oldest first, then by ID.
func (r *Roster) Delegations(t identity.TeamID) []*identity.Delegation {
	of := r.delegations.get(t)
	return byAge(&of)
}

func byAge(of *list[*identity.Delegation]) []*identity.Delegation {
	if of.len() == 0 {
		return nil
	}
	out := make([]*identity.Delegation, 0, of.len())
	for _, d := range of.all() {
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b *identity.Delegation) int {
		return cmp.Or(a.From.Compare(b.From), compareIDs(a.ID(), b.ID()))
	})
	return out
}

// Name returns what the team calls itself in its newest delegation, else what it called
// itself when it applied or the founder who admitted it called it, else "". It is a claim, and text from a peer.
func (r *Roster) Name(t identity.TeamID) string {
	now := r.keys.canonical(t)
	for _, root := range []identity.TeamID{now, t} {
		if ds := r.Delegations(root); len(ds) > 0 {
			return ds[len(ds)-1].Name
		}
	}
	for _, id := range r.Communities() {
		if name := r.communities.get(id).names.get(now).name; name != "" {
			return name
		}
	}
	return ""
}

// Claims returns the delegations in force at at, of keys neither revoked nor frozen under roots not replaced,
// that name the transport key with this digest: those of
// teams that are members somewhere, else all; one for each team, the oldest first. A root can name a
// key that is not its node's, so where there are several only the holder of the key can say whose it is;
// that members go first keeps a stranger from taking a member's place.
func (r *Roster) Claims(transport [32]byte, at time.Time) []*identity.Delegation {
	var members, others []*identity.Delegation
	on := r.transports.get(transport)
	for _, d := range byAge(&on) {
		same := func(e *identity.Delegation) bool { return e.Team == d.Team }
		switch {
		case !d.Covers(at), r.stale(d), slices.ContainsFunc(members, same), slices.ContainsFunc(others, same):
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
	return r.statements.has(id)
}

// Statement returns a statement of the roster.
func (r *Roster) Statement(id record.StatementID) (*record.Statement, bool) {
	s := r.statements.get(id)
	return s, s != nil
}

// Statements returns the IDs of all statements, ascending.
func (r *Roster) Statements() []record.StatementID {
	out := make([]record.StatementID, 0, r.statements.len())
	for id := range r.statements.all() {
		out = append(out, id)
	}
	slices.SortFunc(out, compareIDs)
	return out
}
