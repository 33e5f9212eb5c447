package main

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
)

// Text from a peer is hostile until shown: terminal escapes rewrite the screen or answer for the operator, bidirectional
// overrides turn a domain round, zero-width characters hide the difference between two names. What could do so is printed as
// a visible escape (\x1b, \u202e); everything else, in any script, is left alone.

// maxMarks is how many combining marks may follow one another before the rest is escaped: more than any orthography uses,
// few enough that a cell cannot be painted over its neighbours.
const maxMarks = 6

// cleanLine makes s safe to print inside one line: nothing in it can end the line or move in it.
func cleanLine(s string) string { return clean(s, false) }

// cleanText makes s safe to print as a block of lines: line feeds and tabs are kept.
func cleanText(s string) string { return clean(s, true) }

func clean(s string, lines bool) string {
	if plainASCII(s, lines) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	marks := 0
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if unicode.Is(unicode.M, r) {
			marks++
		} else {
			marks = 0
		}
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case lines && (r == '\n' || r == '\t'):
			b.WriteRune(r)
		case deceptive(r) || marks > maxMarks:
			writeEscape(&b, r)
		default:
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

// plainASCII is the common case, decided without decoding.
func plainASCII(s string, lines bool) bool {
	for i := range len(s) {
		c := s[i]
		if (c < ' ' && (!lines || c != '\n' && c != '\t')) || c >= 0x7f {
			return false
		}
	}
	return true
}

// writeEscape prints r as Go and JSON would, so that it can be looked up.
func writeEscape(b *strings.Builder, r rune) {
	switch {
	case r == '\n':
		b.WriteString(`\n`)
	case r == '\r':
		b.WriteString(`\r`)
	case r == '\t':
		b.WriteString(`\t`)
	case r < 0x80:
		fmt.Fprintf(b, `\x%02x`, r)
	case r <= 0xffff:
		fmt.Fprintf(b, `\u%04x`, r)
	default:
		fmt.Fprintf(b, `\U%08x`, r)
	}
}

// deceptive says that r does something other than show a glyph: controls (C0, DEL, C1), every format character (bidirectional
// marks, overrides and isolates, zero-width spaces and joiners, soft hyphen, byte order mark, tags), line and paragraph
// separators, and the letters and selectors that Unicode draws as nothing. Joiners that some scripts need inside words are
// among them: a visible escape costs beauty, a hidden one trust.
func deceptive(r rune) bool {
	if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
		return true
	}
	switch {
	case r == 0x034f, r == 0x115f, r == 0x1160, r == 0x17b4, r == 0x17b5, r == 0x2800, r == 0x3164, r == 0xffa0:
		return true
	case r >= 0x180b && r <= 0x180f, r >= 0xfff0 && r <= 0xfffb:
		return true
	case r >= 0xfdd0 && r <= 0xfdef, r&0xfffe == 0xfffe:
		return true // not characters at all
	case r >= 0xe0000 && r <= 0xe0fff:
		return true
	}
	return false
}

// printJSON writes v as one line of JSON. What clean would escape is written as a \u escape, which a parser reads back
// unchanged: the data is exact, and still cannot act on the terminal it is shown in.
func printJSON(w io.Writer, v any) error {
	text, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	var b strings.Builder
	b.Grow(len(text) + 1)
	for _, r := range string(text) {
		switch {
		case !deceptive(r):
			b.WriteRune(r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
		}
	}
	b.WriteByte('\n')
	_, err = io.WriteString(w, b.String())
	return err
}
