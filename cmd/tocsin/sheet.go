package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
)

// sheet prints one thing as labelled lines with its prose below. All text is cleaned here.
type sheet struct {
	b   strings.Builder
	now time.Time
}

// labelWidth holds the longest label.
const labelWidth = 13

// line prints a label and a value; an empty value prints nothing.
func (s *sheet) line(label, value string) {
	if value != "" {
		fmt.Fprintf(&s.b, "%-*s %s\n", labelWidth, label, cleanLine(value))
	}
}

func (s *sheet) linef(label, format string, args ...any) { s.line(label, fmt.Sprintf(format, args...)) }

// at prints a time, if there is one.
func (s *sheet) at(label string, t time.Time) {
	if !t.IsZero() {
		s.line(label, showTime(t, s.now))
	}
}

// list prints values one to a line under one label.
func (s *sheet) list(label string, values []string) {
	for i, v := range values {
		if i > 0 {
			label = ""
		}
		s.line(label, v)
	}
}

// title prints a line of its own.
func (s *sheet) title(text string) { fmt.Fprintln(&s.b, cleanLine(text)) }

// gap prints an empty line.
func (s *sheet) gap() { s.b.WriteByte('\n') }

// prose prints a block of lines, indented so that no line of a peer's text can pass for one of ours.
func (s *sheet) prose(text string) {
	if text == "" {
		return
	}
	for line := range strings.SplitSeq(cleanText(text), "\n") {
		fmt.Fprintln(&s.b, strings.TrimRight("  "+line, " \t"))
	}
}

func (s *sheet) write(w io.Writer) error {
	_, err := io.WriteString(w, s.b.String())
	return err
}

// marking prints who may see it.
func (s *sheet) marking(m *notice.Marking) {
	text := m.TLP.String()
	if m.PAP != "" {
		text += "  " + m.PAP.String()
	}
	s.line("Marking", text)
}

// limits prints what it may not be used for, each limit with what it asks of the reader. It comes first: whoever reads on
// has read it.
func (s *sheet) limits(m *notice.Marking) {
	if m == nil || len(m.Purpose) == 0 {
		return
	}
	for _, p := range m.Purpose {
		s.line("Limit", limitSentence(p))
	}
	s.gap()
}

func limitSentence(p notice.Purpose) string { return p.String() + ": " + p.Contract() }

// texts prints every language; the first is the sender's own.
func (s *sheet) texts(texts []notice.Text) {
	for _, t := range texts {
		s.gap()
		if len(texts) > 1 || t.Title != "" {
			s.title("[" + t.Language + "] " + t.Title)
		}
		s.prose(t.Summary)
		if t.Instruction != "" {
			s.gap()
			s.title("What to do:")
			s.prose(t.Instruction)
		}
	}
}

func (s *sheet) affected(a *notice.Affected) {
	var all []string
	for _, p := range a.Prefixes {
		all = append(all, p.String())
	}
	for _, n := range a.ASNs {
		all = append(all, fmt.Sprintf("AS%d", n))
	}
	all = append(all, a.Domains...)
	all = append(all, a.Countries...)
	all = append(all, a.Sectors...)
	s.line("Affected", strings.Join(all, ", "))
}

func (s *sheet) references(refs []notice.Reference) {
	var values []string
	for _, r := range refs {
		values = append(values, r.Value)
	}
	s.list("References", values)
}

func (s *sheet) attachments(files []api.Attachment) {
	var values []string
	for _, f := range files {
		values = append(values, fmt.Sprintf("%s  %s  %s", f.Name, f.MediaType, bytesOf(f.Length)))
	}
	s.list("Attached", values)
}
