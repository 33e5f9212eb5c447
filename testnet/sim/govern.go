package sim

import (
	"bytes"
	"crypto/sha256"
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

// Constitute founds a community of several teams: each signs the charter and takes it up. name is what the
// world calls it; the charter's own name is that too where it has none.
func (w *World) Constitute(name string, founders []*Team, c notice.Charter) error {
	if _, ok := w.communities[name]; ok {
		return fmt.Errorf("there is a community %s already", name)
	}
	if c.Name == "" {
		c.Name = name
	}
	founders = slices.Clone(founders)
	slices.SortFunc(founders, func(a, b *Team) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	d := record.Draft{Kind: roster.KindCharter, Created: w.now}
	var keys []*identity.NodeKey
	for _, f := range founders {
		if !f.Up() {
			return fmt.Errorf("found %s: %w", name, errDown)
		}
		c.Founders = append(c.Founders, f.ID)
		d.Signers = append(d.Signers, record.Signer{Team: f.ID, Delegation: f.opt.Delegation})
		keys = append(keys, f.key)
	}
	var err error
	if d.Says, err = notice.Encode(&c); err != nil {
		return err
	}
	s, err := assemble(d, keys...)
	if err != nil {
		return err
	}
	id := identity.CommunityID(s.ID())
	w.communities[name] = id
	w.regions = append(w.regions, name)
	w.oracle.charter(id, c.RetentionDays)
	for _, f := range founders {
		f.handed(s.Frame())
		w.tell("%s founds %s with %d others", f.Name, name, len(founders)-1)
		f.announceSoon()
	}
	return nil
}

// handed gives statements to a team's operator, as a file.
func (t *Team) handed(frames ...[]byte) {
	for _, o := range t.rep.Join(t.now(), frames) {
		switch {
		case o.Verdict == policy.Accept:
			t.w.oracle.learnt(t, o.ID)
		case o.Reason != policy.Duplicate:
			t.w.tell("%s does not take a statement: %s", t.Name, o.Reason)
		}
	}
	t.w.bury()
	if t.Up() {
		t.tend()
	}
}

// Apply asks for membership, and takes the charter and the application to a member as files.
func (t *Team) Apply(community string, member *Team, parent string) error {
	c, ok := t.w.communities[community]
	switch {
	case !ok:
		return fmt.Errorf("there is no community %s", community)
	case !t.Up() || !member.Up():
		return fmt.Errorf("apply to %s: %w", community, errDown)
	}
	charter, ok := member.rep.Roster().Statement(record.StatementID(c))
	if !ok {
		return fmt.Errorf("%s has no charter of %s", member.Name, community)
	}
	t.handed(charter.Frame())
	if !t.Up() {
		return errDied
	}
	s, err := t.sign(roster.KindApply, &notice.Apply{Community: c, Name: t.Name, Parent: parent})
	if err != nil {
		return err
	}
	t.w.tell("%s applies to %s", t.Name, community)
	member.handed(s.Frame())
	t.announceSoon()
	return nil
}

// same reports whether two roots are one team's, as far as t knows.
func (t *Team) same(a, b identity.TeamID) bool {
	now := t.rep.Roster()
	return now.Canonical(a) == now.Canonical(b)
}

// errNothing says that there is nothing that could be said to that.
var errNothing = errors.New("nothing to say that to")

// application returns what a team asks of a community as t sees it: the application that is open.
func (t *Team) application(community string, by *Team) (*roster.Community, *roster.Application, error) {
	if !t.Up() {
		return nil, nil, fmt.Errorf("look at %s: %w", community, errDown)
	}
	if c, ok := t.rep.Roster().Community(t.w.communities[community]); ok {
		for _, a := range c.Applications() {
			if t.same(a.Team, by.ID) && a.State == roster.Open {
				return c, &a, nil
			}
		}
	}
	return nil, nil, fmt.Errorf("an open application of %s: %w", by.Name, errNothing)
}

// Sponsor supports a team's application.
func (t *Team) Sponsor(community string, applicant *Team) error {
	c, a, err := t.application(community, applicant)
	if err != nil {
		return err
	}
	return t.state(roster.KindSponsor, &notice.Sponsor{Community: c.ID, Application: a.ID}, "sponsors "+applicant.Name)
}

// Object speaks against a team's application.
func (t *Team) Object(community string, applicant *Team) error {
	c, a, err := t.application(community, applicant)
	if err != nil {
		return err
	}
	return t.state(roster.KindObject, &notice.Object{Community: c.ID, Application: a.ID, Reason: "known to leak"}, "objects to "+applicant.Name)
}

// VoteOut votes for the removal of a team: for the proposal that has most votes, or for one of its own.
func (t *Team) VoteOut(community string, member *Team) error {
	if !t.Up() {
		return fmt.Errorf("vote in %s: %w", community, errDown)
	}
	c, ok := t.rep.Roster().Community(t.w.communities[community])
	if !ok || !c.Member(member.ID) {
		return fmt.Errorf("membership of %s: %w", member.Name, errNothing)
	}
	var best *roster.Proposal
	for _, p := range c.Proposals() {
		voted := slices.ContainsFunc(p.Votes, func(v roster.Voice) bool { return t.same(v.Team, t.ID) })
		if t.same(p.Team, member.ID) && !p.Effective && !voted && (best == nil || p.Counting > best.Counting) {
			best = &p
		}
	}
	if best != nil {
		return t.state(roster.KindRemove, &notice.Remove{Community: c.ID, Team: member.ID, Proposal: best.ID}, "votes to remove "+member.Name)
	}
	heads, err := t.rep.LaneHeads(record.InCommunity(c.ID), member.ID)
	if err != nil {
		return err
	}
	return t.state(roster.KindRemove, &notice.Remove{Community: c.ID, Team: member.ID, Heads: heads}, "proposes to remove "+member.Name)
}

// Leave ends the team's own membership.
func (t *Team) Leave(community string) error {
	if !t.Up() {
		return fmt.Errorf("leave %s: %w", community, errDown)
	}
	c := t.w.communities[community]
	heads, err := t.rep.LaneHeads(record.InCommunity(c), t.ID)
	if err != nil {
		return err
	}
	return t.state(roster.KindLeave, &notice.Leave{Community: c, Heads: heads}, "leaves "+community)
}

// state signs something and tells it on.
func (t *Team) state(kind string, says notice.Content, words string) error {
	if _, err := t.sign(kind, says); err != nil {
		return err
	}
	t.w.tell("%s %s", t.Name, words)
	t.announceSoon()
	t.tend()
	return nil
}

// turnEach is how long a witness waits for each that goes before it.
const turnEach = 2 * time.Second

// tend attests what this team may attest now by its own clock, and sees to it that it is called when more
// will be due.
func (t *Team) tend() {
	now := t.rep.Roster()
	var next time.Time
	for _, id := range now.Communities() {
		c, _ := now.Community(id)
		if c.Charter.Admission.Rule != notice.RuleSponsors || !c.Member(t.ID) {
			continue
		}
		for _, a := range c.Applications() {
			due := t.due(c, &a)
			switch {
			case due.IsZero():
			case !due.After(t.now()):
				t.attest(c.ID, a.ID)
				if !t.Up() {
					return
				}
			case next.IsZero() || due.Before(next):
				next = due
			}
		}
	}
	if next.IsZero() {
		return
	}
	in := next.Sub(t.now())
	if at := t.w.now.Add(in); t.tending.IsZero() || !t.tending.After(t.w.now) || at.Before(t.tending) {
		t.tending = at
		t.later(in, t.tend)
	}
}

// due returns when the window of an application has run by this team's clock and its turn has come; zero
// if it cannot attest.
func (t *Team) due(c *roster.Community, a *roster.Application) time.Time {
	if a.State != roster.Open {
		return time.Time{}
	}
	if _, err := c.Attest(a.ID, t.ID); err != nil {
		return time.Time{}
	}
	began, ok := t.rep.StatementHeard(a.ID)
	var sponsored []time.Time
	for _, s := range a.Sponsors {
		if at, known := t.rep.StatementHeard(s.ID); known && s.Counts {
			sponsored = append(sponsored, at)
		}
	}
	k := c.Charter.Admission.Sponsors
	if !ok || len(sponsored) < k {
		return time.Time{}
	}
	slices.SortFunc(sponsored, time.Time.Compare)
	if sponsored[k-1].After(began) {
		began = sponsored[k-1]
	}
	rank := func(m identity.TeamID) [32]byte { return sha256.Sum256(append(bytes.Clone(a.ID[:]), m[:]...)) }
	own, before := rank(t.ID), 0
	for _, m := range c.Members() {
		if of := rank(m); bytes.Compare(of[:], own[:]) < 0 {
			before++
		}
	}
	return began.Add(c.Charter.Admission.Duration() + time.Duration(before)*turnEach)
}

func (t *Team) attest(community identity.CommunityID, id record.StatementID) {
	c, _ := t.rep.Roster().Community(community)
	named, err := c.Attest(id, t.ID)
	if err != nil {
		return // what it said a moment ago changed that
	}
	if _, err := t.sign(roster.KindAdmit, &notice.Admit{Community: c.ID, Application: id, Sponsors: named}); err != nil {
		if t.Up() {
			t.w.note("%s cannot attest: %v", t.Name, err)
			t.later(time.Minute, t.tend)
		}
		return
	}
	s, _ := t.rep.Roster().Statement(id)
	t.w.tell("%s attests %s", t.Name, t.w.nameOf(s.Signers[0].Team))
	t.announceSoon()
}
