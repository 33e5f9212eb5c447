package notice

import (
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/idna"
)

// cleanDomain lower-cases a domain name, drops a final dot and writes Unicode labels as A-labels. A
// name that cannot be converted is left for the check to report.
func cleanDomain(s *string) {
	d := strings.ToLower(strings.TrimLeft(strings.TrimRight(*s, ". \t\n"), " \t\n"))
	if !ascii(d) && len(d) <= MaxLine {
		if a, err := idna.Lookup.ToASCII(d); err == nil {
			d = strings.TrimRight(a, ".")
		}
	}
	*s = d
}

// domainProblem returns what is wrong with a normalised domain name, and a hint; empty if nothing is.
func domainProblem(d string) (problem, hint string) {
	switch {
	case d == "":
		return "is empty", ""
	case !ascii(d):
		return quote(d) + " is not a domain name", "a name that IDNA cannot convert"
	case len(d) > 253:
		return "is longer than 253 characters", ""
	case strings.Contains(d, "://") || strings.ContainsAny(d, "/@ "):
		return quote(d) + " is not a domain name", "give a URL as a reference of type url"
	case strings.HasPrefix(d, "*."):
		return quote(d) + " is not a domain name", "leave out *. because subdomains are meant too"
	}
	labels := strings.Split(d, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' || !alphanumeric(strings.NewReplacer("-", "", "_", "").Replace(l)) {
			return quote(d) + " is not a domain name", "labels of letters, digits and hyphens, joined by dots"
		}
	}
	if strings.Trim(labels[len(labels)-1], "0123456789") == "" {
		return quote(d) + " looks like an address", "give addresses as prefixes, such as 192.0.2.1/32"
	}
	return "", ""
}

func ascii(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}

// cleanPrefix masks a prefix and writes an IPv4 prefix that is mapped into IPv6 as IPv4.
func cleanPrefix(p *netip.Prefix) {
	if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
		*p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	*p = p.Masked()
}

// assigned reports whether an upper-case code is an officially assigned ISO 3166-1 alpha-2 element,
// or XK, which CSIRTs use for Kosovo.
func assigned(country string) bool {
	const codes = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS " +
		"BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH " +
		"ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU " +
		"ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU " +
		"LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP " +
		"NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK " +
		"SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA " +
		"VC VE VG VI VN VU WF WS YE YT ZA ZM ZW XK"
	return len(country) == 2 && letters(country) && strings.Contains(codes, country)
}

func countryHint(country string) string {
	switch country {
	case "UK":
		return "the code of the United Kingdom is GB"
	case "EL":
		return "the code of Greece is GR"
	}
	return "an ISO 3166-1 code of two letters, such as KE"
}

// isCVE accepts CVE-YYYY-N with four digits or more.
func isCVE(s string) bool {
	rest, ok := strings.CutPrefix(s, "CVE-")
	year, number, cut := strings.Cut(rest, "-")
	return ok && cut && len(year) == 4 && len(number) >= 4 && len(number) <= 19 &&
		strings.Trim(year+number, "0123456789") == ""
}

// isURL accepts absolute http and https URLs without credentials.
func isURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil &&
		ascii(s) && !strings.ContainsAny(s, " <>\"\\`{|}")
}

// cleanMediaType lower-cases type and subtype; parameters keep their case.
func cleanMediaType(s *string) {
	kind, params, _ := strings.Cut(strings.TrimSpace(*s), ";")
	*s = strings.ToLower(strings.TrimSpace(kind))
	for p := range strings.SplitSeq(params, ";") {
		if p = strings.TrimSpace(p); p != "" {
			*s += ";" + p
		}
	}
}

// isMediaType accepts type/subtype (RFC 6838) and parameters whose values are tokens.
func isMediaType(s string) bool {
	parts := strings.Split(s, ";")
	kind, sub, ok := strings.Cut(parts[0], "/")
	if len(s) > maxMediaType || !ok || !token(kind) || !token(sub) {
		return false
	}
	for _, p := range parts[1:] {
		name, value, ok := strings.Cut(p, "=")
		if !ok || !token(name) || !token(value) {
			return false
		}
	}
	return true
}

func token(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune("()<>@,;:\\\"/[]?={}", r)
	}) < 0
}

// FileName returns the attachment's name made fit for saving: one path element of printable ASCII
// that begins with no dot or dash, whatever the peer wrote.
func (a *Attachment) FileName() string {
	name := strings.Map(func(r rune) rune {
		if r <= ' ' || r >= 0x7f || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, a.Name[strings.LastIndexAny(a.Name, `/\`)+1:])
	if name = strings.TrimLeft(name, ".-"); name == "" {
		return "attachment"
	}
	return name[:min(len(name), 100)]
}

// plainFileName reports whether a name has no directory part and is no special name.
func plainFileName(s string) bool {
	return s != "" && s != "." && s != ".." && !strings.ContainsAny(s, `/\`)
}
