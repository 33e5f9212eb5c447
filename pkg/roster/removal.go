package roster

import (
	"cmp"
	"slices"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// remove takes a proposal, which is its author's vote, or a vote.
func (j *judge) remove(n *node, i int32, m mark) (Why, int) {
	id, p := n.ID(), proposal{}
	if n.proposal == (record.StatementID{}) {
		p.team, p.before = j.keys.canonical(n.team), m.after
	} else {
		id = n.proposal
		p = *j.proposals.get(id)
	}
	if p.team == m.by {
		return WhyOwn, -1
	}
	if k := find(p.votes, m.by); k >= 0 {
		return Counts, p.votes[k].bit
	}
	b := ballot{by: m.by, bit: -1, node: i}
	if _, open := j.open[id]; open {
		b.bit = j.number()
	}
	p.votes = append(slices.Clip(p.votes), b)
	j.proposals.put(j.e, id, &p)
	if len(p.votes) == j.rule.Removal && !j.decided {
		of := j.change(p.team)
		of.proposals = append(of.proposals, id)
	}
	return Counts, b.bit
}

// fixOf returns what the first pass found of the proposal, if it comes to pass.
func (j *judge) fixOf(n *node) *fix {
	if f := j.fixes[n.removal()]; f != nil {
		return f
	}
	if p := j.proposals.get(n.removal()); p != nil {
		return p.fix
	}
	return nil
}

// fixed takes a proposal that comes to pass, or a vote for one.
func (j *judge) fixed(n *node, i int32, m mark, f *fix) mark {
	p := proposal{team: j.keys.canonical(n.team), before: m.after, fix: f}
	if was := j.proposals.get(n.removal()); was != nil {
		p = *was
	} else {
		of := j.change(p.team)
		of.proposals = append(of.proposals, n.ID())
		j.proposals.put(j.e, n.ID(), &p)
	}
	k := find(p.votes, m.by)
	_, stands := f.stand[m.by]
	_, counted := f.counted[m.by]
	switch {
	case j.keys.canonical(n.team) != p.team:
		m.why = WhyProposal
	case m.by == p.team:
		m.why = WhyOwn
	case k >= 0:
		m.after = m.after.with(p.votes[k].bit)
	case stands:
		b := ballot{by: m.by, bit: j.number(), node: i}
		p.votes, m.after = append(slices.Clip(p.votes), b), m.after.with(b.bit)
		j.proposals.put(j.e, n.removal(), &p)
	case counted:
		m.why = WhyOutvoted
	default:
		m.why = WhyStranger
	}
	return m
}

// leave ends the spell by which the author is a member.
func (j *judge) leave(i int32, m mark, spell record.StatementID) (Why, int) {
	if j.decided {
		if _, stands := j.left[i]; !stands {
			return WhyCut, -1
		}
	}
	p := j.change(m.by)
	for _, l := range p.leaves {
		if l.spell == spell {
			return Counts, l.bit
		}
	}
	l := leaving{spell: spell, bit: j.number(), node: i}
	p.leaves = append(p.leaves, l)
	return Counts, l.bit
}

// ranked are the proposals that have the votes they need, the most votes first, and what lies in the past of
// each of what its team signed.
type ranked struct {
	id   record.StatementID
	past *group
	*proposal
}

// effective says which removals come to pass, and whose votes for each stand. Proposals go by their number of
// votes: what has more cuts off the votes of the team it removes that it does not know of, and what has as
// many cuts nothing, so that of two that remove each other's voters both stand.
func effective(all []ranked, quorum int, free func(identity.TeamID, *ranked, facts) bool) map[record.StatementID]*fix {
	slices.SortFunc(all, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(len(b.votes), len(a.votes)), compareIDs(a.id, b.id))
	})
	out := map[record.StatementID]*fix{}
	against := map[identity.TeamID][]*ranked{} // effective, with more votes
	for len(all) > 0 {
		n := 1
		for n < len(all) && len(all[n].votes) == len(all[0].votes) {
			n++
		}
		var won []*ranked
		for i := range all[:n] {
			f := &fix{counted: map[identity.TeamID]struct{}{}, stand: map[identity.TeamID]struct{}{}}
			for _, b := range all[i].votes {
				cut := slices.ContainsFunc(against[b.by], func(q *ranked) bool {
					_, known := q.past.in[b.node]
					return !known && !free(b.by, q, all[i].before)
				})
				f.counted[b.by] = struct{}{}
				if !cut {
					f.stand[b.by] = struct{}{}
				}
			}
			if len(f.stand) >= quorum {
				out[all[i].id] = f
				won = append(won, &all[i])
			}
		}
		for _, q := range won {
			against[q.team] = append(against[q.team], q)
		}
		all = all[n:]
	}
	return out
}
