package notice

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"tocsin/pkg/dsse"
)

// Normalise gives the profile its one form.
func (p *Profile) Normalise() {
	cleanLanguage(&p.Language)
	cleanLines(&p.Name, &p.ShortName, &p.Parent, &p.Availability.TimeZone)
	cleanTime(&p.Document.Updated)
	for _, prose := range p.prose() {
		cleanProse(prose.at)
		*prose.at = strings.TrimLeft(*prose.at, "\n")
	}
	for _, list := range p.lists() {
		cleanList(list.at)
	}
	for i := range p.Contact.Languages {
		cleanLanguage(&p.Contact.Languages[i])
	}
	cleanList(&p.Contact.Languages)
	p.Availability.normalise()
	p.Constituency.normalise()
	for i := range p.Disclosure {
		cleanLines(&p.Disclosure[i].Name)
		cleanProse(&p.Disclosure[i].Text)
	}
	dropEmpty(&p.Disclosure)
	for i := range p.Roles {
		r := &p.Roles[i]
		cleanLines(&r.Scope)
		cleanProse(&r.Text)
		for j := range r.Endorsers {
			cleanLines(&r.Endorsers[j].Name)
		}
		dropEmpty(&r.Endorsers)
	}
	dropEmpty(&p.Roles)
	p.OpenPGP.normalise()
	for i := range p.RedDesk {
		d := &p.RedDesk[i]
		cleanLines(&d.Name, &d.Email, &d.Telephone)
		cleanFingerprint(&d.Fingerprint)
	}
	dropEmpty(&p.RedDesk)
}

// field is one of several fields that are treated alike.
type field[T any] struct {
	name string
	at   *T
}

// prose lists the fields of many lines.
func (p *Profile) prose() []field[string] {
	return []field[string]{
		{"document.distribution", &p.Document.Distribution},
		{"document.authentication", &p.Document.Authentication},
		{"contact.address", &p.Contact.Address},
		{"contact.other", &p.Contact.Other},
		{"contact.encryption", &p.Contact.Encryption},
		{"contact.members", &p.Contact.Members},
		{"contact.information", &p.Contact.Information},
		{"contact.customer_contact", &p.Contact.CustomerContact},
		{"availability.out_of_hours", &p.Availability.OutOfHours},
		{"charter.mission", &p.Charter.Mission},
		{"charter.affiliation", &p.Charter.Affiliation},
		{"charter.authority", &p.Charter.Authority},
		{"constituency.description", &p.Constituency.Description},
		{"policies.incidents", &p.Policies.Incidents},
		{"policies.cooperation", &p.Policies.Cooperation},
		{"policies.communication", &p.Policies.Communication},
		{"services.response", &p.Services.Response},
		{"services.triage", &p.Services.Triage},
		{"services.coordination", &p.Services.Coordination},
		{"services.resolution", &p.Services.Resolution},
		{"services.proactive", &p.Services.Proactive},
		{"reporting_forms", &p.ReportingForms},
		{"disclaimers", &p.Disclaimers},
		{"conduct.text", &p.Conduct.Text},
	}
}

// lists names the lists of lines.
func (p *Profile) lists() []field[[]string] {
	return []field[[]string]{
		{"document.locations", &p.Document.Locations},
		{"contact.telephone", &p.Contact.Telephone},
		{"contact.facsimile", &p.Contact.Facsimile},
		{"contact.email", &p.Contact.Email},
	}
}

func cleanLines(lines ...*string) {
	for _, l := range lines {
		cleanLine(l)
	}
}

// cleanList cleans lines and drops the empty ones.
func cleanList(list *[]string) {
	for i := range *list {
		cleanLine(&(*list)[i])
	}
	*list = slices.DeleteFunc(*list, func(s string) bool { return s == "" })
	dropEmpty(list)
}

