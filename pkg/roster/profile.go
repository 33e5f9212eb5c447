package roster

import (
	"slices"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// addProfile keeps the newest profile of each key of a team.
func (r *Roster) addProfile(e *edit, s *record.Statement) {
	if len(s.Signers) != 1 {
		return
	}
	t := s.Signers[0].Team
	all := slices.Clone(r.profiles.get(t))
	for i, was := range all {
		if signingKey(was.Signers[0]) == signingKey(s.Signers[0]) {
			if later(s, was) {
				all[i] = s
				r.profiles.put(e, t, all)
			}
			return
		}
	}
	r.profiles.put(e, t, append(all, s))
}

// signingKey returns the node that signs, zero for the root.
func signingKey(s record.Signer) (n identity.NodeID) {
	if s.Delegation != nil {
		n = s.Delegation.Node
	}
	return n
}

// Profile returns the statement in which the team says who it is: the newest by its own time, then the one
// with the least ID, of those whose key was not revoked since, or where the revocation names it. Under the
// newest root that has one.
func (r *Roster) Profile(t identity.TeamID) (*record.Statement, bool) {
	for _, root := range r.keys.class(t) {
		var best *record.Statement
		for _, s := range r.profiles.get(root) {
			if r.stands(s.Signers[0], s.ID()) && (best == nil || later(s, best)) {
				best = s
			}
		}
		if best != nil {
			return best, true
		}
	}
	return nil, false
}
