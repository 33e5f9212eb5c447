package replica_test

import (
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

// rotated signs that a new root takes the place of p's, and delegates p's node key by it.
func (p *party) rotated(t testing.TB, seed uint64, nodes ...notice.NodeCuts) (*party, *record.Statement) {
	t.Helper()
	next := newParty(t, seed)
	payload, err := record.DraftStatement(record.Draft{
		Kind: roster.KindRotate, Created: noon, Says: encode(t, &notice.Rotate{Old: p.team(), New: next.team(), Nodes: nodes}),
		Signers: []record.Signer{{Team: p.team()}, {Team: next.team()}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var v record.Verifier
	s, err := v.AssembleStatement(payload, []dsse.Signature{p.root.Sign(payload), next.root.Sign(payload)})
	if err != nil {
		t.Fatal(err)
	}
	return next, s
}

// A node was away while a fellow replaced its root key: it meets the new one only, and takes it for the old.
func TestATeamGoesOnUnderItsNewRoot(t *testing.T) {
	us, p, ch := village(t)
	private := pair(t, us.Self(), p.team())
	one := p.say(t, ch, alert("1"), nil)
	us.accept(t, noon, one.Frame())
	asked := us.publish(t, noon, private, request(p.team()))
	late := p.say(t, ch, alert("with the old root, too late"), nil)
	us.accept(t, noon, late.Frame())
	next, rotate := p.rotated(t, 50, notice.NodeCuts{Node: p.key.Node(), Heads: []notice.Cut{
		{Channel: ch.Tag(), Run: dsse.Nonce(p.run), Seq: 1, ID: one.ID()},
	}})
	out := us.AddStatements(noon, frames(record.DelegationStatement(next.d), rotate))
	if out[0].Verdict != policy.Accept || out[1].Verdict != policy.Accept {
		t.Fatal(out[0].Reason, out[1].Reason)
	}
	for range 2 {
		with := alert("with the new root")
		with.Type, with.Replaces = notice.AlertUpdate, []record.ID{one.ID()}
		us.accept(t, noon, next.say(t, ch, with, nil).Frame())
		if r, err := us.Revisions(one.ID()); err != nil || len(r) == 0 {
			t.Error("the team cannot change under its new root what it said under the old one", len(r), err)
		}
		if e, err := us.Entry(late.ID()); err != nil || len(e.Marks) != 1 || e.Marks[0].Word != replica.MarkOutside {
			t.Error(e.Marks, err)
		}
		if e, err := us.Entry(one.ID()); err != nil || len(e.Marks) != 0 {
			t.Error(e.Marks, err)
		}
		for _, root := range []identity.TeamID{p.team(), next.team()} {
			if heads, err := us.LaneHeads(ch, root); err != nil || len(heads) < 2 {
				t.Error("a removal would not name the lanes under both roots", heads, err)
			}
		}
		box := us.Outbox()
		if len(box) != 1 || box[0].To != next.team() {
			t.Fatal(box)
		}
		us.restart(t, noon)
	}
	if err := us.Delivered(noon, next.team(), []record.ID{asked.ID()}); err != nil || us.Outbox()[0].Delivered.IsZero() {
		t.Error("a delivery to the new root is not one to the team", err)
	}
	// What is written to the old pair goes to the pair of today.
	if rec := us.publish(t, noon, private, request(p.team())); !rec.Header().Channel.Has(next.team()) {
		t.Error("written to the team's old root")
	}
	if !us.MayRead(next.team(), private) {
		t.Error("the team may not read what was written to it")
	}
}

func TestWhatTeamsSayOfEachOther(t *testing.T) {
	us, p, ch := village(t)
	stranger := newParty(t, 9)
	vouch := p.state(t, roster.KindVouch, &notice.Vouch{Team: stranger.team(), Name: "x"})
	for name, x := range map[string]struct {
		s  *record.Statement
		is policy.Reason
	}{
		"a fellow's vouch":            {vouch, policy.OK},
		"a fellow's withdrawal":       {p.state(t, roster.KindWithdrawVouch, &notice.WithdrawVouch{Vouch: vouch.ID(), Team: stranger.team()}), policy.OK},
		"a stranger's vouch for us":   {stranger.state(t, roster.KindVouch, &notice.Vouch{Team: us.Self(), Name: "x"}), policy.NotOurs},
		"a fellow's revocation":       {p.rootSays(t, roster.KindRevoke, &notice.Revoke{Node: newParty(t, 30).key.Node()}), policy.OK},
		"a stranger's revocation":     {stranger.rootSays(t, roster.KindRevoke, &notice.Revoke{Node: p.key.Node()}), policy.NotOurs},
		"a stranger succeeds another": {stranger.rootSays(t, roster.KindSucceed, &notice.Succeed{Old: newParty(t, 31).team(), New: stranger.team()}), policy.NotOurs},
		"a stranger succeeds ours":    {stranger.rootSays(t, roster.KindSucceed, &notice.Succeed{Old: p.team(), New: stranger.team()}), policy.OK},
		"a wrap":                      {p.state(t, roster.KindWrap, &notice.Wrap{Channel: ch.Tag(), Key: dsse.Hash{1}, To: us.Node(), Minter: p.team(), Encap: make([]byte, notice.WrapEncapSize), Sealed: make([]byte, notice.WrapSealedSize)}), policy.NotOurs},
	} {
		if o := us.AddStatements(noon, frames(x.s))[0]; o.Reason != x.is {
			t.Errorf("%s: %s %s", name, o.Reason, o.Detail)
		}
	}
	var flood [][]byte
	for i := range 50 {
		q := newParty(t, uint64(60+i))
		flood = append(flood, q.rootSays(t, roster.KindSucceed, &notice.Succeed{Old: p.team(), New: q.team()}).Frame())
	}
	us.AddStatements(noon, flood[:25])
	us.AddStatements(noon, flood[25:])
	if n := len(us.Roster().Successions(p.team())); n > 8 {
		t.Errorf("%d strangers go on as the team", n)
	}
}

func TestWhenAStatementCame(t *testing.T) {
	us, p, _ := village(t)
	s := p.state(t, roster.KindVouch, &notice.Vouch{Team: us.Self(), Name: "x"})
	at := noon.Add(time.Hour)
	us.AddStatements(at, frames(s))
	us.AddStatements(at.Add(time.Hour), frames(s))
	for range 2 {
		if got, ok := us.StatementHeard(s.ID()); !ok || !got.Equal(at) {
			t.Error(got, ok)
		}
		us.restart(t, at.Add(2*time.Hour))
	}
	if _, ok := us.StatementHeard(record.StatementID{}); ok {
		t.Error("a statement that is not here came")
	}
	if _, ok := us.WindowEnds(identity.CommunityID{}, s.ID(), nil); ok {
		t.Error("a window of no community")
	}
}
