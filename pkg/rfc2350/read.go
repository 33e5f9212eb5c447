package rfc2350

import (
	"fmt"
	"strings"

	"tocsin/pkg/notice"
)

// Missed is something in a text that was not understood, or not taken whole.
type Missed struct {
	Line    int    `json:"line"`             // counted from 1; 0 for the text as a whole
	Section string `json:"section,omitzero"` // "3.2 Constituency"
	Why     string `json:"why"`
	Text    string `json:"text,omitzero"` // its beginning
}

// Reading is what was understood of a text.
type Reading struct {
	// Profile need not be valid: a text may lack what a profile must have.
	Profile *notice.Profile
	Missed  []Missed // in the order of the text
}

// maxMissed bounds what is said of a text that is hardly one.
const maxMissed = 200

// reader takes the sections of one text into a profile.
type reader struct {
	Reading
	margin  int
	section string // of the template, for Missed
}

// Read takes what it understands from a text. It errs only where there is nothing to begin with: the error
// wraps ErrNotText.
func Read(text []byte) (*Reading, error) {
	s, encoding, err := decode(text)
	if err != nil {
		return nil, err
	}
	before, chunks := split(lines(s))
	if len(chunks) == 0 {
		return nil, fmt.Errorf("%w with sections of RFC 2350, such as 1. Document Information", ErrNotText)
	}
	r := &reader{Reading: Reading{Profile: &notice.Profile{}}, margin: margin(chunks)}
	if encoding != "" {
		r.miss(0, "the text is not UTF-8; it was read as "+encoding, "")
	}
	r.preface(before)
	for _, c := range chunks {
		r.chunk(c)
	}
	r.Profile.Normalise()
	if r.Profile.Name == "" {
		r.section = ""
		r.miss(0, "the name of the team was not found", "")
	}
	return &r.Reading, nil
}

// margin is where the text of the sections begins.
func margin(chunks []chunk) int {
	m := -1
	for _, c := range chunks {
		for _, l := range c.lines {
			if !l.blank() && (m < 0 || l.indent < m) {
				m = l.indent
			}
		}
	}
	return m
}

// maxPreface is how many lines before the first section are a title and no content.
const maxPreface = 12

func (r *reader) preface(before []line) {
	n := 0
	h := newHeadings()
	for _, l := range before {
		if _, toc := h.of(l); !l.blank() && !toc {
			n++
		}
	}
	if n > maxPreface {
		r.miss(before[0].n, fmt.Sprintf("%d lines before the first section are in no field", n), "")
	}
}

func (r *reader) miss(n int, why, text string) {
	if len(r.Missed) >= maxMissed {
		return
	}
	text = oneLine(text)
	if runes := []rune(text); len(runes) > 60 {
		text = string(runes[:57]) + "..."
	}
	r.Missed = append(r.Missed, Missed{Line: n, Section: r.section, Why: why, Text: text})
}

func (r *reader) chunk(c chunk) {
	if c.at < 0 {
		r.section = c.title
		if s := joinProse(c.lines); s != "" || c.title != "" {
			r.miss(c.head.n, "not a section of the template; it is in no field", s)
		}
		return
	}
	s := template()[c.at]
	r.section = s.number + " " + s.title
	if foldTitle(c.title) != foldTitle(s.title) && !titled(s, c.title) {
		r.miss(c.head.n, "taken for this section by its number, although its title is another", c.title)
	}
	prose, labels := part(c.lines, s.labels, r.margin)
	text := joinProse(prose)
	if strings.EqualFold(text, nothing) || strings.EqualFold(text, "none") || strings.EqualFold(text, "n/a") {
		// Write moves text that says just this in by one column; see writer.prose.
		if firstLine(prose).indent != r.margin+1 {
			prose, text = nil, ""
		}
	}
	r.labels(labels)
	if text == "" {
		return
	}
	first := firstLine(prose)
	if s.prose != nil {
		*s.prose(r.Profile) = r.cut(first.n, text, notice.MaxStatementNote)
		if s.number == numberKeys {
			r.fingerprint(first.n, text)
		}
		return
	}
	r.structured(s.number, prose, text)
}

func titled(s section, title string) bool {
	for _, t := range s.also {
		if foldTitle(t) == foldTitle(title) {
			return true
		}
	}
	return false
}

func firstLine(all []line) line {
	for _, l := range all {
		if !l.blank() {
			return l
		}
	}
	return line{}
}

// cut shortens prose at the end of a line, or of a word.
func (r *reader) cut(n int, s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	short := strings.ToValidUTF8(s[:limit], "")
	if i := strings.LastIndexAny(short, " \n"); i > limit/2 {
		short = short[:i]
	}
	r.miss(n, fmt.Sprintf("is longer than %d bytes and was cut", limit), s[len(short):])
	return short
}

// list takes the entries of a list: each after a dash, or else each line.
func (r *reader) list(all []line) []string {
	var out []string
	bullets := strings.HasPrefix(firstLine(all).text, "- ")
	for _, l := range all {
		entry, dash := strings.CutPrefix(l.text, "- ")
		switch {
		case l.blank():
		case bullets && !dash && len(out) > 0:
			out[len(out)-1] = r.cut(l.n, out[len(out)-1]+" "+l.text, notice.MaxTitle)
		case len(out) == notice.MaxContacts:
			r.miss(l.n, fmt.Sprintf("there are more than %d entries", notice.MaxContacts), l.text)
			return out
		default:
			out = append(out, r.cut(l.n, entry, notice.MaxTitle))
		}
	}
	return out
}
