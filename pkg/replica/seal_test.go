package replica_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/ledger"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
	"tocsin/pkg/roster"
	"tocsin/pkg/seal"
)

const canary = "canary-7f3a: the patient's name is Kestrel"

func marked(tlp notice.TLP, title string) *notice.Alert {
	a := alert(title)
	a.Marking.TLP = tlp
	return a
}

func sealedRequest(tlp notice.TLP, to ...identity.TeamID) *notice.Request {
	q := request(to...)
	q.Marking.TLP, q.Texts[0].Title = tlp, canary
	return q
}

// public returns the public half of a team's sealing key.
func (tm *team) public() []byte { return tm.opt.Key.Sealing().PublicKey().Bytes() }

// meet lets teams have each other's delegations and sealing keys.
func meet(t testing.TB, teams ...*team) {
	t.Helper()
	for _, a := range teams {
		for _, b := range teams {
			if a == b {
				continue
			}
			a.AddStatements(noon, [][]byte{record.DelegationStatement(b.Delegation()).Frame()})
			if err := a.PutSealingKey(b.public()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// hand lets one team ask another for what it wants, and returns how many keys came.
func hand(now time.Time, from, to *team) int {
	frames := from.WrapsFor(now, to.Delegation(), to.public(), to.WantedKeys())
	return to.TakeWraps(now, from.Self(), frames)
}

func (tm *team) reads(t testing.TB, id record.ID) bool {
	t.Helper()
	e, err := tm.Entry(id)
	if err != nil {
		t.Fatal(err)
	}
	return e.Notice != nil
}

func (tm *team) get(t testing.TB, now time.Time, r *record.Record) {
	t.Helper()
	tm.accept(t, now, r.Frame())
}

func words(e replica.Entry) (out []replica.MarkWord) {
	for _, m := range e.Marks {
		out = append(out, m.Word)
	}
	return out
}

func trio(t testing.TB) (a, b, c *team, ch record.Channel) {
	t.Helper()
	a, b, c = newTeam(t, 1, "Alpha"), newTeam(t, 2, "Beta"), newTeam(t, 3, "Gamma")
	ch = record.InCommunity(found(t, a, b, c))
	meet(t, a, b, c)
	return a, b, c, ch
}

func TestASealedAlertIsReadByThoseWhoHaveItsKey(t *testing.T) {
	a, b, c, ch := trio(t)
	rec := a.publish(t, noon, ch, marked(notice.TLPAmber, canary))
	if bytes.Contains(rec.Frame(), []byte(canary)) {
		t.Fatal("it went out in clear")
	}
	if !a.reads(t, rec.ID()) {
		t.Fatal("its author cannot read it")
	}
	if made := a.NewKeys(); len(made) != 1 || len(a.NewKeys()) != 0 {
		t.Fatalf("%d keys were made", len(made))
	}
	b.get(t, noon, rec)
	if b.reads(t, rec.ID()) || len(b.WantedKeys()) != 1 {
		t.Fatal("read without its key, or the key is not wanted")
	}
	b.restart(t, noon)
	if b.reads(t, rec.ID()) || len(b.WantedKeys()) != 1 {
		t.Fatal("the key is not wanted after a restart")
	}
	if n := hand(noon, a, b); n != 1 || !b.reads(t, rec.ID()) || len(b.WantedKeys()) != 0 {
		t.Fatalf("%d keys came", n)
	}
	if got := b.Opened(); len(got) != 1 || got[0] != rec.ID() {
		t.Fatal(got)
	}
	before := views(t, b.Replica, noon)
	b.restart(t, noon)
	same(t, "restart", before, views(t, b.Replica, noon))
	if !b.reads(t, rec.ID()) {
		t.Fatal("the key is gone after a restart")
	}
	// The same key is used by the next writer, and a third member gets it from either.
	second := b.publish(t, noon, ch, marked(notice.TLPGreen, "green"))
	if !bytes.Equal(second.Header().Body.KeyID, rec.Header().Body.KeyID) {
		t.Error("a second key was made for the same members")
	}
	c.get(t, noon, second)
	c.get(t, noon, rec)
	if hand(noon, b, c) != 1 || !c.reads(t, rec.ID()) || !c.reads(t, second.ID()) {
		t.Error("a member that is not the author did not hand the key on")
	}
}

func TestWhatWaitedForAKeyEntersTheViews(t *testing.T) {
	a, b, _, ch := trio(t)
	first := a.publish(t, noon, ch, marked(notice.TLPAmber, "first"))
	r := revision(notice.AlertUpdate, first.ID())
	r.Marking.TLP = notice.TLPAmber
	second := a.publish(t, noon, ch, r)
	ask := a.publish(t, noon, ch, sealedRequest(notice.TLPAmberStrict, b.Self()))
	long := long("long")
	long.Marking.TLP = notice.TLPGreen
	large := a.publish(t, noon, ch, long)
	for _, rec := range []*record.Record{first, second, ask, large} {
		b.get(t, noon, rec)
	}
	rows := func() (n int) {
		b.Ledger(func(l *ledger.Ledger) { n = len(l.Request(noon, ask.ID())) })
		return n
	}
	if rows() != 0 {
		t.Fatal("a sealed request is in the ledger")
	}
	if err := b.PutBody(large.ID(), large.Body()); err != nil {
		t.Fatal(err)
	}
	if st, err := b.Stats(); err != nil || st.Closed != 4 {
		t.Fatal(st.Closed, err)
	}
	hand(noon, a, b)
	check := func() {
		t.Helper()
		if got, err := b.Revisions(first.ID()); err != nil || len(got) != 1 {
			t.Errorf("%d revisions, %v", len(got), err)
		}
		if rows() != 1 || !b.reads(t, large.ID()) {
			t.Error("not all of it is in the views")
		}
		if st, err := b.Stats(); err != nil || st.Closed != 0 {
			t.Error(st.Closed, err)
		}
	}
	check()
	before := views(t, b.Replica, noon)
	b.restart(t, noon)
	same(t, "restart", before, views(t, b.Replica, noon))
	check()
}

func TestPrivateBodiesAreSealedToTheTwoTeams(t *testing.T) {
	a, b, c, _ := trio(t)
	ch := pair(t, a.Self(), b.Self())
	red := a.publish(t, noon, ch, sealedRequest(notice.TLPRed, b.Self()))
	if bytes.Contains(red.Frame(), []byte(canary)) {
		t.Fatal("it went out in clear")
	}
	b.get(t, noon, red)
	for _, tm := range []*team{a, b} {
		if !tm.reads(t, red.ID()) {
			t.Fatal("it cannot be read")
		}
		tm.restart(t, noon)
		if !tm.reads(t, red.ID()) {
			t.Fatal("it cannot be read after a restart")
		}
	}
	if o := c.offer(noon, red.Frame()); o.Reason != policy.NotOurs {
		t.Fatal(o.Reason)
	}
	ask := []replica.KeyAsk{{Channel: ch, Key: seal.KeyID(red.Header().Body.KeyID)}}
	if got := a.WrapsFor(noon, c.Delegation(), c.public(), ask); len(got) != 0 {
		t.Fatal("a third team was given the key")
	}
	if _, err := a.FrameFor(red.ID(), c.Self(), policy.Send); err == nil {
		t.Fatal("a third team was given the frame")
	}
	if _, err := a.FrameFor(red.ID(), b.Self(), policy.Send); err != nil {
		t.Fatal(err)
	}
	if _, err := a.FrameFor(red.ID(), identity.TeamID{}, policy.Forward); err == nil {
		t.Fatal("it goes to a topic")
	}
	answer := reply(red.ID())
	answer.Marking.TLP = notice.TLPAmber
	a.get(t, noon, b.publish(t, noon, ch, answer))
	if list, err := a.Answers(red.ID()); err != nil || len(list) != 1 {
		t.Fatal(len(list), err)
	}
}

func TestMarkingsThatMayNotGo(t *testing.T) {
	a, b, _, ch := trio(t)
	lone := newParty(t, 9)
	admit(t, a, ch.Community, lone)
	for name, x := range map[string]struct {
		ch  record.Channel
		tlp notice.TLP
		is  policy.Reason
	}{
		"RED to a community":                   {ch, notice.TLPRed, policy.Marking},
		"no marking":                           {ch, "", policy.MarkingAbsent},
		"nobody's key is here":                 {pair(t, a.Self(), lone.team()), notice.TLPAmber, policy.Unavailable},
		"CLEAR to one whose key is not here":   {pair(t, a.Self(), lone.team()), notice.TLPClear, ""},
		"RED to a team whose node key we have": {pair(t, a.Self(), b.Self()), notice.TLPRed, ""},
	} {
		out := a.Publish(noon, []replica.Outgoing{{Channel: x.ch, Notice: marked(x.tlp, canary)}})[0]
		if got := reasonOf(out.Err); got != x.is {
			t.Errorf("%s: %q, %v", name, got, out.Err)
		}
		if out.Err != nil && strings.Contains(out.Err.Error(), canary) {
			t.Errorf("%s: the refusal holds the content", name)
		}
	}
	if len(a.NewKeys()) != 0 {
		t.Error("a refusal made a key")
	}
}

// strict signs a body in clear although its marking is stricter.
func TestWhatMustBeSealedAndCameInClearGoesNoFurther(t *testing.T) {
	us, p, ch := village(t)
	if o := us.offer(noon, p.say(t, ch, marked(notice.TLPAmber, canary), nil).Frame()); o.Verdict != policy.Reject || o.Reason != policy.Marking {
		t.Errorf("%+v", o.Judgement)
	}
	big := long(canary)
	big.Marking.TLP = notice.TLPAmber
	rec := p.say(t, ch, big, nil)
	us.accept(t, noon, rec.Frame())
	if err := us.PutBody(rec.ID(), rec.Body()); reasonOf(err) != policy.Marking {
		t.Error(err)
	}
	for range 2 {
		if e, err := us.Entry(rec.ID()); err != nil || e.Notice != nil || len(words(e)) != 1 || words(e)[0] != replica.MarkUnsealed {
			t.Error(words(e), err)
		}
		if len(us.WantedBodies()) != 0 {
			t.Error("it is asked for again")
		}
		us.restart(t, noon)
	}
}

func TestARemovedMemberGetsNoNewKeyAndOldOnesNoMore(t *testing.T) {
	a, b, c, ch := trio(t)
	before := a.publish(t, noon, ch, marked(notice.TLPAmber, "before"))
	b.get(t, noon, before)
	c.get(t, noon, before)
	hand(noon, a, b)
	hand(noon, a, c)
	gone := state(t, a, roster.KindRemove, &notice.Remove{Community: ch.Community, Team: c.Self()})
	b.AddStatements(noon, [][]byte{gone.Frame()})
	later := noon.Add(time.Hour)
	after := a.publish(t, later, ch, marked(notice.TLPAmber, canary))
	if bytes.Equal(after.Header().Body.KeyID, before.Header().Body.KeyID) {
		t.Fatal("the key of before is used after the removal")
	}
	asks := []replica.KeyAsk{
		{Channel: ch, Key: seal.KeyID(after.Header().Body.KeyID)}, {Channel: ch, Key: seal.KeyID(before.Header().Body.KeyID)},
	}
	b.get(t, later, after)
	hand(later, a, b)
	for _, holder := range []*team{a, b} {
		if got := holder.WrapsFor(later, c.Delegation(), c.public(), asks); len(got) != 0 {
			t.Error("a removed team was given a key")
		}
	}
	// The node that knows of no removal yet does not find out from the record either.
	c.get(t, later, after)
	if c.reads(t, after.ID()) {
		t.Error("the removed team reads on")
	}
	until := a.ReadableUntil(ch.Community)
	if at, ok := until[c.Self()]; !ok || !at.Equal(noon) || len(until) != 1 {
		t.Errorf("readable until %v", until)
	}
}

// What was sealed before a team came in is its to read, too, where the charter gives new members history.
func TestUntilWhenARemovedTeamCouldReadCountsHistory(t *testing.T) {
	for history, want := range map[notice.History]time.Time{notice.HistoryAll: noon, notice.HistoryAdmission: {}} {
		a, late := newTeam(t, 1, "Alpha"), newTeam(t, 2, "Beta")
		says := func(at time.Time, kind string, c notice.Content) identity.CommunityID {
			s, err := a.SignStatement(at, kind, encode(t, c))
			if err != nil {
				t.Fatal(err)
			}
			return identity.CommunityID(s.ID())
		}
		c := says(noon, roster.KindCharter, &notice.Charter{Name: "Testland", Founders: []identity.TeamID{a.Self()}, History: history})
		a.publish(t, noon, record.InCommunity(c), marked(notice.TLPAmber, "before it came"))
		says(noon.Add(time.Minute), roster.KindMember, &notice.Member{Community: c, Team: late.Self(), Name: "late"})
		says(noon.Add(time.Hour), roster.KindRemove, &notice.Remove{Community: c, Team: late.Self()})
		if until, ok := a.ReadableUntil(c)[late.Self()]; !ok || !until.Equal(want) {
			t.Errorf("history %s: readable until %s, want %s", history, until, want)
		}
	}
}

func TestPartitionedHalvesMintTwiceAndBothReadBoth(t *testing.T) {
	a, b, c, ch := trio(t)
	one := a.publish(t, noon, ch, marked(notice.TLPAmber, "one half"))
	two := b.publish(t, noon, ch, marked(notice.TLPAmber, "other half"))
	if bytes.Equal(one.Header().Body.KeyID, two.Header().Body.KeyID) {
		t.Fatal("one key, made twice")
	}
	a.get(t, noon, two)
	b.get(t, noon, one)
	c.get(t, noon, one)
	c.get(t, noon, two)
	hand(noon, a, b)
	hand(noon, b, a)
	hand(noon, a, c)
	for _, tm := range []*team{a, b, c} {
		if !tm.reads(t, one.ID()) || !tm.reads(t, two.ID()) {
			t.Error("a half is not readable")
		}
	}
	// From now on all write with the same key.
	keys := map[string]bool{}
	for _, tm := range []*team{a, b, c} {
		keys[string(tm.publish(t, noon, ch, marked(notice.TLPAmber, "joined")).Header().Body.KeyID)] = true
	}
	if len(keys) != 1 || len(c.NewKeys()) != 0 {
		t.Errorf("%d keys are in use after the halves met", len(keys))
	}
}

// A member hands out another key than the one asked for; another member has the right one.
func TestAWrongKeyIsEvidenceAndAnotherMemberIsAsked(t *testing.T) {
	a, b, c, ch := trio(t)
	rec := a.publish(t, noon, ch, marked(notice.TLPAmber, "x"))
	b.get(t, noon, rec)
	hand(noon, a, b)
	c.get(t, noon, rec)
	want := c.WantedKeys()
	wrong, err := seal.NewKey(source(77))
	if err != nil {
		t.Fatal(err)
	}
	w := notice.Wrap{
		Channel: ch.Tag(), Key: dsse.Hash(wrong.ID(ch.Tag())), To: c.Node(), Minter: a.Self(),
		View: dsse.Hash{1},
	}
	// Its parts are right but for the name of the key, which the seal covers: it does not open.
	sealed, err := seal.Wrap(wrong, w, c.public())
	if err != nil {
		t.Fatal(err)
	}
	sealed.Key = dsse.Hash(want[0].Key)
	lie := b.sign(t, roster.KindWrap, sealed)
	if n := c.TakeWraps(noon, b.Self(), [][]byte{lie.Frame(), lie.Frame()[:50], nil}); n != 0 {
		t.Fatal("a wrong key was taken")
	}
	for range 2 {
		if got := c.BadGivers(want[0]); len(got) != 1 || got[0] != b.Self() {
			t.Fatal(got)
		}
		if e, err := c.Entry(rec.ID()); err != nil || len(e.Marks) != 1 || e.Marks[0].Word != replica.MarkBadWrap {
			t.Fatal(e.Marks, err)
		}
		c.restart(t, noon)
	}
	if len(c.WantedKeys()) != 1 || hand(noon, a, c) != 1 || !c.reads(t, rec.ID()) {
		t.Error("the right key did not come")
	}
	// What somebody else signed is not taken from a member, nor what a stranger signed.
	if n := c.TakeWraps(noon, a.Self(), [][]byte{lie.Frame()}); n != 0 {
		t.Error("taken from another than its signer")
	}
}

// sign signs a statement as the team's node.
func (tm *team) sign(t testing.TB, kind string, says notice.Content) *record.Statement {
	t.Helper()
	payload, err := record.DraftStatement(record.Draft{
		Kind: kind, Created: noon, Says: encode(t, says),
		Signers: []record.Signer{{Team: tm.Self(), Delegation: tm.Delegation()}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var v record.Verifier
	s, err := v.AssembleStatement(payload, []dsse.Signature{tm.opt.Key.Sign(identity.StatementType, payload)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNewMembersReadWhatTheCharterGrants(t *testing.T) {
	for _, history := range []notice.History{notice.HistoryAll, notice.HistoryAdmission} {
		a, b := newTeam(t, 1, "Alpha"), newTeam(t, 2, "Beta")
		s := state(t, a, roster.KindCharter, &notice.Charter{
			Name: "Testland", Founders: []identity.TeamID{a.Self()}, History: history,
		})
		ch := record.InCommunity(identity.CommunityID(s.ID()))
		before := a.publish(t, noon, ch, marked(notice.TLPAmber, "before"))
		state(t, a, roster.KindMember, &notice.Member{Community: ch.Community, Team: b.Self(), Name: "b"})
		a.AddStatements(noon, [][]byte{record.DelegationStatement(b.Delegation()).Frame()})
		b.Join(noon, a.StatementFrames(a.Statements(), b.Self()))
		meet(t, a, b)
		after := a.publish(t, noon, ch, marked(notice.TLPAmber, "after"))
		b.get(t, noon, before)
		b.get(t, noon, after)
		hand(noon, a, b)
		if !b.reads(t, after.ID()) || b.reads(t, before.ID()) != (history == notice.HistoryAll) {
			t.Errorf("%s: after %t, before %t", history, b.reads(t, after.ID()), b.reads(t, before.ID()))
		}
	}
}

// Nothing is lost or said twice whatever write fails or is cut off between the making of a key and its
// first use.
func TestAKillBetweenAKeyAndItsFirstRecordIsHarmless(t *testing.T) {
	for nth := 1; nth <= 3; nth++ {
		for _, applied := range []bool{false, true} {
			a, b, _, ch := trio(t)
			struck := strike(a, nth, applied)
			out := a.Publish(noon, []replica.Outgoing{{Channel: ch, Notice: marked(notice.TLPAmber, "x")}})[0]
			failed := struck()
			if failed != (out.Err != nil) {
				t.Fatalf("write %d: %v, struck %t", nth, out.Err, failed)
			}
			a.restart(t, noon)
			whole(t, a.store, noon)
			rec := a.publish(t, noon, ch, marked(notice.TLPAmber, "y"))
			b.get(t, noon, rec)
			if hand(noon, a, b) != 1 || !b.reads(t, rec.ID()) || !a.reads(t, rec.ID()) {
				t.Errorf("write %d: the next record cannot be read", nth)
			}
		}
	}
}

func TestKeysGoWithWhatTheyOpen(t *testing.T) {
	a, b, _, ch := trio(t)
	rec := a.publish(t, noon, ch, marked(notice.TLPAmber, "x"))
	private := a.publish(t, noon, pair(t, a.Self(), b.Self()), marked(notice.TLPRed, "x"))
	state(t, a, roster.KindMember, &notice.Member{Community: ch.Community, Team: newParty(t, 9).team(), Name: "late"})
	if n := count(t, a.store, "k"); n != 2 {
		t.Fatalf("%d keys", n)
	}
	_, _ = rec, private
	if _, err := a.Prune(noon.Add(2000 * day)); err != nil {
		t.Fatal(err)
	}
	if n := count(t, a.store, "k") + count(t, a.store, "v"); n != 0 {
		t.Errorf("%d keys and views are left", n)
	}
}

// An error that names what a body held would end in a log.
func TestABodyThatIsNoNoticeIsNotQuoted(t *testing.T) {
	a, b, _, ch := trio(t)
	a.publish(t, noon, ch, marked(notice.TLPAmber, "to have a key"))
	key := a.NewKeys()[0]
	frames := a.WrapsFor(noon, b.Delegation(), b.public(), []replica.KeyAsk{key})
	var v record.Verifier
	s, err := v.OpenStatement(frames[0])
	if err != nil {
		t.Fatal(err)
	}
	w, err := notice.DecodeWrap(s.Says)
	if err != nil {
		t.Fatal(err)
	}
	k, err := seal.Unwrap(b.opt.Key, w)
	if err != nil {
		t.Fatal(err)
	}
	p := newParty(t, 9)
	admit(t, a, ch.Community, p)
	body := []byte(`{"` + canary + `":1}`)
	h := record.Header{
		Kind: notice.KindAlert, Channel: ch, Class: record.Routine, Delegation: p.d, Run: p.run, Seq: 1, Created: noon,
		Body: record.Body{MediaType: notice.MediaType, KeyID: key.Key[:]},
	}
	rec, err := record.SignSealed(p.key, h, int64(seal.Overhead+len(body)), func(binding []byte) ([]byte, error) {
		return seal.Seal(source(5), k, seal.Context{Channel: ch.Tag(), Key: key.Key, Binding: binding}, body)
	})
	if err != nil {
		t.Fatal(err)
	}
	a.get(t, noon, rec)
	e, err := a.Entry(rec.ID())
	if err != nil || e.Notice != nil || e.Unread == "" || strings.Contains(e.Unread, "Kestrel") {
		t.Error(e.Unread, err)
	}
	// Lifted under another header it does not open, and says so.
	h.Seq, h.Prev = 2, rec.ID()
	lifted, err := record.SignSealed(p.key, h, int64(len(rec.Body())), func([]byte) ([]byte, error) { return rec.Body(), nil })
	if err != nil {
		t.Fatal(err)
	}
	a.get(t, noon, lifted)
	if e, err := a.Entry(lifted.ID()); err != nil || e.Notice != nil || !strings.Contains(e.Unread, seal.ErrBinding.Error()) {
		t.Error(e.Unread, err)
	}
	if len(a.WantedKeys()) != 0 {
		t.Error("a key is wanted for what no key opens")
	}
	if _, err := a.FrameFor(lifted.ID(), newParty(t, 30).team(), policy.Sync); err == nil || errors.Is(err, replica.ErrNotFound) {
		t.Error(err)
	}
}
