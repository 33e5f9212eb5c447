package node

import (
	"strings"
	"testing"
	"testing/synctest"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
)

func ownProfile() api.ProfileDraft {
	return api.ProfileDraft{Profile: notice.Profile{
		Language: "en", Name: "Delta CSIRT", Parent: "Ministry D", Contact: notice.Contact{Email: []string{"d@example.org"}},
		Disclosure: []notice.Duty{{To: notice.DutyRegulator, Obligation: notice.ObligationAlways}},
	}}
}

func pinned(t *testing.T, m *member, other *member) {
	t.Helper()
	v := must(m.Pin(t.Context(), other.name, api.PinDraft{Fingerprint: other.id().String(), How: "fingerprint"}))(t)
	if v.Trust.Level != api.TrustPinned || v.Trust.Pin == nil || v.Trust.Pin.How != "fingerprint" {
		t.Errorf("%s pinned %s: %+v", m.name, other.name, v.Trust)
	}
}

// TestTrustIsEachNodesOwn: vouches of teams that are pinned here make a team vouched for here, and nowhere else.
func TestTrustIsEachNodesOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b, c, d := w.member("Alpha"), w.member("Bravo"), w.member("Charlie"), w.member("Delta")
		for _, m := range []*member{a, b, c, d} {
			defer func() { m.stop() }()
		}
		together(t, a, b, c, d)
		spread(t, a, b, c, d)
		ctx := t.Context()
		level := func(m *member) api.Trust { return must(m.Team(ctx, d.id().String()))(t).Trust }
		pinned(t, a, b)
		pinned(t, a, c)
		if _, err := b.Vouch(ctx, "Delta", api.VouchDraft{}); !api.Is(err, api.NotAllowed) {
			t.Errorf("vouched for a team that is not pinned: %v", err)
		}
		pinned(t, b, d)
		must(b.Vouch(ctx, "Delta", api.VouchDraft{Met: "in person"}))(t)
		spread(t, a, b, c, d)
		if got := level(a); got.Level != api.TrustKnown || len(got.Vouchers) != 1 {
			t.Errorf("by one: %+v", got)
		}
		must(c.Vouch(ctx, "Delta", api.VouchDraft{Unpinned: true}))(t)
		must(c.Vouch(ctx, "Delta", api.VouchDraft{Unpinned: true, Met: "again"}))(t)
		spread(t, a, b, c, d)
		a.restart()
		got := level(a)
		if got.Level != api.TrustVouched || len(got.Vouchers) != 2 || got.Parents != 2 || len(got.Why) != 4 {
			t.Errorf("by two: %+v", got)
		}
		if got := level(c); got.Level != api.TrustKnown || len(got.Vouchers) != 0 {
			t.Errorf("for one who pinned nobody: %+v", got)
		}
		if got := level(d); got.Level != api.TrustSelf {
			t.Errorf("itself: %+v", got)
		}
		// Both vouches of Charlie are taken back at once, so that the older does not come up again.
		if back := must(c.WithdrawVouch(ctx, "Delta", api.WithdrawVouchDraft{}))(t); len(back.Statements) != 2 {
			t.Errorf("took back %+v", back)
		}
		spread(t, a, b, c, d)
		if got := level(a); got.Level != api.TrustKnown || len(got.Vouchers) != 1 {
			t.Errorf("with one taken back: %+v", got)
		}
		must(a.Unpin(ctx, "Bravo", api.UnpinDraft{}))(t)
		if got := level(a); got.Level != api.TrustKnown || len(got.Vouchers) != 0 {
			t.Errorf("with the voucher unpinned: %+v", got)
		}
	})
}

func TestProfilesTravel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, d := w.member("Alpha"), w.member("Delta")
		defer func() { a.stop() }()
		defer func() { d.stop() }()
		together(t, a, d)
		ctx := t.Context()
		if v := must(d.Profile(ctx))(t); v.Profile != nil {
			t.Errorf("before: %+v", v)
		}
		published := must(d.PublishProfile(ctx, ownProfile()))(t)
		if published.Reaches != 1 || published.Bytes == 0 {
			t.Errorf("published %+v", published)
		}
		bad := ownProfile()
		bad.Profile.Contact.Email = []string{"nobody"}
		if _, err := d.PublishProfile(ctx, bad); err == nil {
			t.Error("published a profile that is not valid")
		}
		spread(t, a, d)
		v := must(a.Team(ctx, "Delta"))(t)
		if v.Profile == nil || v.Profile.Profile == nil || v.Profile.Statement != published.Statement || v.Profile.ByRoot ||
			v.Profile.Profile.Parent != "Ministry D" || len(v.Profile.Profile.Disclosure) != 1 {
			t.Fatalf("got %+v", v.Profile)
		}
		if len(v.Nodes) != 1 || v.Nodes[0].State != "in-force" || len(v.Communities) != 1 || len(v.Words) != identity.WordCount {
			t.Errorf("got %+v", v)
		}
		if parent := d.ownParent(); parent != "Ministry D" {
			t.Errorf("parent %q", parent)
		}
		list := must(a.Teams(ctx))(t)
		if len(list.Teams) != 2 || !list.Teams[1].Profile || list.Teams[0].Trust.Level != api.TrustSelf {
			t.Errorf("list %+v", list)
		}
	})
}

func TestPinRefusesAnotherTeam(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.member("Alpha"), w.member("Bravo")
		defer func() { a.stop() }()
		defer func() { b.stop() }()
		together(t, a, b)
		stranger := identity.TeamID{9}
		for _, c := range []struct {
			typed string
			code  api.Code
		}{
			{a.id().String(), api.Conflict},
			{strings.Join(identity.Words(stranger), " "), api.Conflict},
			{"Bravo", api.BadRequest},
			{"", api.BadRequest},
			{b.id().String()[:20], api.BadRequest},
		} {
			if _, err := a.Pin(t.Context(), "Bravo", api.PinDraft{Fingerprint: c.typed}); !api.Is(err, c.code) {
				t.Errorf("%q: %v", c.typed, err)
			}
		}
		// A team of which nothing is here can be pinned by its whole ID.
		v := must(a.Pin(t.Context(), stranger.String(), api.PinDraft{Fingerprint: strings.Join(identity.Words(stranger), "-")}))(t)
		if v.Trust.Level != api.TrustPinned || len(must(a.Teams(t.Context()))(t).Teams) != 3 {
			t.Errorf("got %+v", v)
		}
		if _, err := a.Unpin(t.Context(), "Bravo", api.UnpinDraft{}); !api.Is(err, api.NotFound) {
			t.Errorf("unpinned what is not pinned: %v", err)
		}
	})
}
