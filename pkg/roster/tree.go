package roster

import (
	"slices"

	"tocsin/pkg/identity"
)

// SponsoredBy returns the teams that answer for t, ascending; none for a founder.
func (c *Community) SponsoredBy(t identity.TeamID) []identity.TeamID {
	p := c.parties.get(c.keys.canonical(t))
	if p == nil {
		return nil
	}
	return slices.SortedFunc(slices.Values(p.sponsors), compareIDs)
}

// Budget returns how many admissions t answers for, its own and those of teams below it, and for how many it
// may: 0 for a founder, who has no limit.
func (c *Community) Budget(t identity.TeamID) (used, limit int) {
	p := c.parties.get(c.keys.canonical(t))
	if p == nil {
		return 0, c.Charter.Admission.Budget
	}
	if p.founder != nil {
		return p.children.len(), 0
	}
	return p.below, c.Charter.Admission.Budget
}
