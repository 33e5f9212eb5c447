package main

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"tocsin/pkg/notice"
)

// profileDraft writes a profile as a TOML file to edit, with every field explained; what the profile does not say stands there as
// a comment. It is the manual of the format.
func profileDraft(p *notice.Profile, above ...string) string {
	var w tomlText
	w.note("The profile of a team: RFC 2350 in fields. Fill in, then: tocsin profile publish THIS-FILE\n" +
		"What begins with # is a comment; fields that are commented out are optional. All who share a community\n" +
		"with this team can read it. The numbers are the sections of RFC 2350.")
	for _, line := range above {
		w.note(line)
	}
	w.gap()
	w.note("The language of the texts below.")
	w.must("language", p.Language)
	w.note("2.1: the name in full, and what others call the team.")
	w.must("name", p.Name)
	w.may("short_name", p.ShortName)
	w.note("The organisation that the team is part of. Sponsors of one team come from different ones.")
	w.may("parent", p.Parent)
	w.note("6: how to report an incident.")
	w.prose("reporting_forms", p.ReportingForms)
	w.note("7.")
	w.prose("disclaimers", p.Disclaimers)

	w.table("document")
	w.note("1.1: set when it is published, unless it is given here.")
	w.raw("updated", orElse(p.Document.Updated.Format(time.RFC3339), "2026-03-01T12:00:00Z"), false)
	w.note("1.2: who is told of changes.")
	w.prose("distribution", p.Document.Distribution)
	w.note("1.3: where the text form is published (tocsin profile export --rfc2350).")
	w.list("locations", p.Document.Locations, "https://csirt.example.org/rfc2350.txt")
	w.note("How to check that text.")
	w.prose("authentication", p.Document.Authentication)

	w.contact(&p.Contact)
	w.availability(&p.Availability)

	w.table("charter")
	w.note("3.1, 3.3, 3.4.")
	w.prose("mission", p.Charter.Mission)
	w.prose("affiliation", p.Charter.Affiliation)
	w.prose("authority", p.Charter.Authority)

	w.constituency(&p.Constituency)

	w.table("policies")
	w.note("4.1: types of incidents and level of support. 4.2: co-operation and disclosure. 4.3: communication.")
	w.prose("incidents", p.Policies.Incidents)
	w.prose("cooperation", p.Policies.Cooperation)
	w.prose("communication", p.Policies.Communication)

	w.table("services")
	w.note("5.1: incident response, with its parts 5.1.1 to 5.1.3. 5.2: proactive activities.")
	w.prose("response", p.Services.Response)
	w.prose("triage", p.Services.Triage)
	w.prose("coordination", p.Services.Coordination)
	w.prose("resolution", p.Services.Resolution)
	w.prose("proactive", p.Services.Proactive)

	w.conduct(p.Conduct)
	w.openPGP(p.OpenPGP)
	w.disclosure(p.Disclosure)
	w.roles(p.Roles)
	w.redDesk(p.RedDesk)
	return w.String()
}

func (w *tomlText) contact(c *notice.Contact) {
	w.table("contact")
	w.note("2.2 to 2.11. One of email and telephone is needed.")
	w.prose("address", c.Address)
	w.list("telephone", c.Telephone, "+254 20 555 0100")
	w.list("facsimile", c.Facsimile, "")
	w.prose("other", c.Other)
	w.list("email", c.Email, "csirt@example.org")
	w.prose("encryption", c.Encryption)
	w.prose("members", c.Members)
	w.prose("information", c.Information)
	w.prose("customer_contact", c.CustomerContact)
	w.note("In which languages the team can be addressed, the best first.")
	w.list("languages", c.Languages, "en", "sw")
}

