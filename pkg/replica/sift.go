package replica

import (
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

// maxHeirs bounds how many strangers may say that they go on as a team.
const maxHeirs = 8

// sieve decides which of some statements this node keeps.
type sieve struct {
	r     *Replica
	join  bool           // the operator handed them over
	next  *roster.Roster // that would be, with all of them
	said  map[saidKey]int
	most  map[saidKey][]record.StatementID // what is here of those who said as much as they may, by ID
	out   []record.StatementID             // of that, what others with lesser IDs push out
	drawn map[identity.TeamID]int64        // weight of what is accepted, but for what bounds.go decides on
	now   time.Time
	// fresh are the statements to decide on: those that were offered, and those that waited for them or they for.
	fresh []*record.Statement
	fates map[identity.CommunityID]*fate
	heirs map[identity.TeamID]int // how many say that they go on as a team
}

// sift returns the accepted statements that this node keeps, and those here that must go for them, and says of the
// others why not. First come those about communities: what is said of foreign ones must not make a delegation look
// useful.
func (r *Replica) sift(now time.Time, out []StatementOutcome, join bool) (v *sieve, keep []*record.Statement, gone []record.StatementID) {
	v = r.newSieve(now, join)
	for i := range out {
		switch s := out[i].Statement; {
		case out[i].Verdict != policy.Accept:
		case r.roster.Has(s.ID()):
			out[i].Judgement = policy.Judgement{Verdict: policy.Ignore, Reason: policy.Duplicate}
		default:
			v.fresh = append(v.fresh, s)
		}
	}
	offered := len(v.fresh)
	known := map[record.StatementID]struct{}{}
	for _, s := range v.fresh {
		known[s.ID()] = struct{}{}
	}
	for _, s := range r.due(now) {
		if _, again := known[s.ID()]; !again {
			v.fresh = append(v.fresh, s)
		}
	}
	v.fresh = r.waitroom.with(v.fresh)
	for _, s := range v.fresh[offered:] {
		out = append(out, StatementOutcome{s.ID(), s, policy.Judgement{Verdict: policy.Accept, Reason: policy.OK}})
	}
	v.next = r.roster.With(v.fresh...)
	kept := map[record.StatementID]struct{}{}
	order := make([]int, len(out))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return compareIDs(out[a].ID, out[b].ID) })
	pass := func(want func(*record.Statement) bool) {
		for _, i := range order {
			s := out[i].Statement
			if out[i].Verdict != policy.Accept || !want(s) {
				continue
			}
			if _, again := kept[s.ID()]; again {
				continue
			}
			if j := v.judge(s); j.Verdict != policy.Accept {
				out[i].Judgement = j
				continue
			}
			kept[s.ID()] = struct{}{}
			if join && s.Kind == roster.KindApply {
				r.handed[s.ID()] = struct{}{}
			}
			keep = append(keep, s)
		}
	}
	pass(func(s *record.Statement) bool { _, about := roster.CommunityOf(s); return about })
	// Rotations before what is said under the new root; and with all of them, since this node may be a member by
	// the word of a team that has rotated.
	rotation := func(s *record.Statement) bool { return s.Kind == roster.KindRotate }
	v.next = r.roster.With(keep...).With(slices.DeleteFunc(slices.Clone(v.fresh), func(s *record.Statement) bool { return !rotation(s) })...)
	pass(rotation)
	v.next = r.roster.With(keep...)
	pass(func(s *record.Statement) bool {
		_, about := roster.CommunityOf(s)
		return !about && s.Kind != roster.KindRotate
	})
	v.admit(kept)
	gone = v.out
	for _, f := range v.fates {
		gone = append(gone, f.gone...)
	}
	return v, keep, gone
}

func (r *Replica) newSieve(now time.Time, join bool) *sieve {
	return &sieve{
		r: r, join: join, now: now, said: map[saidKey]int{}, drawn: map[identity.TeamID]int64{}, most: map[saidKey][]record.StatementID{},
		heirs: map[identity.TeamID]int{}, fates: map[identity.CommunityID]*fate{},
	}
}

// judge decides on one statement and counts it.
func (v *sieve) judge(s *record.Statement) policy.Judgement {
	id, about := roster.CommunityOf(s)
	ok := false
	switch c, known := v.next.Community(id); {
	case about && known && sponsors(c) && s.Kind != roster.KindCharter:
		if !v.ours(id) {
			return notAboutOurs()
		}
		return v.governed(c, s)
	case about:
		ok = known && v.ours(id) && v.aboutCommunity(c, s)
	case s.Kind == identity.KindDelegate:
		ok = v.near(s.Delegation.Team)
	default:
		ok = v.aboutTeam(s)
	}
	if !ok {
		return notAboutOurs()
	}
	return v.limited(s)
}

