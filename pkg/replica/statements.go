package replica

import (
	"errors"
	"fmt"
	"time"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

const statementType = identity.StatementType

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
	var fresh []*record.Statement
	for i := range out {
		if out[i].Verdict != policy.Accept {
			continue
		}
		if r.roster.Has(out[i].ID) {
			out[i].Judgement = policy.Judgement{Verdict: policy.Ignore, Reason: policy.Duplicate}
			continue
		}
		fresh = append(fresh, out[i].Statement)
	}
	if len(fresh) == 0 {
		return out
	}
	next := r.roster.With(fresh...)
	var keep []*record.Statement
	for i := range out {
		if out[i].Verdict != policy.Accept {
			continue
		}
		if !r.relevant(out[i].Statement, next, join) {
			out[i].Judgement = policy.Judgement{
				Verdict: policy.Ignore, Reason: policy.NotOurs,
				Detail: "the statement is not about a community of this team",
			}
			continue
		}
		keep = append(keep, out[i].Statement)
	}
	if err := r.keepStatements(keep); err != nil {
		for i := range out {
			if out[i].Verdict == policy.Accept {
				out[i].Judgement = policy.Judgement{Verdict: policy.Ignore, Reason: refusalReason(err), Detail: err.Error()}
			}
		}
	}
	return out
}

// relevant decides what this node keeps of a statement, given the roster that would be.
func (r *Replica) relevant(s *record.Statement, next *roster.Roster, join bool) bool {
	if s.Kind == identity.KindDelegate {
		return next.Share(r.self, s.Delegation.Team) && len(r.roster.Delegations(s.Delegation.Team)) < maxDelegations
	}
	id, ok := roster.CommunityOf(s)
	if !ok {
		return false // a kind of a later release: nobody here can say whose business it is
	}
	if !join && !r.roster.Member(id, r.self) {
		return false
	}
	c, ok := next.Community(id)
	return ok && (c.Member(r.self) || c.Removed(r.self)) && (s.Kind == roster.KindCharter || c.FounderSigned(s))
}

// keepStatements writes statements and takes them into the roster. The caller holds the lock.
func (r *Replica) keepStatements(statements []*record.Statement) error {
	for len(statements) > 0 {
		var ops []Op
		size := 0
		for _, s := range statements {
			op := Op{Key: idKey(spaceState, s.ID()), Value: s.Frame()}
			if len(ops) > 0 && (size+len(op.Value) > MaxApplyBytes/2 || len(ops) == MaxApplyOps) {
				break
			}
			ops, size = append(ops, op), size+len(op.Value)
		}
		if err := r.opt.Store.Apply(ops); err != nil {
			return fmt.Errorf("store statements: %w", err)
		}
		part := statements[:len(ops)]
		statements = statements[len(ops):]
		r.roster = r.roster.With(part...)
		for _, s := range part {
			if s.Kind == roster.KindRemove {
				r.exile()
				break
			}
		}
	}
	return nil
}

// SignStatement signs a statement as this node and keeps it. says is the canonical JSON of what it
// says (notice.Encode). It names the heads of its community that this node has seen.
func (r *Replica) SignStatement(now time.Time, kind string, says []byte) (*record.Statement, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var heads []record.StatementID
	if kind != roster.KindCharter {
		var about struct {
			community identity.CommunityID
			ok        bool
		}
		switch kind {
		case roster.KindMember:
			if m, err := notice.DecodeMember(says); err == nil {
				about.community, about.ok = m.Community, true
			}
		case roster.KindRemove:
			if m, err := notice.DecodeRemove(says); err == nil {
				about.community, about.ok = m.Community, true
			}
		}
		c, known := r.roster.Community(about.community)
		if !about.ok || !known || !c.IsFounder(r.self) {
			return nil, &Refusal{
				Reason: policy.NotMember, Detail: "only a founder of the community can sign this",
				Hint: "ask one of the founders",
			}
		}
		heads = r.roster.Heads(about.community)
	}
	signers := []record.Signer{{Team: r.self, Delegation: r.opt.Delegation}}
	payload, err := record.DraftStatement(kind, now, signers, heads, says)
	if err != nil {
		return nil, err
	}
	s, err := r.verifier.AssembleStatement(payload, []dsse.Signature{r.opt.Key.Sign(statementType, payload)})
	if err != nil {
		return nil, err
	}
	if err := r.keepStatements([]*record.Statement{s}); err != nil {
		return nil, &Refusal{Reason: refusalReason(err), Detail: err.Error()}
	}
	return s, nil
}

func refusalReason(err error) policy.Reason {
	if errors.Is(err, ErrFull) {
		return policy.Full
	}
	return policy.Unavailable
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
