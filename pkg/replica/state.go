package replica

import (
	"time"

	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// SignStatement signs a statement as this node and keeps it. says is the canonical JSON of what it
// says (notice.Encode). It names the heads of its community that this node has seen. What would change
// nothing is refused, with the reason.
func (r *Replica) SignStatement(now time.Time, kind string, says []byte) (*record.Statement, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.mayUseKey(now); err != nil {
		return nil, err
	}
	heads, err := r.mayState(now, kind, says)
	if err != nil {
		return nil, err
	}
	s, err := r.signed(record.Draft{Kind: kind, Created: now, Heads: heads, Says: says})
	if err != nil {
		return nil, err
	}
	if err := r.mayAdd(now, s); err != nil {
		return nil, err
	}
	if err := r.keepStatements(now, []*record.Statement{s}); err != nil {
		return nil, storeRefusal(err)
	}
	return s, nil
}

// mayState refuses what would change nothing if this node signed it alone, and returns the heads of
// the community that it is about.
func (r *Replica) mayState(now time.Time, kind string, says []byte) ([]record.StatementID, error) {
	switch kind {
	case roster.KindCharter:
		return nil, r.mayCharter(says)
	case roster.KindVouch, roster.KindWithdrawVouch, roster.KindProfile:
		return nil, r.maySayOfTeams(kind, says)
	case roster.KindRevoke, roster.KindRotate, roster.KindSucceed:
		return nil, &Refusal{
			Reason: policy.NotOurs, Detail: "only the team's root key can sign this",
			Hint: "write a request with tocsin key and take it to where the root key is",
		}
	}
	about, err := r.mayMembership(now, kind, says)
	if err != nil {
		return nil, err
	}
	heads := r.roster.HeadsOf(about, r.self)
	if c, known := r.roster.Community(about); known {
		heads = c.Lean(&r.opt.Bounds, heads)
	}
	return heads, nil
}

// mayAdd refuses a statement of ours that no member would keep.
func (r *Replica) mayAdd(now time.Time, s *record.Statement) error {
	id, about := roster.CommunityOf(s)
	c, known := r.roster.Community(id)
	if !about || !known || !sponsors(c) {
		return nil
	}
	v := r.newSieve(now, false)
	v.fresh, v.next = []*record.Statement{s}, r.roster.With(s)
	c, _ = v.next.Community(id)
	if _, stays := v.settle(c).stay[s.ID()]; !stays {
		return refusal(policy.Quota, "this team said so much about the community that members would not keep more",
			"another key of the team has room of its own: tocsin key rotate")
	}
	return nil
}

func (r *Replica) mayCharter(says []byte) error {
	charter, err := notice.DecodeCharter(says)
	if err != nil {
		return err
	}
	if len(charter.Founders) != 1 || charter.Founders[0] != r.self {
		return &Refusal{
			Reason: policy.NotOurs, Detail: "this node alone cannot sign a charter that names other founders",
			Hint: "draft the charter, let every founder sign it, and join with it",
		}
	}
	return nil
}

func (r *Replica) maySayOfTeams(kind string, says []byte) error {
	switch kind {
	case roster.KindVouch:
		v, err := notice.DecodeVouch(says)
		if err != nil {
			return err
		}
		if r.isSelf(v.Team) {
			return refusal(policy.NotOurs, "a team does not vouch for itself", "")
		}
	case roster.KindWithdrawVouch:
		w, err := notice.DecodeWithdrawVouch(says)
		if err != nil {
			return err
		}
		s, here := r.roster.Statement(w.Vouch)
		if !here || s.Kind != roster.KindVouch || !r.isSelf(s.Signers[0].Team) {
			return refusal(policy.NotOurs, "it is not a vouch of this team that is here", "tocsin team show lists the vouches for a team")
		}
	default:
		_, err := notice.DecodeProfile(says)
		return err
	}
	return nil
}

func refusal(reason policy.Reason, detail, hint string) error {
	return &Refusal{Reason: reason, Detail: detail, Hint: hint}
}
