package roster

import (
	"slices"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// Speaks reports whether a record of the team, at that place in its lane, belongs to the community:
// the team is a member, or was and the place is not beyond the heads that its removal names.
func (c *Community) Speaks(team identity.TeamID, lane record.Lane, seq uint64) bool {
	key := laneKey{lane.Node, lane.Run}
	of := c.ends.get(c.keys.canonical(team))
	if of == nil {
		return c.Member(team)
	}
	return c.place(team, key, seq, of.lanes[key].id) == In
}

// Sponsored returns the teams for which t answers, whatever became of them since, ascending.
func (c *Community) Sponsored(t identity.TeamID) []identity.TeamID {
	p := c.parties.get(c.keys.canonical(t))
	if p == nil {
		return nil
	}
	out := make([]identity.TeamID, 0, p.children.len())
	for _, child := range p.children.all() {
		out = append(out, child)
	}
	slices.SortFunc(out, compareIDs)
	return slices.Compact(out)
}
