package replica_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
	"tocsin/pkg/roster"
	"tocsin/pkg/seal"
)

// forged wraps a key for a node with any word on whose it is and what it is for.
func (tm *team) forged(t testing.TB, to *team, ch record.Channel, key seal.Key, minter identity.TeamID, view [32]byte) []byte {
	t.Helper()
	id := key.ID(ch.Tag())
	w, err := seal.Wrap(key, notice.Wrap{Channel: ch.Tag(), Key: dsse.Hash(id), To: to.Node(), Minter: minter, View: view}, to.public())
	if err != nil {
		t.Fatal(err)
	}
	return tm.sign(t, roster.KindWrap, w).Frame()
}

// A member that knows that it is about to be out hands round a key for the membership that follows, in the
// name of somebody who stays in.
func TestAKeyThatARemovedMemberLeftBehindSealsNothing(t *testing.T) {
	key, err := seal.NewKey(source(77))
	if err != nil {
		t.Fatal(err)
	}
	root, err := identity.NewRootKey(source(3)) // Gamma's
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		relayed, frozen := i%2 == 1, i >= 2
		a, b, c, ch := trio(t)
		d := newTeam(t, 4, "Delta")
		state(t, a, roster.KindMember, &notice.Member{Community: ch.Community, Team: d.Self(), Name: "d"})
		d.Join(noon, a.StatementFrames(a.Statements(), a.Self()))
		meet(t, a, b, c, d)
		spread(t, noon, a, b, c, d)
		var gone *record.Statement
		if frozen { // not a member but a thief of its key
			gone = (&party{root: root, d: c.Delegation()}).rootSays(t, roster.KindRevoke, &notice.Revoke{Node: c.Node(), Frozen: true})
			a.AddStatements(noon, frames(gone))
		} else {
			gone = state(t, a, roster.KindRemove, &notice.Remove{Community: ch.Community, Team: c.Self()})
		}
		view, id := a.Roster().View(ch.Community), key.ID(ch.Tag())
		if n := b.TakeWraps(noon, c.Self(), [][]byte{c.forged(t, b, ch, key, a.Self(), view)}); n != 1 {
			t.Fatal("a member's key is not taken")
		}
		if relayed {
			ask := []replica.KeyAsk{{Channel: ch, Key: id}}
			if d.TakeWraps(noon, b.Self(), b.WrapsFor(noon, d.Delegation(), d.public(), ask)) != 1 {
				t.Fatal("the key is not relayed")
			}
		}
		for range 2 {
			for _, tm := range []*team{b, d} {
				tm.AddStatements(noon, frames(gone))
				if tm.Roster().View(ch.Community) != view {
					t.Fatal("another view than was foreseen")
				}
				rec := tm.publish(t, noon, ch, marked(notice.TLPAmber, canary))
				if bytes.Equal(rec.Header().Body.KeyID, id[:]) {
					t.Errorf("relayed %t, frozen %t: what is written after it is sealed with a key that was left behind", relayed, frozen)
				}
				tm.restart(t, noon)
			}
		}
	}
}

// An honest key that overtakes the statements its view rests on is used and handed on all the same.
func TestAKeyThatComesBeforeItsViewIsUsed(t *testing.T) {
	a, b, c, ch := trio(t)
	gone := state(t, a, roster.KindRemove, &notice.Remove{Community: ch.Community, Team: c.Self()})
	first := a.publish(t, noon, ch, marked(notice.TLPAmber, "x"))
	b.get(t, noon, first)
	if hand(noon, a, b) != 1 {
		t.Fatal("no key")
	}
	b.restart(t, noon)
	b.AddStatements(noon, frames(gone))
	b.restart(t, noon)
	if got := b.publish(t, noon, ch, marked(notice.TLPAmber, "y")); !bytes.Equal(got.Header().Body.KeyID, first.Header().Body.KeyID) {
		t.Error("another key was made")
	}
}

