package document

import (
	"regexp"
	"strings"

	"tocsin/pkg/notice"
)

// wordOf reads the word of a label, without what says that it is one: "red", "AMBER + STRICT", "white".
func wordOf(s string) (notice.TLP, bool) {
	parts := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return strings.ContainsRune(" \t_+-\u00a0", r) })
	switch strings.Join(parts, "+") {
	case "clear", "white":
		return notice.TLPClear, true
	case "green":
		return notice.TLPGreen, true
	case "amber":
		return notice.TLPAmber, true
	case "amber+strict", "amberstrict":
		return notice.TLPAmberStrict, true
	case "red":
		return notice.TLPRed, true
	}
	return "", false
}

// The forms in which labels are written. Between TLP and the word stands anything that people put there.
const (
	protocol = `(?:tlp|traffic[ _-]light[ _-]protocol)(?:[ _-]?v?[12](?:\.0)?)?`
	between  = `[\s:：=/_\x{00a0}-]+["'(\[]*`
	colours  = `amber[\s\x{00a0}]?[+_-][\s\x{00a0}]?strict|amber[\s\x{00a0}]strict|amberstrict|amber|green|clear|white|red`
)

// patterns are compiled once for each file that is looked at: packages here hold no state.
type patterns struct {
	mention, machine, quoted, coloured, tags, about *regexp.Regexp
}

func newPatterns() *patterns {
	return &patterns{
		mention: regexp.MustCompile(`(?i)(?:\b|_)` + protocol + between + `(?:` + protocol + between + `)?(` + colours + `)(?:[^\pL\pN]|$)`),
		// A MISP machine tag, such as iep2-policy:tlp="red".
		machine: regexp.MustCompile(`(?i)^\s*[a-z0-9_.-]+:(?:tlp|traffic-light-protocol)\s*=\s*"?([^"]*)"?\s*$`),
		// A label in quotes in what should be JSON and is not, after a member's name or as a word of its own.
		quoted: regexp.MustCompile(`(?i)["'](?:(?:tlp|tlp[_-]?label|tlp_2_0)["']\s*[:=]\s*["'](?:tlp[:_ -])?(` + colours + `)|` + protocol + between + `(` + colours + `))["']`),
		// STIX 1 in XML: a marking structure of TLP with its colour.
		coloured: regexp.MustCompile(`(?i)<[^<>]*\btlp[^<>]*\bcolor\s*=\s*["'](` + colours + `)["']|<[^<>]*\bcolor\s*=\s*["'](` + colours + `)["'][^<>]*\btlp`),
		tags:     regexp.MustCompile(`<[^<>]*>`),
		// What a line says before its label.
		about: regexp.MustCompile(`^[\pL\pN /_.()-]{1,40}[:=：]$`),
	}
}

// whole reads a text that may be a label and nothing else: TLP:RED, tlp:amber+strict, "TLP RED", [TLP:CLEAR], iep2-policy:tlp="red".
// What has the form of a label and another word is a label that is not known, such as tlp:ex:chr.
func (p *patterns) whole(s string) (tlp notice.TLP, is bool) {
	const longest = 80
	if len(s) > longest || !namesTLP([]byte(s)) {
		return "", false
	}
	s = strings.Trim(strings.TrimSpace(s), `[](){}"'*#. `)
	if m := p.machine.FindStringSubmatch(s); m != nil {
		tlp, _ = wordOf(m[1])
		return tlp, m[1] != ""
	}
	lower := strings.ToLower(s)
	if at := p.mention.FindStringSubmatchIndex(s); at != nil && at[0] == 0 && at[3] == len(s) {
		return wordOf(s[at[2]:at[3]])
	}
	rest, ok := strings.CutPrefix(lower, "tlp:")
	return "", ok && rest != "" && !strings.ContainsAny(rest, " \t\n\"") // a tag that this release does not know
}

// mentioned returns the strictest label that a text mentions anywhere.
func (p *patterns) mentioned(s string) (best notice.TLP, ok bool) {
	for _, m := range p.mention.FindAllStringSubmatch(s, -1) {
		if tlp, known := wordOf(m[1]); known && (!ok || tlp.Stricter(best)) {
			best, ok = tlp, true
		}
	}
	return best, ok
}
