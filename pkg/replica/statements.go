package replica

import (
	"fmt"
	"slices"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// maxDelegations bounds how many delegations of one team are kept: a root key can sign any number.
const maxDelegations = 64

// StatementOutcome is what became of a statement.
type StatementOutcome struct {
	ID        record.StatementID
	Statement *record.Statement // nil where the frame was refused
	policy.Judgement
}

// AddStatements takes statements that a peer brought. Kept are those about communities that this
// team belongs to, and delegations of teams that it shares one with; nobody can make this node part
// of a community it did not join. What is accepted is on stable storage and in the roster on return.
func (r *Replica) AddStatements(now time.Time, frames [][]byte) []StatementOutcome {
	return r.addStatements(now, frames, false)
}

// Join takes statements that the operator handed over: an invite's. Here a charter may be new, if
// with these statements this team is a member.
func (r *Replica) Join(now time.Time, frames [][]byte) []StatementOutcome {
	return r.addStatements(now, frames, true)
}

// Expect names communities that the operator joined, as remembered outside of the store: statements
// about them are taken from peers although nothing of them may be here any more. It lasts until the
// replica is closed.
func (r *Replica) Expect(communities ...identity.CommunityID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range communities {
		r.expected[id] = struct{}{}
	}
}

func (r *Replica) addStatements(now time.Time, frames [][]byte, join bool) []StatementOutcome {
	out := make([]StatementOutcome, len(frames))
	r.opt.Parallel(len(frames), func(i int) {
		s, err := r.verifier.OpenStatement(frames[i])
		if err != nil {
			out[i].Judgement = policy.OfFault(err)
			return
		}
		out[i].ID, out[i].Statement = s.ID(), s
		out[i].Judgement = policy.Judgement{Verdict: policy.Accept, Reason: policy.OK}
		if s.Created.After(now.Add(policy.DefaultAhead)) && s.Kind != identity.KindDelegate {
			out[i].Judgement = policy.Judgement{
				Verdict: policy.Ignore, Reason: policy.Future,
				Detail: "the statement's time is ahead of this node's clock",
			}
		}
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.keepStatements(now, r.sift(out, join)); err != nil {
		for i := range out {
			if out[i].Verdict == policy.Accept {
				out[i].Judgement = policy.Judgement{Verdict: policy.Ignore, Reason: storeReason(err), Detail: err.Error()}
			}
		}
	}
	return out
}

// sift returns the accepted statements that this node keeps, and says of the others why not. First
// come those about communities: what is said of foreign ones must not make a delegation look useful.
func (r *Replica) sift(out []StatementOutcome, join bool) (keep []*record.Statement) {
	var fresh []*record.Statement
	for i := range out {
		switch s := out[i].Statement; {
		case out[i].Verdict != policy.Accept:
		case r.roster.Has(s.ID()):
			out[i].Judgement = policy.Judgement{Verdict: policy.Ignore, Reason: policy.Duplicate}
		default:
			fresh = append(fresh, s)
		}
	}
	pass := func(delegations bool, relevant func(*record.Statement) bool) {
		for i := range out {
			s := out[i].Statement
			if out[i].Verdict != policy.Accept || (s.Kind == identity.KindDelegate) != delegations {
				continue
			}
			if relevant(s) {
				keep = append(keep, s)
				continue
			}
			out[i].Judgement = policy.Judgement{
				Verdict: policy.Ignore, Reason: policy.NotOurs,
				Detail: "the statement is not about a community of this team",
			}
		}
	}
	next := r.roster.With(fresh...)
	pass(false, func(s *record.Statement) bool { return r.relevant(s, next, join) })
	next = r.roster.With(keep...)
	taken := map[identity.TeamID]map[record.StatementID]struct{}{}
	pass(true, func(s *record.Statement) bool {
		t := s.Delegation.Team
		if !next.Share(r.self, t) {
			return false
		}
		if taken[t] == nil {
			taken[t] = map[record.StatementID]struct{}{}
		}
		if _, again := taken[t][s.ID()]; !again && len(r.roster.Delegations(t))+len(taken[t]) >= maxDelegations {
			return false
		}
		taken[t][s.ID()] = struct{}{}
		return true
	})
	return keep
}

// relevant decides whether this node keeps a statement about a community, given the roster that would
// be.
func (r *Replica) relevant(s *record.Statement, next *roster.Roster, join bool) bool {
	id, ok := roster.CommunityOf(s)
	if !ok {
		return false // a kind of a later release: nobody here can say whose business it is
	}
	if _, expected := r.expected[id]; !join && !expected && !r.roster.Member(id, r.self) {
		return false
	}
	c, ok := next.Community(id)
	return ok && (c.Member(r.self) || c.Removed(r.self)) && (s.Kind == roster.KindCharter || c.FounderSigned(s))
}

// keepStatements writes statements and takes them into the roster. The caller holds the lock.
func (r *Replica) keepStatements(now time.Time, statements []*record.Statement) error {
	for len(statements) > 0 {
		var ops []Op
		size := 0
		for _, s := range statements {
			op := Op{Key: idKey(spaceState, s.ID()), Value: s.Frame()}
			if len(ops) > 0 && (size+len(op.Value) > MaxApplyBytes/2 || len(ops)+2 > MaxApplyOps) {
				break
			}
			ops, size = append(ops, op, heardOp(s.ID(), now)), size+len(op.Value)
		}
		if err := r.opt.Store.Apply(ops); err != nil {
			return fmt.Errorf("store statements: %w", err)
		}
		part := statements[:len(ops)/2]
		statements = statements[len(ops)/2:]
		for _, s := range part {
			r.heard[s.ID()] = now
		}
		r.roster = r.roster.With(part...)
		if slices.ContainsFunc(part, func(s *record.Statement) bool { return s.Kind == roster.KindRemove }) {
			if err := r.setAside(); err != nil {
				return err
			}
		}
	}
	if r.astray {
		return r.setAside()
	}
	return nil
}

// SignStatement signs a statement as this node and keeps it. says is the canonical JSON of what it
// says (notice.Encode). It names the heads of its community that this node has seen.
func (r *Replica) SignStatement(now time.Time, kind string, says []byte) (*record.Statement, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	heads, err := r.mayState(kind, says)
	if err != nil {
		return nil, err
	}
	s, err := r.signed(record.Draft{Kind: kind, Created: now, Heads: heads, Says: says})
	if err != nil {
		return nil, err
	}
	if err := r.keepStatements(now, []*record.Statement{s}); err != nil {
		return nil, storeRefusal(err)
	}
	return s, nil
}

// mayState refuses what would change nothing if this node signed it alone, and returns the heads of
// the community that it is about.
func (r *Replica) mayState(kind string, says []byte) ([]record.StatementID, error) {
	var about identity.CommunityID
	vain := func(*roster.Community) string { return "" }
	switch kind {
	case roster.KindCharter:
		charter, err := notice.DecodeCharter(says)
		if err != nil {
			return nil, err
		}
		if len(charter.Founders) != 1 || charter.Founders[0] != r.self {
			return nil, &Refusal{
				Reason: policy.NotOurs, Detail: "this node alone cannot sign a charter that names other founders",
				Hint: "draft the charter, let every founder sign it, and join with it",
			}
		}
		return nil, nil
	case roster.KindMember:
		m, err := notice.DecodeMember(says)
		if err != nil {
			return nil, err
		}
		about, vain = m.Community, func(c *roster.Community) string {
			if c.Removed(m.Team) {
				return "the team was removed from the community, which is for good"
			}
			return ""
		}
	case roster.KindRemove:
		m, err := notice.DecodeRemove(says)
		if err != nil {
			return nil, err
		}
		about, vain = m.Community, func(c *roster.Community) string {
			if c.IsFounder(m.Team) {
				return "the team is a founder of the community, and founders cannot be removed"
			}
			return ""
		}
	}
	c, known := r.roster.Community(about)
	if !known || !c.IsFounder(r.self) {
		return nil, &Refusal{
			Reason: policy.NotMember, Detail: "only a founder of the community can sign this",
			Hint: "ask one of the founders",
		}
	}
	if why := vain(c); why != "" {
		return nil, &Refusal{Reason: policy.NotMember, Detail: why}
	}
	return r.roster.Heads(about), nil
}

// Statements returns the IDs of all statements kept, ascending.
func (r *Replica) Statements() []record.StatementID { return r.Roster().Statements() }

// StatementFrames returns those of the named statements that a team may have; see roster.For.
func (r *Replica) StatementFrames(ids []record.StatementID, to identity.TeamID) [][]byte {
	now := r.Roster()
	asked := map[record.StatementID]struct{}{}
	for _, id := range ids {
		asked[id] = struct{}{}
	}
	var out [][]byte
	for _, id := range now.For(to) {
		if _, ok := asked[id]; !ok {
			continue
		}
		if s, ok := now.Statement(id); ok {
			out = append(out, s.Frame())
		}
	}
	return out
}
