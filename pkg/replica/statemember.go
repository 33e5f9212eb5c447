package replica

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// mayMembership refuses a statement about the membership of a community that would change nothing, and
// returns the community.
func (r *Replica) mayMembership(now time.Time, kind string, says []byte) (identity.CommunityID, error) {
	var about identity.CommunityID
	var may func(*roster.Community) error
	var err error
	switch kind {
	case roster.KindMember:
		var m *notice.Member
		if m, err = notice.DecodeMember(says); err == nil {
			about, may = m.Community, func(c *roster.Community) error { return r.mayAdmitAsFounder(c, m) }
		}
	case roster.KindRemove:
		var m *notice.Remove
		if m, err = notice.DecodeRemove(says); err == nil {
			about, may = m.Community, func(c *roster.Community) error { return r.mayRemove(c, m) }
		}
	case roster.KindLeave:
		var m *notice.Leave
		if m, err = notice.DecodeLeave(says); err == nil {
			about, may = m.Community, r.mayLeaveCommunity
		}
	case roster.KindApply:
		var m *notice.Apply
		if m, err = notice.DecodeApply(says); err == nil {
			about, may = m.Community, r.mayApply
		}
	case roster.KindSponsor:
		var m *notice.Sponsor
		if m, err = notice.DecodeSponsor(says); err == nil {
			about, may = m.Community, func(c *roster.Community) error { return r.maySponsor(c, m.Application) }
		}
	case roster.KindObject:
		var m *notice.Object
		if m, err = notice.DecodeObject(says); err == nil {
			about, may = m.Community, func(c *roster.Community) error { return r.mayObject(c, m.Application) }
		}
	case roster.KindAdmit:
		var m *notice.Admit
		if m, err = notice.DecodeAdmit(says); err == nil {
			about, may = m.Community, func(c *roster.Community) error { return r.mayAdmit(now, c, m) }
		}
	default:
		return about, refusal(policy.NotOurs, "a node does not sign statements of this kind", "")
	}
	if err != nil {
		return about, err
	}
	c, known := r.roster.Community(about)
	if !known {
		return about, refusal(policy.NotMember, "the community is not known here", "join it with an invite, or take its charter in to apply")
	}
	return about, may(c)
}

func (r *Replica) mayAdmitAsFounder(c *roster.Community, m *notice.Member) error {
	switch {
	case sponsors(c):
		return refusal(policy.NotMember, "members come into this community by sponsors, not by a founder's word",
			"the team applies, and members sponsor it: tocsin community sponsor")
	case !c.IsFounder(r.self):
		return refusal(policy.NotMember, "only a founder of the community can sign this", "ask one of the founders")
	case c.Removed(m.Team):
		return refusal(policy.NotMember, "the team was removed from the community, which is for good", "")
	}
	return nil
}

func (r *Replica) mayRemove(c *roster.Community, m *notice.Remove) error {
	if !sponsors(c) {
		switch {
		case !c.IsFounder(r.self):
			return refusal(policy.NotMember, "only a founder of the community can sign this", "ask one of the founders")
		case c.IsFounder(m.Team):
			return refusal(policy.NotMember, "the team is a founder of the community, and founders cannot be removed", "")
		}
		return nil
	}
	switch {
	case !c.Member(r.self):
		return notMember()
	case r.isSelf(m.Team):
		return refusal(policy.NotOurs, "a team does not remove itself", "leave the community: tocsin community leave")
	case !c.Member(m.Team):
		return refusal(policy.NotMember, "the team is not a member of the community", "")
	}
	self := r.canonical(r.self)
	for _, p := range c.Proposals() {
		voted := slices.ContainsFunc(p.Votes, func(w roster.Voice) bool { return w.Team == self })
		switch {
		case m.Proposal == (record.StatementID{}) && p.Team == r.canonical(m.Team) && !p.Effective && voted && slices.ContainsFunc(p.Votes, func(w roster.Voice) bool { return w.ID == p.ID && w.Team == self }):
			return refusal(policy.Duplicate, "this team proposed that already, by "+p.ID.String(), "others vote for it there")
		case p.ID != m.Proposal:
		case p.Team != r.canonical(m.Team):
			return refusal(policy.NotOurs, "the proposal is about another team", "")
		case voted:
			return refusal(policy.Duplicate, "this team voted for that already", "")
		default:
			return nil
		}
	}
	if m.Proposal != (record.StatementID{}) {
		return refusal(policy.NotOurs, "the proposal is not known here", "tocsin community show lists what is proposed")
	}
	return nil
}

func (r *Replica) mayLeaveCommunity(c *roster.Community) error {
	if !c.Member(r.self) {
		return notMember()
	}
	return nil
}