// A team comes in by a sponsor's word, which a revocation takes away later: the team was never in. Who had
// its records and who meets them afterwards must have the same set.
func TestRecordsOfATeamThatTurnsOutNeverToHaveBeenInAreOutsideEverywhere(t *testing.T) {
	a, b, c, d := quartet(t)
	ch := govern(t, rules(), a, b, c)
	enter(t, noon, ch, d, a, b, c)
	at := noon.Add(2 * time.Hour)
	rec := d.publish(t, at, ch, alert("by a member, as it seems"))
	b.get(t, at, rec)
	root, err := identity.NewRootKey(source(1))
	if err != nil {
		t.Fatal(err)
	}
	payload, err := record.DraftStatement(record.Draft{
		Kind: roster.KindRevoke, Created: noon, Says: encode(t, &notice.Revoke{Node: a.Node()}),
		Signers: []record.Signer{{Team: a.Self()}}, Heads: []record.StatementID{record.StatementID(ch.Community)},
	})
	if err != nil {
		t.Fatal(err)
	}
	var v record.Verifier
	revoke, err := v.AssembleStatement(payload, []dsse.Signature{root.Sign(payload)})
	if err != nil {
		t.Fatal(err)
	}
	for _, tm := range []*team{b, c} {
		if o := tm.AddStatements(at, frames(revoke))[0]; o.Verdict != policy.Accept {
			t.Fatal(o.Reason)
		}
		if tm.Roster().Member(ch.Community, d.Self()) {
			t.Fatal("still a member: change the test")
		}
	}
	if o := c.offer(at, rec.Frame()); o.Verdict == policy.Accept {
		t.Fatal("the record counts: change the test")
	}
	for range 2 {
		if len(b.Set(ch, at).Days()) != len(c.Set(ch, at).Days()) {
			t.Error("two members with the same statements have different sets for good")
		}
		b.restart(t, at)
	}
}

// A member has its own record erased and is removed as of before that: the erasing is outside, the record in.
func TestAnErasingThatGoesOutsideLeavesNoRecordThatNobodyCanTake(t *testing.T) {
	us, p, ch := village(t)
	one := p.say(t, ch, alert("one"), nil)
	erase := p.say(t, ch, &notice.Erase{Record: one.ID()}, nil)
	us.accept(t, noon, one.Frame(), erase.Frame())
	gone := state(t, us, roster.KindRemove, &notice.Remove{Community: ch.Community, Team: p.team(), Heads: heads(one)})
	other := newTeam(t, 9, "Other")
	state(t, us, roster.KindMember, &notice.Member{Community: ch.Community, Team: other.Self(), Name: "o"})
	us.AddStatements(noon, frames(record.DelegationStatement(other.Delegation())))
	other.Join(noon, us.StatementFrames(us.Statements(), other.Self()))
	if !other.Roster().Has(gone.ID()) {
		t.Fatal("no removal")
	}
	for range 2 {
		for _, day := range us.Set(ch, noon).Days() {
			for _, id := range us.Set(ch, noon).IDs(day.Day) {
				frame, err := us.FrameFor(id, other.Self(), policy.Sync)
				if err != nil {
					t.Fatal(err)
				}
				if o := other.offer(noon, frame); o.Verdict != policy.Accept && o.Reason != policy.Duplicate {
					t.Errorf("what is in the set here is refused there: %s %s", o.Reason, o.Detail)
				}
			}
		}
		us.restart(t, noon)
	}
	// Who was away and has the body brings it back.
	us.offer(noon, one.Frame())
	if e, err := us.Entry(one.ID()); err != nil || e.Notice == nil {
		t.Error("the body does not come back", err)
	}
}

// counted counts what is read.
type counted struct {
	replica.Store
	gets *int
}

func (c counted) Get(key []byte) ([]byte, error) {
	*c.gets++
	return c.Store.Get(key)
}

// A member asks a thousand times to erase what is another's: that is nobody's business, and costs nobody.
func TestErasingsByOthersCostNothing(t *testing.T) {
	us, p, ch := village(t)
	gets := 0
	us.opt.Store = counted{us.store, &gets}
	var err error
	if us.Replica, err = replica.Open(us.opt, noon); err != nil {
		t.Fatal(err)
	}
	ours := us.publish(t, noon, ch, alert("ours"))
	for range 1000 {
		us.accept(t, noon, p.say(t, ch, &notice.Erase{Record: ours.ID()}, nil).Frame())
	}
	gets = 0
	if e, err := us.Entry(ours.ID()); err != nil || len(e.Marks) != 0 || e.Notice == nil {
		t.Error(e.Marks, err)
	}
	if gets > 10 {
		t.Errorf("%d reads to show one record", gets)
	}
}

// What a stranger says of a community must not have everything that is here read again.
func TestAStrangersWordCostsNoReadingOfAllStatements(t *testing.T) {
	us, _, ch := village(t)
	noise := frames(newParty(t, 9).state(t, roster.KindRemove, &notice.Remove{Community: ch.Community, Team: us.Self()}))
	cost := func() float64 {
		return testing.AllocsPerRun(5, func() {
			if o := us.AddStatements(noon, noise)[0]; o.Verdict == policy.Accept {
				t.Fatal("taken")
			}
		})
	}
	before := cost()
	for i := range 200 {
		state(t, us, roster.KindMember, &notice.Member{Community: ch.Community, Team: identity.TeamID{1, byte(i)}, Name: "m"})
	}
	if after := cost(); after > 2*before+200 {
		t.Errorf("%.0f allocations with 200 statements more, %.0f before", after, before)
	}
}

