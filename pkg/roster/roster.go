// Package roster says who belongs where: a fold over signed statements. It reads no clock and judges
// no record. In this first form a charter names founders, a member statement signed by a founder
// admits, and a remove statement signed by a founder removes for good; founders cannot be removed.
// Statements that make no sense together (an admission to an unknown community, a removal signed by
// a stranger) are kept and change nothing until what they miss arrives.
// Invariant: the same set of statements gives the same roster, in whatever order they came.
package roster

import (
	"bytes"
	"maps"
	"slices"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// The kinds of statement beside identity.KindDelegate. What each says is a type of pkg/notice.
const (
	KindCharter       = "charter"
	KindMember        = "member"
	KindApply         = "apply"
	KindSponsor       = "sponsor"
	KindObject        = "object"
	KindAdmit         = "admit"
	KindRemove        = "remove"
	KindLeave         = "leave"
	KindVouch         = "vouch"
	KindWithdrawVouch = "withdraw-vouch"
	KindProfile       = "profile"
	KindRevoke        = "revoke"
	KindRotate        = "rotate"
	KindSucceed       = "succeed"
	KindWrap          = "wrap" // handed from node to node, never in a roster
)

// Roster is the fold of a set of statements. It is immutable: With returns another one. The zero
// value is not ready; use New.
type Roster struct {
	statements  map[record.StatementID]*record.Statement
	delegations map[identity.TeamID][]*identity.Delegation // by From, then ID
	transports  map[[32]byte][]*identity.Delegation        // by transport digest; by ID
	about       map[identity.CommunityID][]*record.Statement
	subjects    map[record.StatementID]subject
	communities map[identity.CommunityID]*Community
}

// subject is what a statement about a community speaks of.
type subject struct {
	community identity.CommunityID
	team      identity.TeamID // zero for a charter
}

// Community is a charter with its members. It is immutable.
type Community struct {
	ID      identity.CommunityID
	Charter *notice.Charter
	Founded time.Time

	members map[identity.TeamID]struct{}
	removed map[identity.TeamID]removal
	names   map[identity.TeamID]string // what the admitting founder called the team
}

// removal is where a removed team's lanes end.
type removal struct{ heads map[laneKey]uint64 }

type laneKey struct {
	node identity.NodeID
	run  record.Run
}

// New returns the roster of no statements.
func New() *Roster {
	return &Roster{
		statements:  map[record.StatementID]*record.Statement{},
		delegations: map[identity.TeamID][]*identity.Delegation{},
		transports:  map[[32]byte][]*identity.Delegation{},
		about:       map[identity.CommunityID][]*record.Statement{},
		subjects:    map[record.StatementID]subject{},
		communities: map[identity.CommunityID]*Community{},
	}
}

// With returns the roster of r's statements and these. r is not changed. Statements that r has
// already are passed over.
func (r *Roster) With(statements ...*record.Statement) *Roster {
	n := &Roster{
		statements: maps.Clone(r.statements), delegations: maps.Clone(r.delegations),
		transports: maps.Clone(r.transports), about: maps.Clone(r.about), communities: maps.Clone(r.communities),
		subjects: maps.Clone(r.subjects),
	}
	touched := map[identity.CommunityID]struct{}{}
	for _, s := range statements {
		if _, ok := n.statements[s.ID()]; ok {
			continue
		}
		n.statements[s.ID()] = s
		n.addDelegation(s.Delegation)
		for _, signer := range s.Signers {
			n.addDelegation(signer.Delegation)
		}
		if of, ok := subjectOf(s); ok {
			c := of.community
			n.subjects[s.ID()] = of
			n.about[c] = append(slices.Clone(n.about[c]), s)
			touched[c] = struct{}{}
		}
	}
	for c := range touched {
		if community := fold(c, n.about[c]); community != nil {
			n.communities[c] = community
		}
	}
	return n
}

// CommunityOf returns the community that a statement is about: for a charter the one it founds.
func CommunityOf(s *record.Statement) (identity.CommunityID, bool) {
	of, ok := subjectOf(s)
	return of.community, ok
}

func subjectOf(s *record.Statement) (subject, bool) {
	switch s.Kind {
	case KindCharter:
		return subject{community: identity.CommunityID(s.ID())}, true
	case KindMember:
		if m, err := notice.DecodeMember(s.Says); err == nil {
			return subject{m.Community, m.Team}, true
		}
	case KindRemove:
		if m, err := notice.DecodeRemove(s.Says); err == nil {
			return subject{m.Community, m.Team}, true
		}
	}
	return subject{}, false
}

func (r *Roster) addDelegation(d *identity.Delegation) {
	if d == nil {
		return
	}
	r.delegations[d.Team] = insert(r.delegations[d.Team], d)
	r.transports[d.Transport] = insert(r.transports[d.Transport], d)
}

// insert returns a copy of ds with d in its place: by From, then by ID.
func insert(ds []*identity.Delegation, d *identity.Delegation) []*identity.Delegation {
	at, found := slices.BinarySearchFunc(ds, d, func(a, b *identity.Delegation) int {
		if c := a.From.Compare(b.From); c != 0 {
			return c
		}
		x, y := a.ID(), b.ID()
		return bytes.Compare(x[:], y[:])
	})
	if found {
		return ds
	}
	return slices.Insert(slices.Clone(ds), at, d)
}

// fold computes a community from all statements about it, or nil while its charter is not among them
// or is not one. It looks at the set only, never at the order.
func fold(id identity.CommunityID, statements []*record.Statement) *Community {
	c := &Community{
		ID: id, members: map[identity.TeamID]struct{}{}, removed: map[identity.TeamID]removal{},
		names: map[identity.TeamID]string{},
	}
	for _, s := range statements {
		if s.Kind == KindCharter {
			c.Charter, c.Founded = charterOf(s), s.Created
		}
	}
	if c.Charter == nil {
		return nil
	}
	for _, f := range c.Charter.Founders {
		c.members[f] = struct{}{}
	}
	admitted := map[identity.TeamID]record.StatementID{}
	for _, s := range statements {
		if !c.FounderSigned(s) {
			continue
		}
		switch s.Kind {
		case KindMember:
			if m, err := notice.DecodeMember(s.Says); err == nil {
				c.members[m.Team] = struct{}{}
				// Of several admissions the one with the least ID gives the name: any rule does that
				// does not depend on the order.
				if before, ok := admitted[m.Team]; !ok || less(s.ID(), before) {
					admitted[m.Team], c.names[m.Team] = s.ID(), m.Name
				}
			}
		case KindRemove:
			if m, err := notice.DecodeRemove(s.Says); err == nil && !c.IsFounder(m.Team) {
				c.remove(m)
			}
		}
	}
	for t := range c.removed {
		delete(c.members, t)
	}
	return c
}

// charterOf returns what a charter says if all its founders, and nobody else, signed it.
func charterOf(s *record.Statement) *notice.Charter {
	charter, err := notice.DecodeCharter(s.Says)
	if err != nil || len(charter.Founders) != len(s.Signers) {
		return nil
	}
	for _, f := range charter.Founders {
		if !s.SignedBy(f) {
			return nil
		}
	}
	return charter
}

// FounderSigned reports whether a founder is among the signers.
func (c *Community) FounderSigned(s *record.Statement) bool {
	for _, signer := range s.Signers {
		if c.IsFounder(signer.Team) {
			return true
		}
	}
	return false
}

// remove joins removals: of a lane that several name, the lowest head counts, so that removals
// commute and none can be weakened by another. A lane that any of them leaves out is out.
func (c *Community) remove(m *notice.Remove) {
	heads := make(map[laneKey]uint64, len(m.Heads))
	for _, h := range m.Heads {
		heads[laneKey{h.Node, record.Run(h.Run)}] = h.Seq
	}
	before, ok := c.removed[m.Team]
	if !ok {
		c.removed[m.Team] = removal{heads: heads}
		return
	}
	joined := map[laneKey]uint64{}
	for lane, seq := range before.heads {
		if other, ok := heads[lane]; ok {
			joined[lane] = min(seq, other)
		}
	}
	c.removed[m.Team] = removal{heads: joined}
}

func less(a, b record.StatementID) bool { return bytes.Compare(a[:], b[:]) < 0 }