func (r *Replica) mayApply(c *roster.Community) error {
	switch {
	case !sponsors(c):
		return refusal(policy.NotMember, "a founder's word admits to this community", "ask a founder for an invite")
	case c.Member(r.self):
		return refusal(policy.Duplicate, "this team is a member of the community already", "")
	}
	for _, a := range c.Applications() {
		if a.Team == r.canonical(r.self) && a.State == roster.Open {
			return refusal(policy.Duplicate, "this team applied already, by "+a.ID.String(), "its members sponsor it there")
		}
	}
	return nil
}

func notMember() error {
	return refusal(policy.NotMember, "this team is not a member of the community", "")
}

// openApplication returns an application on which members can still speak, for one who is not who applied.
func (r *Replica) openApplication(c *roster.Community, id record.StatementID) (*roster.Application, error) {
	if !c.Member(r.self) {
		return nil, notMember()
	}
	all := c.Applications()
	at := slices.IndexFunc(all, func(a roster.Application) bool { return a.ID == id })
	if at < 0 {
		return nil, refusal(policy.NotOurs, "the application is not known here", "take in the file of the team that applies")
	}
	a := &all[at]
	switch {
	case a.Team == r.canonical(r.self):
		return nil, refusal(policy.NotOurs, "it is this team's own application", "")
	case a.State != roster.Open:
		return nil, refusal(policy.NotMember, fmt.Sprintf("the application is %s", a.State), "")
	}
	return a, nil
}

func (r *Replica) spoke(words []roster.Voice) bool {
	self := r.canonical(r.self)
	return slices.ContainsFunc(words, func(w roster.Voice) bool { return w.Team == self && w.Counts })
}

// opposing returns the objections that count, one of each team, in words.
func (r *Replica) opposing(a *roster.Application) (out []string) {
	seen := map[identity.TeamID]bool{}
	for _, v := range a.Objections {
		if v.Counts && !seen[v.Team] {
			seen[v.Team] = true
			out = append(out, fmt.Sprintf("%s (%s): %s", cmp.Or(r.roster.Name(v.Team), "a member"), v.Team, v.Text))
		}
	}
	return out
}

func (r *Replica) maySponsor(c *roster.Community, application record.StatementID) error {
	a, err := r.openApplication(c, application)
	if err != nil {
		return err
	}
	if r.spoke(a.Sponsors) {
		return refusal(policy.Duplicate, "this team sponsors it already", "")
	}
	if against := r.opposing(a); len(against) >= c.Charter.Admission.Objections {
		return refusal(policy.NotMember, "the application is kept out by objections, and sponsoring it changes nothing: "+strings.Join(against, "; "),
			"the team can apply again once they are settled: tocsin community applications")
	}
	if used, limit := c.Budget(r.self); limit > 0 && used >= limit {
		return refusal(policy.Quota, fmt.Sprintf("this team answers for %d teams already, at most %d are allowed", used, limit),
			"another member can sponsor it")
	}
	return nil
}

func (r *Replica) mayObject(c *roster.Community, application record.StatementID) error {
	a, err := r.openApplication(c, application)
	if err == nil && r.spoke(a.Objections) {
		return refusal(policy.Duplicate, "this team objected already", "")
	}
	return err
}

// mayAdmit refuses an attestation that does not count, or that is not true: the window must have passed by
// this node's own clock since it had the application and the sponsorings that are named.
func (r *Replica) mayAdmit(now time.Time, c *roster.Community, m *notice.Admit) error {
	if _, err := c.Attest(m.Application, r.self); err != nil {
		reason := policy.NotMember
		if errors.Is(err, roster.ErrAttested) || errors.Is(err, roster.ErrDecided) {
			reason = policy.Duplicate
		}
		return refusal(reason, err.Error(), "tocsin community show says how far each application is")
	}
	ends, ok := r.windowEnds(c, m.Application, m.Sponsors)
	switch {
	case !ok:
		return refusal(policy.NotOurs, "a sponsoring that it names is not here", "")
	case now.Before(ends):
		return refusal(policy.Future, "the time in which members may object runs until "+dsse.FormatTime(ends), "attest it then")
	}
	return nil
}

// WindowEnds returns when the window of an application ends for this node, which attests with these
// sponsorings: it began when the last of all of them came here, by this node's own clock.
func (r *Replica) WindowEnds(c identity.CommunityID, application record.StatementID, sponsorings []record.StatementID) (time.Time, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	community, ok := r.roster.Community(c)
	if !ok {
		return time.Time{}, false
	}
	return r.windowEnds(community, application, sponsorings)
}

func (r *Replica) windowEnds(c *roster.Community, application record.StatementID, sponsorings []record.StatementID) (time.Time, bool) {
	var began time.Time
	for _, id := range append([]record.StatementID{application}, sponsorings...) {
		at, ok := r.heard[id]
		if !ok {
			return time.Time{}, false
		}
		if at.After(began) {
			began = at
		}
	}
	return began.Add(c.Charter.Admission.Duration()), true
}
