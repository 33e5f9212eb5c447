package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"tocsin/pkg/notice"
)

func draftNow() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// filesOf stands for the directory of a draft.
func filesOf(files map[string]string) func(string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		if text, ok := files[path]; ok {
			return []byte(text), nil
		}
		return nil, errors.New("open " + path + ": no such file or directory")
	}
}

func parseAlert(text string, files map[string]string) (*alertDraft, *drafting, error) {
	w := &alertDraft{}
	o, err := decodeDraft("a.toml", []byte(text), w)
	return w, &drafting{from: o, now: draftNow(), read: filesOf(files)}, err
}

const goodAlert = `community = "drill"
tlp = "amber"
pap = "PAP:GREEN"
purpose = ["defence-only", "no-publication"]
status = "exercise"
severity = "Severe"
urgency = "immediate"
certainty = "observed"
classification = "phishing"
observed = 2026-02-28T08:00:00+08:00
valid_until = "7d"
cve = ["cve-2024-3400"]
url = ["https://example.org/a"]
our_ref = "HK-1"
attach = ["x.csv", "y.bin:application/octet-stream"]

[affected]
prefixes = ["192.0.2.7", "2001:db8::/32"]
asns = [64500]
domains = ["Example.ORG."]

[[text]]
language = "en"
title = "A wave"
summary = """
Line one
line two
"""

[[text]]
language = "fr"
title = "Une vague"
`

func TestAlertDraft(t *testing.T) {
	w, d, err := parseAlert(goodAlert, map[string]string{"x.csv": "a,b\n", "y.bin": "\x00"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := d.alert(w, notice.AlertNew)
	if err != nil {
		t.Fatal(err)
	}
	a := got.Alert
	if got.Community != "drill" || a.Marking.TLP != notice.TLPAmber || a.Status != notice.StatusExercise ||
		a.Severity != notice.SeveritySevere || a.Classification.String() != "fraud/phishing" {
		t.Errorf("words: %+v", a)
	}
	if !a.ValidUntil.Equal(draftNow().Add(7*24*time.Hour)) || !a.Observed.Equal(draftNow().Add(-36*time.Hour)) {
		t.Errorf("times: observed %v, valid until %v", a.Observed, a.ValidUntil)
	}
	if len(a.Texts) != 2 || a.Texts[0].Summary != "Line one\nline two" || a.Texts[1].Language != "fr" {
		t.Errorf("texts: %+v", a.Texts)
	}
	if len(a.Attachments) != 2 || a.Attachments[0].MediaType != "text/csv" || a.Attachments[1].MediaType != "application/octet-stream" {
		t.Errorf("attachments: %+v", a.Attachments)
	}
	if len(a.Affected.Prefixes) != 2 || a.Affected.Prefixes[0].String() != "192.0.2.7/32" || a.Affected.Domains[0] != "example.org" {
		t.Errorf("affected: %+v", a.Affected)
	}
	if len(a.References) != 2 || a.References[0].Value != "CVE-2024-3400" {
		t.Errorf("references: %+v", a.References)
	}
}

// TestDraftMistakes: every mistake is named with its file, line and field, all of them at once.
func TestDraftMistakes(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"syntax", "community = \"drill\"\ntlp = clear\n", []string{"a.toml:2:7:"}},
		{"unfinished", "tlp = \"clear", []string{"a.toml:1:"}},
		{"twice", "tlp = \"clear\"\ntlp = \"red\"\n", []string{"a.toml", "tlp"}},
		{"unknown field", "tlp = \"clear\"\n\nsevrity = \"minor\"\n", []string{"a.toml:3: sevrity is not a field of a draft; did you mean severity?"}},
		{"unknown in a table", "[affected]\nasn = [1]\n", []string{"a.toml:2: affected.asn is not a field", "did you mean asns?"}},
		{"type", "tlp = 3\n", []string{"a.toml:1: tlp:"}},
		{"list type", "[affected]\n\nasns = [\"x\"]\n", []string{"a.toml:3:"}},
		{"word", strings.Replace(goodAlert, `"Severe"`, `"sever"`, 1), []string{`a.toml:6: severity "sever" is not a known severity`}},
		{"marking", strings.Replace(goodAlert, `tlp = "amber"`, `tlp = "purple"`, 1), []string{`a.toml:2: tlp "purple" is not a known TLP label`}},
		{"no marking", strings.Replace(goodAlert, `tlp = "amber"`, ``, 1), []string{"a.toml: tlp is missing"}},
		{"empty marking", strings.Replace(goodAlert, `tlp = "amber"`, `tlp = ""`, 1), []string{"a.toml:2: tlp is missing"}},
		{"no title", strings.Replace(goodAlert, `title = "Une vague"`, ``, 1), []string{"a.toml:30: text[1].title is missing"}},
		{"control", strings.Replace(goodAlert, "Une vague", `Une\u202evague`, 1), []string{"a.toml:32: text[1].title has the bidirectional control"}},
		{"prefix", strings.Replace(goodAlert, `"192.0.2.7"`, `"192.0.2.777"`, 1), []string{`a.toml:18: affected.prefixes[0] "192.0.2.777" is not a prefix`}},
		{"domain", strings.Replace(goodAlert, `Example.ORG.`, `*.example.org`, 1), []string{"a.toml:20: affected.domains", "leave out *."}},
		{"cve", strings.Replace(goodAlert, `cve-2024-3400`, `CVE-24-1`, 1), []string{"a.toml:12: cve[0]"}},
		{"url", strings.Replace(goodAlert, `https://`, `ftp://`, 1), []string{"a.toml:13: url[0]"}},
		{"time", strings.Replace(goodAlert, `2026-02-28T08:00:00+08:00`, `2026-02-28T08:00:00`, 1), []string{"a.toml:10: observed", "zone"}},
		{"past", strings.Replace(goodAlert, `"7d"`, `2020-01-01T00:00:00Z`, 1), []string{"a.toml:11: valid_until is in the past"}},
		{"file", strings.Replace(goodAlert, `x.csv`, `z.csv`, 1), []string{"a.toml:15: attach[0] z.csv: no such file"}},
		{"kind of file", strings.Replace(goodAlert, `"x.csv", "y.bin:application/octet-stream"`, `"y.bin"`, 1), []string{"a.toml:15: attach[0]", "y.bin:application/octet-stream"}},
		{"class", `class = "control"` + "\n" + goodAlert, []string{"a.toml:1: class"}},
		{
			"several", "community = \"\"\ntlp = \"\"\nstatus = \"real\"\n[[text]]\nlanguage = \"english!\"\n",
			[]string{"a.toml:1: community is missing", "a.toml:2: tlp is missing", "a.toml:3: status", "a.toml:5: text[0].language", "a.toml:4: text[0].title is missing"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, d, err := parseAlert(tt.text, map[string]string{"x.csv": "a", "y.bin": "b"})
			if err == nil {
				_, err = d.alert(w, notice.AlertNew)
			}
			var user *userError
			if !errors.As(err, &user) || user.Code != exitUsage {
				t.Fatalf("error %v, want a usage error", err)
			}
			all := user.Error() + "\n" + user.Hint
			for _, want := range tt.want {
				if !strings.Contains(all, want) {
					t.Errorf("%q does not name %q", all, want)
				}
			}
		})
	}
}

