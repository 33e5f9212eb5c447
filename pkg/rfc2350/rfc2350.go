// Package rfc2350 is the classic text form of a team's profile: the document of RFC 2350, Appendix D, as
// teams publish it on their web sites. Write makes one from a profile; Read takes from such a text what can
// be understood, and says what was not. It signs and proves nothing, and a text that it read is a draft for
// people to look at (see pkg/notice for what a profile is).
// Invariant: Read of what Write wrote gives the same profile, but for the members that the text does not
// carry (see Carried) and for the line breaks inside paragraphs.
package rfc2350

import "tocsin/pkg/notice"

// MaxText bounds a text that is read: fifty times the longest seen.
const MaxText = 256 << 10

// section is one numbered section of the template.
type section struct {
	number string
	title  string
	also   []string // other titles seen in published documents
	// prose is the member that holds its text; nil where the section is only a heading or all labels.
	prose func(p *notice.Profile) *string
	// labels are the lines "Label: value" that it may have beside prose, in the order of writing.
	labels []string
}

// The labels of structured members.
const (
	labelLanguage    = "Language"
	labelName        = "Official name"
	labelShort       = "Short name"
	labelZone        = "Time zone"
	labelAlways      = "Around the clock"
	labelHours       = "Hours"
	labelHoliday     = "Holiday"
	labelOutOfHours  = "Out of hours"
	labelFingerprint = "OpenPGP fingerprint"
	labelLanguages   = "Languages"
	labelPrefixes    = "Prefixes"
	labelASNs        = "ASNs"
	labelDomains     = "Domains"
	labelCountries   = "Countries"
	labelSectors     = "Sectors"
	labelParent      = "Parent organisation"
	labelRole        = "Role"
	labelScope       = "Scope"
	labelEndorser    = "Endorsed by"
	labelGround      = "Ground"
	labelDuty        = "Discloses to"
	labelAuthority   = "Authority"
	labelObligation  = "Obligation"
	labelTells       = "Source is told before"
	labelCases       = "Cases"
	labelConduct     = "Statement on malicious activity"
)

// Numbers of the sections that have a form of their own.
const (
	numberUpdated   = "1.1"
	numberLocations = "1.3"
	numberName      = "2.1"
	numberZone      = "2.3"
	numberPhone     = "2.4"
	numberFax       = "2.5"
	numberEmail     = "2.7"
	numberKeys      = "2.8"
)

// template is RFC 2350, Appendix D, with section 1.4 of many published documents.
func template() []section {
	type p = notice.Profile
	return []section{
		{number: "1", title: "Document Information", also: []string{"About this document"}},
		{number: numberUpdated, title: "Date of Last Update", labels: []string{labelLanguage}},
		{number: "1.2", title: "Distribution List for Notifications", prose: func(p *p) *string { return &p.Document.Distribution }},
		{number: numberLocations, title: "Locations where this Document May Be Found", also: []string{"Locations where this Document may be found", "Document location"}},
		{number: "1.4", title: "Authenticating this Document", also: []string{"Authentication of this document"}, prose: func(p *p) *string { return &p.Document.Authentication }},
		{number: "2", title: "Contact Information"},
		{number: numberName, title: "Name of the Team", labels: []string{labelName, labelShort}},
		{number: "2.2", title: "Address", prose: func(p *p) *string { return &p.Contact.Address }},
		{number: numberZone, title: "Time Zone", labels: []string{labelZone, labelAlways, labelHours, labelHoliday, labelOutOfHours}},
		{number: numberPhone, title: "Telephone Number"},
		{number: numberFax, title: "Facsimile Number", also: []string{"Fax number"}},
		{number: "2.6", title: "Other Telecommunication", prose: func(p *p) *string { return &p.Contact.Other }},
		{number: numberEmail, title: "Electronic Mail Address", also: []string{"Email address", "E-mail address"}},
		{
			number: numberKeys, title: "Public Keys and Encryption Information", also: []string{"Public Keys and Other Encryption Information"},
			prose: func(p *p) *string { return &p.Contact.Encryption }, labels: []string{labelFingerprint},
		},
		{number: "2.9", title: "Team Members", prose: func(p *p) *string { return &p.Contact.Members }},
		{number: "2.10", title: "Other Information", prose: func(p *p) *string { return &p.Contact.Information }, labels: []string{labelLanguages}},
		{number: "2.11", title: "Points of Customer Contact", prose: func(p *p) *string { return &p.Contact.CustomerContact }},
		{number: "3", title: "Charter"},
		{number: "3.1", title: "Mission Statement", prose: func(p *p) *string { return &p.Charter.Mission }},
		{
			number: "3.2", title: "Constituency", prose: func(p *p) *string { return &p.Constituency.Description },
			labels: []string{labelPrefixes, labelASNs, labelDomains, labelCountries, labelSectors},
		},
		{
			number: "3.3", title: "Sponsorship and/or Affiliation", also: []string{"Sponsorship and Affiliation", "Sponsoring Organization and/or Affiliation"},
			prose: func(p *p) *string { return &p.Charter.Affiliation }, labels: []string{labelParent},
		},
		{
			number: "3.4", title: "Authority", prose: func(p *p) *string { return &p.Charter.Authority },
			labels: []string{labelRole, labelScope, labelEndorser, labelGround},
		},
		{number: "4", title: "Policies"},
		{number: "4.1", title: "Types of Incidents and Level of Support", prose: func(p *p) *string { return &p.Policies.Incidents }},
		{
			number: "4.2", title: "Co-operation, Interaction and Disclosure of Information",
			prose:  func(p *p) *string { return &p.Policies.Cooperation },
			labels: []string{labelDuty, labelAuthority, labelObligation, labelTells, labelCases, labelConduct},
		},
		{number: "4.3", title: "Communication and Authentication", prose: func(p *p) *string { return &p.Policies.Communication }},
		{number: "5", title: "Services"},
		{number: "5.1", title: "Incident Response", prose: func(p *p) *string { return &p.Services.Response }},
		{number: "5.1.1", title: "Incident Triage", prose: func(p *p) *string { return &p.Services.Triage }},
		{number: "5.1.2", title: "Incident Coordination", prose: func(p *p) *string { return &p.Services.Coordination }},
		{number: "5.1.3", title: "Incident Resolution", prose: func(p *p) *string { return &p.Services.Resolution }},
		{number: "5.2", title: "Proactive Activities", also: []string{"Proactive Services"}, prose: func(p *p) *string { return &p.Services.Proactive }},
		{number: "6", title: "Incident Reporting Forms", also: []string{"Incident Reporting Form"}, prose: func(p *p) *string { return &p.ReportingForms }},
		{number: "7", title: "Disclaimers", also: []string{"Disclaimer"}, prose: func(p *p) *string { return &p.Disclaimers }},
	}
}

// Carried returns what of a profile its text carries: all but the persons of the RED desk, and the key and
// signature beside an OpenPGP fingerprint. p is not changed.
func Carried(p *notice.Profile) *notice.Profile {
	c := *p
	c.RedDesk = nil
	if p.OpenPGP != nil {
		c.OpenPGP = &notice.OpenPGP{Fingerprint: p.OpenPGP.Fingerprint}
	}
	return &c
}
