package replica_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
	"tocsin/pkg/roster"
)

func ofTeam(a, b *team) int {
	x, y := a.Self(), b.Self()
	return bytes.Compare(x[:], y[:])
}

// govern founds a community that its members rule.
func govern(t testing.TB, c *notice.Charter, founders ...*team) record.Channel {
	t.Helper()
	founders = slices.SortedFunc(slices.Values(founders), ofTeam)
	c.Name, c.Admission.Rule = "Selfgoverned", notice.RuleSponsors
	draft := record.Draft{Kind: roster.KindCharter, Created: noon}
	for _, f := range founders {
		c.Founders = append(c.Founders, f.Self())
		draft.Signers = append(draft.Signers, record.Signer{Team: f.Self(), Delegation: f.Delegation()})
	}
	draft.Says = encode(t, c)
	payload, err := record.DraftStatement(draft)
	if err != nil {
		t.Fatal(err)
	}
	var sigs []dsse.Signature
	for _, f := range founders {
		sigs = append(sigs, f.opt.Key.Sign(identity.StatementType, payload))
	}
	var v record.Verifier
	s, err := v.AssembleStatement(payload, sigs)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range founders {
		if o := f.Join(noon, frames(s))[0]; o.Verdict != policy.Accept {
			t.Fatal(o.Reason, o.Detail)
		}
	}
	meet(t, founders...)
	return record.InCommunity(identity.CommunityID(s.ID()))
}

// spread gives each team what it may have of the others.
func spread(t testing.TB, now time.Time, teams ...*team) {
	t.Helper()
	for range 3 {
		for _, a := range teams {
			for _, b := range teams {
				if a != b {
					b.AddStatements(now, a.StatementFrames(a.Statements(), b.Self()))
				}
			}
		}
	}
}

func (tm *team) says(now time.Time, t testing.TB, kind string, says notice.Content) (*record.Statement, policy.Reason) {
	t.Helper()
	s, err := tm.SignStatement(now, kind, encode(t, says))
	if err != nil && reasonOf(err) == "" {
		t.Fatal(err)
	}
	return s, reasonOf(err)
}

func must(t testing.TB, s *record.Statement, why policy.Reason) *record.Statement {
	t.Helper()
	if why != "" {
		t.Fatal(why)
	}
	return s
}

func rules() *notice.Charter {
	return &notice.Charter{Admission: notice.Admission{Sponsors: 2, Witnesses: 1, Window: 3600, Removal: 2, Objections: 1, Budget: 1}}
}

// enter lets a team apply and be admitted by the three founders.
func enter(t testing.TB, now time.Time, ch record.Channel, d, a, b, c *team) *record.Statement {
	t.Helper()
	d.Join(now, a.StatementFrames(a.Statements(), a.Self()))
	apply, why := d.says(now, t, roster.KindApply, &notice.Apply{Community: ch.Community, Name: "Delta"})
	must(t, apply, why)
	a.Join(now, frames(apply))
	must(t, apply, second(a.says(now, t, roster.KindSponsor, &notice.Sponsor{Community: ch.Community, Application: apply.ID()})))
	spread(t, now, a, b, c, d)
	must(t, apply, second(b.says(now, t, roster.KindSponsor, &notice.Sponsor{Community: ch.Community, Application: apply.ID()})))
	spread(t, now, a, b, c, d)
	later := now.Add(time.Hour)
	community, _ := c.Roster().Community(ch.Community)
	named, err := community.Attest(apply.ID(), c.Self())
	if err != nil {
		t.Fatal(err)
	}
	admission := &notice.Admit{Community: ch.Community, Application: apply.ID(), Sponsors: named}
	if _, why := c.says(later.Add(-time.Second), t, roster.KindAdmit, admission); why != policy.Future {
		t.Fatalf("attested before the window was over: %q", why)
	}
	must(t, apply, second(c.says(later, t, roster.KindAdmit, admission)))
	spread(t, later, a, b, c, d)
	for _, tm := range []*team{a, b, c, d} {
		if !tm.Roster().Member(ch.Community, d.Self()) {
			t.Fatalf("%s does not see the admission", tm.Self())
		}
	}
	meet(t, a, b, c, d)
	return apply
}

func second(_ *record.Statement, why policy.Reason) policy.Reason { return why }

func quartet(t testing.TB) (a, b, c, d *team) {
	t.Helper()
	return newTeam(t, 1, "Alpha"), newTeam(t, 2, "Beta"), newTeam(t, 3, "Gamma"), newTeam(t, 4, "Delta")
}

