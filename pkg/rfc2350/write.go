package rfc2350

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"tocsin/pkg/notice"
)

// Layout of the text.
const (
	width  = 72
	indent = "   "    // of all text, so that nothing in it looks like a heading
	deeper = "      " // of what belongs to a label
)

// writer collects a text.
type writer struct{ strings.Builder }

// Write returns the text form of a profile. What a peer put into it beside printable text is neutral: no
// control character but the line feed comes out.
func Write(p *notice.Profile) string {
	var w writer
	w.line("", p.Name)
	w.line("", "Description according to RFC 2350")
	for _, s := range template() {
		if s.number == "1.4" && p.Document.Authentication == "" {
			continue
		}
		w.section(s, p)
	}
	return w.String()
}

func (w *writer) section(s section, p *notice.Profile) {
	dot := ""
	top := !strings.Contains(s.number, ".")
	if top {
		dot = "."
	}
	w.WriteString("\n" + s.number + dot + " " + s.title + "\n")
	var prose, labels writer
	if s.prose != nil {
		prose.prose(*s.prose(p), s.labels)
	}
	labels.labels(s.number, p)
	switch {
	case prose.Len()+labels.Len() > 0:
	case top && s.prose == nil:
		return
	default:
		labels.line(indent, nothing)
	}
	for _, part := range []string{prose.String(), labels.String()} {
		if part != "" {
			w.WriteString("\n" + part)
		}
	}
}

// line writes one line, without what could act on a terminal.
func (w *writer) line(indent, s string) {
	w.WriteString(strings.TrimRight(indent+printable(s), " ") + "\n")
}

// prose writes paragraphs. A line that would read as one of the section's labels is moved in by a column.
func (w *writer) prose(s string, labels []string) {
	for l := range strings.SplitSeq(s, "\n") {
		if strings.TrimSpace(l) == "" {
			w.blank()
			continue
		}
		for _, part := range wrap(printable(l), width-len(indent)) {
			in := indent
			if name, _, ok := cutLabel(part, labels); ok && name != "" || part == nothing {
				in += " "
			}
			w.line(in, part)
		}
	}
}

// nothing stands where a section has no text.
const nothing = "None."

// blank writes an empty line, but not at the beginning.
func (w *writer) blank() {
	if w.Len() > 0 {
		w.WriteString("\n")
	}
}

// label writes one labelled value on one line, whatever its length.
func (w *writer) label(name, value string) {
	if value != "" {
		w.line(indent, name+": "+value)
	}
}

// block writes labelled prose.
func (w *writer) block(name, value string) {
	if value == "" {
		return
	}
	w.line(indent, name+":")
	for l := range strings.SplitSeq(value, "\n") {
		if strings.TrimSpace(l) == "" {
			w.blank()
		}
		for _, part := range wrap(printable(l), width-len(deeper)) {
			w.line(deeper, part)
		}
	}
}

// set writes a labelled list of words, on as many lines as it takes.
func set[T any](w *writer, name string, list []T) {
	if len(list) == 0 {
		return
	}
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = fmt.Sprint(v)
	}
	lines := wrap(name+": "+strings.Join(words, ", "), width-len(deeper))
	w.line(indent, lines[0])
	for _, l := range lines[1:] {
		w.line(deeper, l)
	}
}

func (w *writer) bullets(list []string) {
	for _, s := range list {
		w.line(indent, "- "+s)
	}
}

// labels writes the structured members of a section.
func (w *writer) labels(number string, p *notice.Profile) {
	switch number {
	case numberUpdated:
		w.line(indent, p.Document.Updated.UTC().Format(time.RFC3339Nano))
		w.label(labelLanguage, p.Language)
	case numberLocations:
		w.bullets(p.Document.Locations)
	case numberName:
		w.label(labelName, p.Name)
		w.label(labelShort, p.ShortName)
	case numberZone:
		w.availability(&p.Availability)
	case numberPhone:
		w.bullets(p.Contact.Telephone)
	case numberFax:
		w.bullets(p.Contact.Facsimile)
	case numberEmail:
		w.bullets(p.Contact.Email)
	case numberKeys:
		if p.OpenPGP != nil {
			w.label(labelFingerprint, groups(p.OpenPGP.Fingerprint))
		}
	case "2.10":
		set(w, labelLanguages, p.Contact.Languages)
	case "3.2":
		c := &p.Constituency
		set(w, labelPrefixes, c.Prefixes)
		set(w, labelASNs, c.ASNs)
		set(w, labelDomains, c.Domains)
		set(w, labelCountries, c.Countries)
		set(w, labelSectors, c.Sectors)
	case "3.3":
		w.label(labelParent, p.Parent)
	case "3.4":
		w.roles(p.Roles)
	case "4.2":
		w.duties(p.Disclosure)
		w.conduct(p.Conduct)
	}
}

func (w *writer) availability(a *notice.Availability) {
	w.label(labelZone, a.TimeZone)
	if a.AroundTheClock {
		w.label(labelAlways, yes)
	}
	for _, h := range a.Hours {
		w.label(labelHours, strings.Join(h.Days, ", ")+" "+h.From+"-"+h.To)
	}
	for _, h := range a.Holidays {
		value := h.From
		if h.To != "" {
			value += " to " + h.To
		}
		if h.Name != "" {
			value += ": " + h.Name
		}
		w.label(labelHoliday, value)
	}
	w.block(labelOutOfHours, a.OutOfHours)
}

const yes = "yes"

func (w *writer) roles(roles []notice.RoleClaim) {
	for _, r := range roles {
		w.label(labelRole, r.Role.String())
		w.label(labelScope, r.Scope)
		for _, e := range r.Endorsers {
			name := e.Name
			if e.Team != (notice.Endorser{}).Team {
				name += teamMark + e.Team.String()
			}
			w.label(labelEndorser, name)
		}
		w.block(labelGround, r.Text)
	}
}

// teamMark stands between the name of an endorser and its team ID.
const teamMark = ", team "

func (w *writer) duties(duties []notice.Duty) {
	for _, d := range duties {
		w.label(labelDuty, d.To.String())
		w.label(labelAuthority, d.Name)
		w.label(labelObligation, d.Obligation.String())
		if d.TellsSource {
			w.label(labelTells, yes)
		}
		w.block(labelCases, d.Text)
	}
}

func (w *writer) conduct(c notice.Conduct) {
	text := c.Text
	if c.NoMaliciousActivity {
		text = strings.TrimRight(notice.ConductStatement+"\n\n"+c.Text, "\n")
	}
	w.block(labelConduct, text)
}

// groups splits a fingerprint as gpg shows it.
func groups(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i += 4 {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(s[i:min(i+4, len(s))])
	}
	return b.String()
}

// wrap breaks a line at blanks. A word that is longer than the width stays whole.
func wrap(s string, width int) []string {
	if utf8.RuneCountInString(s) <= width {
		if strings.TrimSpace(s) == "" {
			return nil
		}
		return []string{s}
	}
	var lines []string
	var line strings.Builder
	n := 0
	for word := range strings.FieldsSeq(s) {
		size := utf8.RuneCountInString(word)
		if n > 0 && n+1+size > width {
			lines = append(lines, line.String())
			line.Reset()
			n = 0
		}
		if n > 0 {
			line.WriteByte(' ')
			n++
		}
		line.WriteString(word)
		n += size
	}
	if n > 0 {
		lines = append(lines, line.String())
	}
	return lines
}