func (w *tomlText) availability(a *notice.Availability) {
	w.table("availability")
	w.note("2.3: of the IANA database.")
	w.mayLike("time_zone", a.TimeZone, "Africa/Nairobi")
	w.note("Somebody answers at any hour.")
	w.raw("around_the_clock", fmt.Sprint(a.AroundTheClock), a.AroundTheClock)
	w.note("How to reach the team outside of its hours.")
	w.prose("out_of_hours", a.OutOfHours)
	w.note("Hours on the clock of that zone: " + strings.Join(notice.Weekdays(), ", ") + ".")
	for _, h := range orExample(a.Hours, notice.Hours{Days: notice.Weekdays()[:5], From: "09:00", To: "17:00"}) {
		w.block("availability.hours", h.given)
		w.raw("days", tomlList(h.v.Days), h.given)
		w.raw("from", tomlString(h.v.From), h.given)
		w.raw("to", tomlString(h.v.To), h.given)
	}
	w.gap()
	w.note("Days without hours; 12-25 is every year.")
	for _, h := range orExample(a.Holidays, notice.Holiday{From: "12-25", To: "12-26", Name: "Christmas"}) {
		w.block("availability.holidays", h.given)
		w.raw("from", tomlString(h.v.From), h.given)
		w.raw("to", tomlString(h.v.To), h.given && h.v.To != "")
		w.raw("name", tomlString(h.v.Name), h.given && h.v.Name != "")
	}
}

func (w *tomlText) constituency(c *notice.Constituency) {
	w.table("constituency")
	w.note("3.2: whom the team serves, in words and so that requests find it.")
	w.prose("description", c.Description)
	w.list("prefixes", texts(c.Prefixes), "192.0.2.0/24", "2001:db8::/32")
	numbers := strings.Join(texts(c.ASNs), ", ")
	w.raw("asns", "["+orElse(numbers, "64500")+"]", numbers != "")
	w.list("domains", c.Domains, "example.org")
	w.list("countries", c.Countries, "KE")
	w.list("sectors", c.Sectors, "finance")
}

func (w *tomlText) conduct(c notice.Conduct) {
	w.table("conduct")
	w.note("The team's own word, which nobody gives for it. True says: " + notice.ConductStatement)
	w.raw("no_malicious_activity", "true", c.NoMaliciousActivity)
	w.note("In the team's own words.")
	w.prose("text", c.Text)
}

func (w *tomlText) openPGP(o *notice.OpenPGP) {
	given := o != nil
	if !given {
		o = &notice.OpenPGP{}
	}
	w.gap()
	w.note("The team's published OpenPGP key. key: gpg --armor --export-options export-minimal --export FINGERPRINT\n" +
		"signature: printf '%s\\n' TEAM-ID | gpg --armor --detach-sign --local-user FINGERPRINT")
	if given {
		w.WriteString("[openpgp]\n")
	} else {
		w.WriteString("# [openpgp]\n")
	}
	w.raw("fingerprint", tomlString(o.Fingerprint), given)
	w.prose("key", o.Key)
	w.prose("signature", o.Signature)
}

func (w *tomlText) disclosure(duties []notice.Duty) {
	w.gap()
	w.note("Whom the team tells what others tell it, whether they agree or not. Others see this before they send.\n" +
		"to: " + joinWords(notice.DutyTos()) + "; obligation: " + joinWords(notice.Obligations()) + " (in the cases of text).")
	for _, d := range orExample(duties, notice.Duty{To: notice.DutyLawEnforcement, Obligation: notice.ObligationOnOrder}) {
		w.block("disclosure", d.given)
		w.raw("to", tomlString(d.v.To.String()), d.given)
		w.raw("obligation", tomlString(d.v.Obligation.String()), d.given)
		w.raw("name", tomlString(d.v.Name), d.given && d.v.Name != "")
		w.raw("tells_source", fmt.Sprint(d.v.TellsSource), d.given && d.v.TellsSource)
		w.prose("text", d.v.Text)
	}
}

func (w *tomlText) roles(roles []notice.RoleClaim) {
	w.gap()
	w.note("What the team claims to be for others: " + joinWords(notice.Roles()) + ". scope is a country, a sector or words.")
	for _, r := range orExample(roles, notice.RoleClaim{Role: notice.RoleNational, Scope: "KE"}) {
		w.block("roles", r.given)
		w.raw("role", tomlString(r.v.Role.String()), r.given)
		w.raw("scope", tomlString(r.v.Scope), r.given && r.v.Scope != "")
		w.prose("text", r.v.Text)
		w.note("Who endorses it, with the ID of its team where it has one.")
		for _, e := range orExample(r.v.Endorsers, notice.Endorser{Name: "Communications Authority"}) {
			w.block("roles.endorsers", e.given)
			w.raw("name", tomlString(e.v.Name), e.given)
			if e.v.Team != (notice.Endorser{}).Team {
				w.raw("team", tomlString(e.v.Team.String()), true)
			}
		}
	}
}

