package roster

import (
	"slices"

	"tocsin/pkg/identity"
)

func (j *judge) apply(n *node, i int32, m mark) Why {
	if _, member := j.standing(m.after, m.by); member {
		return WhyMember
	}
	a := &application{team: m.by, parent: n.parent, before: m.after}
	if a.parent == "" {
		a.parent = m.by.String()
	}
	if j.isCut(i, m.by, a) {
		return WhyCut
	}
	j.apps.put(j.e, n.ID(), a)
	return Counts
}

func (j *judge) sponsor(n *node, m mark) Why {
	if why := j.about(n, m.by); why != Counts {
		return why
	}
	a := *j.apps.get(n.application)
	if slices.Contains(a.sponsors, m.by) {
		return Counts
	}
	if len(a.sponsors) == 0 {
		of := j.supported.get(a.team)
		j.supported.put(j.e, a.team, append(slices.Clip(of), n.application))
	}
	a.sponsors = append(slices.Clip(a.sponsors), m.by)
	j.apps.put(j.e, n.application, &a)
	return Counts
}

func (j *judge) object(n *node, i int32, m mark) (Why, int) {
	if why := j.about(n, m.by); why != Counts {
		return why, -1
	}
	a := *j.apps.get(n.application)
	if k := find(a.objections, m.by); k >= 0 {
		return Counts, a.objections[k].bit
	}
	b := ballot{by: m.by, bit: j.number(), node: i}
	a.objections = append(slices.Clip(a.objections), b)
	j.apps.put(j.e, n.application, &a)
	return Counts, b.bit
}

func (j *judge) admit(n *node, i int32, m mark) (Why, int) {
	if why := j.about(n, m.by); why != Counts {
		return why, -1
	}
	a := *j.apps.get(n.application)
	sponsors, ok := j.sponsors(n, m)
	switch {
	case !ok:
		return WhySponsors, -1
	case j.opposed(&a, m.after):
		return WhyOpposed, -1
	}
	if k := find(a.admits, m.by); k >= 0 {
		return Counts, a.admits[k].bit
	}
	b := ballot{by: m.by, bit: j.number(), node: i, sponsors: sponsors}
	a.admits = append(slices.Clip(a.admits), b)
	if len(a.admits) == j.rule.Witnesses {
		j.decide(n, &a)
	}
	j.apps.put(j.e, n.application, &a)
	if a.refused {
		return WhyBudget, -1
	}
	return Counts, b.bit
}

// sponsors returns who answers for the applicant, if an admission names exactly as many sponsorings as the
// charter asks, that count, of its application, by members of different parents in its past, none of them
// its own.
func (j *judge) sponsors(n *node, m mark) ([]identity.TeamID, bool) {
	if len(n.sponsors) != j.rule.Sponsors {
		return nil, false
	}
	var teams []identity.TeamID
	var parents []string
	for _, id := range n.sponsors {
		s, i, ok := j.graph.at(id)
		if !ok || s.Kind != KindSponsor || s.application != n.application || j.marks.at(int(i)).why != Counts {
			return nil, false
		}
		by := j.marks.at(int(i)).by
		spell, member := j.standing(m.after, by)
		if !member || by == m.by {
			return nil, false
		}
		parent := j.app(by, spell).parent
		if slices.Contains(parents, parent) || slices.Contains(teams, by) {
			return nil, false
		}
		teams, parents = append(teams, by), append(parents, parent)
	}
	return teams, true
}

// opposed reports whether as many members object in a past as keep a team out.
func (j *judge) opposed(a *application, past facts) bool {
	n := 0
	for _, o := range a.objections {
		if !past.has(o.bit) {
			continue
		}
		if _, member := j.standing(past, o.by); member {
			n++
		}
	}
	return n >= j.rule.Objections
}
