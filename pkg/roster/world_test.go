package roster_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// town is a community under RuleSponsors with what was said in it, in the order in which it was said.
type town struct {
	t     testing.TB
	rule  notice.Admission
	all   []*record.Statement
	c     identity.CommunityID
	genes *record.Statement
}

func newTown(t testing.TB, rule notice.Admission, founders ...*party) *town {
	t.Helper()
	rule.Rule = notice.RuleSponsors
	says := &notice.Charter{Name: "town", Admission: rule}
	for _, p := range founders {
		says.Founders = append(says.Founders, p.team())
	}
	genes := state(t, roster.KindCharter, says, nil, founders...)
	return &town{t: t, rule: rule, all: []*record.Statement{genes}, c: identity.CommunityID(genes.ID()), genes: genes}
}

func (w *town) roster() *roster.Roster { return roster.New().With(w.all...) }

func (w *town) community() *roster.Community {
	w.t.Helper()
	c, ok := w.roster().Community(w.c)
	if !ok {
		w.t.Fatal("no community")
	}
	return c
}

// say signs a statement that names as heads what was said so far, or what at gives.
func (w *town) say(by *party, kind string, says notice.Content, at ...[]record.StatementID) *record.Statement {
	w.t.Helper()
	heads := w.roster().Heads(w.c)
	if len(at) > 0 {
		heads = slices.Clone(at[0])
		slices.SortFunc(heads, func(a, b record.StatementID) int { return slices.Compare(a[:], b[:]) })
		heads = slices.Compact(heads)
	}
	s := state(w.t, kind, says, heads, by)
	w.all = append(w.all, s)
	return s
}

// now is the heads that a statement made at this moment names.
func (w *town) now() []record.StatementID { return w.roster().Heads(w.c) }

func (w *town) apply(by *party, parent string, at ...[]record.StatementID) record.StatementID {
	w.t.Helper()
	return w.say(by, roster.KindApply, &notice.Apply{Community: w.c, Name: by.d.Name, Parent: parent}, at...).ID()
}

func (w *town) sponsor(by *party, a record.StatementID, at ...[]record.StatementID) record.StatementID {
	w.t.Helper()
	return w.say(by, roster.KindSponsor, &notice.Sponsor{Community: w.c, Application: a}, at...).ID()
}

func (w *town) object(by *party, a record.StatementID, at ...[]record.StatementID) record.StatementID {
	w.t.Helper()
	return w.say(by, roster.KindObject, &notice.Object{Community: w.c, Application: a, Reason: "no"}, at...).ID()
}

func (w *town) admit(by *party, a record.StatementID, sponsors []record.StatementID, at ...[]record.StatementID) record.StatementID {
	w.t.Helper()
	return w.say(by, roster.KindAdmit, &notice.Admit{Community: w.c, Application: a, Sponsors: sponsors}, at...).ID()
}

func (w *town) propose(by, of *party, lanes []notice.LaneHead, at ...[]record.StatementID) record.StatementID {
	w.t.Helper()
	return w.say(by, roster.KindRemove, &notice.Remove{Community: w.c, Team: of.team(), Heads: lanes, Reason: "leaks"}, at...).ID()
}

func (w *town) vote(by, of *party, p record.StatementID, at ...[]record.StatementID) record.StatementID {
	w.t.Helper()
	return w.say(by, roster.KindRemove, &notice.Remove{Community: w.c, Team: of.team(), Proposal: p}, at...).ID()
}

func (w *town) leave(by *party, lanes []notice.LaneHead, at ...[]record.StatementID) record.StatementID {
	w.t.Helper()
	return w.say(by, roster.KindLeave, &notice.Leave{Community: w.c, Heads: lanes}, at...).ID()
}

// bring has a team come in by the ordinary way, with the first witness and the sponsors after it.
func (w *town) bring(of *party, witness *party, sponsors ...*party) record.StatementID {
	w.t.Helper()
	a := w.apply(of, "")
	w.through(a, witness, sponsors...)
	return a
}

