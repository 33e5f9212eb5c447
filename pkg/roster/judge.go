package roster

import (
	"slices"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// judge applies RuleSponsors to one statement after another, references first. Whether a statement counts
// depends on its past, on budgets, and in the second pass on the cuts: nothing else.
type judge struct {
	*verdict
	e     *edit
	keys  *keys
	graph *graph
	rule  *notice.Admission
	// whole says that everything is judged anew, in order: then numbers are given out for the votes for
	// proposals that may come to pass, which open names.
	whole bool
	open  map[record.StatementID]struct{}
	fixes map[record.StatementID]*fix // second pass: the proposals that come to pass
	left  map[int32]struct{}          // second pass: the leavings that stand
	limit []bool                      // nodes beyond the end of their key
}

// step judges a node and keeps its mark. It is called once for each, by place.
func (j *judge) step(n *node, i int32) mark {
	m := mark{after: j.past(n)}
	if len(n.Signers) != 1 {
		m.why = WhySigners
		return m
	}
	m.by = j.keys.canonical(n.Signers[0].Team)
	if n.Kind == KindApply { // its sponsors answer for the team, whatever becomes of the key that asked
		m.why = j.apply(n, i, m)
		return m
	}
	if j.beyondKey(n, i) {
		m.why = WhyKey
		return m
	}
	if n.Kind == KindRemove {
		if f := j.fixOf(n); f != nil {
			return j.fixed(n, i, m, f)
		}
	}
	past, voter := m.after, n.Kind == KindRemove && n.proposal != record.StatementID{}
	if voter {
		p := j.proposals.get(n.proposal)
		if p == nil || p.team != j.keys.canonical(n.team) {
			m.why = WhyProposal
			return m
		}
		past = p.before
	}
	spell, ok := j.standing(past, m.by)
	switch {
	case !ok:
		m.why = WhyStranger
	case !voter && j.isCut(i, m.by, j.app(m.by, spell)):
		m.why = WhyCut
	}
	if m.why != Counts {
		return m
	}
	bit := -1
	switch n.Kind {
	case KindSponsor:
		m.why = j.sponsor(n, m)
	case KindObject:
		m.why, bit = j.object(n, i, m)
	case KindAdmit:
		m.why, bit = j.admit(n, i, m)
	case KindRemove:
		m.why, bit = j.remove(n, i, m)
	case KindLeave:
		m.why, bit = j.leave(i, m, spell)
	default:
		m.why = WhyRule
	}
	m.after = m.after.with(bit)
	return m
}

// past returns the facts in a node's past.
func (j *judge) past(n *node) (out facts) {
	for _, ref := range n.refs {
		out = join(out, j.marks.at(int(ref)).after)
	}
	return out
}

// beyondKey reports whether the node's key was revoked, or its root replaced, by something that it does not
// lie in the past of.
func (j *judge) beyondKey(n *node, i int32) bool {
	if j.whole {
		return j.limit[i]
	}
	return len(j.keys.limits(n.Signers[0])) > 0 // what comes later lies in the past of nothing that is here
}

func (j *judge) party(t identity.TeamID) *party {
	if p := j.parties.get(t); p != nil {
		return p
	}
	return &party{}
}

// change returns a party for the edit to change.
func (j *judge) change(t identity.TeamID) *party {
	p := *j.party(t)
	p.spells, p.proposals, p.leaves = slices.Clip(p.spells), slices.Clip(p.proposals), slices.Clip(p.leaves)
	p.sponsors = slices.Clip(p.sponsors)
	j.parties.put(j.e, t, &p)
	return &p
}

// app returns the application of a spell.
func (j *judge) app(t identity.TeamID, spell record.StatementID) *application {
	if spell == (record.StatementID{}) {
		return j.party(t).founder
	}
	return j.apps.get(spell)
}

// standing returns the spell by which a team is a member in a past.
func (j *judge) standing(past facts, t identity.TeamID) (record.StatementID, bool) {
	p := j.parties.get(t)
	if p == nil {
		return record.StatementID{}, false
	}
	for _, spell := range p.spells {
		a := j.app(t, spell)
		if (a.founder || count(a.admits, past) >= j.rule.Witnesses) && !j.ended(past, p, a, spell) {
			return spell, true
		}
	}
	return record.StatementID{}, false
}

// ended reports whether a past holds the end of a spell: a leaving of it, or a removal of the team that the
// application did not know of.
func (j *judge) ended(past facts, p *party, a *application, spell record.StatementID) bool {
	for _, l := range p.leaves {
		if l.spell == spell && past.has(l.bit) {
			return true
		}
	}
	for _, id := range p.proposals {
		if j.removes(id, past) && !j.removes(id, a.before) {
			return true
		}
	}
	return false
}

// removes reports whether a past holds as many votes as a removal needs.
func (j *judge) removes(proposal record.StatementID, past facts) bool {
	p := j.proposals.get(proposal)
	return p != nil && count(p.votes, past) >= j.rule.Removal
}

// isCut reports whether a removal or a leaving of the author takes a statement away that was made under the
// application: it does unless the statement lies in its past, or it in the application's.
func (j *judge) isCut(i int32, t identity.TeamID, a *application) bool {
	for _, c := range j.cuts[t] {
		if _, in := c.in[i]; !in && !j.knew(c, t, a) {
			return true
		}
	}
	return false
}

// knew reports whether an application was made by a team that had been removed, or had left, by this cut.
func (j *judge) knew(c cut, t identity.TeamID, a *application) bool {
	if c.proposal != (record.StatementID{}) {
		return j.removes(c.proposal, a.before)
	}
	for _, l := range j.party(t).leaves {
		if l.spell == c.spell && a.before.has(l.bit) {
			return true
		}
	}
	return false
}

// about checks that a statement speaks of somebody else's application that counts.
func (j *judge) about(n *node, by identity.TeamID) Why {
	a := j.apps.get(n.application)
	switch {
	case a == nil:
		return WhyApplication
	case a.team == by:
		return WhyOwn
	}
	return Counts
}

// number gives out one more number.
func (j *judge) number() int {
	j.facts++
	return j.facts - 1
}
