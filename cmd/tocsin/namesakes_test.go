package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
)

// TestNamesakesAreShownWithTheirIDs: wherever a list has a team or a community by its name, one whose name looks like another's, or
// is too long to be shown whole, has the beginning of its ID beside it.
func TestNamesakesAreShownWithTheirIDs(t *testing.T) {
	f := newFake(t)
	alike := team(2, "CERT-B")
	alike.Alike = true
	long := team(3, "National Computer Emergency Response Team of Beta")
	alert, other, request := alertEntry(1, "A wave"), alertEntry(2, "Another"), alertEntry(3, "")
	alert.Author, other.Author, request.Author = alike, long, alike
	alert.Community.Alike = true
	request.Kind, request.Alert = notice.KindRequest, nil
	request.Request = &notice.Request{Action: notice.ActionTakedown, Marking: notice.Marking{TLP: notice.TLPClear}, Texts: []notice.Text{{Language: "en", Title: "Help"}}}
	f.answers["GET /v1/alerts"] = api.Entries{Entries: []api.Entry{alert, other}}
	f.answers["GET /v1/requests"] = api.Entries{Entries: []api.Entry{request}}
	f.answers["GET /v1/events"] = "event: record\ndata: " + string(encoded(t, api.Event{Type: api.EventRecord, Entry: &alert})) + "\n\n"
	f.answers["GET /v1/ledger"] = api.Ledger{Teams: []api.LedgerTeam{{Team: alike}}, Rows: []api.Standing{{Team: alike, Requester: long, State: "answered"}}}
	f.answers["GET /v1/applications"] = api.Applications{Applications: []api.Application{{Team: alike, Community: *alert.Community}}}
	b, c := "CERT-B ("+short(alike.ID)+")", "National Computer Emergen... ("+short(long.ID)+")"
	for line, want := range map[string][]string{
		"alert list":             {b, c, "Drill (" + short(alert.Community.ID) + ")"},
		"alert watch --count 1":  {b, "Drill (" + short(alert.Community.ID) + ")"},
		"request list":           {b},
		"ledger --detail":        {b, c},
		"community applications": {short(alike.ID), "Drill (" + short(alert.Community.ID) + ")"},
	} {
		out := f.ok(strings.Fields(line)...)
		for _, w := range want {
			if !strings.Contains(out, w) {
				t.Errorf("%s: no %q in\n%s", line, w, out)
			}
		}
	}

	p := api.NewProblem(api.Ambiguous, "\"CERT-B\" may be taken for the name of another team", "give the whole ID")
	p.Candidates = []api.Candidate{{ID: alike.ID.String(), Name: "CERT-B", About: "founder of Drill"}, {ID: tid(4).String(), Name: "CERT-\u0412", About: "applied to Drill"}}
	f.answers["POST /v1/applications/CERT-B/sponsor"] = p
	code, _, errs := f.run("community", "sponsor", "CERT-B")
	for _, want := range []string{"it may be " + alike.ID.String() + " CERT-B: founder of Drill", "it may be " + tid(4).String() + " CERT-\\u0412: applied to Drill", "give the whole ID"} {
		if code == 0 || !strings.Contains(errs, want) {
			t.Errorf("exit %d, no %q in\n%s", code, want, errs)
		}
	}
}

// TestInviteByACardWithTheID: the refusal of a namesake's card shows the line that is typed once the ID was compared, and that line
// sends both, so that neither the addresses in the card nor the check is lost.
func TestInviteByACardWithTheID(t *testing.T) {
	f := newFake(t)
	card := filepath.Join(t.TempDir(), "c.card")
	if err := os.WriteFile(card, []byte(`{"a":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	p := api.NewProblem(api.Ambiguous, "\"CERT-B\" may be taken for the name of another team", "compare the ID, and give it beside the card: --id ID")
	p.Candidates = []api.Candidate{{ID: tid(2).String(), Name: "CERT\u2011B"}, {ID: tid(4).String(), Name: "CERT-B"}}
	f.answers["POST /v1/communities/Drill 2026/invites"] = p
	code, _, errs := f.run("invite", "--team", card, "--expires", "3d", "Drill 2026")
	for _, want := range []string{
		"give it beside the card: tocsin --home " + f.home + " invite --team " + card + " --id ID --expires 3d 'Drill 2026'\n",
		tid(2).String() + ` CERT\u2011B` + "\n", tid(4).String() + " CERT-B\n",
	} {
		if code == 0 || !strings.Contains(errs, want) {
			t.Errorf("exit %d, no %q in\n%s", code, want, errs)
		}
	}
	_, _, _ = f.run("invite", "--team", card, "--id", tid(2).String(), "Drill 2026")
	var draft api.InviteDraft
	if f.got("POST /v1/communities/Drill 2026/invites", &draft); draft.Team != tid(2).String() || string(draft.Card) != `{"a":1}` {
		t.Errorf("asked %+v", draft)
	}
	for want, line := range map[string][]string{
		"missing --name":                    {"--team", tid(2).String()},
		"--team and --id are both":          {"--team", tid(2).String(), "--id", tid(2).String()},
		"--id: team ID has 12":              {"--team", card, "--id", tid(2).String()[:12]},
		"team FILE --id " + tid(2).String(): {"--team", tid(2).String()},
	} {
		if code, _, errs := f.run(append(append([]string{"invite"}, line...), "Drill 2026")...); code != int(exitUsage) || !strings.Contains(errs, want) {
			t.Errorf("%q: exit %d, no %q in\n%s", line, code, want, errs)
		}
	}
}
