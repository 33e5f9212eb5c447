package rfc2350_test

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"pgregory.net/rapid"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/rfc2350"
)

func drawProfile(t *rapid.T) *notice.Profile {
	line := rapid.OneOf(
		rapid.StringMatching(`[ -~\x{a1}-\x{ff}\x{3b1}\x{4e00}]{0,90}`),
		rapid.SampledFrom([]string{"", "None.", "Official name: x", "1. Document Information", "- a", "5.2 Proactive Activities", "a: b", "Hours: mon 09:00-10:00"}),
	)
	lines := rapid.SliceOfN(line, 0, 3)
	prose := rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(line, 0, 5).Draw(t, "lines"), "\n") })
	word := func(words ...string) string { return rapid.SampledFrom(words).Draw(t, "word") }
	p := &notice.Profile{
		Language: "en", Name: "N" + rapid.StringMatching(`[ -~\x{e9}]{0,90}`).Draw(t, "name"), ShortName: line.Draw(t, "short"), Parent: line.Draw(t, "parent"),
		Document: notice.ProfileDocument{
			Updated:      time.UnixMilli(rapid.Int64Range(0, 1<<42).Draw(t, "updated")),
			Distribution: prose.Draw(t, "distribution"), Locations: lines.Draw(t, "locations"), Authentication: prose.Draw(t, "authentication"),
		},
		Contact: notice.Contact{
			Email: []string{"csirt@example.org", "duty@example.org"}, Telephone: lines.Draw(t, "telephone"), Facsimile: lines.Draw(t, "fax"),
			Address: prose.Draw(t, "address"), Other: prose.Draw(t, "other"), Members: prose.Draw(t, "members"), Encryption: prose.Draw(t, "encryption"),
			Information: prose.Draw(t, "information"), CustomerContact: prose.Draw(t, "customers"),
			Languages: rapid.SliceOfN(rapid.SampledFrom([]string{"en", "pt-BR", "sw"}), 0, 12).Draw(t, "languages"),
		},
		Charter: notice.Mandate{Mission: prose.Draw(t, "mission"), Affiliation: prose.Draw(t, "affiliation"), Authority: prose.Draw(t, "authority")},
		Constituency: notice.Constituency{Description: prose.Draw(t, "constituency"), Affected: notice.Affected{
			ASNs:    rapid.SliceOfN(rapid.Uint32Range(1, 1<<31), 0, 20).Draw(t, "asns"),
			Domains: []string{"example.org", "xn--bcher-kva.example"}, Countries: []string{"KE", "UG"}, Sectors: []string{"finance"},
			Prefixes: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32")},
		}},
		Policies:       notice.Policies{Incidents: prose.Draw(t, "incidents"), Cooperation: prose.Draw(t, "cooperation"), Communication: prose.Draw(t, "communication")},
		Services:       notice.Services{Response: prose.Draw(t, "response"), Triage: prose.Draw(t, "triage"), Coordination: prose.Draw(t, "coordination"), Resolution: prose.Draw(t, "resolution"), Proactive: prose.Draw(t, "proactive")},
		ReportingForms: prose.Draw(t, "forms"), Disclaimers: prose.Draw(t, "disclaimers"),
		Conduct: notice.Conduct{NoMaliciousActivity: rapid.Bool().Draw(t, "conduct"), Text: prose.Draw(t, "own words")},
		RedDesk: []notice.Person{{Name: "A. Example"}},
	}
	if rapid.Bool().Draw(t, "openpgp") {
		p.OpenPGP = &notice.OpenPGP{Fingerprint: strings.Repeat("0123456789ABCDEF", 4)[:40]}
	}
	if rapid.Bool().Draw(t, "hours") {
		p.Availability = notice.Availability{
			TimeZone: word("UTC", "Africa/Nairobi", "America/Argentina/Buenos_Aires"), AroundTheClock: rapid.Bool().Draw(t, "always"),
			Hours:      []notice.Hours{{Days: []string{"mon", "sun"}, From: "09:00", To: "24:00"}, {Days: []string{"tue"}, From: "22:00", To: "02:00"}},
			Holidays:   []notice.Holiday{{From: "12-25", To: "12-26", Name: line.Draw(t, "holiday")}, {From: "2027-01-01"}},
			OutOfHours: prose.Draw(t, "out of hours"),
		}
	}
	for range rapid.IntRange(0, 2).Draw(t, "duties") {
		p.Disclosure = append(p.Disclosure, notice.Duty{
			To: rapid.SampledFrom(notice.DutyTos()).Draw(t, "to"), Obligation: rapid.SampledFrom(notice.Obligations()).Draw(t, "obligation"),
			Name: line.Draw(t, "authority"), Text: "T" + prose.Draw(t, "text"), TellsSource: rapid.Bool().Draw(t, "tells"),
		})
	}
	for range rapid.IntRange(0, 2).Draw(t, "roles") {
		p.Roles = append(p.Roles, notice.RoleClaim{
			Role: rapid.SampledFrom(notice.Roles()).Draw(t, "role"), Scope: line.Draw(t, "scope"), Text: prose.Draw(t, "ground"),
			Endorsers: []notice.Endorser{{Name: "E" + line.Draw(t, "endorser")}, {Name: "F", Team: identity.TeamID{1: rapid.Byte().Draw(t, "team"), 31: 1}}},
		})
	}
	p.Normalise()
	return p
}

