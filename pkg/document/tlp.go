package document

import (
	"bytes"
	"fmt"
	"iter"
	"regexp"
	"strings"
	"sync"

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
	protocol = `(?:tlp|traffic[ _-]light[ _-]protocol)(?:[ _-]?v?[12](?:\.0)?)?(?:[ _-](?:label|level|marking|colou?r|classification))?`
	between  = `(?:[\s:：=/_\x{00a0}*-]+["'(\[]*|\.)`
	colours  = `amber[\s\x{00a0}]?[+_-][\s\x{00a0}]?strict|amber[\s\x{00a0}]strict|amberstrict|amber|green|clear|white|red`
)

// What stands between a name and its value in programs, and the names that a label has within a value that is named after TLP.
const (
	gap      = `["']?(?:\s|/\*[^*]*\*/|//[^\n]*\n)*[:=](?:\s|/\*[^*]*\*/|//[^\n]*\n)*`
	member   = `(?:\b|_)tlp(?:[_-]?(?:label|marking|colou?r|level|2_0))?`
	inMember = `(?:label|colou?r|value|name|level|code|text)`
	word     = `(?:tlp[:_ -])?(` + colours + `)`
)

// patterns are compiled at most once for each file that is looked at, when they are needed: packages here hold no state.
type patterns struct {
	mention, machine, quoted, tags, fences, about func() *regexp.Regexp
	named                                         func() []*regexp.Regexp // see byName
}

func newPatterns() *patterns {
	return &patterns{
		mention: lazily(`(?i)(?:\b|_)` + protocol + between + `(?:` + protocol + between + `)?(` + colours + `)(?:[^\pL\pN]|$)`),
		// A MISP machine tag, such as iep2-policy:tlp="red".
		machine: lazily(`(?i)^\s*[a-z0-9_.-]+:(?:tlp|traffic-light-protocol)\s*=\s*"?([^"]*)"?\s*$`),
		// A label in quotes in what should be JSON and is not.
		quoted: lazily(`(?i)["']` + protocol + between + `(` + colours + `)["']`),
		tags:   lazily(`</?([A-Za-z!?][\w:.!-]*)[^<>]*>`),
		about:  lazily(`^[\pL\pN /_.()\[\]#:-]{1,60}[]:=：]$`),
		fences: lazily("(?ms)^[ \t>]*```.*?```[ \t]*$"),
		named:  sync.OnceValue(byName),
	}
}

func lazily(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// byName returns the patterns of what says by its name that it is a label, as markup and programs write it. Few files need them.
func byName() []*regexp.Regexp {
	const tagged = `(?:tags|labels|markings?)`
	const element = `(?:\s[^<>]*)?>\s*`
	return []*regexp.Regexp{
		regexp.MustCompile(`(?i)` + member + gap + `["']` + word + `["']`),
		regexp.MustCompile(`(?i)` + member + gap + `\{[^{}]{0,100}?\b` + inMember + gap + `["']?` + word + `\b`),
		regexp.MustCompile(`(?i)<(?:[\w.-]+:)?tlp[\w.-]*` + element + `(?:<[\w:.-]+` + element + `)?` + word + `\s*<`),
		// YAML: a value on a line below.
		regexp.MustCompile(`(?im)^[ \t-]*["']?tlp[_-]?[a-z]*["']?:[ \t]*\n(?:[ \t]+[\w"'-]+:[ \t]*[^ \t\n][^\n]*\n){0,4}?[ \t]*(?:-[ \t]+|[ \t]["']?` + inMember +
			`["']?:[ \t]*)["']?` + word + `["']?[ \t]*(?:#.*)?$`),
		// A tag in a list of YAML.
		regexp.MustCompile(`(?im)^[ \t-]*["']?` + tagged + `["']?:[ \t]*\n(?:[ \t]*-[ \t]+[^\n]*\n)*?[ \t]*-[ \t]+["']?` + protocol + between + `(` + colours + `)["']?[ \t]*$`),
		regexp.MustCompile(`(?im)^[ \t-]*["']?` + tagged + `["']?:[ \t]*\[[^\]\n]*\b` + protocol + between + `(` + colours + `)["']?[ \t]*[],]`),
		// STIX 1 in XML: a marking structure of TLP with its colour.
		regexp.MustCompile(`(?i)<[^<>]*\btlp[^<>]*\bcolor\s*=\s*["'](` + colours + `)["']`),
		regexp.MustCompile(`(?i)<[^<>]*\bcolor\s*=\s*["'](` + colours + `)["'][^<>]*\btlp`),
	}
}

// matches yields the labels that a pattern finds.
func matches(pattern *regexp.Regexp, text []byte) iter.Seq[Label] {
	return func(yield func(Label) bool) {
		for n := 1; ; {
			at := pattern.FindSubmatchIndex(text)
			if at == nil {
				return
			}
			n += bytes.Count(text[:at[0]], []byte("\n"))
			tlp, ok := wordOf(string(text[at[2]:at[3]]))
			if ok && !yield(Label{Word: strings.TrimSpace(string(text[at[0]:at[1]])), TLP: tlp, Where: fmt.Sprintf("line %d", n)}) {
				return
			}
			n += bytes.Count(text[at[0]:at[1]], []byte("\n"))
			text = text[at[1]:]
		}
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
	if m := p.machine().FindStringSubmatch(s); m != nil {
		tlp, _ = wordOf(m[1])
		return tlp, m[1] != ""
	}
	lower := strings.ToLower(s)
	if at := p.mention().FindStringSubmatchIndex(s); at != nil && at[0] == 0 && at[3] == len(s) {
		return wordOf(s[at[2]:at[3]])
	}
	rest, ok := strings.CutPrefix(lower, "tlp:")
	return "", ok && rest != "" && !strings.ContainsAny(rest, " \t\n\"") // a tag that this release does not know
}

// unfenced returns a text without what it quotes between fences of Markdown, line by line.
func (p *patterns) unfenced(text []byte) []byte {
	if !bytes.Contains(text, []byte("```")) {
		return text
	}
	return p.fences().ReplaceAllFunc(text, func(b []byte) []byte { return bytes.Repeat([]byte("\n"), bytes.Count(b, []byte("\n"))) })
}

// mentioned returns the strictest label that a text mentions anywhere.
func (p *patterns) mentioned(s string) (best notice.TLP, ok bool) {
	for _, m := range p.mention().FindAllStringSubmatch(s, -1) {
		if tlp, known := wordOf(m[1]); known && (!ok || tlp.Stricter(best)) {
			best, ok = tlp, true
		}
	}
	return best, ok
}
