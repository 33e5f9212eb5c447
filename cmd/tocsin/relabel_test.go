package main

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
)

// TestRelabellingIsPassedOn: the node holds whatever leaves to the labels that are known; a person's word to the contrary goes with it, for
// each command that sends, and only where it was said.
func TestRelabellingIsPassedOn(t *testing.T) {
	f := newFake(t)
	n := alertEntry(1, "A pump")
	n.Own, n.Community = true, &api.CommunityRef{Name: "Drill"}
	f.answers["GET /v1/records/r1"] = api.RecordView{Entry: n}
	q := alertEntry(3, "x")
	q.Kind, q.Alert, q.Request = notice.KindRequest, nil, &notice.Request{Marking: notice.Marking{TLP: notice.TLPAmber}}
	f.answers["GET /v1/requests/q1"] = api.RequestView{Entry: q}
	f.answers["POST /v1/alerts"] = api.Published{ID: rid(2)}
	f.answers["POST /v1/requests"] = api.RequestsPublished{Case: "k", Published: []api.Published{{ID: rid(1)}}}
	f.answers["POST /v1/records/r1/forward"] = api.Published{ID: rid(2)}
	f.answers["POST /v1/records/r1/permission"] = api.RequestsPublished{Case: "k", Published: []api.Published{{ID: rid(1)}}}
	for _, verb := range []string{"replies", "close", "withdraw"} {
		f.answers["POST /v1/requests/"+q.ID.String()+"/"+verb] = api.Published{ID: rid(2)}
	}
	f.answers["GET /v1/records/r1/export"] = map[string]string{}
	for line, key := range map[string]string{
		"alert send --community Drill --tlp clear --title T":                                   "POST /v1/alerts",
		"alert update --tlp clear r1":                                                          "POST /v1/alerts",
		"alert cancel --tlp clear r1":                                                          "POST /v1/alerts",
		"alert forward --community Drill r1":                                                   "POST /v1/records/r1/forward",
		"request send --community Drill --action contact --reply-by 24h --tlp clear --title T": "POST /v1/requests",
		"request permission --constituents r1":                                                 "POST /v1/records/r1/permission",
		"request close --tlp clear q1":                                                         "POST /v1/requests/" + q.ID.String() + "/close",
		"request withdraw --tlp clear q1":                                                      "POST /v1/requests/" + q.ID.String() + "/withdraw",
		"reply --tlp clear q1 ack":                                                             "POST /v1/requests/" + q.ID.String() + "/replies",
		"record export r1":                                                                     "GET /v1/records/r1/export",
	} {
		for _, relabel := range []bool{false, true} {
			args := strings.Fields(line)
			if relabel {
				args = slices.Insert(args, 2, "--relabel")
				if args[0] == "reply" {
					args = slices.Insert(strings.Fields(line), 1, "--relabel")
				}
			}
			f.ok(args...)
			said := strings.Contains(string(f.asked[key]), `"relabel":true`)
			if query, err := url.ParseQuery(f.query[key]); err == nil && query.Get("relabel") == "true" {
				said = true
			}
			if said != relabel {
				t.Errorf("%v: %s %s", args, f.asked[key], f.query[key])
			}
		}
	}
}

// TestWarningsOfThePublishedAreShown: what the node did not look into is said on stderr, beside the ID.
func TestWarningsOfThePublishedAreShown(t *testing.T) {
	f := newFake(t)
	f.answers["POST /v1/alerts"] = api.Published{ID: rid(1), Kind: notice.KindAlert, Warnings: []string{"a.pdf is a PDF document\x1b[0m, and was not looked into"}}
	code, out, errs := f.run("alert", "send", "--community", "Drill", "--tlp", "clear", "--title", "T")
	if code != 0 || out != rid(1).String()+"\n" || !strings.Contains(errs, "warning: a.pdf is a PDF document") {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
}