const csafDoc = `{"document":{"csaf_version":"2.0","title":"ACME  pump\ncontroller","lang":"en-US",
"distribution":{"tlp":{"label":"WHITE"}},"tracking":{"id":"ICSA-1"},
"notes":[{"category":"legal_disclaimer","text":"no"},{"category":"summary","text":"Overflow.\u202e"}]},
"vulnerabilities":[{"cve":"CVE-2024-1111"},{"cve":"CVE-2024-1111"},{"cve":"CVE-2024-2222"}]}`

// TestCSAFPrefill: an attached advisory fills what was left empty, overrides nothing and never marks the alert.
func TestCSAFPrefill(t *testing.T) {
	files := map[string]string{"adv.json": csafDoc}
	base := "community = \"drill\"\nattach = [\"adv.json\"]\n"
	w, d, err := parseAlert(base, files)
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.alert(w, notice.AlertNew)
	var user *userError
	if !errors.As(err, &user) || !strings.Contains(user.Msg, "tlp is missing") || !strings.Contains(user.Hint, `tlp = "TLP:CLEAR"`) {
		t.Fatalf("unmarked advisory: %v", err)
	}
	if strings.Contains(user.Msg, "title") {
		t.Errorf("the title was not taken from the advisory: %v", err)
	}
	w, d, _ = parseAlert("tlp = \"amber\"\n"+base, files)
	got, err := d.alert(w, notice.AlertNew)
	if err != nil {
		t.Fatal(err)
	}
	a := got.Alert
	if a.Marking.TLP != notice.TLPAmber || a.Texts[0].Title != "ACME pump controller" || a.Texts[0].Summary != "Overflow." ||
		a.Texts[0].Language != "en-US" || len(a.References) != 3 || a.Attachments[0].MediaType != csafMediaType {
		t.Errorf("prefilled %+v", a)
	}
	w, d, _ = parseAlert("tlp = \"amber\"\ncve = [\"CVE-2020-1234\"]\n"+base+"[[text]]\nlanguage = \"de\"\ntitle = \"Eigener\"\n", files)
	if got, err = d.alert(w, notice.AlertNew); err != nil {
		t.Fatal(err)
	}
	if a = got.Alert; a.Texts[0].Title != "Eigener" || a.Texts[0].Language != "de" || a.References[0].Value != "CVE-2020-1234" {
		t.Errorf("the writer's words were replaced: %+v", a)
	}
}