func (w *town) through(a record.StatementID, witness *party, sponsors ...*party) {
	w.t.Helper()
	var named []record.StatementID
	for _, s := range sponsors {
		named = append(named, w.sponsor(s, a))
	}
	w.admit(witness, a, named)
}

// removeBy has the voters remove a team, the first of them by proposing it.
func (w *town) removeBy(of *party, lanes []notice.LaneHead, voters ...*party) record.StatementID {
	w.t.Helper()
	p := w.propose(voters[0], of, lanes)
	for _, v := range voters[1:] {
		w.vote(v, of, p)
	}
	return p
}

// rooted makes a statement signed by root keys.
func rooted(t testing.TB, kind string, says notice.Content, heads []record.StatementID, signers ...*identity.RootKey) *record.Statement {
	t.Helper()
	b, err := notice.Encode(says)
	if err != nil {
		t.Fatal(err)
	}
	heads = slices.Clone(heads)
	slices.SortFunc(heads, func(a, b record.StatementID) int { return slices.Compare(a[:], b[:]) })
	d := record.Draft{Kind: kind, Created: noon, Says: b, Heads: heads}
	for _, k := range signers {
		d.Signers = append(d.Signers, record.Signer{Team: k.Team()})
	}
	payload, err := record.DraftStatement(d)
	if err != nil {
		t.Fatal(err)
	}
	var sigs []dsse.Signature
	for _, k := range signers {
		sigs = append(sigs, k.Sign(payload))
	}
	var v record.Verifier
	s, err := v.AssembleStatement(payload, sigs)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// wholly writes down everything that a roster says of a community and of some teams.
func wholly(r *roster.Roster, id identity.CommunityID, parties []*party) string {
	var b strings.Builder
	fmt.Fprintln(&b, r.Statements(), r.Communities(), r.Teams(), r.View(id), r.Heads(id))
	c, ok := r.Community(id)
	if !ok {
		return b.String()
	}
	fmt.Fprintln(&b, "members", c.Members(), c.AnyRemoved())
	for _, a := range c.Applications() {
		fmt.Fprintln(&b, "application", a.ID, a.Team, a.Apply.Name, a.State, a.Why, "\n\t", a.Sponsors, "\n\t", a.Objections, "\n\t", a.Admits)
		for _, p := range parties {
			named, err := c.Attest(a.ID, p.team())
			fmt.Fprintln(&b, "\tattest", named, err)
		}
	}
	for _, p := range c.Proposals() {
		fmt.Fprintln(&b, "proposal", p)
	}
	fmt.Fprintln(&b, "departures", c.Departures())
	for _, p := range parties {
		t := p.team()
		used, limit := c.Budget(t)
		fmt.Fprintln(&b, t, r.Canonical(t), c.Member(t), c.Removed(t), c.Left(t), c.Observer(t), c.IsFounder(t), c.SponsoredBy(t), c.Sponsored(t), used, limit, c.Parent(t))
		fmt.Fprintln(&b, r.Name(t), r.CommunitiesOf(t), r.For(t), r.ObservedBy(t), r.Frozen(t, p.d.Node), r.Revoked(t, p.d.Node), r.Rotations(t), r.HeadsOf(id, t))
		fmt.Fprintln(&b, r.Vouches(t), r.Successions(t), r.Trust(t, roster.Pins{Self: parties[0].team(), Teams: map[identity.TeamID]struct{}{parties[1].team(): {}}}))
		if s, ok := r.Profile(t); ok {
			fmt.Fprintln(&b, "profile", s.ID())
		}
		for _, d := range r.Nodes(t, noon) {
			fmt.Fprintln(&b, "node", d.ID())
		}
		for run := range byte(3) {
			for seq := range uint64(4) {
				fmt.Fprint(&b, c.Speaks(t, record.Lane{Node: p.d.Node, Run: record.Run{run}}, seq), " ")
			}
		}
	}
	return b.String()
}
