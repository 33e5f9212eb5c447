package rfc2350

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// line is one line of a text.
type line struct {
	n      int // counted from 1
	indent int // in columns
	text   string
}

func (l line) blank() bool { return l.text == "" }

// chunk is a section of a text that is read.
type chunk struct {
	at    int    // index into template, or -1
	head  line   // its heading
	title string // as written
	lines []line
}

// lines cuts a text into lines, without headers and footers of pages.
func lines(text string) []line {
	footer := regexp.MustCompile(`\[Page \d+\]$`)
	header := regexp.MustCompile(`^RFC \d+ .* \d{4}$`)
	var out []line
	n := 0
	for s := range strings.SplitSeq(text, "\n") {
		n++
		l := line{n: n}
		l.text = strings.TrimRightFunc(s, unicode.IsSpace)
		for l.text != "" {
			step := 0
			switch l.text[0] {
			case '\t':
				step = 8 - l.indent%8
			case ' ':
				step = 1
			}
			if step == 0 {
				break
			}
			l.indent += step
			l.text = l.text[1:]
		}
		l.text = strings.ReplaceAll(l.text, "\t", " ")
		if footer.MatchString(l.text) || header.MatchString(l.text) {
			l.text = ""
		}
		out = append(out, l)
	}
	return out
}

// heading is a line that begins with the number of a section.
type heading struct {
	number, title string
	at            int  // index into template by number and title, or -1
	titled        bool // the title is one of the template
}

// headings recognises headings. It is made once for a text.
type headings struct {
	form    *regexp.Regexp
	leaders *regexp.Regexp
	all     []section
	titles  map[string]int // by folded title
}

func newHeadings() *headings {
	h := &headings{
		form:    regexp.MustCompile(`^(\d{1,2}(?:\.\d{1,2}){0,2})\.?\s+(\S.*)$`),
		leaders: regexp.MustCompile(`[\s.]*(?:\.{3}|\s{4})[\s.]*\d*$`),
		all:     template(), titles: map[string]int{},
	}
	for i, s := range h.all {
		for _, t := range append([]string{s.title}, s.also...) {
			h.titles[foldTitle(t)] = i
		}
	}
	return h
}

// foldTitle keeps the letters of a title.
func foldTitle(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// of reads a line as a heading.
func (h *headings) of(l line) (heading, bool) {
	if len(l.text) > 120 {
		return heading{}, false
	}
	m := h.form.FindStringSubmatch(l.text)
	if m == nil {
		return heading{}, false
	}
	out := heading{number: m[1], title: strings.TrimSpace(h.leaders.ReplaceAllString(m[2], "")), at: -1}
	if i, ok := h.titles[foldTitle(out.title)]; ok {
		out.at, out.titled = i, true
		return out, true
	}
	out.at = slices.IndexFunc(h.all, func(s section) bool { return s.number == out.number })
	return out, true
}

// split cuts a text into its sections. What stands before the first is returned as lines.
func split(all []line) (before []line, sections []chunk) {
	h := newHeadings()
	top, sub := margins(h, all)
	last := -1
	empty := func() bool { // so far only a table of contents
		for _, c := range sections {
			for _, l := range c.lines {
				if !l.blank() {
					return false
				}
			}
		}
		return true
	}
	for i, l := range all {
		head, ok := h.of(l)
		limit := top
		if strings.Contains(head.number, ".") {
			limit = max(top, sub)
		}
		if ok && l.indent <= limit {
			alone := i == 0 || all[i-1].blank()
			switch {
			case head.titled && head.at > last,
				!head.titled && head.at >= 0 && head.at == last+1 && alone && last >= 0,
				!head.titled && head.at > last && last >= 0 && alone && parent(h.all[head.at].number) == parent(h.all[last].number):
				last = head.at
				sections = append(sections, chunk{at: head.at, head: l, title: head.title})
				continue
			case head.titled && head.at <= 1 && last > head.at && empty():
				last = head.at
				before = append(before, all[:i]...)
				sections = []chunk{{at: head.at, head: l, title: head.title}}
				continue
			case head.at < 0 && alone && last >= 0 && beyond(head.number, h.all[last].number):
				sections = append(sections, chunk{at: -1, head: l, title: head.number + " " + head.title})
				continue
			}
		}
		if len(sections) == 0 {
			before = append(before, l)
			continue
		}
		c := &sections[len(sections)-1]
		c.lines = append(c.lines, l)
	}
	return before, sections
}

// margins returns how far the headings of sections and of their parts are moved in: that of the first of each
// with a title of the template.
func margins(h *headings, all []line) (top, sub int) {
	top, sub = -1, -1
	for _, l := range all {
		head, ok := h.of(l)
		if !ok || !head.titled {
			continue
		}
		switch at := &top; {
		case strings.Contains(head.number, "."):
			at = &sub
			fallthrough
		default:
			if *at < 0 {
				*at = l.indent
			}
		}
	}
	return top, sub
}

func parent(number string) string { return number[:max(0, strings.LastIndexByte(number, '.'))] }

// beyond reports whether a number that the template does not have comes after another.
func beyond(number, last string) bool {
	return slices.Compare(numbers(number), numbers(last)) > 0
}

func numbers(s string) []int {
	var out []int
	for part := range strings.SplitSeq(s, ".") {
		n := 0
		for _, c := range part {
			n = n*10 + int(c-'0')
		}
		out = append(out, n)
	}
	return out
}
