package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tocsin/pkg/api"
)

// TestAStricterFileIsNotSent: the label that a source gave its advisory is not the sender's to widen.
func TestAStricterFileIsNotSent(t *testing.T) {
	f := newFake(t)
	f.answers["POST /v1/alerts"] = api.Published{ID: rid(1), Kind: "alert"}
	f.answers["POST /v1/requests"] = api.RequestsPublished{Case: "k", Published: []api.Published{{ID: rid(1)}}}
	csaf := func(distribution string) string {
		return `{"document":{"csaf_version":"2.0","title":"A pump"` + distribution + `}}`
	}
	label := func(l string) string { return csaf(`,"distribution":{"tlp":{"label":"` + l + `"}}`) }
	for name, tt := range map[string]struct {
		text, media, tlp string
		want             string // part of the refusal, or empty
	}{
		"amber as clear":          {label("AMBER"), "", "clear", "marked TLP:AMBER, which is stricter than TLP:CLEAR"},
		"amber under another hat": {label("AMBER"), ":application/json", "clear", "marked TLP:AMBER"},
		"green as amber":          {label("GREEN"), "", "amber", ""},
		"white is clear":          {label("WHITE"), "", "clear", ""},
		"unknown label":           {label("PURPLE"), "", "amber", `not known: "PURPLE"`},
		"empty label":             {label(""), "", "clear", "not known"},
		"label of another shape":  {csaf(`,"distribution":{"tlp":"RED"}`), "", "clear", "not known"},
		"no label":                {csaf(""), "", "clear", ""},
		"not an advisory":         {`{"document":{"distribution":{"tlp":{"label":"RED"}}}}`, "", "clear", ""},
		"unreadable advisory":     {`{"document":`, ":application/csaf+json", "clear", "not known"},
	} {
		path := filepath.Join(t.TempDir(), "adv.json")
		if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, line := range [][]string{
			{"alert", "send"}, {"request", "send", "--action", "contact", "--reply-by", "24h"},
		} {
			args := append(line, "--community", "Drill", "--tlp", tt.tlp, "--title", "T", "--attach", path+tt.media)
			code, out, errs := f.run(args...)
			if tt.want == "" && code != 0 {
				t.Errorf("%s: exit %d: %s", name, code, errs)
			}
			if tt.want == "" {
				continue
			}
			if code != 11 || out != "" || !strings.Contains(errs, tt.want) || !strings.Contains(errs, "adv.json") || !strings.Contains(errs, "--relabel") {
				t.Errorf("%s: exit %d, stdout %q, stderr %s", name, code, out, errs)
			}
			if code, _, errs := f.run(append(args, "--relabel")...); code != 0 {
				t.Errorf("%s with --relabel: exit %d: %s", name, code, errs)
			}
		}
	}
}

// TestRelabellingIsPassedOn: the node holds an update or cancel to the marking of the alert that it ends.
func TestRelabellingIsPassedOn(t *testing.T) {
	f := newFake(t)
	n := alertEntry(1, "A pump")
	n.Own, n.Community = true, &api.CommunityRef{Name: "Drill"}
	f.answers["GET /v1/records/r1"] = api.RecordView{Entry: n}
	f.answers["POST /v1/alerts"] = api.Published{ID: rid(2)}
	for _, verb := range []string{"update", "cancel"} {
		for _, relabel := range []bool{false, true} {
			line := []string{"alert", verb, "--tlp", "clear"}
			if relabel {
				line = append(line, "--relabel")
			}
			f.ok(append(line, "r1")...)
			var got api.AlertDraft
			if f.got("POST /v1/alerts", &got); got.Relabel != relabel {
				t.Errorf("%v: %+v", line, got)
			}
		}
	}
}
