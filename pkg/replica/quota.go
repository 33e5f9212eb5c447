package replica

import (
	"slices"

	"tocsin/pkg/identity"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// saidKey counts the statements of one kind by one team: by one of its keys, or by all of them.
type saidKey struct {
	team  identity.TeamID
	kind  string
	about identity.CommunityID // zero: none
	key   identity.NodeID      // zero: the root, or none that is counted by itself
	all   bool
}

// maxSpent is how many of a team's keys may use up what is kept of one: who steals a node key must not silence
// the team for good.
const maxSpent = 4

// quota is how many statements may count for a key, or for a team.
type quota struct {
	of    saidKey
	limit int
}

// counted returns what a statement of a signer counts for: its key, and then its team.
func counted(s *record.Statement, by record.Signer) [2]quota {
	limit := limitOf(s.Kind)
	one := saidKey{team: by.Team, kind: s.Kind}
	one.about, _ = roster.CommunityOf(s)
	team := one
	team.all = true
	if by.Delegation != nil {
		one.key = by.Delegation.Node
	}
	return [2]quota{{one, limit}, {team, maxSpent * limit}}
}

// limited keeps, of the statements of one kind by a key and by a team, those with the least IDs, as many as may be: so
// all nodes keep the same, whatever came first. A statement that is kept pushes out the greatest that is here. The
// statements of one call are judged in the order of their IDs, so that none of them has to make room for another.
func (v *sieve) limited(s *record.Statement) policy.Judgement {
	author := v.r.canonical(s.Signers[0].Team)
	size := v.drawn[author] + int64(len(s.Frame()))
	if !v.join && !v.r.roomFor(author).May(record.Control, size) {
		return policy.Judgement{Verdict: policy.Ignore, Reason: policy.Waits, Detail: "of the last room of the store the team has used its share"}
	}
	var out []record.StatementID
	for _, signer := range s.Signers {
		for _, q := range counted(s, signer) {
			if v.r.said[q.of]+v.said[q.of] < q.limit {
				continue
			}
			last, here := v.last(q.of)
			switch {
			case !here || compareIDs(last, s.ID()) < 0:
				return policy.Judgement{Verdict: policy.Ignore, Reason: policy.Quota, Detail: "the team signed more of these than anybody keeps"}
			case !v.r.pace.may(v.r.canonical(signer.Team), v.now):
				return policy.Judgement{Verdict: policy.Ignore, Reason: policy.Waits, Detail: "the team signed much lately: it is taken when it is offered again later"}
			}
			out = append(out, last)
			v.r.pace.spend(v.r.canonical(signer.Team), v.now, roster.Weight(s))
			break // what leaves a key leaves its team
		}
	}
	for _, id := range out {
		v.pushOut(id)
	}
	v.drawn[author] = size
	tell(v.said, s, 1)
	return policy.Judgement{Verdict: policy.Accept, Reason: policy.OK}
}

// last returns the greatest ID among the statements here that count for a key or a team.
func (v *sieve) last(of saidKey) (record.StatementID, bool) {
	ids, read := v.most[of]
	if !read {
		for _, id := range v.r.roster.Statements() {
			s, _ := v.r.roster.Statement(id)
			if s.Kind == of.kind && slices.ContainsFunc(s.Signers, func(by record.Signer) bool {
				q := counted(s, by)
				return q[0].of == of || q[1].of == of
			}) {
				ids = append(ids, id)
			}
		}
		slices.SortFunc(ids, compareIDs)
	}
	ids = slices.DeleteFunc(ids, func(id record.StatementID) bool { return slices.Contains(v.out, id) })
	v.most[of] = ids
	if len(ids) == 0 {
		return record.StatementID{}, false
	}
	return ids[len(ids)-1], true
}

func (v *sieve) pushOut(id record.StatementID) {
	if slices.Contains(v.out, id) {
		return
	}
	v.out = append(v.out, id)
	s, _ := v.r.roster.Statement(id)
	tell(v.said, s, -1)
}

// tell counts a statement among what is said, or with -1 takes it off.
func tell(said map[saidKey]int, s *record.Statement, n int) {
	for _, signer := range s.Signers {
		for _, q := range counted(s, signer) {
			said[q.of] += n
		}
	}
}

// limitOf is how many statements of a kind are kept of one signer. Every member may say much about others;
// of itself a team says little. What is said about a community that governs itself
// has bounds of its own, see bounds.go.
func limitOf(kind string) int {
	switch kind {
	case roster.KindCharter, roster.KindMember:
		return 1 << 16 // a founder's word, which can undo the community anyway
	case roster.KindRemove, roster.KindVouch, roster.KindWithdrawVouch:
		return 4096
	case roster.KindProfile:
		return 256
	case roster.KindRevoke:
		return 2 * maxDelegations
	case identity.KindDelegate:
		return maxDelegations
	case roster.KindLeave, roster.KindRotate, roster.KindSucceed:
		return 16
	}
	return 0
}

// count counts statements that are kept, or with -1 no more.
func (r *Replica) count(statements []*record.Statement, n int) {
	for _, s := range statements {
		tell(r.said, s, n)
		id, about := roster.CommunityOf(s)
		if !about {
			continue
		}
		for _, k := range append(speakers(s, id), roster.Speaker{Community: id, All: true}) {
			r.weights[k] += int64(n) * roster.Weight(s)
		}
	}
}
