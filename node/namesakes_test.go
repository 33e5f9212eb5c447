package node

import (
	"strings"
	"testing"
	"testing/synctest"

	"tocsin/node/httpapi"
	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
)

// TestANamesakeIsNotTakenForAnother: a team that calls itself as a member does, or so that it looks alike, is shown with its ID, and
// gets a place, trust or a record by its whole ID only; so does the member.
func TestANamesakeIsNotTakenForAnother(t *testing.T) {
	for _, name := range []string{"bravo", "BRAVO", "brav\u043e", "br avo", "b\u0433avo"} { // Cyrillic o; Cyrillic ghe, which looks like r
		t.Run(name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { namesake(t, name) }) })
	}
}

func namesake(t *testing.T, name string) {
	w := newWorld(t)
	a, b, c, d, x := w.member("alpha"), w.member("bravo"), w.member("charlie"), w.member("delta"), w.called(name, "xray")
	for _, m := range []*member{a, b, c, d, x} {
		defer m.stop()
	}
	council(t, notice.Admission{}, a, b, c, d)
	applied := apply(t, x, a)
	card := must(x.Identity(t.Context()))(t).Card
	must(a.Found(t.Context(), api.Found{Name: "Solo"}))(t)

	whole := x.id().String()
	refused := func(what string, err error) {
		t.Helper()
		p := httpapi.Problem(err)
		if err == nil || p == nil || p.Code != api.Ambiguous || len(p.Candidates) != 2 {
			t.Errorf("%s: %v", what, err)
			return
		}
		about := map[string]string{p.Candidates[0].ID: p.Candidates[0].About, p.Candidates[1].ID: p.Candidates[1].About}
		if !strings.Contains(about[b.id().String()], "founder of Demo") || !strings.Contains(about[whole], "applied to Demo on ") {
			t.Errorf("%s: what tells them apart: %q", what, about)
		}
		if !strings.Contains(p.Hint, "the whole ID") && !strings.Contains(p.Hint, "--id ID") {
			t.Errorf("%s: %s", what, p.Hint)
		}
	}
	_, err := a.Sponsor(t.Context(), applied.Application.ID.String(), api.SponsorDraft{Application: applied.File})
	refused("sponsor by the file", err)
	for _, text := range []string{name, whole[:12], applied.Application.ID.String(), applied.Application.ID.String()[:12]} {
		_, err = a.Sponsor(t.Context(), text, api.SponsorDraft{})
		refused("sponsor "+text, err)
		_, err = a.Object(t.Context(), text, api.ObjectDraft{Reason: "unknown"})
		refused("object "+text, err)
	}
	_, err = a.Invite(t.Context(), "Solo", api.InviteDraft{Card: card})
	refused("invite by the card", err)
	if hint := httpapi.Problem(err).Hint; !strings.HasSuffix(hint, "and give it beside the card: --id ID") {
		t.Errorf("the hint leads nowhere: %s", hint)
	}
	_, err = a.Invite(t.Context(), "Solo", api.InviteDraft{Card: card, Team: b.id().String()})
	if p := httpapi.Problem(err); err == nil || p.Code != api.Conflict {
		t.Errorf("the card of a team and the ID of another: %v", err)
	}
	_, err = a.Invite(t.Context(), "Solo", api.InviteDraft{Card: card, Team: whole[:12]})
	if p := httpapi.Problem(err); err == nil || p.Code != api.BadRequest {
		t.Errorf("a card and the beginning of its ID: %v", err)
	}
	texts := []string{whole[:12], b.id().String()[:12]}
	if identity.Alike(name, "bravo") {
		texts = append(texts, "bravo") // what is refused by the name says at once what tells them apart, and that no beginning will do
	}
	for _, text := range texts {
		_, err = a.Invite(t.Context(), "Solo", api.InviteDraft{Team: text})
		refused("invite "+text, err)
		_, err = a.Pin(t.Context(), text, api.PinDraft{Fingerprint: whole})
		refused("pin "+text, err)
		_, err = a.Vouch(t.Context(), text, api.VouchDraft{Unpinned: true})
		refused("vouch "+text, err)
		_, err = a.PublishRequest(t.Context(), ask(text))
		refused("ask "+text, err)
		_, err = a.Remove(t.Context(), "Demo", api.RemoveDraft{Team: text})
		refused("remove "+text, err)
	}
	// Whoever only looks may give the beginning of an ID.
	if v := must(a.Team(t.Context(), whole[:12]))(t); v.Team.ID != x.id() || !v.Team.Alike {
		t.Errorf("shown: %+v", v.Team)
	}
	for _, entry := range must(a.Teams(t.Context()))(t).Teams {
		if want := entry.Team.ID == b.id() || entry.Team.ID == x.id(); entry.Team.Alike != want {
			t.Errorf("%+v: alike %v, want %v", entry.Team, entry.Team.Alike, want)
		}
	}
	if s := must(a.Sponsor(t.Context(), whole, api.SponsorDraft{}))(t); s.Application.Team.ID != x.id() || !s.Application.Team.Alike {
		t.Errorf("sponsored %+v", s.Application.Team)
	}
	if done := must(a.Invite(t.Context(), "Solo", api.InviteDraft{Card: card, Team: whole}))(t); done.Team.ID != x.id() {
		t.Errorf("invited %+v", done.Team)
	}
	must(a.Invite(t.Context(), "Solo", api.InviteDraft{Team: whole, Name: name}))(t)
	must(a.Pin(t.Context(), whole, api.PinDraft{Fingerprint: whole}))(t)
	must(a.Vouch(t.Context(), whole, api.VouchDraft{}))(t)
	must(a.PublishRequest(t.Context(), ask(b.id().String())))(t)
}

// BenchmarkNamesAfterAStatement is what the first answer that names a team costs after the roster has changed.
func BenchmarkNamesAfterAStatement(b *testing.B) {
	before := map[string][]string{}
	var names []string
	for i := range 1000 {
		names = append(names, "CERT-"+strings.Repeat("x", i%7)+string(rune('a'+i%26))+string(rune('a'+i/26)))
	}
	for b.Loop() {
		next := &nameIndex{looks: map[string][]string{}, teams: map[string][]identity.TeamID{}}
		for i, name := range names {
			index(next.teams, identity.TeamID{byte(i), byte(i >> 8)}, next.looksOf(name, before))
		}
		before = next.looks
	}
}
