package document

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"html"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"

	"tocsin/pkg/notice"
)

// namesTLP is a quick look whether a text can have a label at all.
func namesTLP(text []byte) bool {
	for rest := text; ; {
		at := bytes.IndexAny(rest, "tT")
		if at < 0 {
			return false
		}
		rest = rest[at+1:]
		if len(rest) >= 2 && rest[0]|0x20 == 'l' && rest[1]|0x20 == 'p' || len(rest) >= 6 && bytes.EqualFold(rest[:6], []byte("raffic")) {
			return true
		}
	}
}

// inspectText finds the labels of a file that is not JSON.
func inspectText(name, mediaType string, text []byte) []Label {
	text = fold(text)
	if !namesTLP(text) {
		return nil
	}
	p := newPatterns()
	labels := p.lines(text)
	unquoted := p.unfenced(text)
	for _, pattern := range p.named() {
		for l := range matches(pattern, unquoted) {
			labels = add(labels, l)
		}
	}
	ext, media := strings.ToLower(path.Ext(name)), strings.ToLower(mediaType)
	table := ext == ".csv" || ext == ".tsv" || strings.HasPrefix(media, "text/csv") || strings.HasPrefix(media, "text/tab-separated-values")
	for _, l := range p.table(text, table) {
		labels = add(labels, l)
	}
	return labels
}

// fold brings a text to the letters and line ends in which labels are looked for.
func fold(text []byte) []byte {
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	return bytes.Map(func(r rune) rune {
		switch {
		case r == '\r', r == '\v', r == '\f', r == '\u0085', r == '\u2028', r == '\u2029':
			return '\n'
		case r == '\u00ad', r >= '\u200b' && r <= '\u200f', r == '\u2060', r == '\ufeff':
			return -1
		case r >= '！' && r <= '～':
			return r - '！' + '!' // full width
		}
		return r
	}, text)
}

// A label beside other words counts near the beginning and the end only: in between it may be the explanation of a label.
const (
	headLines = 12
	footLines = 4
	// manyLabels are more than one document has: a text with so many explains what labels are.
	manyLabels = 3
	// nearLines: an explanation has the next label so many lines below.
	nearLines = 3
)

// found is a line with a label.
type found struct {
	Label
	alone bool // there is nothing else on it, or what it is about: "Classification: TLP:RED"
	about bool // it says what the label is about
	at    int  // it is the line of that number, of those that are not empty
}

// lines finds the lines that are a label: nothing but the label, or the label and what it is about, anywhere; one that begins or ends
// with a label, or has it in brackets, near the beginning and the end of the text. The text is folded.
func (p *patterns) lines(text []byte) (labels []Label) {
	if !namesTLP(text) {
		return nil
	}
	var head, foot []found
	meanings := map[notice.TLP]bool{}
	n, filled := 0, 0
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		n++
		for piece := range bytes.SplitSeq(p.pieces(line), []byte("\n")) {
			if len(bytes.TrimSpace(piece)) == 0 {
				continue
			}
			filled++
			l, ok := p.read(piece)
			if !ok {
				continue
			}
			l.at, l.Where = filled, fmt.Sprintf("line %d", n)
			if l.alone {
				labels = add(labels, l.Label)
				continue
			}
			meanings[l.TLP] = true
			if filled <= headLines+nearLines {
				head = append(head, l)
			}
			if foot = append(foot, l); len(foot) > footLines {
				foot = foot[1:]
			}
		}
	}
	many := len(meanings) >= manyLabels
	for i, l := range head {
		if many && explains(head[i:]) {
			break
		}
		if l.at <= headLines {
			labels = add(labels, l.Label)
		}
	}
	for _, l := range foot {
		if !many && l.at > filled-footLines {
			labels = add(labels, l.Label)
		}
	}
	return labels
}

// explains reports whether lines with labels, of a text with many, begin its explanation of them: another label follows at once.
// The first line of a text, and a line that says what its label is about, can be the text's own.
func explains(lines []found) bool {
	first, near := lines[0], nearLines
	if first.at == 1 {
		near = 1
	}
	return !first.about && len(lines) > 1 && lines[1].TLP != first.TLP && lines[1].at-first.at <= near
}

// pieces parts a line of markup where its elements begin and end, other than those within a sentence.
func (p *patterns) pieces(line []byte) []byte {
	if bytes.IndexByte(line, '<') < 0 || !namesTLP(line) {
		return line
	}
	line = p.tags().ReplaceAllFunc(line, func(tag []byte) []byte {
		name := strings.ToLower(string(p.tags().FindSubmatch(tag)[1]))
		switch name {
		case "a", "abbr", "b", "big", "code", "em", "font", "i", "mark", "small", "span", "strong", "sub", "sup", "tt", "u":
			return []byte(" ")
		case "dd", "dt", "li", "option", "td", "th":
			return []byte("\n- ")
		}
		if name[0] == '!' || strings.HasPrefix(name, "tlp:") {
			return tag // a remark, or a label in angle brackets
		}
		return []byte("\n")
	})
	return []byte(html.UnescapeString(string(line)))
}

// dressing is what stands around a label that is set apart.
const dressing = " \t\r\u00a0\ufeff#*_>|<-–—=~+/\\;:.,!\"'`()[]{}"

