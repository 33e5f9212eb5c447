package roster

import (
	"slices"

	"tocsin/pkg/identity"
)

// decide admits an application that has its witnesses, or refuses it where a team above it that is no founder
// would answer for more than its budget. Either is for good.
func (j *judge) decide(n *node, a *application) {
	for _, b := range a.admits {
		for _, s := range b.sponsors {
			if !slices.Contains(a.charged, s) {
				a.charged = append(a.charged, s)
			}
		}
	}
	a.decider = n
	if j.last == nil || earlier(j.last, n) < 0 {
		j.last = n
	}
	above := j.above(a.charged)
	for _, t := range above {
		if j.party(t).below >= j.rule.Budget {
			a.refused, j.bound = true, true
			return
		}
	}
	a.admitted = true
	for _, t := range above {
		j.change(t).below++
	}
	for _, t := range a.charged {
		j.change(t).children.add(j.e, a.team)
	}
	p := j.change(a.team)
	p.spells = append(p.spells, n.application)
	for _, t := range a.charged {
		if !slices.Contains(p.sponsors, t) {
			p.sponsors = append(p.sponsors, t)
		}
	}
	j.enter(a.team, n.application)
}

// above returns the teams that answer for these sponsors' protege: themselves and whoever sponsored them, up
// to the founders, who have no budget.
func (j *judge) above(sponsors []identity.TeamID) (out []identity.TeamID) {
	seen := map[identity.TeamID]struct{}{}
	queue := slices.Clone(sponsors)
	for len(queue) > 0 {
		t := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if _, again := seen[t]; again {
			continue
		}
		seen[t] = struct{}{}
		p := j.party(t)
		if p.founder != nil {
			continue
		}
		out = append(out, t)
		queue = append(queue, p.sponsors...)
	}
	return out
}

// enter makes a team a member, if no removal or leaving stands against its application.
func (j *judge) enter(t identity.TeamID, spell [32]byte) {
	a := j.app(t, spell)
	if a == nil {
		a = j.apps.get(spell)
	}
	for _, c := range j.cuts[t] {
		if !j.knew(c, t, a) {
			return
		}
	}
	if !j.members.has(t) {
		j.members.put(j.e, t, spell)
	}
}
