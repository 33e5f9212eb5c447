package notice

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Classification is a class and a type of the Reference Security Incident Taxonomy, version 1003.
// Its text form is "class/type", such as "malicious-code/c2-server". The zero Classification was not
// said. One that this release does not know is kept as it came.
type Classification struct {
	Class string
	Type  string
}

// RSITClass is a class of the taxonomy with its types.
type RSITClass struct {
	Name  string
	Label string
	Types []RSITType
}

// RSITType is a type within a class. Names of types are unique in the whole taxonomy.
type RSITType struct {
	Name  string
	Label string
}

// Classifications returns the whole taxonomy, in its own order: 11 classes with 39 types.
func Classifications() []RSITClass {
	return []RSITClass{
		{"abusive-content", "Abusive Content", []RSITType{
			{"spam", "Spam"},
			{"harmful-speech", "Harmful Speech"},
			{"violence", "(Child) Sexual Exploitation/Sexual/Violent Content"},
		}},
		{"malicious-code", "Malicious Code", []RSITType{
			{"infected-system", "Infected System"},
			{"c2-server", "C2 Server"},
			{"malware-distribution", "Malware Distribution"},
			{"malware-configuration", "Malware Configuration"},
		}},
		{"information-gathering", "Information Gathering", []RSITType{
			{"scanner", "Scanning"},
			{"sniffing", "Sniffing"},
			{"social-engineering", "Social Engineering"},
		}},
		{"intrusion-attempts", "Intrusion Attempts", []RSITType{
			{"ids-alert", "Exploitation of Known Vulnerabilities"},
			{"brute-force", "Login Attempts"},
			{"exploit", "New Attack Signature"},
		}},
		{"intrusions", "Intrusions", []RSITType{
			{"privileged-account-compromise", "Privileged Account Compromise"},
			{"unprivileged-account-compromise", "Unprivileged Account Compromise"},
			{"application-compromise", "Application Compromise"},
			{"system-compromise", "System Compromise"},
			{"burglary", "Burglary"},
		}},
		{"availability", "Availability", []RSITType{
			{"dos", "Denial of Service"},
			{"ddos", "Distributed Denial of Service"},
			{"misconfiguration", "Misconfiguration"},
			{"sabotage", "Sabotage"},
			{"outage", "Outage"},
		}},
		{"information-content-security", "Information Content Security", []RSITType{
			{"unauthorised-information-access", "Unauthorised Access to Information"},
			{"unauthorised-information-modification", "Unauthorised Modification of Information"},
			{"data-loss", "Data Loss"},
			{"data-leak", "Leak of Confidential Information"},
		}},
		{"fraud", "Fraud", []RSITType{
			{"unauthorised-use-of-resources", "Unauthorised Use of Resources"},
			{"copyright", "Copyright"},
			{"masquerade", "Masquerade"},
			{"phishing", "Phishing"},
		}},
		{"vulnerable", "Vulnerable", []RSITType{
			{"weak-crypto", "Weak Cryptography"},
			{"ddos-amplifier", "DDoS Amplifier"},
			{"potentially-unwanted-accessible", "Potentially Unwanted Accessible Services"},
			{"information-disclosure", "Information Disclosure"},
			{"vulnerable-system", "Vulnerable System"},
		}},
		{"other", "Other", []RSITType{
			{"other", "Uncategorised"},
			{"undetermined", "Undetermined"},
		}},
		{"test", "Test", []RSITType{
			{"test", "Test"},
		}},
	}
}

// ParseClassification reads "class/type", a type alone (types are unique), or a MISP tag such as
// rsit:fraud="phishing", in any case. Spellings of "unauthorised" with z, as IntelMQ has them, are
// accepted.
func ParseClassification(s string) (Classification, error) {
	class, typ := splitClassification(s)
	var names, types []string
	for _, c := range Classifications() {
		for _, t := range c.Types {
			if t.Name == typ && (class == "" || class == c.Name) {
				return Classification{c.Name, t.Name}, nil
			}
			names = append(names, c.Name+"/"+t.Name)
			types = append(types, t.Name)
		}
		// A class that is known narrows the answer to its types.
		if class == c.Name || (class == "" && typ == c.Name) {
			names = names[len(names)-len(c.Types):]
			return Classification{}, &WordError{"RSIT classification", s, names, nearestOf(typ, types[len(types)-len(c.Types):], names)}
		}
	}
	return Classification{}, &WordError{"RSIT classification", s, names, nearestOf(typ, types, names)}
}

func splitClassification(s string) (class, typ string) {
	s = strings.ToLower(strings.TrimSpace(s))
	if tag, ok := strings.CutPrefix(s, "rsit:"); ok {
		s = strings.ReplaceAll(strings.Replace(tag, "=", "/", 1), `"`, "")
	}
	s = strings.ReplaceAll(s, "unauthorized-", "unauthorised-") //nolint:misspell // IntelMQ's spelling
	class, typ, both := strings.Cut(s, "/")
	if !both {
		return "", class
	}
	return class, typ
}

// nearestOf is nearest over types, answering with the full name at the same place.
func nearestOf(typ string, types, names []string) string {
	found := nearest(typ, types)
	for i, t := range types {
		if found != "" && t == found {
			return names[i]
		}
	}
	return ""
}

// IsZero reports whether no classification was given.
func (c Classification) IsZero() bool { return c == Classification{} }

// Known reports whether the pair is in the taxonomy.
func (c Classification) Known() bool { return c.Label() != "" }

// Label returns the taxonomy's words for people, such as "Malicious Code / C2 Server"; the empty
// string if the pair is not in the taxonomy.
func (c Classification) Label() string {
	for _, class := range Classifications() {
		if class.Name != c.Class {
			continue
		}
		for _, t := range class.Types {
			if t.Name == c.Type {
				return class.Label + " / " + t.Label
			}
		}
	}
	return ""
}

// String returns "class/type", or the empty string.
func (c Classification) String() string {
	if c.IsZero() {
		return ""
	}
	return c.Class + "/" + c.Type
}

// MarshalText returns "class/type".
func (c Classification) MarshalText() ([]byte, error) {
	if !c.IsZero() && (!wellFormed(c.Class) || !wellFormed(c.Type) || strings.Contains(c.Class, "/")) {
		return nil, errors.New("classification " + quote(c.String()) + " is not a class and a type")
	}
	return []byte(c.String()), nil
}

// UnmarshalText reads a classification as ParseClassification does.
func (c *Classification) UnmarshalText(b []byte) (err error) {
	*c, err = ParseClassification(string(b))
	return err
}

// UnmarshalJSONFrom is UnmarshalText that keeps an unknown "class/type".
func (c *Classification) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	tok, err := dec.ReadToken()
	if err != nil {
		return err
	}
	if tok.Kind() == 'n' {
		*c = Classification{}
		return nil
	}
	if tok.Kind() != '"' {
		return errors.New("classification is not a string")
	}
	s := tok.String()
	known, err := ParseClassification(s)
	if err == nil || s == "" {
		*c = known
		return nil
	}
	class, typ, both := strings.Cut(strings.ToLower(s), "/")
	if !both || !wellFormed(class) || !wellFormed(typ) {
		return fmt.Errorf("classification %s is not a class and a type", quote(s))
	}
	*c = Classification{class, typ}
	return nil
}
