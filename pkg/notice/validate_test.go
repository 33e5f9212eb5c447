package notice_test

import (
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

func TestValidateAlert(t *testing.T) {
	if err := goodAlert().Validate(); err != nil {
		t.Fatal(err)
	}
	long := func(n int) string { return strings.Repeat("x", n+1) }
	for _, c := range []struct {
		field, says string
		change      func(*notice.Alert)
	}{
		{"type", "is missing", func(a *notice.Alert) { a.Type = "" }},
		{"type", "did you mean update", func(a *notice.Alert) { a.Type = "updte" }},
		{"status", "is missing", func(a *notice.Alert) { a.Status = "" }},
		{"marking.tlp", "one of TLP:CLEAR", func(a *notice.Alert) { a.Marking.TLP = "" }},
		{"marking.pap", "not a known PAP", func(a *notice.Alert) { a.Marking.PAP = "PAP:BLUE" }},
		{"marking.purpose[0]", "not a known", func(a *notice.Alert) { a.Marking.Purpose = []notice.Purpose{"fun"} }},
		{"marking.purpose", "at most", func(a *notice.Alert) { a.Marking.Purpose = many(notice.MaxPurposes, notice.NoPublication) }},
		{"marking.persons", "TLP:RED only", func(a *notice.Alert) { a.Marking.Persons = []string{"Ada"} }},
		{"marking.persons", "at most 16", func(a *notice.Alert) {
			a.Marking = notice.Marking{TLP: notice.TLPRed, Persons: many(notice.MaxPersons, "Ada")}
		}},
		{"marking.persons[0]", "at most 128", func(a *notice.Alert) {
			a.Marking = notice.Marking{TLP: notice.TLPRed, Persons: []string{long(notice.MaxName)}}
		}},
		{"marking.persons[0]", "more than one line", func(a *notice.Alert) {
			a.Marking = notice.Marking{TLP: notice.TLPRed, Persons: []string{"a\nb"}}
		}},
		{"replaces", "is missing", func(a *notice.Alert) { a.Type = notice.AlertUpdate }},
		{"replaces", "belongs to", func(a *notice.Alert) { a.Replaces = []record.ID{recordID(1)} }},
		{"replaces[0]", "empty ID", func(a *notice.Alert) { a.Type, a.Replaces = notice.AlertCancel, []record.ID{{}} }},
		{"texts", "is missing", func(a *notice.Alert) { a.Texts = nil }},
		{"texts[0].title", "is missing", func(a *notice.Alert) { a.Texts[0].Title = "" }},
		{"texts[0].title", "at most 512", func(a *notice.Alert) { a.Texts[0].Title = long(notice.MaxTitle) }},
		{"texts[0].title", "more than one line", func(a *notice.Alert) { a.Texts[0].Title = "a\nb" }},
		{"texts[0].title", "U+001B", func(a *notice.Alert) { a.Texts[0].Title = "a\x1b[31m" }},
		{"texts[0].title", "U+0085", func(a *notice.Alert) { a.Texts[0].Title = "a\u0085" }},
		{"texts[0].title", "U+202E", func(a *notice.Alert) { a.Texts[0].Title = "a\u202e" }},
		{"texts[0].title", "U+2066", func(a *notice.Alert) { a.Texts[0].Title = "a\u2066" }},
		{"texts[0].title", "U+2028", func(a *notice.Alert) { a.Texts[0].Title = "a\u2028" }},
		{"texts[0].title", "UTF-8", func(a *notice.Alert) { a.Texts[0].Title = "a\xff" }},
		{"texts[0].summary", "U+0007", func(a *notice.Alert) { a.Texts[0].Summary = "a\a" }},
		{"texts[0].summary", "U+202D", func(a *notice.Alert) { a.Texts[0].Summary = "a\u202d" }},
		{"texts[0].instruction", "at most", func(a *notice.Alert) { a.Texts[0].Instruction = long(notice.MaxInstruction) }},
		{"texts[0].format", "text/markdown", func(a *notice.Alert) { a.Texts[0].Format = "text/html" }},
		{"texts[0].language", "is missing", func(a *notice.Alert) { a.Texts[0].Language = "" }},
		{"texts[0].language", "BCP 47", func(a *notice.Alert) { a.Texts[0].Language = "english" }},
		{"texts[1].language", "already", func(a *notice.Alert) { a.Texts = append(a.Texts, a.Texts[0]) }},
		{"classification", "did you mean fraud/phishing", func(a *notice.Alert) { a.Classification = notice.Classification{Class: "fraud", Type: "fishing"} }},
		{"severity", "not a known", func(a *notice.Alert) { a.Severity = "bad" }},
		{"urgency", "not a known", func(a *notice.Alert) { a.Urgency = "now" }},
		{"certainty", "did you mean likely", func(a *notice.Alert) { a.Certainty = "likly" }},
		{"affected.prefixes[0]", "not a prefix", func(a *notice.Alert) { a.Affected.Prefixes = []netip.Prefix{{}} }},
		{"affected.prefixes[0]", "whole internet", func(a *notice.Alert) { a.Affected.Prefixes = []netip.Prefix{netip.MustParsePrefix("::/0")} }},
		{"affected.asns[0]", "autonomous", func(a *notice.Alert) { a.Affected.ASNs = []uint32{0} }},
		{"affected.countries[0]", "GB", func(a *notice.Alert) { a.Affected.Countries = []string{"UK"} }},
		{"affected.countries[0]", "GR", func(a *notice.Alert) { a.Affected.Countries = []string{"EL"} }},
		{"affected.countries[0]", "ISO", func(a *notice.Alert) { a.Affected.Countries = []string{"D "} }},
		{"affected.sectors[0]", "not a word", func(a *notice.Alert) { a.Affected.Sectors = []string{"big banks"} }},
		{"affected.domains", "at most", func(a *notice.Alert) { a.Affected.Domains = many(notice.MaxAffected, "a.example") }},
		{"references[0].type", "one of cve", func(a *notice.Alert) { a.References = []notice.Reference{{Type: "bid"}} }},
		{"references[0].value", "CVE-2024-1234", func(a *notice.Alert) { a.References = []notice.Reference{{Type: "cve", Value: "CVE-24-1"}} }},
		{"references[0].value", "absolute URL", func(a *notice.Alert) {
			a.References = []notice.Reference{{Type: "url", Value: "https://user@example.org/"}}
		}},
		{"references[0].value", "absolute URL", func(a *notice.Alert) { a.References = []notice.Reference{{Type: "url", Value: "javascript:alert(1)"}} }},
		{"references[0].value", "own ID", func(a *notice.Alert) { a.References = []notice.Reference{{Type: "advisory"}} }},
		{"attachments[0].name", "file name", func(a *notice.Alert) { a.Attachments = []notice.Attachment{file("../x")} }},
		{"attachments[1].name", "already", func(a *notice.Alert) { a.Attachments = []notice.Attachment{file("x"), file("x")} }},
		{"attachments[0].media_type", "application/csaf+json", func(a *notice.Alert) {
			a.Attachments = []notice.Attachment{{Name: "x", MediaType: "csaf", Data: []byte("x")}}
		}},
		{"attachments[0].data", "is empty", func(a *notice.Alert) { a.Attachments = []notice.Attachment{{Name: "x", MediaType: "a/b"}} }},
		{"observed", "1970", func(a *notice.Alert) { a.Observed = time.Unix(-1, 0) }},
		{"valid_until", "before observed", func(a *notice.Alert) { a.Observed, a.ValidUntil = noon(), noon().Add(-1) }},
		{"our_ref", "more than one line", func(a *notice.Alert) { a.OurRef = "a\n" }},
		{"your_ref", "at most", func(a *notice.Alert) { a.YourRef = long(notice.MaxLine) }},
	} {
		a := goodAlert()
		c.change(a)
		wantOnly(t, a.Validate(), c.field, c.says)
	}
}

func TestValidateOthers(t *testing.T) {
	request := func(change func(*notice.Request)) error {
		r := goodRequest()
		change(r)
		return r.Validate()
	}
	reply := func(change func(*notice.Reply)) error {
		r := goodReply()
		change(r)
		return r.Validate()
	}
	nothing := func(*notice.Request) {}
	if err := errors.Join(request(nothing), goodReply().Validate()); err != nil {
		t.Fatal(err)
	}
	wantOnly(t, request(func(r *notice.Request) { r.Action = "" }), "action", "is missing")
	wantOnly(t, request(func(r *notice.Request) { r.Status = "live" }), "status", "not a known")
	wantOnly(t, request(func(r *notice.Request) { r.Priority = "" }), "priority", "low, normal")
	wantOnly(t, request(func(r *notice.Request) { r.Case = "" }), "case", "is missing")
	wantOnly(t, request(func(r *notice.Request) { r.ReplyBy = time.Time{} }), "reply_by", "is missing")
	wantOnly(t, request(func(r *notice.Request) { r.To = []identity.TeamID{{}} }), "to[0]", "empty ID")
	wantOnly(t, request(func(r *notice.Request) { r.To = many(notice.MaxTo, teamID(1)) }), "to", "at most")
	wantOnly(t, request(func(r *notice.Request) { r.LegalBasis = "\x00" }), "legal_basis", "U+0000")
	wantOnly(t, reply(func(r *notice.Reply) { r.Request = record.ID{} }), "request", "is missing")
	wantOnly(t, reply(func(r *notice.Reply) { r.State = "" }), "state", "is missing")
	wantOnly(t, reply(func(r *notice.Reply) { r.State = notice.Declined }), "reason", "out-of-constituency")
	wantOnly(t, reply(func(r *notice.Reply) { r.Reason = notice.ReasonLegal }), "reason", "belongs to")
	wantOnly(t, reply(func(r *notice.Reply) { r.Marking = notice.Marking{} }), "marking.tlp", "is missing")
	permission := func(change func(*notice.Permission)) error {
		return request(func(r *notice.Request) {
			r.Action, r.Permission = notice.ActionPermission, &notice.Permission{Record: recordID(1), TLP: notice.TLPGreen, Public: true}
			change(r.Permission)
		})
	}
	if err := permission(func(*notice.Permission) {}); err != nil {
		t.Error(err)
	}
	wantOnly(t, request(func(r *notice.Request) { r.Action = notice.ActionPermission }), "permission", "goes with")
	wantOnly(t, request(func(r *notice.Request) {
		r.Permission = &notice.Permission{Record: recordID(1), TLP: notice.TLPGreen, Public: true}
	}), "permission", "goes with")
	wantOnly(t, permission(func(p *notice.Permission) { p.Record = record.ID{} }), "permission.record", "is missing")
	wantOnly(t, permission(func(p *notice.Permission) { p.TLP = "" }), "permission.tlp", "is missing")
	wantOnly(t, permission(func(p *notice.Permission) { p.Public = false }), "permission", "nobody")
	wantOnly(t, permission(func(p *notice.Permission) { p.Teams = []identity.TeamID{{}} }), "permission.teams[0]", "empty ID")
	wantOnly(t, permission(func(p *notice.Permission) { p.Communities = []identity.CommunityID{{}} }), "permission.communities[0]", "empty ID")
	wantOnly(t, permission(func(p *notice.Permission) { p.Lifts = []notice.Purpose{"fun"} }), "permission.lifts[0]", "not a known")
	wantOnly(t, reply(func(r *notice.Reply) { r.Grant = &notice.Permission{TLP: notice.TLPGreen, Public: true} }), "grant.record", "is missing")
	wantOnly(t, (&notice.Erase{}).Validate(), "record", "is missing")
	wantOnly(t, (&notice.Erase{Record: recordID(1), Reason: "a\nb"}).Validate(), "reason", "more than one line")
	wantOnly(t, (&notice.Receipt{Erased: []record.ID{{}}}).Validate(), "erased[0]", "empty ID")
	if err := (&notice.Receipt{Erased: []record.ID{recordID(1)}}).Validate(); err != nil {
		t.Error(err)
	}
	wantOnly(t, (&notice.Receipt{}).Validate(), "records", "is missing")
	wantOnly(t, (&notice.Close{Request: recordID(1), Marking: goodReply().Marking, Opinion: "meh"}).Validate(), "opinion", "not a known")
	wantOnly(t, (&notice.Withdraw{Request: recordID(1)}).Validate(), "marking.tlp", "is missing")
}

func TestDomains(t *testing.T) {
	for in, want := range map[string]string{
		"Example.COM.": "example.com", "ke": "ke", "_dmarc.example.org": "_dmarc.example.org",
		"xn--mnchen-3ya.example": "xn--mnchen-3ya.example", "M\u00dcNCHEN.example": "xn--mnchen-3ya.example", "a--b.example": "a--b.example",
	} {
		a := goodAlert()
		a.Affected.Domains = []string{in}
		a.Normalise()
		if err := a.Validate(); err != nil || a.Affected.Domains[0] != want {
			t.Errorf("%q became %q, %v", in, a.Affected.Domains, err)
		}
	}
	for in, says := range map[string]string{
		"":                               "is empty",
		"*.example.org":                  "subdomains",
		"https://example.org/":           "reference of type url",
		"user@example.org":               "reference of type url",
		"192.0.2.1":                      "192.0.2.1/32",
		"-a.example":                     "labels",
		"a..example":                     "labels",
		"a b.example":                    "reference of type url",
		strings.Repeat("a", 64) + ".com": "labels",
		strings.Repeat("a.", 127) + "aa": "253",
		"\u202eexample.org":              "IDNA",
	} {
		a := goodAlert()
		a.Affected.Domains = []string{in}
		a.Normalise()
		wantOnly(t, a.Validate(), "affected.domains[0]", says)
	}
}

func TestAllProblemsAreNamed(t *testing.T) {
	a := goodAlert()
	a.Marking.TLP, a.Severity, a.Texts[0].Title = "", "x", ""
	for range 20 {
		a.Affected.ASNs = append(a.Affected.ASNs, 0)
	}
	var all notice.FieldErrors
	err := a.Validate()
	if !errors.As(err, &all) || len(all) != 23 {
		t.Fatalf("%d problems: %v", len(all), err)
	}
	if got := fieldsOf(all[:3]); !reflect.DeepEqual(got, []string{"marking.tlp", "texts[0].title", "severity"}) {
		t.Errorf("fields are %q", got)
	}
	if !strings.HasSuffix(err.Error(), "; and 15 more") {
		t.Errorf("the message is %q", err)
	}
}

func TestFileName(t *testing.T) {
	for in, want := range map[string]string{
		"advisory.json": "advisory.json", "../../etc/passwd": "passwd", `C:\x\y.txt`: "y.txt", ".bashrc": "bashrc",
		"": "attachment", "..": "attachment", "a/": "attachment", "-rf": "rf", "a\x1b[31m\u202eb c": "a_[31m_b_c",
		strings.Repeat("x", 300): strings.Repeat("x", 100),
	} {
		if got := (&notice.Attachment{Name: in}).FileName(); got != want {
			t.Errorf("FileName of %q is %q, want %q", in, got, want)
		}
	}
}

func wantOnly(t *testing.T, err error, field, says string) {
	t.Helper()
	var all notice.FieldErrors
	if !errors.As(err, &all) || len(all) != 1 || all[0].Field != field || !strings.Contains(all[0].Error(), says) {
		t.Errorf("want one error: %s ... %s; got %v", field, says, err)
	}
}

func many[T any](n int, v T) []T {
	list := make([]T, n+1)
	for i := range list {
		list[i] = v
	}
	return list
}

func file(name string) notice.Attachment {
	return notice.Attachment{Name: name, MediaType: "text/csv", Data: []byte("x")}
}
