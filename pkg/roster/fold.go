package roster

import (
	"slices"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// take brings a community up to date with new statements about it and with keys that turned since.
func (c *Community) take(e *edit, xs []*said, turned []identity.TeamID) {
	from := c.graph.nodes.len()
	for _, x := range xs {
		c.graph.add(e, x)
		if x.charter != nil {
			c.Charter, c.Founded = x.charter, x.Created
		}
	}
	switch {
	case c.Charter == nil:
	case c.Charter.Admission.Rule != notice.RuleSponsors:
		if from == 0 || slices.ContainsFunc(turned, c.concerns) || !c.foldOneMore(e, xs) {
			c.foldFounders(e)
		}
	case from == 0 || slices.ContainsFunc(turned, c.concerns) || !c.judgeMore(e, from):
		c.judgeAll(e)
	}
}

// concerns reports whether a team's keys can matter here.
func (c *Community) concerns(t identity.TeamID) bool {
	return c.IsFounder(t) || c.named.has(t) || c.named.has(c.keys.canonical(t))
}

// judgeMore judges the nodes from a place on, where that gives what judging everything anew would give. It
// reports whether it did; if not, the verdict is of no use any more.
func (c *Community) judgeMore(e *edit, from int) bool {
	for i := from; i < c.graph.nodes.len(); i++ {
		n := c.graph.nodes.at(i)
		if _, awaited := c.awaited[n.ID()]; awaited || !c.judgedAlike(n) {
			return false
		}
	}
	next := *c.verdict
	c.verdict = &next
	if next.first != nil {
		first := *next.first
		c.first = &first
		if !c.judgeOn(e, &first, from) {
			return false
		}
	}
	return c.judgeOn(e, c.verdict, from)
}

// judgeOn has one pass go on.
func (c *Community) judgeOn(e *edit, v *verdict, from int) bool {
	j := c.judge(e, v)
	for i := from; i < c.graph.nodes.len(); i++ {
		n := c.graph.nodes.at(i)
		was := before{decider: v.decider(n), bound: v.bound}
		m := j.step(n, int32(i)) //nolint:gosec // see graph.complete
		v.marks.add(e, m)
		c.note(j, n, m)
		if !c.stillGood(v, n, m, was) {
			return false
		}
	}
	return true
}

// judgedAlike reports whether the node's signers had no ends when everything was judged, or have them since
// then.
func (c *Community) judgedAlike(n *node) bool {
	for _, s := range n.Signers {
		if _, known := c.limited[pairKey(s.Team, signingKey(s))]; !known && len(c.keys.limits(s)) > 0 {
			return false
		}
	}
	return true
}

// decider returns the node that decided on the application which n speaks of.
func (v *verdict) decider(n *node) *node {
	if n.Kind != KindAdmit {
		return nil
	}
	if a := v.apps.get(n.application); a != nil {
		return a.decider
	}
	return nil
}

// before is what a verdict said before a node was judged.
type before struct {
	decider *node // of the application that it admits
	bound   bool
}

// stillGood reports whether a node that came after others changed nothing of what they are: everything else
// that it could change is in the future of it.
func (c *Community) stillGood(v *verdict, n *node, m mark, was before) bool {
	if m.why != Counts && m.why != WhyBudget {
		return true
	}
	switch n.Kind {
	case KindLeave:
		return false
	case KindRemove:
		p := v.proposals.get(n.removal())
		return v.decided || len(p.votes) < c.Charter.Admission.Removal || c.repeats(p.votes, n, m)
	case KindAdmit:
		a := v.apps.get(n.application)
		if was.decider != nil { // it was decided already; only who is charged could change
			return earlier(was.decider, n) < 0
		}
		if a.decider == nil {
			return true
		}
		// It decides. What was decided on before must not depend on it, nor it on what is later in the order.
		of := v.parties.get(a.team)
		return c.inOrder(a) && (v.last == n || !was.bound && !v.bound) && (of == nil || len(of.spells) < 2)
	}
	return true
}

// repeats reports whether the author of a vote had voted before, in the order of judging.
func (c *Community) repeats(votes []ballot, n *node, m mark) bool {
	k := find(votes, m.by)
	return k >= 0 && earlier(c.graph.nodes.at(int(votes[k].node)), n) < 0
}

// inOrder reports whether an application's admissions came in the order of judging.
func (c *Community) inOrder(a *application) bool {
	return slices.IsSortedFunc(a.admits, func(x, y ballot) int {
		return earlier(c.graph.nodes.at(int(x.node)), c.graph.nodes.at(int(y.node)))
	})
}

func (c *Community) judge(e *edit, v *verdict) *judge {
	return &judge{verdict: v, e: e, keys: c.keys, graph: &c.graph, rule: &c.Charter.Admission}
}

// note keeps who wrote here, and what they call others.
func (c *Community) note(j *judge, n *node, m mark) {
	c.name(j.e, n.said)
	if n.Kind == KindApply && m.why == Counts {
		if was := j.names.get(m.by); was.name == "" || compareIDs(n.ID(), was.from) < 0 {
			j.names.put(j.e, m.by, label{n.name, n.ID()})
		}
	}
}

// name keeps the roots that a statement is signed by or speaks of: their rotation is ours to follow.
func (c *Community) name(e *edit, x *said) {
	for _, s := range x.Signers {
		if !c.named.has(s.Team) {
			c.named.put(e, s.Team, struct{}{})
		}
	}
	if x.team != (identity.TeamID{}) && !c.named.has(x.team) {
		c.named.put(e, x.team, struct{}{})
	}
}

// judgeAll judges everything anew: once without cuts, to learn what removes whom, and if there is any such
// thing once more with those.
func (c *Community) judgeAll(e *edit) {
	p := c.prepare()
	first := c.pass(e, p, nil)
	c.verdict = first.verdict
	if cuts := c.cutsOf(first, p); cuts != nil {
		c.verdict = c.pass(e, p, cuts).verdict
		c.first = first.verdict
		c.end(e, cuts)
	}
}

// prepared is what both passes need.
type prepared struct {
	order   []int32
	by      map[identity.TeamID][]int32 // by author, canonical
	limit   []bool
	open    map[record.StatementID]struct{}
	limited map[[64]byte]struct{}
	awaited map[record.StatementID]struct{}
}

func (c *Community) prepare() *prepared {
	size := c.graph.nodes.len()
	p := &prepared{
		order: make([]int32, size), by: map[identity.TeamID][]int32{}, limit: make([]bool, size),
		open: map[record.StatementID]struct{}{}, limited: map[[64]byte]struct{}{}, awaited: map[record.StatementID]struct{}{},
	}
	for i := range p.order {
		p.order[i] = int32(i)
	}
	slices.SortFunc(p.order, func(a, b int32) int { return earlier(c.graph.nodes.at(int(a)), c.graph.nodes.at(int(b))) })
	ends := map[*record.Statement]*group{}
	var groups []*group
	voters := map[record.StatementID]map[identity.TeamID]struct{}{}
	for i, n := range c.graph.nodes.all() {
		if len(n.Signers) != 1 {
			continue
		}
		place, by := int32(i), c.keys.canonical(n.Signers[0].Team) //nolint:gosec // see graph.complete
		p.by[by] = append(p.by[by], place)
		if n.Kind == KindRemove {
			id := n.removal()
			if voters[id] == nil {
				voters[id] = map[identity.TeamID]struct{}{}
			}
			if voters[id][by] = struct{}{}; len(voters[id]) >= c.Charter.Admission.Removal {
				p.open[id] = struct{}{}
			}
		}
		for _, s := range c.keys.limits(n.Signers[0]) {
			p.limited[pairKey(n.Signers[0].Team, signingKey(n.Signers[0]))] = struct{}{}
			g := ends[s]
			if g == nil {
				g = &group{from: c.heads(s, p.awaited)}
				ends[s], groups = g, append(groups, g)
			}
			g.of = append(g.of, place)
		}
	}
	c.graph.sweep(groups)
	for _, g := range groups {
		for _, i := range g.of {
			if _, in := g.in[i]; !in {
				p.limit[i] = true
			}
		}
	}
	return p
}

// heads returns the places of the heads that a statement names, and notes those that are not here.
func (c *Community) heads(s *record.Statement, awaited map[record.StatementID]struct{}) (out []int32) {
	for _, id := range s.Heads {
		if _, i, ok := c.graph.at(id); ok {
			out = append(out, i)
		} else {
			awaited[id] = struct{}{}
		}
	}
	return out
}

// pass judges everything in order.
func (c *Community) pass(e *edit, p *prepared, cuts *cuts) *judge {
	j := c.judge(e, &verdict{limited: p.limited, awaited: p.awaited})
	j.whole, j.open, j.limit = true, p.open, p.limit
	if cuts != nil {
		j.decided, j.cuts = true, cuts.by
		j.fixes, j.left = cuts.fixes, cuts.left
	}
	for _, f := range c.Charter.Founders {
		t := c.keys.canonical(f)
		if j.parties.has(t) {
			continue
		}
		a := &application{team: t, founder: true, admitted: true, parent: c.Charter.Parent(f)}
		if a.parent == "" {
			a.parent = t.String()
		}
		j.parties.put(e, t, &party{founder: a, spells: []record.StatementID{{}}})
		j.enter(t, record.StatementID{})
	}
	marks := make([]mark, len(p.order))
	j.marks = wrap(marks)
	for _, i := range p.order {
		n := c.graph.nodes.at(int(i))
		marks[i] = j.step(n, i)
		c.note(j, n, marks[i])
	}
	j.marks.owner = e
	return j
}
