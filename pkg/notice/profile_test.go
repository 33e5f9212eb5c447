package notice_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"

	"tocsin/pkg/dsse"
	"tocsin/pkg/notice"
)

func testFile(tb testing.TB, name string) string {
	tb.Helper()
	b, err := os.ReadFile("testdata/openpgp/" + name)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

func goodProfile(tb testing.TB) *notice.Profile {
	tb.Helper()
	return &notice.Profile{
		Language: "en", Name: "CSIRT Example", Parent: "Example University",
		Document: notice.ProfileDocument{Updated: noon(), Locations: []string{"https://csirt.example/rfc2350.txt"}},
		Contact:  notice.Contact{Email: []string{"csirt@csirt.example"}, Telephone: []string{"+254 20 555 0100"}},
		Availability: notice.Availability{
			TimeZone: "Africa/Nairobi",
			Hours:    []notice.Hours{{Days: []string{"fri", "mon"}, From: "08:30", To: "17:00"}},
			Holidays: []notice.Holiday{{From: "12-25", To: "12-26"}, {From: "2027-04-02", Name: "Good Friday"}},
		},
		Constituency: notice.Constituency{Affected: notice.Affected{ASNs: []uint32{64500}, Countries: []string{"KE"}}},
		Disclosure: []notice.Duty{
			{To: notice.DutyLawEnforcement, Obligation: notice.ObligationOnOrder, TellsSource: true},
			{To: notice.DutyRegulator, Name: "Data Commissioner", Obligation: notice.ObligationSome, Text: "Breaches of personal data."},
		},
		Roles: []notice.RoleClaim{{
			Role: notice.RoleNational, Scope: "KE", Endorsers: []notice.Endorser{{Name: "Ministry of Example"}, {Name: "CERT-B", Team: teamID(2)}},
		}},
		Conduct: notice.Conduct{NoMaliciousActivity: true},
		OpenPGP: &notice.OpenPGP{
			Fingerprint: strings.TrimSpace(testFile(tb, "fingerprint")),
			Key:         testFile(tb, "key.asc"), Signature: testFile(tb, "signature.asc"),
		},
		RedDesk: []notice.Person{{Name: "A. Example", Telephone: "+254 20 555 0101"}},
	}
}

func drawProfile(t *rapid.T) *notice.Profile {
	lines := rapid.SliceOfN(line(), 0, 3)
	p := &notice.Profile{
		Language: "EN", Name: "N" + line().Draw(t, "name"), ShortName: line().Draw(t, "short"), Parent: line().Draw(t, "parent"),
		Document: notice.ProfileDocument{
			Updated: drawTime(t, "updated"), Distribution: prose().Draw(t, "distribution"), Locations: lines.Draw(t, "locations"),
		},
		Contact: notice.Contact{
			Email: []string{"csirt@Example.org "}, Telephone: lines.Draw(t, "telephone"), Address: prose().Draw(t, "address"),
			Languages: rapid.SliceOfN(oneOf([]string{"en", "pt-br", "SW"}), 0, 3).Draw(t, "languages"),
		},
		Charter:      notice.Mandate{Mission: prose().Draw(t, "mission"), Authority: prose().Draw(t, "authority")},
		Constituency: notice.Constituency{Description: prose().Draw(t, "constituency"), Affected: drawAffected(t)},
		Policies:     notice.Policies{Incidents: prose().Draw(t, "incidents")},
		Services:     notice.Services{Triage: prose().Draw(t, "triage"), Proactive: prose().Draw(t, "proactive")},
		Disclaimers:  prose().Draw(t, "disclaimers"),
		Conduct:      notice.Conduct{NoMaliciousActivity: rapid.Bool().Draw(t, "conduct")},
	}
	if rapid.Bool().Draw(t, "hours") {
		p.Availability.TimeZone = "Europe/Berlin"
		p.Availability.Hours = []notice.Hours{{
			Days: rapid.SliceOfN(oneOf(append(notice.Weekdays(), "Mon")), 1, 7).Draw(t, "days"), From: "09:00", To: oneOf([]string{"24:00", " 02:00"}).Draw(t, "to"),
		}}
	}
	for range rapid.IntRange(0, 2).Draw(t, "duties") {
		p.Disclosure = append(p.Disclosure, notice.Duty{
			To: oneOf(notice.DutyTos()).Draw(t, "to"), Obligation: oneOf(notice.Obligations()).Draw(t, "obligation"),
			Name: line().Draw(t, "authority"), Text: "T" + prose().Draw(t, "text"), TellsSource: rapid.Bool().Draw(t, "tells"),
		})
	}
	for range rapid.IntRange(0, 2).Draw(t, "roles") {
		p.Roles = append(p.Roles, notice.RoleClaim{
			Role: oneOf(notice.Roles()).Draw(t, "role"), Scope: line().Draw(t, "scope"),
			Endorsers: []notice.Endorser{{Name: "E" + line().Draw(t, "endorser"), Team: teamID(rapid.Byte().Draw(t, "team"))}},
		})
	}
	return p
}

func TestProfileComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawProfile(t)
		body, err := notice.Encode(p)
		if err != nil {
			t.Fatal(err)
		}
		if err := dsse.Canonical(body); err != nil {
			t.Fatalf("not canonical: %v", err)
		}
		back, err := notice.DecodeProfile(body)
		if err != nil {
			t.Fatalf("%v\n%s", err, body)
		}
		if !reflect.DeepEqual(p, back) {
			t.Fatalf("got back\n%+v\nwant\n%+v", back, p)
		}
	})
}