func (w *tomlText) redDesk(desk []notice.Person) {
	w.gap()
	w.note("Who opens TLP:RED that is addressed to this team and names nobody. Not in the text form.")
	for _, d := range orExample(desk, notice.Person{Name: "A. Example", Email: "a@example.org"}) {
		w.block("red_desk", d.given)
		w.raw("name", tomlString(d.v.Name), d.given)
		w.raw("email", tomlString(d.v.Email), d.given && d.v.Email != "")
		w.raw("telephone", tomlString(d.v.Telephone), d.given && d.v.Telephone != "")
		w.raw("fingerprint", tomlString(d.v.Fingerprint), d.given && d.v.Fingerprint != "")
	}
}

// sampled is a value to write, or an example to write as a comment.
type sampled[T any] struct {
	v     T
	given bool
}

func orExample[T any](all []T, example T) []sampled[T] {
	if len(all) == 0 {
		return []sampled[T]{{v: example}}
	}
	var out []sampled[T]
	for _, v := range all {
		out = append(out, sampled[T]{v, true})
	}
	return out
}

func texts[T any](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = fmt.Sprint(v)
	}
	return out
}

func orElse(s, other string) string {
	if s == "" || strings.HasPrefix(s, "0001-01-01") {
		return other
	}
	return s
}

// tomlText writes TOML with comments.
type tomlText struct{ strings.Builder }

func (w *tomlText) gap() { w.WriteByte('\n') }

// note writes a comment. What came from a text that was read is made plain first.
func (w *tomlText) note(text string) {
	for line := range strings.SplitSeq(text, "\n") {
		w.WriteString(strings.TrimRight("# "+cleanLine(line), " ") + "\n")
	}
}

func (w *tomlText) table(name string) { w.WriteString("\n[" + name + "]\n") }

// block begins one of several tables.
func (w *tomlText) block(name string, given bool) {
	w.gap()
	if !given {
		w.WriteString("# ")
	}
	w.WriteString("[[" + name + "]]\n")
}

// raw writes a key with a value in TOML, as a comment if it is not given.
func (w *tomlText) raw(key, value string, given bool) {
	if !given {
		w.WriteString("# ")
	}
	w.WriteString(key + " = " + value + "\n")
}

func (w *tomlText) must(key, value string) { w.raw(key, tomlString(value), true) }

func (w *tomlText) may(key, value string) { w.raw(key, tomlString(value), value != "") }

func (w *tomlText) mayLike(key, value, like string) {
	w.raw(key, tomlString(orElse(value, like)), value != "")
}

func (w *tomlText) list(key string, values []string, like ...string) {
	if len(values) == 0 {
		w.raw(key, tomlList(like), false)
		return
	}
	w.raw(key, tomlList(values), true)
}

// prose writes text of several lines as such.
func (w *tomlText) prose(key, value string) {
	if !strings.Contains(value, "\n") {
		w.may(key, value)
		return
	}
	lines := strings.Split(strings.TrimSuffix(value, "\n"), "\n")
	for i, l := range lines {
		lines[i] = strings.ReplaceAll(tomlEscape(l), `"""`, `""\"`)
	}
	w.raw(key, "\"\"\"\n"+strings.Join(lines, "\n")+"\n\"\"\"", true)
}

func tomlList(values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = tomlString(v)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

func tomlString(s string) string { return `"` + strings.ReplaceAll(tomlEscape(s), `"`, `\"`) + `"` }

// tomlEscape escapes all but quotes, and whatever could act on the terminal or hide in the editor.
func tomlEscape(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\ufffd"):
			b.WriteString(`\uFFFD`)
		case r == '\\':
			b.WriteString(`\\`)
		case r > 0xffff && deceptive(r):
			fmt.Fprintf(&b, `\U%08X`, r)
		case deceptive(r):
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
