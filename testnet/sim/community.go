package sim

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// announceAfter is how long news about who belongs where is collected before it is told on.
const announceAfter = 300 * time.Millisecond

// Found founds a community of one. retentionDays 0 means the default.
func (t *Team) Found(name string, retentionDays int) error {
	if _, ok := t.w.communities[name]; ok {
		return fmt.Errorf("there is a community %s already", name)
	}
	s, err := t.sign(roster.KindCharter, &notice.Charter{
		Name: name, Founders: []identity.TeamID{t.ID}, RetentionDays: retentionDays,
	})
	if err != nil {
		return err
	}
	t.w.communities[name] = identity.CommunityID(s.ID())
	t.w.regions = append(t.w.regions, name)
	t.w.oracle.charter(identity.CommunityID(s.ID()), retentionDays)
	t.w.tell("%s founds %s", t.Name, name)
	return nil
}

// Admit makes a team a member: the founder signs, and hands it the community's statements as a file.
func (t *Team) Admit(community string, joiner *Team) error {
	c, ok := t.w.communities[community]
	switch {
	case !ok:
		return fmt.Errorf("there is no community %s", community)
	case !joiner.Up():
		return fmt.Errorf("admit %s: %w", joiner.Name, errDown)
	}
	if _, err := t.sign(roster.KindMember, &notice.Member{Community: c, Team: joiner.ID, Name: joiner.Name}); err != nil {
		return err
	}
	t.rep.AddStatements(t.now(), [][]byte{record.DelegationStatement(joiner.opt.Delegation).Frame()})
	frames := t.rep.StatementFrames(t.rep.Statements(), joiner.ID)
	if !t.Up() {
		return errDied
	}
	for _, o := range joiner.rep.Join(t.now(), frames) {
		if o.Verdict != policy.Accept && o.Reason != policy.Duplicate {
			t.w.tell("%s does not take a statement: %s", joiner.Name, o.Reason)
		}
	}
	if !joiner.Up() {
		return errDied
	}
	t.w.tell("%s admits %s to %s", t.Name, joiner.Name, community)
	t.announceSoon()
	joiner.announceSoon()
	return nil
}

// Remove ends a team's membership. What it wrote and the founder has not seen is outside.
func (t *Team) Remove(community string, member *Team) error {
	c, ok := t.w.communities[community]
	if !ok {
		return fmt.Errorf("there is no community %s", community)
	}
	heads, err := t.rep.LaneHeads(record.InCommunity(c), member.ID)
	if err != nil {
		return err
	}
	if _, err := t.sign(roster.KindRemove, &notice.Remove{Community: c, Team: member.ID, Heads: heads}); err != nil {
		return err
	}
	t.w.tell("%s removes %s from %s", t.Name, member.Name, community)
	t.announceSoon()
	return nil
}

// What a team's operator hears from a machine in trouble.
var (
	errDied = errors.New("the machine went down in the call")
	errDown = errors.New("the machine is down")
)

func (t *Team) sign(kind string, says notice.Content) (*record.Statement, error) {
	if !t.Up() || t.paused {
		return nil, fmt.Errorf("sign for %s: %w", t.Name, errDown)
	}
	b, err := notice.Encode(says)
	if err != nil {
		return nil, err
	}
	s, err := t.rep.SignStatement(t.now(), kind, b)
	t.w.bury()
	if !t.Up() {
		return nil, errDied
	}
	return s, err
}

func (t *Team) announceSoon() { t.later(announceAfter, t.visitAll) }

// fellows returns the teams that share a community with t, in the order of their making.
func (t *Team) fellows() []*Team {
	now := t.rep.Roster()
	var out []*Team
	for _, other := range t.w.teams {
		if other != t && (now.Share(t.ID, other.ID) || t.meets(other.ID) || other.Up() && other.meets(t.ID)) {
			out = append(out, other)
		}
	}
	return out
}

// meets reports whether a team has business here without being a fellow: it applied where this team is a
// member, or was removed there, or the other way round.
func (t *Team) meets(other identity.TeamID) bool {
	now := t.rep.Roster()
	for _, id := range now.Communities() {
		c, _ := now.Community(id)
		if c.Charter.Admission.Rule != notice.RuleSponsors {
			continue
		}
		applied := func(a identity.TeamID) bool {
			return slices.ContainsFunc(c.Applications(), func(x roster.Application) bool { return t.same(x.Team, a) })
		}
		if c.Member(t.ID) && applied(other) || c.Member(other) && applied(t.ID) {
			return true
		}
	}
	return false
}

// round visits every fellow, and again after the period.
func (t *Team) round() {
	clear(t.tried)
	t.visitAll()
	p := t.w.cfg.SyncPeriod
	t.later(p-p/5+t.w.upTo(p*2/5), t.round)
}

func (t *Team) visitAll() {
	for _, other := range t.fellows() {
		t.visit(other)
	}
}

// meet is what two nodes do that reach each other again.
func (t *Team) meet(other *Team) {
	t.later(time.Second+t.w.upTo(2*time.Second), func() {
		t.visit(other)
		t.deliver(other, true)
		if other.Up() {
			other.deliver(t, true)
		}
	})
}
