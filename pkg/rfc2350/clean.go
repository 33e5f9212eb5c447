package rfc2350

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// ErrNotText says that bytes are no text of a size that is read.
var ErrNotText = errors.New("not a text")

// decode returns the text in UTF-8 with line feeds and without control characters, and says where it took
// the encoding to be another.
func decode(b []byte) (text, encoding string, err error) {
	if len(b) > MaxText {
		return "", "", fmt.Errorf("%w: %d bytes, at most %d are read", ErrNotText, len(b), MaxText)
	}
	var s string
	switch {
	case strings.HasPrefix(string(b), "\xef\xbb\xbf"):
		s = strings.ToValidUTF8(string(b[3:]), "\ufffd")
	case len(b) >= 2 && b[0] == 0xff && b[1] == 0xfe:
		s, encoding = utf16Text(b[2:], binary.LittleEndian), "UTF-16"
	case len(b) >= 2 && b[0] == 0xfe && b[1] == 0xff:
		s, encoding = utf16Text(b[2:], binary.BigEndian), "UTF-16"
	case utf8.Valid(b):
		s = string(b)
	default:
		s, encoding = windowsText(b), "Windows-1252"
	}
	if strings.Count(s, "\x00")*8 > len(s) {
		return "", "", fmt.Errorf("%w: it is binary", ErrNotText)
	}
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\f", "\n", "\v", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n").Replace(s)
	return strings.Map(plain, s), encoding, nil
}

// plain drops what has no business in a text; see Write for the other direction.
func plain(r rune) rune {
	switch {
	case r == '\n', r == '\t':
		return r
	case r < 0x20, r >= 0x7f && r < 0xa0, r == 0xfeff, r == 0x2028, r == 0x2029, r >= 0x202a && r <= 0x202e:
		return -1
	}
	return r
}

// printable is plain for one line, with tabs as blanks.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		return plain(r)
	}, strings.ToValidUTF8(s, "\ufffd"))
}

func utf16Text(b []byte, order binary.ByteOrder) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// windowsText reads Windows-1252, which is ISO 8859-1 but for 0x80 to 0x9f.
func windowsText(b []byte) string {
	const upper = "\u20ac\x00\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x00\u017d\x00" +
		"\x00\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x00\u017e\u0178"
	table := []rune(upper)
	var out strings.Builder
	for _, c := range b {
		if c >= 0x80 && c < 0xa0 {
			out.WriteRune(table[c-0x80])
			continue
		}
		out.WriteRune(rune(c))
	}
	return out.String()
}
