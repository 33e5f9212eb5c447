package replica

import (
	"fmt"
	"slices"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// StatementOutcome is what became of a statement.
type StatementOutcome struct {
	ID        record.StatementID
	Statement *record.Statement // nil where the frame was refused
	policy.Judgement
}

// AddStatements takes statements that a peer brought. Kept are those about communities that this
// team belongs to or applied to, and what teams say of themselves and of each other with which it shares
// one; nobody can make this node part of a community it did not join. What is accepted is on stable
// storage and in the roster on return.
func (r *Replica) AddStatements(now time.Time, frames [][]byte) []StatementOutcome {
	return r.addStatements(now, frames, false)
}

// Join takes statements that the operator handed over: an invite's, or an application's. Here a charter may
// be new, if with these statements this team is a member, or could apply.
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
	r.measure(now)
	v, keep, gone := r.sift(now, out, join)
	err := r.forget(gone)
	if err == nil {
		err = r.keepStatements(now, keep)
	}
	if err == nil {
		v.charge(keep)
	} else {
		for i := range out {
			if out[i].Verdict == policy.Accept {
				out[i].Judgement = policy.Judgement{Verdict: policy.Ignore, Reason: storeReason(err), Detail: err.Error()}
			}
		}
	}
	return out
}

// keepStatements writes statements and takes them into the roster. The caller holds the lock.
func (r *Replica) keepStatements(now time.Time, statements []*record.Statement) error {
	for len(statements) > 0 {
		var ops []Op
		size, fit := 0, 0
		for _, s := range statements {
			op := Op{Key: idKey(spaceState, s.ID()), Value: s.Frame()}
			if len(ops) > 0 && (size+len(op.Value) > MaxApplyBytes/2 || len(ops)+3 > MaxApplyOps) {
				break
			}
			ops = append(ops, op, heardOp(s.ID(), now))
			ops = append(ops, r.draw(s.Signers[0].Team, int64(len(op.Value)))...)
			size, fit = size+len(op.Value), fit+1
		}
		part := statements[:fit]
		statements = statements[fit:]
		if err := r.opt.Store.Apply(ops); err != nil {
			for _, s := range part {
				r.draw(s.Signers[0].Team, -int64(len(s.Frame())))
			}
			return fmt.Errorf("store statements: %w", err)
		}
		for _, s := range part {
			r.heard[s.ID()] = now
		}
		r.roster = r.roster.With(part...)
		r.count(part, 1)
		if slices.ContainsFunc(part, func(s *record.Statement) bool { return s.Kind == roster.KindRotate }) {
			r.ledger.Renamed()
		}
		if r.noteStanding(part) {
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
