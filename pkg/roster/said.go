package roster

import (
	"bytes"
	"slices"

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

// said is what one statement says about a community, read once. It is immutable.
type said struct {
	*record.Statement
	community   identity.CommunityID
	team        identity.TeamID      // of member, remove; of apply and leave the signer
	application record.StatementID   // of sponsor, object, admit
	sponsors    []record.StatementID // of admit
	proposal    record.StatementID   // of a vote
	lanes       []notice.LaneHead    // of remove and leave
	parent      string               // of apply, folded
	name        string               // of member and apply
	wish        *notice.Apply        // of apply
	text        string               // note or reason
	charter     *notice.Charter
}

// CommunityOf returns the community that a statement is about: for a charter the one it founds.
func CommunityOf(s *record.Statement) (identity.CommunityID, bool) {
	if x := read(s); x != nil {
		return x.community, true
	}
	return identity.CommunityID{}, false
}

// read returns what a statement says about a community, or nil if it is about none or unreadable.
func read(s *record.Statement) *said {
	x := &said{Statement: s}
	switch s.Kind {
	case KindCharter:
		x.community, x.charter = identity.CommunityID(s.ID()), charterOf(s)
		return x
	case KindMember:
		if m, err := notice.DecodeMember(s.Says); err == nil {
			x.community, x.team, x.name = m.Community, m.Team, m.Name
			return x
		}
	case KindRemove:
		if m, err := notice.DecodeRemove(s.Says); err == nil {
			x.community, x.team, x.lanes, x.proposal, x.text = m.Community, m.Team, m.Heads, m.Proposal, m.Reason
			return x
		}
	default:
		return x.readAdmission()
	}
	return nil
}

func (x *said) readAdmission() *said {
	switch x.Kind {
	case KindApply:
		if m, err := notice.DecodeApply(x.Says); err == nil {
			x.community, x.team, x.parent, x.name, x.text = m.Community, x.Signers[0].Team, notice.FoldParent(m.Parent), m.Name, m.Note
			x.wish = m
			return x
		}
	case KindSponsor:
		if m, err := notice.DecodeSponsor(x.Says); err == nil {
			x.community, x.application, x.text = m.Community, m.Application, m.Note
			return x
		}
	case KindObject:
		if m, err := notice.DecodeObject(x.Says); err == nil {
			x.community, x.application, x.text = m.Community, m.Application, m.Reason
			return x
		}
	case KindAdmit:
		if m, err := notice.DecodeAdmit(x.Says); err == nil {
			x.community, x.application, x.sponsors = m.Community, m.Application, m.Sponsors
			return x
		}
	case KindLeave:
		if m, err := notice.DecodeLeave(x.Says); err == nil {
			x.community, x.team, x.lanes, x.text = m.Community, x.Signers[0].Team, m.Heads, m.Reason
			return x
		}
	}
	return nil
}

// refers returns what must be here for the statement to count: its heads, what it speaks of, and the
// charter. Each once.
func (x *said) refers() []record.StatementID {
	if x.Kind == KindCharter {
		return nil
	}
	out := make([]record.StatementID, 0, len(x.Heads)+len(x.sponsors)+3)
	out = append(append(out, x.Heads...), x.sponsors...)
	for _, id := range []record.StatementID{x.application, x.proposal, record.StatementID(x.community)} {
		if id != (record.StatementID{}) {
			out = append(out, id)
		}
	}
	slices.SortFunc(out, compareIDs)
	return slices.Compact(out)
}

// removal returns the proposal that a removal is or votes for.
func (x *said) removal() record.StatementID {
	if x.proposal != (record.StatementID{}) {
		return x.proposal
	}
	return x.ID()
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

func compareIDs[ID ~[32]byte](a, b ID) int { return bytes.Compare(a[:], b[:]) }
