package main

import (
	"strings"
	"testing"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

func TestFoundRules(t *testing.T) {
	f := newFake(t)
	f.answers["POST /v1/communities"] = api.Founding{ID: identity.CommunityID{7}, Admission: sampleRule(), Community: &api.Community{}}
	_, out, errs := f.run("community", "found", "--template", "drill", "--window", "90s", "--sponsors", "1", "--history", "admission",
		"--parent", "Ministry A", "--parent", "CERT-B=University", "--domain", "fin.example", "Fin")
	if !strings.HasPrefix(out, "c") || !strings.Contains(errs, "who belongs to it: 2 members of different parent organisations sponsor a team, 1 other member attests "+
		"that its application lay open for 21 d, and 1 objection keeps it out; 3 votes remove a member; a member that is no founder may bring in 20 teams; this can never be changed") {
		t.Errorf("%s%s", out, errs)
	}
	var got api.Found
	f.got("POST /v1/communities", &got)
	if got.Template != "drill" || got.Admission.Window != 90 || got.Admission.Sponsors != 1 || got.Admission.Rule != "" || got.History != "admission" ||
		len(got.Parents) != 2 || got.Parents[0].Team != "" || got.Parents[1].Team != "CERT-B" || got.Parents[1].Name != "University" || got.Domain != "fin.example" {
		t.Errorf("asked %+v", got)
	}
	for _, tt := range [][]string{
		{"--template", "regoinal", "did you mean regional?"},
		{"--rule", "votes", "one of founders, sponsors"},
		{"--sponsors", "0", "at least 1"},
		{"--window", "soon", "not a span"},
		{"--parking", "cloud", "one of none, members"},
		{"--parent", "CERT-B=", "names no organisation"},
	} {
		if code, _, errs := f.run("community", "found", tt[0], tt[1], "Fin"); code != 2 || !strings.Contains(errs, tt[2]) {
			t.Errorf("%q: exit %d, %s", tt, code, errs)
		}
	}
}

func TestTemplatesAreShown(t *testing.T) {
	f := newFake(t)
	out := f.ok("community", "templates")
	for _, want := range api.Templates() {
		if !strings.Contains(out, want.Name+": "+want.For+"\n") {
			t.Errorf("%s is not in\n%s", want.Name, out)
		}
	}
	if out := f.ok("community", "templates", "--json"); !strings.HasPrefix(out, `{"templates":[{"name":"regional"`) {
		t.Errorf("json %s", out)
	}
}

func TestCommunityShow(t *testing.T) {
	f := newFake(t)
	now := testNow()
	d := team(4, "CERT-D")
	f.answers["GET /v1/communities/Fin"] = api.Community{
		ID: identity.CommunityID{7}, Name: "Fin", Role: "member", Admission: sampleRule(), Domain: "fin.example",
		Proof: &api.DomainProof{Domain: "fin.example", State: api.ProofFound, How: "dns", At: now.Add(-time.Hour)},
		Members: []api.Member{
			{Team: team(1, "CERT-A"), Founder: true, Parent: "Ministry", Self: true},
			{Team: team(2, "CERT-B"), Founder: true},
			{Team: team(3, "CERT-C"), SponsoredBy: []api.Team{team(1, "CERT-A"), team(2, "CERT-B")}, Budget: 20, Brought: 1},
			{Team: team(5, "CERT-E"), SponsoredBy: []api.Team{team(3, "CERT-C"), team(9, "CERT-X")}, Budget: 20},
		},
		Applications: []api.Application{{
			Team: d, State: api.ApplicationWindow, Until: now.Add(2 * time.Hour), At: now, Note: "please\nlet us in",
			Sponsors:   api.Voices{Needed: 2, Counted: 2, Voices: []api.Voice{{Team: team(1, "CERT-A"), Counts: true, At: now}}},
			Objections: api.Voices{Needed: 1, Voices: []api.Voice{{Team: team(8, "CERT-H"), Text: "who?", Why: "it is no member", At: now}}},
		}},
		Proposals: []api.Proposal{
			{Team: team(2, "CERT-B"), Reason: "leaked", Votes: api.Voices{Needed: 3, Counted: 1}},
			{ID: record.StatementID{1}, Team: team(2, "CERT-B"), Votes: api.Voices{Needed: 3, Counted: 2}},
		},
		Gone: []api.Gone{{Team: team(9, "CERT-X"), At: now.Add(-time.Hour), By: []api.Team{team(1, "CERT-A")}, ReadableUntil: now.Add(-30 * time.Minute)}},
	}
	out := f.ok("community", "show", "Fin")
	for _, want := range []string{
		"fin.example: names this community (by dns, 1 h ago)", "Ministry", "1 of 20",
		"Who brought in whom:\n  CERT-A (" + short(tid(1)) + ")\n    CERT-C (" + short(tid(3)) + ")\n      CERT-E (" + short(tid(5)) + ")\n  CERT-B (" + short(tid(2)) +
			")\n    CERT-C (" + short(tid(3)) + "), see above\n  CERT-X (" + short(tid(9)) + "), no member any more\n    CERT-E",
		"CERT-D (" + short(tid(4)) + "): members may object until 2027-01-15 10:00:00Z (in 2 h)", "    | let us in",
		"sponsors, 2 of 2:", "CERT-H (" + short(tid(8)) + ") now: who? [does not count: it is no member]",
		"CERT-B (" + short(tid(2)) + "): 1 of 3 votes: leaked", "CERT-B (" + short(tid(2)) + "): 2 of 3 votes\n    proposal " + record.StatementID{1}.String(),
		"one of 2 proposals to remove it; one of them needs all the votes\n    to vote for it: tocsin --home " + f.home + " community remove --for-good c", "the last sealed record it could read was of 2027-01-15 07:30:00Z (30 min ago)",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
}

func sampleRule() notice.Admission {
	return notice.Admission{
		Rule: notice.RuleSponsors, Sponsors: notice.DefaultSponsors, Witnesses: notice.DefaultWitnesses, Window: notice.DefaultWindow,
		Objections: notice.DefaultObjections, Removal: notice.DefaultRemoval, Budget: notice.DefaultBudget,
	}
}