// TestTemplates: as printed they parse, and miss exactly what the sender must say; with every comment taken off, every
// field is one that exists.
func TestTemplates(t *testing.T) {
	w, d, err := parseAlert(alertTemplate(), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.alert(w, notice.AlertNew)
	for _, want := range []string{": community is missing", ": tlp is missing", ": text[0].title is missing"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("alert template: %v does not say %q", err, want)
		}
	}
	for name, into := range map[string]any{alertTemplate(): &alertDraft{}, requestTemplate(): &requestDraft{}} {
		if _, err := decodeDraft("t.toml", []byte(uncomment(name)), into); err != nil {
			t.Error(err)
		}
		for i, line := range strings.Split(name, "\n") {
			if len(line) > 130 {
				t.Errorf("line %d of a template is too long: %q", i+1, line)
			}
		}
	}
}

// uncomment takes the # off the lines that are fields or tables.
func uncomment(text string) string {
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		if rest, ok := strings.CutPrefix(line, "# "); ok && (strings.HasPrefix(rest, "[") || strings.Contains(strings.SplitN(rest, "   #", 2)[0], " = ")) {
			line = rest
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

func FuzzAlertDraft(f *testing.F) {
	f.Add(goodAlert)
	f.Add(alertTemplate())
	f.Add("a.b.c = [[1],\n{x=2}]\n[[text]]\n[text.x]\n")
	f.Fuzz(func(t *testing.T, text string) {
		w, d, err := parseAlert(text, map[string]string{"x.csv": csafDoc, "adv.json": csafDoc})
		if err != nil {
			return
		}
		got, err := d.alert(w, notice.AlertNew)
		if err != nil {
			return
		}
		if _, err := notice.Encode(&got.Alert); err != nil {
			t.Errorf("a draft that was accepted cannot be sent: %v", err)
		}
	})
}

func FuzzPrefill(f *testing.F) {
	f.Add([]byte(csafDoc))
	f.Add([]byte(`{"type":"bundle"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		w := &alertDraft{}
		d := &drafting{now: draftNow()}
		d.prefill(w, []notice.Attachment{{MediaType: csafMediaType, Data: data}})
		for _, b := range w.Text {
			if cleanLine(b.Title) != b.Title && !strings.Contains(b.Title, "\u0300") && len(b.Title) < 100 {
				if strings.ContainsFunc(b.Title, deceptive) {
					t.Errorf("title %q", b.Title)
				}
			}
			if len(b.Title) > notice.MaxTitle || len(b.Summary) > notice.MaxSummary {
				t.Errorf("%d and %d bytes", len(b.Title), len(b.Summary))
			}
		}
	})
}

// TestDraftTypesAreNamedForTheWriter: a type of this program says nothing to who writes a draft.
func TestDraftTypesAreNamedForTheWriter(t *testing.T) {
	for text, want := range map[string]string{
		"tlp = 5":                          "x:1: tlp: must be text",
		"cve = \"x\"":                      "x:1: cve: must be a list of texts",
		"cve = [5]":                        "x:1: cve: must be a list of texts",
		"affected = 3":                     "x:1: affected: must be a table",
		"[affected]\nasns = [-1]":          "x:2: affected.asns: must be a list of whole numbers",
		"text = \"x\"":                     "x:1: text: must be a list of blocks",
		"[[text]]\ntitle = 3":              "x:2: text.title: must be text",
		"severity = true\ntlp = \"clear\"": "x:1: severity: must be text",
	} {
		_, err := decodeDraft("x", []byte(text), &alertDraft{})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