// flow makes every text of a value one line with single blanks, since that is what a text form keeps of
// paragraphs.
func flow(v reflect.Value) {
	switch v.Kind() { //nolint:exhaustive // the rest holds no text
	case reflect.String:
		v.SetString(strings.Join(strings.Fields(v.String()), " "))
	case reflect.Struct:
		if v.Type().PkgPath() != reflect.TypeFor[notice.Profile]().PkgPath() {
			return
		}
		for _, f := range v.Fields() {
			flow(f)
		}
	case reflect.Slice:
		for i := range v.Len() {
			flow(v.Index(i))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			flow(v.Elem())
		}
	default:
	}
}

func sameText(t interface {
	Helper()
	Fatalf(format string, args ...any)
}, got, want *notice.Profile,
) {
	t.Helper()
	want.Normalise()
	flow(reflect.ValueOf(got))
	flow(reflect.ValueOf(want))
	got.Normalise()
	want.Normalise()
	g, w := reflect.ValueOf(got).Elem(), reflect.ValueOf(want).Elem()
	for i := range g.NumField() {
		if !reflect.DeepEqual(g.Field(i).Interface(), w.Field(i).Interface()) {
			t.Fatalf("%s: got back\n%+v\nwant\n%+v", g.Type().Field(i).Name, g.Field(i), w.Field(i))
		}
	}
}

// TestReadUndoesWrite holds the package to its invariant.
func TestReadUndoesWrite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawProfile(t)
		text := rfc2350.Write(p)
		r, err := rfc2350.Read([]byte(text))
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if len(r.Missed) > 0 {
			t.Fatalf("missed %+v\n%s", r.Missed, text)
		}
		sameText(t, r.Profile, rfc2350.Carried(p))
	})
}

func TestWriteKeepsToTheForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawProfile(t)
		p.Charter.Mission = "evil\x1b[2J\u202e\u2028 \t tab\r\xff"
		text := rfc2350.Write(p)
		if !utf8.ValidString(text) {
			t.Fatal("not UTF-8")
		}
		for l := range strings.Lines(text) {
			if strings.ContainsFunc(strings.TrimSuffix(l, "\n"), func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x2028 && r <= 0x202e }) {
				t.Fatalf("control character in %q", l)
			}
		}
	})
}