func TestATeamComesInByItsSponsorsAndObservesMeanwhile(t *testing.T) {
	a, b, c, d := quartet(t)
	ch := govern(t, rules(), a, b, c)
	clear, sealed := a.publish(t, noon, ch, alert("clear")), a.publish(t, noon, ch, marked(notice.TLPAmber, "sealed"))
	asked := a.publish(t, noon, ch, request())
	exercise := request()
	exercise.Status = notice.StatusExercise
	drill := a.publish(t, noon, ch, exercise)

	d.Join(noon, a.StatementFrames(a.Statements(), a.Self()))
	apply, why := d.says(noon, t, roster.KindApply, &notice.Apply{Community: ch.Community, Name: "Delta"})
	must(t, apply, why)
	if _, why := d.says(noon, t, roster.KindApply, &notice.Apply{Community: ch.Community, Name: "Delta"}); why != policy.Duplicate {
		t.Error("applied twice:", why)
	}
	if o := b.AddStatements(noon, frames(apply))[0]; o.Reason != policy.NotOurs {
		t.Error("a stranger brought its own application:", o.Reason)
	}
	if a.SetFor(ch, d.Self(), noon).Days() != nil || a.MayRead(d.Self(), ch) {
		t.Error("an applicant that nobody sponsors may read")
	}
	if o := a.Join(noon, frames(apply))[0]; o.Verdict != policy.Accept {
		t.Fatal(o.Reason)
	}
	sponsor := &notice.Sponsor{Community: ch.Community, Application: apply.ID()}
	s, why := a.says(noon, t, roster.KindSponsor, sponsor)
	must(t, s, why)
	for name, x := range map[string]struct {
		who  *team
		kind string
		says notice.Content
		is   policy.Reason
	}{
		"again":                     {a, roster.KindSponsor, sponsor, policy.Duplicate},
		"its own":                   {d, roster.KindSponsor, sponsor, policy.NotMember},
		"of nothing":                {b, roster.KindSponsor, &notice.Sponsor{Community: ch.Community, Application: s.ID()}, policy.NotOurs},
		"a member's application":    {a, roster.KindApply, &notice.Apply{Community: ch.Community, Name: "x"}, policy.Duplicate},
		"a founder's word":          {a, roster.KindMember, &notice.Member{Community: ch.Community, Team: d.Self(), Name: "x"}, policy.NotMember},
		"a removal of none":         {a, roster.KindRemove, &notice.Remove{Community: ch.Community, Team: d.Self()}, policy.NotMember},
		"a removal of itself":       {a, roster.KindRemove, &notice.Remove{Community: ch.Community, Team: a.Self()}, policy.NotOurs},
		"a vote for nothing":        {a, roster.KindRemove, &notice.Remove{Community: ch.Community, Team: b.Self(), Proposal: s.ID()}, policy.NotOurs},
		"leaving from outside":      {d, roster.KindLeave, &notice.Leave{Community: ch.Community}, policy.NotMember},
		"a revocation by a node":    {a, roster.KindRevoke, &notice.Revoke{Node: a.Node()}, policy.NotOurs},
		"a vouch for itself":        {a, roster.KindVouch, &notice.Vouch{Team: a.Self(), Name: "x"}, policy.NotOurs},
		"a withdrawal of no vouch":  {a, roster.KindWithdrawVouch, &notice.WithdrawVouch{Vouch: s.ID(), Team: b.Self()}, policy.NotOurs},
		"too few sponsors to admit": {c, roster.KindAdmit, &notice.Admit{Community: ch.Community, Application: apply.ID(), Sponsors: []record.StatementID{s.ID()}}, policy.NotMember},
	} {
		if name == "too few sponsors to admit" {
			spread(t, noon, a, b, c)
		}
		if _, why := x.who.says(noon, t, x.kind, x.says); why != x.is {
			t.Errorf("%s: %q, want %q", name, why, x.is)
		}
	}
	// Now it observes.
	spread(t, noon, a, b, c, d)
	if !a.MayRead(d.Self(), ch) || !d.Roster().Observer(ch.Community, d.Self()) {
		t.Fatal("it does not observe")
	}
	set := a.SetFor(ch, d.Self(), noon)
	var ids []record.ID
	for _, day := range set.Days() {
		ids = append(ids, set.IDs(day.Day)...)
	}
	if len(ids) != 2 || !slices.Contains(ids, clear.ID()) || !slices.Contains(ids, drill.ID()) {
		t.Errorf("an observer may have %d records", len(ids))
	}
	for rec, may := range map[*record.Record]bool{clear: true, drill: true, sealed: false, asked: false} {
		frame, err := a.FrameFor(rec.ID(), d.Self(), policy.Sync)
		if (err == nil) != may {
			t.Errorf("%s: %v", rec.Header().Kind, err)
		}
		if may {
			d.accept(t, noon, frame)
		}
	}
	key := []replica.KeyAsk{{Channel: ch, Key: [32]byte(sealed.Header().Body.KeyID)}}
	if got := a.WrapsFor(noon, d.Delegation(), d.public(), key); len(got) != 0 {
		t.Error("an observer was given a key")
	}
	if out := d.Publish(noon, []replica.Outgoing{{Channel: ch, Notice: alert("x")}}); reasonOf(out[0].Err) != policy.NotMember {
		t.Error(out[0].Err)
	} else if refusal, _ := errors.AsType[*replica.Refusal](out[0].Err); !strings.HasPrefix(refusal.Hint, "this team's application is running") {
		t.Error(refusal.Hint)
	}
}

