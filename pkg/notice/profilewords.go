package notice

import "github.com/go-json-experiment/json/jsontext"

// DutyTo is a kind of authority that may have to be told. A reader takes an unknown one as DutyOther.
type DutyTo string

// The words.
const (
	DutyLawEnforcement DutyTo = "law-enforcement" // police, prosecution, courts
	DutyRegulator      DutyTo = "regulator"       // of a sector, of data protection, of network security
	DutyOther          DutyTo = "other"           // as the name and the text say
)

// DutyTos returns all kinds of authority.
func DutyTos() []DutyTo { return []DutyTo{DutyLawEnforcement, DutyRegulator, DutyOther} }

func dutyTos() vocabulary[DutyTo] { return vocabulary[DutyTo]{"authority", DutyTos(), nil} }

// ParseDutyTo reads a word in any case.
func ParseDutyTo(s string) (DutyTo, error) { return dutyTos().parse(s) }

// Known reports whether d is one of DutyTos.
func (d DutyTo) Known() bool { return dutyTos().has(d) }

// String returns the word.
func (d DutyTo) String() string { return string(d) }

// MarshalText returns the word.
func (d DutyTo) MarshalText() ([]byte, error) { return write(d) }

// UnmarshalText reads a word as ParseDutyTo does.
func (d *DutyTo) UnmarshalText(b []byte) (err error) {
	*d, err = ParseDutyTo(string(b))
	return err
}

// UnmarshalJSONFrom is UnmarshalText that keeps an unknown word.
func (d *DutyTo) UnmarshalJSONFrom(dec *jsontext.Decoder) (err error) {
	*d, err = dutyTos().read(dec)
	return err
}

// Obligation is how far a duty to disclose goes. A reader takes an unknown one as ObligationAlways.
type Obligation string

// The words, from the least to the most.
const (
	ObligationNone    Obligation = "none"     // tells nothing without the source's word
	ObligationOnOrder Obligation = "on-order" // when a court or an authority orders it
	ObligationSome    Obligation = "some"     // in the cases that the text names
	ObligationAlways  Obligation = "always"   // whatever comes in
)

// Obligations returns all of them, the least first.
func Obligations() []Obligation {
	return []Obligation{ObligationNone, ObligationOnOrder, ObligationSome, ObligationAlways}
}

func obligations() vocabulary[Obligation] {
	return vocabulary[Obligation]{"obligation", Obligations(), nil}
}

// ParseObligation reads a word in any case.
func ParseObligation(s string) (Obligation, error) { return obligations().parse(s) }

// Known reports whether o is one of Obligations.
func (o Obligation) Known() bool { return obligations().has(o) }

// Says returns the obligation as a half sentence about "the team".
func (o Obligation) Says() string {
	switch o {
	case ObligationNone:
		return "tells nothing without the source's word"
	case ObligationOnOrder:
		return "tells when it is ordered to"
	case ObligationSome:
		return "must tell in some cases"
	case ObligationAlways:
	}
	return "must tell whatever comes in"
}

// String returns the word.
func (o Obligation) String() string { return string(o) }

// MarshalText returns the word.
func (o Obligation) MarshalText() ([]byte, error) { return write(o) }

// UnmarshalText reads a word as ParseObligation does.
func (o *Obligation) UnmarshalText(b []byte) (err error) {
	*o, err = ParseObligation(string(b))
	return err
}

// UnmarshalJSONFrom is UnmarshalText that keeps an unknown word.
func (o *Obligation) UnmarshalJSONFrom(dec *jsontext.Decoder) (err error) {
	*o, err = obligations().read(dec)
	return err
}

// Role is what a team may claim to be for others. A reader shows an unknown one and draws nothing from it.
type Role string

// The words.
const (
	RoleNational   Role = "national"    // the point of contact of a country
	RoleGovernment Role = "government"  // of its government's networks
	RoleSector     Role = "sector"      // of a sector
	RoleLastResort Role = "last-resort" // asked when nobody else answers
)

// Roles returns all roles.
func Roles() []Role { return []Role{RoleNational, RoleGovernment, RoleSector, RoleLastResort} }

func roles() vocabulary[Role] { return vocabulary[Role]{"role", Roles(), nil} }

// ParseRole reads a word in any case.
func ParseRole(s string) (Role, error) { return roles().parse(s) }

// Known reports whether r is one of Roles.
func (r Role) Known() bool { return roles().has(r) }

// String returns the word.
func (r Role) String() string { return string(r) }

// MarshalText returns the word.
func (r Role) MarshalText() ([]byte, error) { return write(r) }

// UnmarshalText reads a word as ParseRole does.
func (r *Role) UnmarshalText(b []byte) (err error) {
	*r, err = ParseRole(string(b))
	return err
}

// UnmarshalJSONFrom is UnmarshalText that keeps an unknown word.
func (r *Role) UnmarshalJSONFrom(dec *jsontext.Decoder) (err error) {
	*r, err = roles().read(dec)
	return err
}

// Weekdays returns the days of the week as Hours names them, Monday first.
func Weekdays() []string { return []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} }