func TestReadsAClassicText(t *testing.T) {
	b, err := os.ReadFile("testdata/classic.txt")
	if err != nil {
		t.Fatal(err)
	}
	utf16le := binary.LittleEndian.AppendUint16(nil, 0xfeff)
	for _, u := range utf16.Encode([]rune(string(b))) {
		utf16le = binary.LittleEndian.AppendUint16(utf16le, u)
	}
	for name, text := range map[string][]byte{
		"as it is": b, "with CR LF": []byte(strings.ReplaceAll(string(b), "\n", "\r\n")),
		"with a byte order mark": append([]byte("\xef\xbb\xbf"), b...), "UTF-16": utf16le,
		"Windows-1252": []byte(strings.ReplaceAll(string(b), "--", "\x96")),
	} {
		t.Run(name, func(t *testing.T) {
			r, err := rfc2350.Read(text)
			if err != nil {
				t.Fatal(err)
			}
			p := r.Profile
			for _, c := range []struct{ what, got, want string }{
				{"name", p.Name, `"CSIRT Lagoon": the team of Lagoon.`},
				{"updated", p.Document.Updated.Format(time.DateOnly), "2024-03-03"},
				{"distribution", p.Document.Distribution, "There is none."},
				{"locations", strings.Join(p.Document.Locations, " "), "https://www.lagoon.example/rfc2350.txt"},
				{"address", p.Contact.Address, "CSIRT Lagoon\n  Harbour Road 1\nLagoon"},
				{"telephone", strings.Join(p.Contact.Telephone, "|"), "+99 555 0100 (ask for|CSIRT Lagoon)"},
				{"facsimile", strings.Join(p.Contact.Facsimile, "|"), ""},
				{"email", strings.Join(p.Contact.Email, "|"), "csirt@lagoon.example"},
				{"members", p.Contact.Members, "Ana Example is the head."},
				{"mission", p.Charter.Mission, "To help.\n5. Services are not what this is about."},
				{"triage", p.Services.Triage, "- Whether it is one."},
				{"disclaimers", strings.Join(strings.Fields(p.Disclaimers), " "), "While every precaution will be taken. Annex: nothing"},
			} {
				if c.got != c.want {
					t.Errorf("%s: got %q, want %q", c.what, c.got, c.want)
				}
			}
			if p.OpenPGP == nil || p.OpenPGP.Fingerprint != "25701B0049C4F6B774DE600E24CCA17EE5B96E0F" {
				t.Errorf("openpgp: %+v", p.OpenPGP)
			}
			var missed strings.Builder
			for _, m := range r.Missed {
				missed.WriteString(m.Section + ": " + m.Why + "\n")
			}
			for _, want := range []string{"2.3 Time Zone: is more", "2.9 Team Members: taken for this section by its number", "3.5 Budget: not a section"} {
				if !strings.Contains(missed.String(), want) {
					t.Errorf("not told of %q, but\n%s", want, missed.String())
				}
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	for name, text := range map[string][]byte{
		"nothing": nil, "no sections": []byte("hello\n2 b or not\n"), "binary": []byte(strings.Repeat("\x00\x01\x00", 100)),
		"too long": make([]byte, rfc2350.MaxText+1),
	} {
		if _, err := rfc2350.Read(text); !errors.Is(err, rfc2350.ErrNotText) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestReadBoundsWhatItTakes(t *testing.T) {
	text := "1. Document Information\n1.2 Distribution List for Notifications\n\n" + strings.Repeat("word ", 4000) +
		"\n\n2.4 Telephone Number\n\n" + strings.Repeat("- 1\n", 40)
	r, err := rfc2350.Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(r.Profile.Document.Distribution); n > notice.MaxStatementNote || n < notice.MaxStatementNote-10 {
		t.Errorf("kept %d bytes", n)
	}
	if n := len(r.Profile.Contact.Telephone); n != notice.MaxContacts {
		t.Errorf("kept %d numbers", n)
	}
	if len(r.Missed) < 2 {
		t.Errorf("told %+v", r.Missed)
	}
}

func FuzzRead(f *testing.F) {
	b, err := os.ReadFile("testdata/classic.txt")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(rfc2350.Write(&notice.Profile{Name: "x", Conduct: notice.Conduct{NoMaliciousActivity: true}})))
	f.Add([]byte("1 Document Information\n3.4 Authority\nRole: national\nScope: KE\nEndorsed by: x, team t\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := rfc2350.Read(b)
		if err != nil {
			if r != nil || !errors.Is(err, rfc2350.ErrNotText) {
				t.Fatalf("got %v, %v", r, err)
			}
			return
		}
		if r.Profile.Validate() != nil {
			return
		}
		back, err := rfc2350.Read([]byte(rfc2350.Write(r.Profile)))
		if err != nil {
			t.Fatal(err)
		}
		sameText(t, back.Profile, rfc2350.Carried(r.Profile))
	})
}
