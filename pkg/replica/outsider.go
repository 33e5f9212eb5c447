package replica

import (
	"slices"

	"tocsin/pkg/identity"
	"tocsin/pkg/roster"
)

// outsiderHint says to this team, which is not a member of a community, what would let it speak there.
func (r *Replica) outsiderHint(id identity.CommunityID) string {
	c, known := r.roster.Community(id)
	self := r.canonical(r.self)
	switch {
	case !known:
		return "ask a founder of the community for an invite"
	case !sponsors(c) && c.Removed(self):
		return "a founder's removal is for good"
	case !sponsors(c):
		return "ask a founder of the community for an invite"
	case slices.ContainsFunc(c.Applications(), func(a roster.Application) bool { return a.Team == self && a.State == roster.Open }):
		return "this team's application is running: tocsin community applications says how far it is"
	}
	again := ""
	if c.BeenIn(self) {
		again = " again"
	}
	return "apply" + again + ": tocsin community charter -o CHARTER-FILE " + id.String() +
		", then tocsin community apply -o APPLICATION-FILE CHARTER-FILE"
}