// read reads the beginning and the end of a line.
func (p *patterns) read(line []byte) (f found, ok bool) {
	const longest = 1000
	if len(line) > 2*longest {
		begin, is := p.read(line[:longest])
		end, also := p.read(line[len(line)-longest:])
		if !is || also && end.TLP.Stricter(begin.TLP) {
			begin = end
		}
		begin.alone = false
		return begin, is || also
	}
	if !namesTLP(line) {
		return f, false
	}
	f.Word = strings.TrimSpace(string(line))
	plain := bytes.Trim(line, dressing)
	all := p.mention().FindAllSubmatchIndex(plain, -1)
	for i, at := range all {
		before, after := bytes.TrimRight(plain[:at[0]], "[(*\"' "), bytes.Trim(plain[at[3]:], dressing)
		f.about = f.about || i == 0 && p.about().Match(before)
		begins := i == 0 && (len(before) == 0 || f.about)
		alone := begins && len(after) == 0
		if !begins && len(after) > 0 && !bracketed(plain[:at[0]], plain[at[3]:]) || !alone && bytes.ContainsRune(plain[at[0]:at[2]], '_') {
			continue // a mention, or a name in a program
		}
		if tlp, _ := wordOf(string(plain[at[2]:at[3]])); !ok || tlp.Stricter(f.TLP) {
			f.TLP, ok = tlp, true
		}
		f.alone = alone && !listed(line)
	}
	return f, ok
}

// bracketed reports whether a label is all that stands in brackets: "A wave [TLP:RED] of mails".
func bracketed(before, after []byte) bool {
	before, after = bytes.TrimRight(before, " "), bytes.TrimLeft(after, " ")
	return bytes.HasSuffix(before, []byte("[")) && bytes.HasPrefix(after, []byte("]")) ||
		bytes.HasSuffix(before, []byte("(")) && bytes.HasPrefix(after, []byte(")")) ||
		bytes.HasSuffix(before, []byte("{")) && bytes.HasPrefix(after, []byte("}"))
}

// listed reports whether a line is an item of a list, or quotes code: there labels are spoken of.
func listed(line []byte) bool {
	line = bytes.TrimLeft(line, " \t")
	for _, bullet := range []string{"- ", "* ", "+ ", "• ", "· "} {
		if bytes.HasPrefix(line, []byte(bullet)) {
			return true
		}
	}
	return bytes.ContainsAny(line, "`")
}

// table finds the labels in a table: a cell that is one, or a word of TLP in a column of that name or beside it. What is
// not known to be a table may be a text: it has a label only where its lines have the same cells, and do not explain the labels.
func (p *patterns) table(text []byte, sure bool) (labels []Label) {
	t := newCells(text)
	if !sure && !t.even() {
		return nil
	}
	columns, times, row := map[int]bool{}, map[notice.TLP]int{}, 0
	for line, n := range t.rows() {
		row++
		for i, cell := range line {
			if row == 1 && isLabelName(cell) {
				columns[i] = true
				continue
			}
			tlp, ok := p.whole(cell)
			if word, known := wordOf(strings.Trim(cell, dressing)); !ok && (columns[i] || i > 0 && isLabelName(line[i-1])) && strings.TrimSpace(cell) != "" {
				tlp, ok = word, known || sure && columns[i]
			}
			if ok {
				times[tlp]++
				labels = add(labels, Label{Word: cell, TLP: tlp, Where: fmt.Sprintf("row %d", n)})
			}
		}
	}
	if !sure && len(times) >= manyLabels && !slices.ContainsFunc(slices.Collect(maps.Values(times)), func(n int) bool { return n > 1 }) {
		return nil
	}
	return labels
}

// cells is a text whose lines are rows of cells.
type cells struct {
	text  []byte
	comma string
	count int // of commas in the first row
}

func newCells(text []byte) *cells {
	t := &cells{text: text, comma: ","}
	for _, line := range t.head(1) {
		for _, c := range []string{",", ";", "\t", "|"} {
			if n := bytes.Count(line, []byte(c)); n > t.count {
				t.comma, t.count = c, n
			}
		}
	}
	return t
}

// head returns the first lines that are neither empty nor remarks.
func (t *cells) head(most int) (out [][]byte) {
	for line := range bytes.SplitSeq(t.text, []byte("\n")) {
		if len(out) == most {
			break
		}
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			out = append(out, line)
		}
	}
	return out
}

// even reports whether the first lines have the same number of cells.
func (t *cells) even() bool {
	const enough = 4
	lines := t.head(enough)
	return t.count > 0 && len(lines) > 1 && !slices.ContainsFunc(lines, func(l []byte) bool { return bytes.Count(l, []byte(t.comma)) != t.count })
}

// rows yields the cells of each row with its line.
func (t *cells) rows() iter.Seq2[[]string, int] {
	r := csv.NewReader(bytes.NewReader(t.text))
	r.FieldsPerRecord, r.LazyQuotes, r.ReuseRecord, r.Comma, r.Comment = -1, true, true, rune(t.comma[0]), '#'
	return func(yield func([]string, int) bool) {
		for {
			cells, err := r.Read()
			if len(cells) == 0 && err != nil {
				return
			}
			if line, _ := r.FieldPos(0); !yield(cells, line) {
				return
			}
		}
	}
}
