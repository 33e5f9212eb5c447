package document

import (
	"bytes"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// decode returns a file in UTF-8 without byte order mark, and what is wrong with its encoding: nothing where it is UTF-8. What is
// no UTF-8 and no UTF-16 is read as ISO 8859-1, in which every byte is a character. Zero bytes are left out: what remains of a label
// in any wide encoding is the label.
func decode(data []byte) (text []byte, wrong string) {
	switch {
	case bytes.HasPrefix(data, []byte{0xef, 0xbb, 0xbf}):
		data = data[3:]
	case bytes.HasPrefix(data, []byte{0xff, 0xfe, 0, 0}), bytes.HasPrefix(data, []byte{0, 0, 0xfe, 0xff}):
		data = data[4:] // of UTF-32
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}):
		return fromUTF16(data[2:], 0), "it is in UTF-16, and should be in UTF-8"
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		return fromUTF16(data[2:], 1), "it is in UTF-16, and should be in UTF-8"
	}
	if low, ok := wide(data); ok {
		return fromUTF16(data, low), "it is in UTF-16, and should be in UTF-8"
	}
	if bytes.IndexByte(data, 0) >= 0 {
		wrong = "it has zero bytes, as UTF-16 and UTF-32 have, and should be in UTF-8"
		data = bytes.ReplaceAll(data, []byte{0}, nil)
	}
	at := invalid(data)
	if at < 0 {
		return data, wrong
	}
	out := make([]byte, 0, len(data)+len(data)/8)
	for _, b := range data {
		out = utf8.AppendRune(out, rune(b))
	}
	if wrong != "" {
		return out, wrong
	}
	return out, fmt.Sprintf("byte 0x%02X at offset %d is not UTF-8: it seems to be in ISO 8859-1, and should be in UTF-8", data[at], at)
}

// invalid returns where a text stops being UTF-8, or -1.
func invalid(data []byte) int {
	if utf8.Valid(data) {
		return -1
	}
	for at := 0; at < len(data); {
		r, n := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && n == 1 {
			return at
		}
		at += n
	}
	return -1
}

// wide reports whether a file without byte order mark is UTF-16: nearly every other byte of its beginning is zero. low is the
// place of the low byte in each pair.
func wide(data []byte) (low int, ok bool) {
	const enough = 512
	head := data[:min(len(data), enough)&^1]
	var zero [2]int
	for i, b := range head {
		if b == 0 {
			zero[i&1]++
		}
	}
	pairs := len(head) / 2
	switch {
	case pairs < 2:
		return 0, false
	case zero[1]*4 >= pairs*3 && zero[0]*2 < pairs:
		return 0, true
	case zero[0]*4 >= pairs*3 && zero[1]*2 < pairs:
		return 1, true
	}
	return 0, false
}

// fromUTF16 decodes, the low byte of each pair at place low. An odd byte at the end is dropped.
func fromUTF16(data []byte, low int) []byte {
	units := make([]uint16, 0, len(data)/2)
	for i := 0; i+1 < len(data); i += 2 {
		units = append(units, uint16(data[i+low])|uint16(data[i+1-low])<<8)
	}
	out := make([]byte, 0, len(data))
	for _, r := range utf16.Decode(units) {
		if r != 0 && r != 0xfeff {
			out = utf8.AppendRune(out, r)
		}
	}
	return out
}