func TestARemovedTeamComesBackAndSoDoItsRecords(t *testing.T) {
	a, b, c, d := quartet(t)
	ch := govern(t, rules(), a, b, c)
	enter(t, noon, ch, d, a, b, c)
	at := noon.Add(2 * time.Hour)
	rec := d.publish(t, at, ch, alert("by a member"))
	for _, tm := range []*team{a, b, c} {
		tm.get(t, at, rec)
	}
	// The store of one forgets nothing over a restart in between.
	p, why := a.says(at, t, roster.KindRemove, &notice.Remove{Community: ch.Community, Team: d.Self(), Reason: "x"})
	must(t, p, why)
	if _, why := a.says(at, t, roster.KindRemove, &notice.Remove{Community: ch.Community, Team: d.Self()}); why != policy.Duplicate {
		t.Error("proposed twice:", why)
	}
	spread(t, at, a, b, c, d)
	vote := &notice.Remove{Community: ch.Community, Team: d.Self(), Proposal: p.ID()}
	if st, err := b.Stats(); err != nil || st.Outside != 0 {
		t.Error("one vote of two removes", err)
	}
	must(t, p, second(b.says(at, t, roster.KindRemove, vote)))
	if _, why := b.says(at, t, roster.KindRemove, vote); why != policy.Duplicate && why != policy.NotMember {
		t.Error("voted twice:", why)
	}
	spread(t, at, a, b, c, d)
	for _, tm := range []*team{a, b, c, d} {
		for range 2 {
			if st, err := tm.Stats(); err != nil || st.Outside != 1 {
				t.Fatalf("%d outside, %v", st.Outside, err)
			}
			if e, err := tm.Entry(rec.ID()); err != nil || !slices.Contains(words(e), replica.MarkOutside) {
				t.Error(e.Marks, err)
			}
			if _, err := tm.FrameFor(rec.ID(), a.Self(), policy.Sync); err == nil {
				t.Error("evidence is handed out")
			}
			tm.restart(t, at)
		}
	}
	// It applies again, knowing of its removal, and is admitted again: what no removal named is in again.
	enter(t, at.Add(time.Hour), ch, d, a, b, c)
	for _, tm := range []*team{a, b, c, d} {
		for range 2 {
			if st, err := tm.Stats(); err != nil || st.Outside != 0 {
				t.Fatalf("%d outside, %v", st.Outside, err)
			}
			tm.restart(t, at)
		}
	}
	if e, err := a.Entry(rec.ID()); err != nil || len(e.Marks) != 0 {
		t.Error(e.Marks, err)
	}
}

