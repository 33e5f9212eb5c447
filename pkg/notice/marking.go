package notice

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// TLP is a label of the Traffic Light Protocol 2.0 (FIRST, August 2022): who may read. The zero TLP
// means that the marking is missing, and is refused everywhere.
type TLP string

// The labels, from the widest audience to the narrowest.
const (
	TLPClear       TLP = "TLP:CLEAR"
	TLPGreen       TLP = "TLP:GREEN"
	TLPAmber       TLP = "TLP:AMBER"
	TLPAmberStrict TLP = "TLP:AMBER+STRICT"
	TLPRed         TLP = "TLP:RED"
)

// TLPs returns all labels, the widest audience first.
func TLPs() []TLP { return []TLP{TLPClear, TLPGreen, TLPAmber, TLPAmberStrict, TLPRed} }

func tlps() vocabulary[TLP] {
	return vocabulary[TLP]{"TLP label", TLPs(), func(lower string) TLP {
		name, prefixed := strings.CutPrefix(lower, "tlp:")
		switch name {
		case "white": // TLP 1.0
			return TLPClear
		case "amber-strict", "amber strict":
			return TLPAmberStrict
		}
		if prefixed {
			return ""
		}
		for _, t := range TLPs() {
			if "tlp:"+name == strings.ToLower(string(t)) {
				return t
			}
		}
		return ""
	}}
}

// ParseTLP reads a label, with or without "TLP:", in any case. TLP:WHITE is read as TLP:CLEAR.
func ParseTLP(s string) (TLP, error) { return tlps().parse(s) }

// String returns the label, such as "TLP:CLEAR"; the empty string if the marking is missing.
func (t TLP) String() string { return string(t) }

// Known reports whether t is one of TLPs.
func (t TLP) Known() bool { return tlps().has(t) }

// Stricter reports whether t allows a narrower audience than other. A missing or unknown marking is
// stricter than every label, so that nothing passes by being unmarked.
func (t TLP) Stricter(other TLP) bool { return t.strictness() > other.strictness() }

func (t TLP) strictness() int {
	if r := tlps().rank(t); r >= 0 {
		return r
	}
	return len(TLPs())
}

// MarshalText returns the label.
func (t TLP) MarshalText() ([]byte, error) { return write(t) }

// UnmarshalText reads a label as ParseTLP does. It serves JSON too: a label that this release does
// not know makes the whole notice unreadable, since nobody could say who may see it.
func (t *TLP) UnmarshalText(b []byte) (err error) {
	*t, err = ParseTLP(string(b))
	return err
}

// PAP is a label of the Permissible Actions Protocol: what may be done with the content without
// showing oneself. The zero PAP sets no limit.
type PAP string

// The labels, from the freest to the strictest.
const (
	PAPClear PAP = "PAP:CLEAR" // no restriction
	PAPGreen PAP = "PAP:GREEN" // active actions: block, ping, configure
	PAPAmber PAP = "PAP:AMBER" // passive cross-checks, also at third parties
	PAPRed   PAP = "PAP:RED"   // nothing that can be detected from outside
)

// PAPs returns all labels, the freest first.
func PAPs() []PAP { return []PAP{PAPClear, PAPGreen, PAPAmber, PAPRed} }

func paps() vocabulary[PAP] {
	return vocabulary[PAP]{"PAP label", PAPs(), func(lower string) PAP {
		name, prefixed := strings.CutPrefix(lower, "pap:")
		if name == "white" {
			return PAPClear
		}
		if prefixed {
			return ""
		}
		for _, p := range PAPs() {
			if "pap:"+name == strings.ToLower(string(p)) {
				return p
			}
		}
		return ""
	}}
}

// ParsePAP reads a label, with or without "PAP:", in any case. PAP:WHITE is read as PAP:CLEAR.
func ParsePAP(s string) (PAP, error) { return paps().parse(s) }

// String returns the label, such as "PAP:AMBER", or the empty string.
func (p PAP) String() string { return string(p) }

// Known reports whether p is one of PAPs.
func (p PAP) Known() bool { return paps().has(p) }

