package main

import (
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
	for _, want := range []string{"it may be " + alike.ID.String() + " CERT-B: founder of Drill", "it may be " + tid(4).String() + " CERT-\u0412: applied to Drill", "give the whole ID"} {
		if code == 0 || !strings.Contains(errs, want) {
			t.Errorf("exit %d, no %q in\n%s", code, want, errs)
		}
	}
}