func (p *party) rootSays(t testing.TB, kind string, says notice.Content) *record.Statement {
	t.Helper()
	payload, err := record.DraftStatement(record.Draft{
		Kind: kind, Created: noon, Says: encode(t, says), Signers: []record.Signer{{Team: p.team()}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var v record.Verifier
	s, err := v.AssembleStatement(payload, []dsse.Signature{p.root.Sign(payload)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A key is frozen, then revoked with heads: what came before the freeze is not doubted, what came after is,
// and the heads decide.
func TestAFrozenKeyIsDoubtedAndARevokedOneEnds(t *testing.T) {
	us, p, ch := village(t)
	one := p.say(t, ch, alert("1"), nil)
	us.accept(t, noon, one.Frame())
	freeze := p.rootSays(t, roster.KindRevoke, &notice.Revoke{Node: p.key.Node(), Frozen: true})
	stranger := newParty(t, 9).rootSays(t, roster.KindRevoke, &notice.Revoke{Node: p.key.Node(), Frozen: true})
	out := us.AddStatements(noon.Add(time.Minute), frames(freeze, stranger))
	if out[0].Verdict != policy.Accept || out[1].Reason != policy.NotOurs {
		t.Fatal(out[0].Reason, out[1].Reason)
	}
	later := noon.Add(time.Hour)
	two, three := p.say(t, ch, alert("2"), nil), p.say(t, ch, alert("3"), nil)
	us.accept(t, later, two.Frame(), three.Frame())
	marks := func(r *record.Record) []replica.MarkWord {
		t.Helper()
		e, err := us.Entry(r.ID())
		if err != nil {
			t.Fatal(err)
		}
		return words(e)
	}
	for range 2 {
		if len(marks(one)) != 0 || !slices.Equal(marks(two), []replica.MarkWord{replica.MarkFrozenKey}) {
			t.Error(marks(one), marks(two))
		}
		us.restart(t, later)
	}
	us.AddStatements(later, frames(p.rootSays(t, roster.KindRevoke, &notice.Revoke{
		Node: p.key.Node(), Heads: []notice.Cut{{Channel: ch.Tag(), Run: dsse.Nonce(p.run), Seq: 2, ID: two.ID()}},
	})))
	for range 2 {
		if len(marks(one)) != 0 || len(marks(two)) != 0 || !slices.Equal(marks(three), []replica.MarkWord{replica.MarkOutside}) {
			t.Error(marks(one), marks(two), marks(three))
		}
		us.restart(t, later)
	}
	if o := us.offer(later, p.say(t, ch, alert("4"), nil).Frame()); o.Reason != policy.Revoked {
		t.Error(o.Reason)
	}
}

func TestNothingIsSignedWithAKeyThatWasTakenBack(t *testing.T) {
	for _, frozen := range []bool{true, false} {
		us, _, ch := village(t)
		root, err := identity.NewRootKey(source(1)) // as newTeam makes it
		if err != nil {
			t.Fatal(err)
		}
		self := &party{root: root, d: us.Delegation()}
		us.Join(noon, frames(self.rootSays(t, roster.KindRevoke, &notice.Revoke{Node: us.Node(), Frozen: frozen})))
		out := us.Publish(noon, []replica.Outgoing{{Channel: ch, Notice: alert("x")}})
		if reasonOf(out[0].Err) != policy.Revoked {
			t.Error(out[0].Err)
		}
		if _, why := us.says(noon, t, roster.KindMember, &notice.Member{Community: ch.Community, Team: newParty(t, 9).team(), Name: "x"}); why != policy.Revoked {
			t.Error(why)
		}
	}
}

func TestACommunityThatEndedTakesNoMore(t *testing.T) {
	a, b, c, _ := quartet(t)
	charter := rules()
	charter.Ends = noon.Add(time.Hour)
	ch := govern(t, charter, a, b, c)
	b.get(t, noon, a.publish(t, noon, ch, alert("in time")))
	out := a.Publish(noon.Add(2*time.Hour), []replica.Outgoing{{Channel: ch, Notice: alert("late")}})
	if reasonOf(out[0].Err) != policy.Ended {
		t.Error(out[0].Err)
	}
}

// A member signs more than anybody keeps; what another member refers to is kept all the same.
func TestStatementsOfOneSignerAreBounded(t *testing.T) {
	a, b, c, _ := quartet(t)
	ch := govern(t, rules(), a, b, c)
	var flood []*record.Statement
	for i := range 200 {
		flood = append(flood, a.sign(t, roster.KindLeave, &notice.Leave{Community: ch.Community, Reason: fmt.Sprint(i)}))
	}
	kept, weight := 0, int64(0)
	var refused *record.Statement
	for i, o := range b.AddStatements(noon, frames(flood...)) {
		if o.Verdict == policy.Accept {
			kept++
			weight += roster.Weight(flood[i])
		} else {
			refused = flood[i]
		}
	}
	if most := roster.DefaultBounds().Brief; weight < most || weight > most+roster.Weight(flood[0]) {
		t.Fatalf("%d are kept, which weigh %d", kept, weight)
	}
	refers := c.word(t, roster.KindLeave, &notice.Leave{Community: ch.Community}, refused.ID())
	if got := reasons(b.AddStatements(noon, frames(refused, refers))); got[0] != policy.OK || got[1] != policy.OK {
		t.Error(got)
	}
}
