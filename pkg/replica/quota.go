package replica

import (
	"tocsin/pkg/identity"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// saidKey counts the statements of one kind by one team: by one of its keys, or by all of them.
type saidKey struct {
	team identity.TeamID
	kind string
	key  identity.NodeID // zero: the root, or none that is counted by itself
	all  bool
}

// maxSpent is how many of a team's keys may use up what is kept of one: who steals a node key must not silence
// the team for good.
const maxSpent = 4

// counted returns what a statement counts for, and how many may.
func counted(s *record.Statement, by record.Signer) map[saidKey]int {
	one, limit := saidKey{team: by.Team, kind: s.Kind}, limitOf(s.Kind)
	if by.Delegation != nil {
		one.key = by.Delegation.Node
	}
	return map[saidKey]int{one: limit, {team: by.Team, kind: s.Kind, all: true}: maxSpent * limit}
}

// limitOf is how many statements of a kind are kept of one signer. Every member may say much about others;
// of itself a team says little, and an applicant less. What a member's own statement refers to is kept
// beyond that, or that statement could not count here.
func limitOf(kind string) int {
	switch kind {
	case roster.KindCharter, roster.KindMember:
		return 1 << 16 // a founder's word, which can undo the community anyway
	case roster.KindSponsor, roster.KindObject, roster.KindAdmit, roster.KindRemove, roster.KindVouch, roster.KindWithdrawVouch:
		return 4096
	case roster.KindProfile:
		return 256
	case roster.KindRevoke:
		return 2 * maxDelegations
	case roster.KindApply, roster.KindLeave, roster.KindRotate, roster.KindSucceed:
		return 16
	}
	return 0
}

func (r *Replica) count(statements []*record.Statement)   { r.tell(statements, 1) }
func (r *Replica) uncount(statements []*record.Statement) { r.tell(statements, -1) }

func (r *Replica) tell(statements []*record.Statement, n int) {
	for _, s := range statements {
		for _, signer := range s.Signers {
			for key := range counted(s, signer) {
				r.said[key] += n
			}
		}
	}
	r.weigh(statements, int64(n))
}
