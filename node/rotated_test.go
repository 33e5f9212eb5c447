package node

import (
	"testing"
	"testing/synctest"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/ceremony"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// replaceRoot makes a new root take the place of a member's, and tells the member's node, which runs on under the old one.
func replaceRoot(t *testing.T, m *member) identity.TeamID {
	t.Helper()
	old, err := identity.NewRootKey(&seed{m.name[0]})
	if err != nil {
		t.Fatal(err)
	}
	next, err := identity.NewRootKey(&seed{m.name[0] + 200})
	if err != nil {
		t.Fatal(err)
	}
	cuts, _, err := m.replica.NodeCuts(m.replica.Node())
	if err != nil {
		t.Fatal(err)
	}
	s, err := ceremony.Rotate(old, next, cuts, ceremony.Made{At: time.Now(), After: m.replica.Stated()})
	if err != nil {
		t.Fatal(err)
	}
	if o := m.replica.AddStatements(time.Now(), [][]byte{s.Frame()})[0]; o.Verdict != policy.Accept {
		t.Fatal(o.Reason, o.Detail)
	}
	return next.Team()
}

// TestATeamKnowsItsWordsUnderItsNewRoot: what it applied for, sponsored and was asked is its own by whatever ID.
func TestATeamKnowsItsWordsUnderItsNewRoot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b, c, d, e := w.member("alpha"), w.member("bravo"), w.member("charlie"), w.member("delta"), w.member("echo")
		council(t, notice.Admission{}, a, b, c, d)
		applied := apply(t, e, a)
		must(a.Sponsor(t.Context(), "-", api.SponsorDraft{Application: applied.File}))(t)
		spread(t, a, b, c, d)
		replaceRoot(t, e)
		now := replaceRoot(t, a)
		for _, id := range []identity.TeamID{a.id(), now} { // what it was is no namesake of what it is
			if team := a.team(id); team.Alike {
				t.Errorf("shown as %+v", team)
			}
		}
		charter := must(b.Charter(t.Context(), "Demo"))(t).Charter
		if again := must(e.Apply(t.Context(), api.ApplyDraft{Charter: charter}))(t); again.Application.ID != applied.Application.ID {
			t.Error("it applies again")
		}
		if got := e.role(t); got != "applicant" {
			t.Errorf("it is %s", got)
		}
		if s := must(a.Sponsor(t.Context(), applied.Application.ID.String(), api.SponsorDraft{}))(t); !s.Already {
			t.Error("it sponsors again")
		}
		asked := &notice.Request{Status: notice.StatusActual, To: []identity.TeamID{now}}
		ch := record.InCommunity(applied.Application.Community.ID)
		p := b.replica.Publish(time.Now(), []replica.Outgoing{{Channel: ch, Notice: &notice.Alert{
			Type: notice.AlertNew, Status: notice.StatusActual, Marking: notice.Marking{TLP: notice.TLPClear},
			Texts: []notice.Text{{Language: "en", Title: "one"}},
		}}})[0]
		if p.Err != nil {
			t.Fatal(p.Err)
		}
		if !a.wantsReceipt(p.Record, asked) || b.wantsReceipt(p.Record, asked) {
			t.Error("who is asked by its new ID gets no receipt written, or somebody else does")
		}
		for _, m := range []*member{a, b, c, d, e} {
			m.stop()
		}
	})
}
