package roster

import (
	"slices"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// cuts are the removals and leavings that come to pass.
type cuts struct {
	by      map[identity.TeamID][]cut
	fixes   map[record.StatementID]*fix
	left    map[int32]struct{} // the leavings that stand
	removed map[identity.TeamID]struct{}
}

// cutsOf says what the first pass found to remove teams; nil if there is nothing.
func (c *Community) cutsOf(first *judge, p *prepared) *cuts {
	out := &cuts{
		by: map[identity.TeamID][]cut{}, left: map[int32]struct{}{}, removed: map[identity.TeamID]struct{}{},
	}
	var all []ranked
	var groups []*group
	for id, pr := range first.proposals.all() {
		if len(pr.votes) < first.rule.Removal {
			continue
		}
		_, i, _ := c.graph.at(id)
		q := ranked{id: id, proposal: pr, past: &group{from: []int32{i}, of: p.by[pr.team]}}
		all, groups = append(all, q), append(groups, q.past)
	}
	c.graph.sweep(groups)
	out.fixes = effective(all, first.rule.Removal, func(by identity.TeamID, q *ranked, past facts) bool {
		spell, ok := first.standing(past, by)
		return ok && first.removes(q.id, first.app(by, spell).before)
	})
	for _, q := range all {
		if _, ok := out.fixes[q.id]; ok {
			out.by[q.team] = append(out.by[q.team], cut{proposal: q.id, in: q.past.in})
			out.removed[q.team] = struct{}{}
		}
	}
	c.leavings(first, p, out)
	if len(out.by) == 0 && len(all) == 0 {
		return nil
	}
	return out
}

// leavings adds those that no removal cuts.
func (c *Community) leavings(first *judge, p *prepared, out *cuts) {
	var groups []*group
	var found []cut
	var teams []identity.TeamID
	for t, of := range first.parties.all() {
		for _, l := range of.leaves {
			a := first.app(t, l.spell)
			if slices.ContainsFunc(out.by[t], func(q cut) bool {
				_, in := q.in[l.node]
				return !in && !first.knew(q, t, a)
			}) {
				continue
			}
			g := &group{from: []int32{l.node}, of: p.by[t]}
			groups, teams = append(groups, g), append(teams, t)
			found = append(found, cut{spell: l.spell})
			out.left[l.node] = struct{}{}
		}
	}
	c.graph.sweep(groups)
	for k, t := range teams {
		found[k].in = groups[k].in
		out.by[t] = append(out.by[t], found[k])
	}
}

// end says where the lanes of teams end that were removed or left, and who is out.
func (c *Community) end(e *edit, cuts *cuts) {
	join := func(id record.StatementID, t identity.TeamID) {
		n, _, _ := c.graph.at(id)
		of := c.ends.get(t)
		if of == nil {
			of = &tails{lanes: map[laneKey]tail{}}
			c.ends.put(e, t, of)
		}
		of.join(id, n.lanes)
	}
	for id := range cuts.fixes {
		join(id, c.proposals.get(id).team)
	}
	for i := range cuts.left {
		n := c.graph.nodes.at(int(i))
		join(n.ID(), c.marks.at(int(i)).by)
	}
	for t := range cuts.removed {
		c.removed.put(e, t, struct{}{})
	}
}