// ours reports whether this node keeps what is said about a community: it is a member, it waits to become
// one again or for the first time, or the operator says so.
func (v *sieve) ours(id identity.CommunityID) bool {
	self := v.r.self
	if _, expected := v.r.expected[id]; expected || v.r.roster.Member(id, self) {
		return true
	}
	c, known := v.r.roster.Community(id)
	if !known {
		return v.join
	}
	return v.join || sponsors(c) && (c.Removed(self) || c.Left(self) || applied(c, v.r.canonical(self)))
}

func sponsors(c *roster.Community) bool { return c.Charter.Admission.Rule == notice.RuleSponsors }

// applied reports whether a team, by its ID today, ever applied to a community.
func applied(c *roster.Community, t identity.TeamID) bool {
	return slices.ContainsFunc(c.Applications(), func(a roster.Application) bool { return a.Team == t })
}

// aboutCommunity reports whether to keep a charter, or what is said about a community that its founders rule. There
// nothing rests on what another said, and founders answer for the community as a whole.
func (v *sieve) aboutCommunity(c *roster.Community, s *record.Statement) bool {
	self := v.r.self
	if s.Kind == roster.KindCharter {
		return c.Member(self) || c.Removed(self) || c.Left(self) || sponsors(c)
	}
	if !c.Member(self) && !c.Removed(self) && !c.Left(self) {
		return false
	}
	switch s.Kind {
	case roster.KindMember, roster.KindRemove:
		return c.FounderSigned(s)
	case roster.KindLeave:
		return v.signedByMember(c, s)
	}
	return false
}

// signedByMember reports whether a team that is or was a member is among the signers. What it may no longer
// say changes nothing, and others may have referred to it.
func (v *sieve) signedByMember(c *roster.Community, s *record.Statement) bool {
	for _, signer := range s.Signers {
		if t := signer.Team; c.Member(t) || c.Removed(t) || c.Left(t) {
			return true
		}
	}
	return false
}

// near reports whether a team is ours, or in a community with us, or on its way into one, or we into its.
func (v *sieve) near(t identity.TeamID) bool {
	self := v.r.self
	if v.next.Canonical(t) == v.next.Canonical(self) || v.next.Share(self, t) {
		return true
	}
	for _, id := range v.next.Communities() {
		c, _ := v.next.Community(id)
		if c.Member(self) && c.Observer(t) || sponsors(c) && c.Member(t) && applied(c, v.next.Canonical(self)) {
			return true
		}
	}
	return false
}

// former reports whether a team was a member of a community of ours.
func (v *sieve) former(t identity.TeamID) bool {
	return slices.ContainsFunc(v.next.CommunitiesOf(v.r.self), func(id identity.CommunityID) bool {
		c, _ := v.next.Community(id)
		return c.Removed(t) || c.Left(t)
	})
}

// aboutTeam keeps what near teams say of themselves and of others. That a team goes on as another is the
// word of a stranger: a few of these are kept, for others to attest.
func (v *sieve) aboutTeam(s *record.Statement) bool {
	if limitOf(s.Kind) == 0 {
		return false // of a later release: nobody here can say whose business it is
	}
	switch s.Kind {
	case roster.KindRevoke, roster.KindRotate, roster.KindSucceed:
		if slices.ContainsFunc(s.Signers, func(signer record.Signer) bool { return signer.Delegation != nil }) {
			return false // only roots say that; what a node key signs counts for nothing and takes the roots' room
		}
	}
	if slices.ContainsFunc(s.Signers, func(signer record.Signer) bool { return v.near(signer.Team) }) {
		return true
	}
	switch s.Kind {
	case roster.KindRotate, roster.KindRevoke:
		// Of a former member too: what ended its membership may name a root of it that is not known here.
		return slices.ContainsFunc(s.Signers, func(signer record.Signer) bool { return v.former(signer.Team) })
	case roster.KindSucceed:
	default:
		return false
	}
	says, err := notice.DecodeSucceed(s.Says)
	if err != nil || !v.near(says.Old) {
		return false
	}
	v.heirs[says.Old]++
	return v.join || len(v.r.roster.Successions(says.Old))+v.heirs[says.Old] <= maxHeirs
}
