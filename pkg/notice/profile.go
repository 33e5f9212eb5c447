package notice

import (
	"fmt"
	"time"

	"tocsin/pkg/identity"
)

// Profile is who a team is, in the fields of RFC 2350, Appendix D, and what other teams need to know
// before they ask it: whom it serves, when it works, whom it must tell. A node or the root of the team
// signs it. All of it is the team's own claim. See docs/spec/profile.md.
type Profile struct {
	Language       string          `json:"language"`                 // of the prose; BCP 47
	Name           string          `json:"name"`                     // in full, one line
	ShortName      string          `json:"short_name,omitzero"`      // as others call it
	Parent         string          `json:"parent,omitzero"`          // the organisation that it is part of; absent: none but itself
	Document       ProfileDocument `json:"document"`                 // RFC 2350, section 1
	Contact        Contact         `json:"contact"`                  // section 2
	Availability   Availability    `json:"availability,omitzero"`    // sections 2.3 and 2.10
	Charter        Mandate         `json:"charter,omitzero"`         // section 3
	Constituency   Constituency    `json:"constituency,omitzero"`    // section 3.2
	Policies       Policies        `json:"policies,omitzero"`        // section 4
	Services       Services        `json:"services,omitzero"`        // section 5
	ReportingForms string          `json:"reporting_forms,omitzero"` // section 6
	Disclaimers    string          `json:"disclaimers,omitzero"`     // section 7
	Disclosure     []Duty          `json:"disclosure,omitempty"`     // whom it must or may tell what it is told
	Roles          []RoleClaim     `json:"roles,omitempty"`          // what it claims to be for others
	Conduct        Conduct         `json:"conduct,omitzero"`         // on malicious activity
	OpenPGP        *OpenPGP        `json:"openpgp,omitzero"`         // its published key
	RedDesk        []Person        `json:"red_desk,omitempty"`       // who opens TLP:RED that names nobody
}

// ProfileDocument is about the profile itself.
type ProfileDocument struct {
	Updated        time.Time `json:"updated"`                 // 1.1
	Distribution   string    `json:"distribution,omitzero"`   // 1.2: who is told of changes
	Locations      []string  `json:"locations,omitempty"`     // 1.3: where the text form is published
	Authentication string    `json:"authentication,omitzero"` // 1.4 of many documents, not of the template
}

// Contact is how to reach the team.
type Contact struct {
	Address         string   `json:"address,omitzero"`          // 2.2
	Telephone       []string `json:"telephone,omitempty"`       // 2.4
	Facsimile       []string `json:"facsimile,omitempty"`       // 2.5
	Other           string   `json:"other,omitzero"`            // 2.6
	Email           []string `json:"email,omitempty"`           // 2.7
	Encryption      string   `json:"encryption,omitzero"`       // 2.8, beside Profile.OpenPGP
	Members         string   `json:"members,omitzero"`          // 2.9
	Information     string   `json:"information,omitzero"`      // 2.10
	CustomerContact string   `json:"customer_contact,omitzero"` // 2.11
	Languages       []string `json:"languages,omitempty"`       // in which it can be addressed; BCP 47, the best first
}

// Availability is when people of the team work.
type Availability struct {
	TimeZone       string    `json:"time_zone,omitzero"`        // of the IANA database: "Africa/Nairobi"
	AroundTheClock bool      `json:"around_the_clock,omitzero"` // somebody answers at any hour
	Hours          []Hours   `json:"hours,omitempty"`
	Holidays       []Holiday `json:"holidays,omitempty"`
	OutOfHours     string    `json:"out_of_hours,omitzero"` // how to reach it outside of Hours
}

// Hours are covered hours of some days of the week, in the team's time zone. To at or before From is on
// the next day.
type Hours struct {
	Days []string `json:"days"` // of mon, tue, wed, thu, fri, sat, sun
	From string   `json:"from"` // "09:00"
	To   string   `json:"to"`   // "17:30"; "24:00" is the end of the day
}

