package document

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path"
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
	if !namesTLP(text) {
		return nil
	}
	p := newPatterns()
	labels := p.lines(text)
	for _, l := range p.colours(text) {
		labels = add(labels, l)
	}
	ext := strings.ToLower(path.Ext(name))
	if ext == ".csv" || ext == ".tsv" || strings.HasPrefix(strings.ToLower(mediaType), "text/csv") || strings.HasPrefix(mediaType, "text/tab-separated-values") {
		for _, l := range p.table(text) {
			labels = add(labels, l)
		}
	}
	return labels
}

// A label with words after it counts near the beginning and the end only: in between it may be the explanation of a label.
const (
	headLines = 12
	footLines = 4
	// manyLabels are more than one document has: a text that begins its lines with so many explains what labels are.
	manyLabels = 3
)

// lines finds the lines that are a label: nothing but the label, or the label and what it is about ("Classification:
// TLP:RED"), anywhere; with more behind it ("TLP:RED - for the recipients only"), or in brackets beside a title, near the beginning and the end.
func (p *patterns) lines(text []byte) []Label {
	if !namesTLP(text) {
		return nil
	}
	var labels, loose []Label
	meanings := map[notice.TLP]bool{}
	last := bytes.Count(bytes.TrimSpace(text), []byte("\n"))
	n, filled := 0, 0
	for line := range bytes.SplitSeq(bytes.TrimLeft(text, " \t\r\n"), []byte("\n")) {
		n++
		if len(bytes.TrimSpace(line)) > 0 {
			filled++
		}
		tlp, alone, ok := p.line(line)
		if !ok {
			continue
		}
		l := Label{Word: strings.TrimSpace(string(line)), TLP: tlp, Where: fmt.Sprintf("line %d", n+leading(text))}
		if alone {
			labels = add(labels, l)
			continue
		}
		meanings[tlp] = true
		if filled <= headLines || n > last-footLines {
			loose = add(loose, l)
		}
	}
	if len(meanings) < manyLabels {
		for _, l := range loose {
			labels = add(labels, l)
		}
	}
	return labels
}

// leading counts the empty lines before a text.
func leading(text []byte) int {
	return bytes.Count(text[:len(text)-len(bytes.TrimLeft(text, " \t\r\n"))], []byte("\n"))
}

// dressing is what stands around a label that is set apart.
const dressing = " \t\r\u00a0\ufeff#*_>|<-–—=~+/\\;:.,!\"'`()[]{}"

// line reads a line. alone: there is nothing else on it.
func (p *patterns) line(line []byte) (tlp notice.TLP, alone, ok bool) {
	const longest = 1000 // a label stands at the beginning of a line
	if line = line[:min(len(line), longest)]; !namesTLP(line) {
		return "", false, false
	}
	plain := line
	if bytes.IndexByte(line, '<') >= 0 {
		plain = p.tags.ReplaceAll(line, nil)
	}
	plain = bytes.Trim(plain, dressing)
	at := p.mention.FindSubmatchIndex(plain)
	if at == nil {
		return p.title(line)
	}
	if tlp, ok = wordOf(string(plain[at[2]:at[3]])); !ok {
		return "", false, false
	}
	before := bytes.TrimSpace(bytes.TrimRight(plain[:at[0]], "[(*\"' "))
	after := bytes.TrimLeft(plain[at[3]:], " \t*\"'`])")
	if len(before) > 0 && !p.about.Match(before) {
		return p.title(line)
	}
	switch {
	case len(bytes.Trim(after, dressing)) == 0:
		return tlp, !listed(line), true
	case bytes.ContainsAny(after[:1], ".;|/(:-[") || bytes.HasPrefix(after, []byte("–")) || bytes.HasPrefix(after, []byte("—")):
		return tlp, false, true
	}
	return p.title(line)
}

// listed reports whether a line is an item of a list, or quotes code: there labels are spoken of.
func listed(line []byte) bool {
	line = bytes.TrimLeft(line, " \t")
	for _, bullet := range []string{"- ", "* ", "+ ", "• ", "· "} {
		if bytes.HasPrefix(line, []byte(bullet)) {
			return true
		}
	}
	return bytes.ContainsAny(line, "`") || bytes.Contains(line, []byte("<td")) || bytes.Contains(line, []byte("<li"))
}

// title finds the label in brackets at the beginning or the end of a title: "Subject: [TLP:RED] A wave".
func (p *patterns) title(line []byte) (tlp notice.TLP, alone, ok bool) {
	for _, part := range bracketed(line) {
		if at := p.mention.FindSubmatchIndex(part); at != nil && at[0] == 0 && at[3] == len(part) {
			tlp, ok = wordOf(string(part[at[2]:at[3]]))
			return tlp, false, ok
		}
	}
	return "", false, false
}

// bracketed returns what stands in the brackets of a line.
func bracketed(line []byte) (out [][]byte) {
	const most = 4
	for len(out) < most {
		open := bytes.IndexAny(line, "[({")
		if open < 0 {
			return out
		}
		line = line[open+1:]
		end := bytes.IndexAny(line, "])}")
		if end < 0 {
			return out
		}
		out = append(out, bytes.TrimSpace(line[:end]))
		line = line[end+1:]
	}
	return out
}

// colours finds the markings of STIX 1 in XML.
func (p *patterns) colours(text []byte) (labels []Label) {
	if !bytes.Contains(text, []byte("<")) {
		return nil
	}
	for _, m := range p.coloured.FindAllSubmatch(text, MaxLabels*MaxLabels) {
		word := string(m[1]) + string(m[2])
		if tlp, ok := wordOf(word); ok {
			labels = add(labels, Label{Word: word, TLP: tlp, Where: "the colour of a marking structure"})
		}
	}
	return labels
}

// table finds the labels in a table: a cell that is one, or a word of TLP in a column of that name.
func (p *patterns) table(text []byte) (labels []Label) {
	t := csv.NewReader(bytes.NewReader(text))
	t.FieldsPerRecord, t.LazyQuotes, t.ReuseRecord, t.Comma = -1, true, true, comma(text)
	columns := map[int]bool{}
	for row := 1; ; row++ {
		cells, err := t.Read()
		if err != nil && !errors.Is(err, csv.ErrFieldCount) {
			if errors.Is(err, io.EOF) || len(cells) == 0 {
				return labels
			}
		}
		for i, cell := range cells {
			if row == 1 && isLabelName(cell) {
				columns[i] = true
				continue
			}
			if seen(labels, cell) {
				continue
			}
			tlp, ok := p.whole(cell)
			if !ok && columns[i] && strings.TrimSpace(cell) != "" {
				tlp, _ = wordOf(cell)
				ok = true
			}
			if ok {
				labels = add(labels, Label{Word: cell, TLP: tlp, Where: fmt.Sprintf("row %d", row)})
			}
		}
	}
}

// comma returns what parts the cells of a table.
func comma(text []byte) rune {
	first, _, _ := bytes.Cut(text, []byte("\n"))
	best, most := ',', bytes.Count(first, []byte(","))
	for _, c := range []rune{';', '\t'} {
		if n := bytes.Count(first, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}
