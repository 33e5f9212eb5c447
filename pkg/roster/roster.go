// Package roster says who belongs where, whose keys speak for whom and who vouches for whom: a fold over
// signed statements. It reads no clock, keeps no record and decides no trust for anybody: what it knows of
// trust is what somebody said, and the pins are the caller's. docs/spec/roster.md is its law.
// Invariant: the same set of statements gives the same roster, in whatever order, how often and in how many
// parts they came; a statement whose references are not all here changes no membership until they are.
package roster

import (
	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// Roster is the fold of a set of statements. It is immutable and may be read by many at once: With returns
// another one. The zero value is not ready; use New.
type Roster struct {
	statements  cow[record.StatementID, *record.Statement]
	delegations cow[identity.TeamID, list[*identity.Delegation]]
	transports  cow[[32]byte, list[*identity.Delegation]]
	known       cow[[32]byte, struct{}] // IDs of delegations
	communities cow[identity.CommunityID, *Community]
	keys        *keys
	profiles    cow[identity.TeamID, []*record.Statement] // the newest of each key
	vouches     vouches
}

// New returns the roster of no statements.
func New() *Roster { return &Roster{keys: &keys{}} }

// With returns the roster of r's statements and these. r is not changed. Statements that r has
// already are passed over.
func (r *Roster) With(statements ...*record.Statement) *Roster {
	n, e := *r, &edit{}
	news := map[identity.CommunityID][]*said{}
	var turned []identity.TeamID // teams whose keys were revoked or rotated
	for _, s := range statements {
		if n.statements.has(s.ID()) {
			continue
		}
		n.statements.put(e, s.ID(), s)
		n.addDelegation(e, s.Delegation)
		for _, signer := range s.Signers {
			n.addDelegation(e, signer.Delegation)
		}
		if x := read(s); x != nil {
			news[x.community] = append(news[x.community], x)
			continue
		}
		turned = append(turned, n.addFact(e, s)...)
	}
	n.fold(e, news, turned)
	return &n
}

// addFact takes a statement that is about no community, and returns the teams whose keys it turns.
func (r *Roster) addFact(e *edit, s *record.Statement) []identity.TeamID {
	switch s.Kind {
	case KindRevoke, KindRotate:
		if r.keys.owner != e {
			k := *r.keys
			k.owner, r.keys = e, &k
		}
		return r.keys.add(e, s)
	case KindProfile:
		r.addProfile(e, s)
	case KindVouch, KindWithdrawVouch, KindSucceed:
		r.vouches.add(e, s)
	}
	return nil
}

// fold brings the communities up to date that the statements or the turned keys touch.
func (r *Roster) fold(e *edit, news map[identity.CommunityID][]*said, turned []identity.TeamID) {
	for id, xs := range news {
		c := &Community{ID: id}
		if before := r.communities.get(id); before != nil {
			*c = *before
		}
		c.keys = r.keys
		c.take(e, xs, turned)
		r.communities.put(e, id, c)
	}
	if len(turned) == 0 {
		return
	}
	for id, before := range r.communities.all() {
		if _, done := news[id]; done {
			continue
		}
		c := *before
		c.keys = r.keys
		c.take(e, nil, turned)
		r.communities.put(e, id, &c)
	}
}

func (r *Roster) addDelegation(e *edit, d *identity.Delegation) {
	if d == nil || r.known.has(d.ID()) {
		return
	}
	r.known.put(e, d.ID(), struct{}{})
	of := r.delegations.get(d.Team)
	of.add(e, d)
	r.delegations.put(e, d.Team, of)
	on := r.transports.get(d.Transport)
	on.add(e, d)
	r.transports.put(e, d.Transport, on)
}