// A member signs more than is kept of it, one resting on the other. Each node keeps others of these, by what
// came first; what an honest member said that knew of some must count everywhere all the same.
func TestAFloodOfOneMemberSilencesNoOther(t *testing.T) {
	a, b, c, _ := quartet(t)
	ch := govern(t, rules(), a, b, c)
	var flood []*record.Statement
	last := record.StatementID(ch.Community)
	for range 40 {
		payload, err := record.DraftStatement(record.Draft{
			Kind: roster.KindApply, Created: noon, Says: encode(t, &notice.Apply{Community: ch.Community, Name: "x"}),
			Signers: []record.Signer{{Team: c.Self(), Delegation: c.Delegation()}}, Heads: []record.StatementID{last},
		})
		if err != nil {
			t.Fatal(err)
		}
		var v record.Verifier
		s, err := v.AssembleStatement(payload, []dsse.Signature{c.opt.Key.Sign(identity.StatementType, payload)})
		if err != nil {
			t.Fatal(err)
		}
		last = s.ID()
		flood = append(flood, s)
	}
	for i := range flood {
		a.AddStatements(noon, frames(flood[i]))
		b.AddStatements(noon, frames(flood[len(flood)-1-i]))
	}
	must(t, nil, second(a.says(noon, t, roster.KindRemove, &notice.Remove{Community: ch.Community, Team: c.Self()})))
	for range 5 {
		spread(t, noon, a, b)
	}
	for _, tm := range []*team{a, b} {
		community, _ := tm.Roster().Community(ch.Community)
		if p := community.Proposals(); len(p) != 1 || p[0].Counting != 1 {
			t.Errorf("%d proposals are known to %s: %+v", len(p), tm.Delegation().Name, p)
		}
	}
}

// A thief of a node key uses up with it what is kept of a team's own word on its keys: the root's counts all
// the same.
func TestAThiefDoesNotUseUpTheRootsWord(t *testing.T) {
	us, p, _ := village(t)
	for i := range 200 {
		us.AddStatements(noon, frames(
			p.state(t, roster.KindRevoke, &notice.Revoke{Node: identity.NodeID{1, byte(i)}, Frozen: true}),
			p.state(t, roster.KindSucceed, &notice.Succeed{Old: identity.TeamID{1, byte(i)}, New: p.team()}),
			p.state(t, roster.KindRotate, &notice.Rotate{Old: p.team(), New: identity.TeamID{1, byte(i)}}),
		))
	}
	if o := us.AddStatements(noon, frames(p.rootSays(t, roster.KindRevoke, &notice.Revoke{Node: p.key.Node(), Frozen: true})))[0]; o.Verdict != policy.Accept {
		t.Error("the revocation is refused:", o.Reason, o.Detail)
	}
	if _, rotate := p.rotated(t, 50); us.AddStatements(noon, frames(rotate))[0].Verdict != policy.Accept {
		t.Error("the rotation is refused")
	}
}

// The same of what node keys sign: another key of the team is heard after the thief used up what is kept of one.
func TestAThiefDoesNotUseUpTheWordOfATeamsOtherKeys(t *testing.T) {
	a, b, c, _ := quartet(t)
	ch := govern(t, rules(), a, b, c)
	root, err := identity.NewRootKey(source(3)) // Gamma's
	if err != nil {
		t.Fatal(err)
	}
	word := func(p *party, i int) *record.Statement {
		return p.state(t, roster.KindApply, &notice.Apply{Community: ch.Community, Name: fmt.Sprintf("%02d", i)})
	}
	key := func(n int) *party {
		p := &party{root: root}
		p.key, p.d = p.node(t, uint64(300+n), "x")
		return p
	}
	b.opt.Bounds = roster.DefaultBounds()
	b.opt.Bounds.Brief = 16 * roster.Weight(word(key(0), 0))
	b.restart(t, noon)
	before := len(b.Roster().Statements())
	kept := func() int { return len(b.Roster().Statements()) - before }
	for n := range 10 {
		p := key(n)
		for i := range 40 {
			b.AddStatements(noon, frames(word(p, i)))
		}
		if n < 4 && kept() != 16*(n+1) {
			t.Errorf("%d are kept of %d keys", kept(), n+1)
		}
	}
	if kept() != 64 {
		t.Errorf("%d are kept of a team", kept())
	}
	b.restart(t, noon)
	for i := range 40 {
		b.AddStatements(noon, frames(word(key(100), i)))
	}
	if kept() != 64 {
		t.Error("a restart forgets: ", kept())
	}
}
