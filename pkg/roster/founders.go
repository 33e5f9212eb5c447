package roster

import (
	"slices"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// foldFounders applies RuleFounders, and of any rule that this release does not know what it shares with
// it: founders are members, and whoever leaves is out. Nothing waits for what it refers to: a founder's
// word is enough.
func (c *Community) foldFounders(e *edit) {
	c.verdict = &verdict{}
	j := c.judge(e, c.verdict)
	f := founding{community: c, by: map[record.StatementID]*said{}, ends: map[identity.TeamID][]*said{}}
	for _, x := range c.graph.all.all() {
		f.by[x.ID()] = x
		c.name(e, x)
	}
	for _, x := range c.graph.all.all() {
		if x.Kind == KindLeave && len(x.Signers) == 1 && f.keyHolds(x, x.Signers[0]) {
			t := c.keys.canonical(x.team)
			f.ends[t] = append(f.ends[t], x)
		}
	}
	for t, of := range f.ends {
		if c.IsFounder(t) {
			f.left = append(f.left, of...)
		}
	}
	for _, x := range c.graph.all.all() {
		if t := c.keys.canonical(x.team); x.Kind == KindRemove && !c.IsFounder(t) && f.word(x) {
			f.ends[t] = append(f.ends[t], x)
			c.removed.put(e, t, struct{}{})
		}
	}
	for t, of := range f.ends {
		lanes := &tails{lanes: map[laneKey]tail{}}
		for _, x := range of {
			lanes.join(x.ID(), x.lanes)
		}
		c.ends.put(e, t, lanes)
	}
	for _, founder := range c.Charter.Founders {
		t := c.keys.canonical(founder)
		a := &application{team: t, founder: true, parent: c.Charter.Parent(founder)}
		if a.parent == "" {
			a.parent = t.String()
		}
		j.parties.put(e, t, &party{founder: a})
		if len(f.ends[t]) == 0 {
			c.members.put(e, t, record.StatementID{})
		}
	}
	for _, x := range c.graph.all.all() {
		if x.Kind == KindMember && f.word(x) {
			c.welcome(e, x, &f)
		}
	}
}

// foldOneMore takes statements that add members and nothing else. It reports whether they were such.
func (c *Community) foldOneMore(e *edit, xs []*said) bool {
	for _, x := range xs {
		if x.Kind != KindMember || c.verdict == nil || c.ends.has(c.keys.canonical(x.team)) {
			return false
		}
		for _, s := range x.Signers {
			if len(c.keys.limits(s)) > 0 || c.IsFounder(s.Team) && c.ends.has(c.keys.canonical(s.Team)) {
				return false
			}
		}
		// A statement that removals name, or the end of a key, may come after them.
		if c.ends.len() > 0 || c.keys.revocations.len() > 0 || c.keys.rotations.len() > 0 {
			return false
		}
	}
	next := *c.verdict
	c.verdict = &next
	for _, x := range xs {
		c.name(e, x)
		if c.rule() && c.FounderSigned(x.Statement) {
			c.welcome(e, x, nil)
		}
	}
	return true
}

// rule reports whether a founder's word decides.
func (c *Community) rule() bool { return c.Charter.Admission.Rule == "" }

// welcome makes a team a member, unless a founder removed it, which is for good, or it left and the admission
// does not know of that.
func (c *Community) welcome(e *edit, x *said, f *founding) {
	t := c.keys.canonical(x.team)
	if was := c.names.get(t); was.name == "" || compareIDs(x.ID(), was.from) < 0 {
		c.names.put(e, t, label{x.name, x.ID()})
	}
	if f != nil && len(f.ends[t]) > 0 {
		past := f.past(x.Statement)
		if slices.ContainsFunc(f.ends[t], func(r *said) bool { return r.Kind == KindRemove || !past[r.ID()] }) {
			return
		}
	}
	if !c.members.has(t) {
		c.members.put(e, t, x.ID())
	}
}

// founding is one fold under RuleFounders.
type founding struct {
	community *Community
	by        map[record.StatementID]*said
	ends      map[identity.TeamID][]*said // removals and leavings that count
	left      []*said                     // founders' own leavings
	pasts     map[record.StatementID]map[record.StatementID]bool
}

// word reports whether a statement is the word of a founder that has not left by it.
func (f *founding) word(x *said) bool {
	if !f.community.rule() {
		return false
	}
	return slices.ContainsFunc(x.Signers, func(s record.Signer) bool {
		if !f.community.IsFounder(s.Team) || !f.keyHolds(x, s) {
			return false
		}
		t := f.community.keys.canonical(s.Team)
		return !slices.ContainsFunc(f.left, func(l *said) bool {
			return f.community.keys.canonical(l.team) == t && !f.past(l.Statement)[x.ID()]
		})
	})
}

// keyHolds reports whether a statement lies in the past of whatever ended its signer's key.
func (f *founding) keyHolds(x *said, by record.Signer) bool {
	return !slices.ContainsFunc(f.community.keys.limits(by), func(s *record.Statement) bool { return !f.past(s)[x.ID()] })
}

// past returns what a statement's references reach of what is here, itself among it.
func (f *founding) past(s *record.Statement) map[record.StatementID]bool {
	if p, ok := f.pasts[s.ID()]; ok {
		return p
	}
	out := map[record.StatementID]bool{s.ID(): true}
	queue := slices.Clone(s.Heads)
	for len(queue) > 0 {
		id := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if x := f.by[id]; x != nil && !out[id] {
			out[id] = true
			queue = append(queue, x.refers()...)
		}
	}
	if f.pasts == nil {
		f.pasts = map[record.StatementID]map[record.StatementID]bool{}
	}
	f.pasts[s.ID()] = out
	return out
}