// Stricter reports whether p allows less than other. An unknown label allows least; the zero PAP is
// as free as PAP:CLEAR.
func (p PAP) Stricter(other PAP) bool { return p.strictness() > other.strictness() }

func (p PAP) strictness() int {
	if p == "" {
		return 0
	}
	if r := paps().rank(p); r >= 0 {
		return r
	}
	return len(PAPs())
}

// MarshalText returns the label.
func (p PAP) MarshalText() ([]byte, error) { return write(p) }

// UnmarshalText reads a label as ParsePAP does.
func (p *PAP) UnmarshalText(b []byte) (err error) {
	*p, err = ParsePAP(string(b))
	return err
}

// UnmarshalJSONFrom is UnmarshalText that keeps an unknown label.
func (p *PAP) UnmarshalJSONFrom(dec *jsontext.Decoder) (err error) {
	*p, err = paps().read(dec)
	return err
}

// Purpose is one limit on what the content may be used for, beyond who may read it (TLP) and what
// shows (PAP). Contract says what each asks of the reader.
type Purpose string

// The limits.
const (
	DefenceOnly        Purpose = "defence-only"
	NoAttribution      Purpose = "no-attribution"
	NoCommercialUse    Purpose = "no-commercial-use"
	NoLawEnforcement   Purpose = "no-law-enforcement"
	NoLegalProceedings Purpose = "no-legal-proceedings"
	NoPublication      Purpose = "no-publication"
	NoVictimContact    Purpose = "no-victim-contact"
)

// Purposes returns all limits in alphabetical order.
func Purposes() []Purpose {
	return []Purpose{
		DefenceOnly, NoAttribution, NoCommercialUse, NoLawEnforcement, NoLegalProceedings,
		NoPublication, NoVictimContact,
	}
}

func purposes() vocabulary[Purpose] {
	return vocabulary[Purpose]{"purpose limit", Purposes(), func(lower string) Purpose {
		if lower == "defense-only" { //nolint:misspell // the other spelling
			return DefenceOnly
		}
		return ""
	}}
}

// ParsePurpose reads a limit in any case.
func ParsePurpose(s string) (Purpose, error) { return purposes().parse(s) }

// Contract returns what the limit asks of the reader, as one sentence in English.
func (p Purpose) Contract() string {
	switch p {
	case DefenceOnly:
		return "Use only to prevent, detect or handle incidents; never to attack or to retaliate."
	case NoAttribution:
		return "Do not name the sender as the source to anybody."
	case NoCommercialUse:
		return "Do not sell it and do not build it into a paid product or service."
	case NoLawEnforcement:
		return "Do not pass it to law enforcement or intelligence services, even where TLP would allow it."
	case NoLegalProceedings:
		return "Do not use it as evidence in legal proceedings without asking the sender."
	case NoPublication:
		return "Do not publish it, not even anonymised or as a figure, even where TLP would allow it."
	case NoVictimContact:
		return "Do not contact the affected parties; the sender does, or coordinates who does."
	}
	return "A limit that this release does not know: ask the sender before using the content."
}

// String returns the word.
func (p Purpose) String() string { return string(p) }

// Known reports whether p is one of Purposes.
func (p Purpose) Known() bool { return purposes().has(p) }

// MarshalText returns the word.
func (p Purpose) MarshalText() ([]byte, error) { return write(p) }

// UnmarshalText reads a limit as ParsePurpose does.
func (p *Purpose) UnmarshalText(b []byte) (err error) {
	*p, err = ParsePurpose(string(b))
	return err
}

// UnmarshalJSONFrom is UnmarshalText that keeps an unknown limit.
func (p *Purpose) UnmarshalJSONFrom(dec *jsontext.Decoder) (err error) {
	*p, err = purposes().read(dec)
	return err
}

// Understood reports whether this release knows every word of the marking. Where it does not, a
// human may read the content, and no automatic exit (export, feed, mail) may use it.
func (m *Marking) Understood() bool {
	if !m.TLP.Known() || (m.PAP != "" && !m.PAP.Known()) {
		return false
	}
	for _, p := range m.Purpose {
		if !p.Known() {
			return false
		}
	}
	return true
}