// Holiday is a day, or a row of days, on which Hours do not hold.
type Holiday struct {
	From string `json:"from"`          // "2026-12-25", or "12-25" for every year
	To   string `json:"to,omitzero"`   // the last day, in the same form; absent: From
	Name string `json:"name,omitzero"` // one line
}

// Mandate is what the team is for.
type Mandate struct {
	Mission     string `json:"mission,omitzero"`     // 3.1
	Affiliation string `json:"affiliation,omitzero"` // 3.3
	Authority   string `json:"authority,omitzero"`   // 3.4
}

// Constituency is whom the team serves: in words, and in those of Affected, which are the fields of
// Cerebrate's CSIRT constituency template.
type Constituency struct {
	Description string `json:"description,omitzero"`
	Affected
}

// Policies are section 4 of RFC 2350.
type Policies struct {
	Incidents     string `json:"incidents,omitzero"`     // 4.1
	Cooperation   string `json:"cooperation,omitzero"`   // 4.2
	Communication string `json:"communication,omitzero"` // 4.3
}

// Services are section 5 of RFC 2350.
type Services struct {
	Response     string `json:"response,omitzero"`     // 5.1
	Triage       string `json:"triage,omitzero"`       // 5.1.1
	Coordination string `json:"coordination,omitzero"` // 5.1.2
	Resolution   string `json:"resolution,omitzero"`   // 5.1.3
	Proactive    string `json:"proactive,omitzero"`    // 5.2
}

// Duty is whom the team tells what others tell it, whether the source agrees or not.
type Duty struct {
	To         DutyTo     `json:"to"`
	Name       string     `json:"name,omitzero"` // of the authority, one line
	Obligation Obligation `json:"obligation"`
	// TellsSource: the source is told before, as far as the law lets the team.
	TellsSource bool   `json:"tells_source,omitzero"`
	Text        string `json:"text,omitzero"` // in which cases, and on what legal ground
}

// RoleClaim is what the team says it is for others. It weighs as much as those who endorse it.
type RoleClaim struct {
	Role      Role       `json:"role"`
	Scope     string     `json:"scope,omitzero"` // a country code or a sector, else in words
	Endorsers []Endorser `json:"endorsers,omitempty"`
	Text      string     `json:"text,omitzero"` // on what ground
}

// Endorser is who is named as endorsing a claim. Only what they say themselves proves it.
type Endorser struct {
	Name string          `json:"name"`
	Team identity.TeamID `json:"team,omitzero"` // where they have one
}

// Conduct is the team's word on malicious activity.
type Conduct struct {
	// NoMaliciousActivity: the team takes no part in malicious activity; see ConductStatement.
	NoMaliciousActivity bool   `json:"no_malicious_activity,omitzero"`
	Text                string `json:"text,omitzero"` // in its own words
}

// ConductStatement is what Conduct.NoMaliciousActivity says in full. It recalls norm 13(k) of the report
// A/70/174 of the UN Group of Governmental Experts (2015).
const ConductStatement = "This team takes no part in malicious activity. It recalls that States should not conduct or " +
	"knowingly support activity to harm the information systems of the authorized emergency response teams of another " +
	"State, and should not use authorized emergency response teams to engage in malicious international activity " +
	"(A/70/174, paragraph 13 (k))."

// Person is somebody by name.
type Person struct {
	Name        string `json:"name"`
	Email       string `json:"email,omitzero"`
	Telephone   string `json:"telephone,omitzero"`
	Fingerprint string `json:"fingerprint,omitzero"` // of the person's OpenPGP key
}

// DecodeProfile reads what a profile statement says. Errors wrap ErrUnreadable.
func DecodeProfile(b []byte) (*Profile, error) {
	if len(b) > MaxProfile {
		return nil, fmt.Errorf("%w: profile has %d bytes, at most %d are allowed", ErrUnreadable, len(b), MaxProfile)
	}
	return said(b, &Profile{})
}

// Validate returns what must be put right before signing; see Content.
func (p *Profile) Validate() error { return validate(p) }