func (a *Availability) normalise() {
	for i := range a.Hours {
		h := &a.Hours[i]
		for j := range h.Days {
			h.Days[j] = strings.ToLower(strings.TrimSpace(h.Days[j]))
		}
		sortSet(&h.Days, func(x, y string) int { return cmp.Or(weekday(x)-weekday(y), strings.Compare(x, y)) })
		cleanLines(&h.From, &h.To)
	}
	dropEmpty(&a.Hours)
	for i := range a.Holidays {
		h := &a.Holidays[i]
		cleanLines(&h.From, &h.To, &h.Name)
		if h.To == h.From {
			h.To = ""
		}
	}
	dropEmpty(&a.Holidays)
}

// weekday ranks the days; what is none comes last.
func weekday(s string) int {
	if i := slices.Index(Weekdays(), s); i >= 0 {
		return i
	}
	return len(Weekdays())
}

func (p *Profile) check(f *findings) {
	checkLanguage(f, "language", p.Language)
	f.name("name", p.Name)
	f.line("short_name", p.ShortName, MaxName)
	f.line("parent", p.Parent, MaxName)
	if p.Document.Updated.IsZero() {
		f.add("document.updated", "is missing", "when this profile was last changed")
	}
	checkTime(f, "document.updated", p.Document.Updated)
	for _, prose := range p.prose() {
		f.prose(prose.name, *prose.at, MaxStatementNote)
	}
	for _, list := range p.lists() {
		f.count(list.name, len(*list.at), MaxContacts)
		for i, s := range *list.at {
			f.line(at(list.name, i), s, MaxTitle)
		}
	}
	p.Contact.check(f)
	p.Availability.check(f)
	p.Constituency.checkAt(f, "constituency")
	p.checkClaims(f)
	p.OpenPGP.check(f)
	f.count("red_desk", len(p.RedDesk), MaxRedDesk)
	for i, d := range p.RedDesk {
		d.check(f, at("red_desk", i))
	}
	if !f.strict || len(f.list) > 0 {
		return
	}
	if b, err := dsse.Encode(p); err != nil || len(b) > MaxProfile {
		f.addf("profile", "has %d bytes in all, at most %d fit into a statement", len(b), MaxProfile)
	}
}

func checkLanguage(f *findings, field, s string) {
	f.size(field, s, maxWord)
	switch {
	case !f.strict || wellFormedLanguage(s):
	case s == "":
		f.add(field, "is missing", "BCP 47, such as en, fr or pt-BR")
	default:
		f.add(field, quote(s)+" is not a language tag", "BCP 47, such as en, fr or pt-BR")
	}
}

func (c *Contact) check(f *findings) {
	for i, s := range c.Email {
		checkEmail(f, at("contact.email", i), s)
	}
	f.count("contact.languages", len(c.Languages), MaxContacts)
	for i, s := range c.Languages {
		checkLanguage(f, at("contact.languages", i), s)
	}
	if f.strict && len(c.Email) == 0 && len(c.Telephone) == 0 {
		f.add("contact.email", "is missing", "an address by mail or a telephone number, at least one")
	}
}

func checkEmail(f *findings, field, s string) {
	local, domain, ok := strings.Cut(s, "@")
	if !f.strict || s == "" {
		return
	}
	cleanDomain(&domain)
	if problem, _ := domainProblem(domain); !ok || local == "" || problem != "" || strings.ContainsAny(s, " <>,;\"") {
		f.add(field, quote(s)+" is not a mail address", "such as csirt@example.org")
	}
}

func (a *Availability) check(f *findings) {
	f.line("availability.time_zone", a.TimeZone, MaxLine)
	if f.strict && a.TimeZone != "" && !wellFormedZone(a.TimeZone) {
		f.add("availability.time_zone", quote(a.TimeZone)+" is not the name of a time zone", "of the IANA database, such as Africa/Nairobi, or UTC")
	}
	if f.strict && a.TimeZone == "" && len(a.Hours) > 0 {
		f.add("availability.time_zone", "is missing", "hours are in a time zone, such as Africa/Nairobi")
	}
	f.count("availability.hours", len(a.Hours), MaxHours)
	for i, h := range a.Hours {
		h.check(f, at("availability.hours", i))
	}
	f.count("availability.holidays", len(a.Holidays), MaxHolidays)
	for i, h := range a.Holidays {
		h.check(f, at("availability.holidays", i))
	}
}