func TestProfileRefuses(t *testing.T) {
	for _, c := range []struct {
		field  string
		change func(p *notice.Profile)
	}{
		{"language", func(p *notice.Profile) { p.Language = "english language" }},
		{"name", func(p *notice.Profile) { p.Name = " " }},
		{"name", func(p *notice.Profile) { p.Name = "CSIRT\x1b[2J" }},
		{"parent", func(p *notice.Profile) { p.Parent = strings.Repeat("x", notice.MaxName+1) }},
		{"document.updated", func(p *notice.Profile) { p.Document.Updated = time.Time{} }},
		{"contact.email", func(p *notice.Profile) { p.Contact.Email, p.Contact.Telephone = nil, nil }},
		{"contact.email[0]", func(p *notice.Profile) { p.Contact.Email[0] = "CSIRT <csirt@csirt.example>" }},
		{"contact.address", func(p *notice.Profile) { p.Contact.Address = "a\u202eb" }},
		{"contact.languages[0]", func(p *notice.Profile) { p.Contact.Languages = []string{"e"} }},
		{"availability.time_zone", func(p *notice.Profile) { p.Availability.TimeZone = "EAT" }},
		{"availability.time_zone", func(p *notice.Profile) { p.Availability.TimeZone = "" }},
		{"availability.hours[0].days[2]", func(p *notice.Profile) { p.Availability.Hours[0].Days = []string{"mon", "fri", "monday"} }},
		{"availability.hours[0].from", func(p *notice.Profile) { p.Availability.Hours[0].From = "8:30" }},
		{"availability.hours[0].to", func(p *notice.Profile) { p.Availability.Hours[0].To = "25:00" }},
		{"availability.holidays[0].from", func(p *notice.Profile) { p.Availability.Holidays[0].From = "13-25" }},
		{"availability.holidays[1].to", func(p *notice.Profile) { p.Availability.Holidays[1].To = "2027-04-01" }},
		{"constituency.countries[0]", func(p *notice.Profile) { p.Constituency.Countries = []string{"UK"} }},
		{"constituency.domains[0]", func(p *notice.Profile) { p.Constituency.Domains = []string{"https://x"} }},
		{"disclosure[1].text", func(p *notice.Profile) { p.Disclosure[1].Text = "" }},
		{"disclosure[0].to", func(p *notice.Profile) { p.Disclosure[0].To = "police" }},
		{"disclosure[0].obligation", func(p *notice.Profile) { p.Disclosure[0].Obligation = "" }},
		{"roles[0].role", func(p *notice.Profile) { p.Roles[0].Role = "king" }},
		{"roles[0].endorsers[0].name", func(p *notice.Profile) { p.Roles[0].Endorsers[0].Name = "" }},
		{"openpgp.fingerprint", func(p *notice.Profile) { p.OpenPGP.Fingerprint = "25701B00" }},
		{"openpgp.fingerprint", func(p *notice.Profile) { p.OpenPGP.Fingerprint = strings.Repeat("AB", 20) }},
		{"openpgp.key", func(p *notice.Profile) { p.OpenPGP.Key = p.OpenPGP.Signature }},
		{"openpgp.signature", func(p *notice.Profile) { p.OpenPGP.Signature = "-----BEGIN PGP SIGNATURE-----\n" }},
		{"red_desk[0].name", func(p *notice.Profile) { p.RedDesk[0].Name = "" }},
		{"red_desk", func(p *notice.Profile) { p.RedDesk = make([]notice.Person, notice.MaxRedDesk+1) }},
		{"profile", func(p *notice.Profile) {
			long := strings.Repeat("x", notice.MaxStatementNote)
			p.Disclaimers, p.ReportingForms, p.Charter.Mission, p.Charter.Authority = long, long, long, long
			p.Policies.Incidents, p.Policies.Cooperation = long, long
		}},
	} {
		p := goodProfile(t)
		c.change(p)
		p.Normalise()
		err := p.Validate()
		var found notice.FieldErrors
		if !errors.As(err, &found) {
			t.Errorf("%s: got %v", c.field, err)
			continue
		}
		if found[0].Field != c.field {
			t.Errorf("got %v, want one of %s", err, c.field)
		}
	}
	if _, err := notice.Encode(goodProfile(t)); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

func TestKeyFingerprint(t *testing.T) {
	want := strings.TrimSpace(testFile(t, "fingerprint"))
	if got, err := notice.KeyFingerprint(testFile(t, "key.asc")); got != want {
		t.Errorf("got %q, %v; want %s", got, err, want)
	}
}

func FuzzDecodeProfile(f *testing.F) {
	b, err := notice.Encode(goodProfile(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"name":"x"}`))
	f.Add([]byte(`{"contact":{},"language":"en","document":{},"name":"x","openpgp":{"fingerprint":"0x0X :ab"}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := notice.DecodeProfile(b)
		if err != nil {
			if p != nil || !errors.Is(err, notice.ErrUnreadable) {
				t.Fatalf("got %v, %v", p, err)
			}
			return
		}
		again, err := dsse.Encode(p)
		if err != nil {
			t.Fatal(err)
		}
		if len(again) <= notice.MaxProfile {
			if back, err := notice.DecodeProfile(again); err != nil || !reflect.DeepEqual(p, back) {
				t.Fatalf("got back %+v, %v; want %+v", back, err, p)
			}
		}
		if p.Validate() == nil {
			if again, err := notice.Encode(p); err != nil || len(again) > notice.MaxProfile {
				t.Fatalf("valid, but encodes to %d bytes, %v", len(again), err)
			}
		}
	})
}

func FuzzKeyFingerprint(f *testing.F) {
	f.Add(testFile(f, "key.asc"))
	f.Add("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nxsBNBGs=\n-----END PGP PUBLIC KEY BLOCK-----\n")
	f.Fuzz(func(t *testing.T, s string) {
		if got, err := notice.KeyFingerprint(s); err == nil && len(got) != 40 && len(got) != 64 {
			t.Fatalf("fingerprint %q", got)
		}
	})
}

const profileSpec = "../../docs/spec/profile.md"

var updateProfile = flag.Bool("update-profile", false, "write the example into docs/spec/profile.md")

// TestProfileSpec decodes the example of the specification and looks there for every member and word.
func TestProfileSpec(t *testing.T) {
	spec, err := os.ReadFile(profileSpec)
	if err != nil {
		t.Fatal(err)
	}
	head, example, _ := strings.Cut(string(spec), "\n```json profile\n")
	example, tail, _ := strings.Cut(example, "\n```")
	if *updateProfile {
		b, err := notice.Encode(goodProfile(t))
		if err != nil {
			t.Fatal(err)
		}
		pretty := jsontext.Value(b)
		if err := pretty.Indent(jsontext.WithIndent("  ")); err != nil {
			t.Fatal(err)
		}
		example = string(pretty)
		text := head + "\n```json profile\n" + example + "\n```" + tail
		if err := os.WriteFile(profileSpec, []byte(text), 0o644); err != nil { //nolint:gosec // a document
			t.Fatal(err)
		}
	}
	body := canonicalForm(t, example)
	p, err := notice.DecodeProfile(body)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := notice.Encode(p); err != nil || !bytes.Equal(b, body) {
		t.Errorf("encodes to\n%s, %v\nnot\n%s", b, err, body)
	}
	want := members(reflect.TypeFor[notice.Profile]())
	for _, w := range notice.DutyTos() {
		want = append(want, w.String())
	}
	for _, w := range notice.Obligations() {
		want = append(want, w.String())
	}
	for _, w := range notice.Roles() {
		want = append(want, w.String())
	}
	for _, w := range append(want, notice.Weekdays()...) {
		if !strings.Contains(string(spec), "`"+w+"`") {
			t.Errorf("the specification does not have `%s`", w)
		}
	}
	if !strings.Contains(strings.Join(strings.Fields(string(spec)), " "), notice.ConductStatement) {
		t.Error("the specification does not have the statement on malicious activity")
	}
}

// members lists the wire names of a type and of what it is made of, where they are types of this package.
func members(t reflect.Type) []string {
	for t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t.PkgPath() != reflect.TypeFor[notice.Profile]().PkgPath() {
		return nil
	}
	var names []string
	for f := range t.Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			names = append(names, name)
		}
		names = append(names, members(f.Type)...)
	}
	return names
}