// wellFormedZone accepts the form of names in the IANA database; it has no copy of it.
func wellFormedZone(s string) bool {
	if s == "UTC" {
		return true
	}
	parts := strings.Split(s, "/")
	for _, p := range parts {
		if len(p) < 2 || len(p) > 32 || p[0] < 'A' || p[0] > 'Z' ||
			!alphanumeric(strings.NewReplacer("_", "", "-", "", "+", "").Replace(p)) {
			return false
		}
	}
	return len(parts) >= 2 && len(parts) <= 3
}

func (h *Hours) check(f *findings, field string) {
	f.count(field+".days", len(h.Days), len(Weekdays()))
	for i, d := range h.Days {
		f.size(at(field+".days", i), d, maxWord)
		if f.strict && weekday(d) == len(Weekdays()) {
			f.add(at(field+".days", i), quote(d)+" is not a day of the week", "one of "+strings.Join(Weekdays(), ", "))
		}
	}
	f.line(field+".from", h.From, maxWord)
	f.line(field+".to", h.To, maxWord)
	if !f.strict {
		return
	}
	if len(h.Days) == 0 {
		f.add(field+".days", "is missing", "some of "+strings.Join(Weekdays(), ", "))
	}
	if !clockTime(h.From) {
		f.add(field+".from", quote(h.From)+" is not a time of day", "such as 09:00")
	}
	if !clockTime(h.To) && h.To != "24:00" {
		f.add(field+".to", quote(h.To)+" is not a time of day", "such as 17:30, or 24:00")
	}
}

func clockTime(s string) bool {
	_, err := time.Parse("15:04", s)
	return err == nil && len(s) == 5
}

func (h *Holiday) check(f *findings, field string) {
	f.line(field+".from", h.From, maxWord)
	f.line(field+".to", h.To, maxWord)
	f.line(field+".name", h.Name, MaxName)
	if !f.strict {
		return
	}
	if !calendarDay(h.From) {
		f.add(field+".from", quote(h.From)+" is not a day", "such as 2026-12-25, or 12-25 for every year")
	}
	if h.To == "" {
		return
	}
	switch {
	case !calendarDay(h.To) || len(h.To) != len(h.From):
		f.add(field+".to", quote(h.To)+" is not a day in the form of from", "such as 2026-12-26, or 12-26 for every year")
	case len(h.To) == len("2006-01-02") && h.To < h.From:
		f.add(field+".to", "is before from", "")
	}
}

// calendarDay accepts a day of one year, or of every year.
func calendarDay(s string) bool {
	if len(s) == len("01-02") {
		s = "2024-" + s // a leap year
	}
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

func (p *Profile) checkClaims(f *findings) {
	f.count("disclosure", len(p.Disclosure), MaxDuties)
	for i, d := range p.Disclosure {
		field := at("disclosure", i)
		dutyTos().check(f, field+".to", d.To)
		obligations().check(f, field+".obligation", d.Obligation)
		f.line(field+".name", d.Name, MaxName)
		f.prose(field+".text", d.Text, MaxStatementNote)
		if f.strict && d.Text == "" && d.Obligation == ObligationSome {
			f.add(field+".text", "is missing", "in which cases")
		}
	}
	f.count("roles", len(p.Roles), MaxRoles)
	for i, r := range p.Roles {
		field := at("roles", i)
		roles().check(f, field+".role", r.Role)
		f.line(field+".scope", r.Scope, MaxLine)
		f.prose(field+".text", r.Text, MaxStatementNote)
		f.count(field+".endorsers", len(r.Endorsers), MaxEndorsers)
		for j, e := range r.Endorsers {
			f.name(at(field+".endorsers", j)+".name", e.Name)
		}
	}
}

func (d *Person) check(f *findings, field string) {
	f.name(field+".name", d.Name)
	f.line(field+".email", d.Email, MaxLine)
	checkEmail(f, field+".email", d.Email)
	f.line(field+".telephone", d.Telephone, MaxLine)
	checkFingerprint(f, field+".fingerprint", d.Fingerprint, false)
}
