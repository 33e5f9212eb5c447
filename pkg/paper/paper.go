// Package paper writes a few dozen bytes as text that survives being printed, typed and scanned: numbered
// lines with a checksum each, so that a typist is told which line is wrong, and one string for a QR code.
// It is not encryption: whoever has the paper has what is on it. It draws no QR code.
// Invariant: Parse returns what was written, or an error; of the changes to one line that it does not
// notice by the line's checksum, the checksum of the whole lets one in 2^32 pass.
package paper

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

const (
	// MaxBytes is how much fits on a paper.
	MaxBytes = 240
	// MaxText bounds what Parse reads: the lines and the prose around them.
	MaxText = 32 << 10

	lineBytes  = 10 // 16 characters
	checkChars = 4  // 20 bits
	lineChars  = 16 + checkChars
	sumBytes   = 4
	prefix     = "TOCSIN:"
)

const (
	lineDomain = "tocsin paper line v1\x00"
	allDomain  = "tocsin paper v1\x00"
)

// ErrMistyped says that what is there is not what was printed; the text of the error says where.
var ErrMistyped = errors.New("the paper is mistyped")

// ErrNothing says that there is neither a numbered line nor the text of a QR code of the wanted kind.
var ErrNothing = errors.New("no line of such a paper is in the text")

//nolint:gochecknoglobals // immutable
var alphabet = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// frame is the length, the bytes, their checksum, and zeros to the end of the last line.
func frame(kind string, b []byte) []byte {
	out := append([]byte{byte(len(b))}, b...) //nolint:gosec // at most MaxBytes
	out = append(out, sum(allDomain, kind, b)[:sumBytes]...)
	if over := len(out) % lineBytes; over > 0 {
		out = append(out, make([]byte, lineBytes-over)...)
	}
	return out
}

func sum(domain, kind string, b []byte) []byte {
	h := sha256.New()
	h.Write([]byte(domain + kind + "\x00"))
	h.Write(b)
	return h.Sum(nil)
}

func lineCheck(kind string, number int, chars string) string {
	s := sum(lineDomain, kind, append([]byte{byte(number)}, chars...)) //nolint:gosec // at most MaxBytes/lineBytes lines
	return alphabet.EncodeToString(s[:5])[:checkChars]
}

// Lines returns the numbered lines of a paper, each ended by a line feed. It panics if b is longer than
// MaxBytes, which a caller knows beforehand.
func Lines(kind string, b []byte) string {
	if len(b) > MaxBytes {
		panic(fmt.Sprintf("paper: %d bytes, at most %d", len(b), MaxBytes))
	}
	var out strings.Builder
	all := frame(kind, b)
	for i := 0; i < len(all)/lineBytes; i++ {
		chars := alphabet.EncodeToString(all[i*lineBytes : (i+1)*lineBytes])
		chars += lineCheck(kind, i+1, chars)
		fmt.Fprintf(&out, "%2d:", i+1)
		for j := 0; j < lineChars; j += 4 {
			out.WriteString(" " + chars[j:j+4])
		}
		out.WriteByte('\n')
	}
	return out.String()
}

// Code returns the paper as one string of capitals, digits and colons, for a QR code. b is at most
// MaxBytes long.
func Code(kind string, b []byte) string {
	return prefix + strings.ToUpper(kind) + ":" + strings.ToUpper(alphabet.EncodeToString(frame(kind, b)))
}

// Parse finds the paper of the given kind in a text and returns what it holds. Lines without a number
// and a colon in front are passed over; case, blanks and dashes do not matter.
func Parse(kind, text string) ([]byte, error) {
	if len(text) > MaxText {
		return nil, fmt.Errorf("%w: the text has %d bytes, at most %d", ErrMistyped, len(text), MaxText)
	}
	lines := map[int][]byte{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if code, ok := cutFold(line, prefix+kind+":"); ok {
			return parseCode(kind, code)
		}
		number, rest, ok := numbered(line)
		if !ok {
			continue
		}
		b, err := parseLine(kind, number, rest)
		if err != nil {
			return nil, err
		}
		if before, again := lines[number]; again && !bytes.Equal(before, b) {
			return nil, fmt.Errorf("%w: there are two lines %d, of two papers", ErrMistyped, number)
		}
		lines[number] = b
	}
	return join(kind, lines)
}

func cutFold(s, before string) (string, bool) {
	if len(s) < len(before) || !strings.EqualFold(s[:len(before)], before) {
		return "", false
	}
	return s[len(before):], true
}

// numbered parts "12: text". What has no such number is prose.
func numbered(line string) (int, string, bool) {
	digits, rest, ok := strings.Cut(line, ":")
	if !ok || digits == "" || len(digits) > 2 || strings.Trim(digits, "0123456789") != "" {
		return 0, "", false
	}
	n, err := strconv.Atoi(digits)
	return n, rest, err == nil
}

func fold(r rune) rune {
	switch {
	case r == ' ' || r == '-' || r == '\t':
		return -1
	case r >= 'A' && r <= 'Z':
		return r - 'A' + 'a'
	}
	return r
}

func parseLine(kind string, number int, text string) ([]byte, error) {
	chars := strings.Map(fold, text)
	if len(chars) != lineChars {
		return nil, fmt.Errorf("%w: line %d has %d characters, want %d", ErrMistyped, number, len(chars), lineChars)
	}
	b, err := alphabet.DecodeString(chars[:16])
	if err != nil || len(b) != lineBytes {
		return nil, fmt.Errorf("%w: line %d has a character that is not a-z or 2-7", ErrMistyped, number)
	}
	if lineCheck(kind, number, chars[:16]) != chars[16:] {
		return nil, fmt.Errorf("%w: line %d does not match its checksum", ErrMistyped, number)
	}
	return b, nil
}

func join(kind string, lines map[int][]byte) ([]byte, error) {
	if len(lines) == 0 {
		return nil, ErrNothing
	}
	var all []byte
	for i := 1; i <= len(lines); i++ {
		if lines[i] == nil {
			return nil, fmt.Errorf("%w: line %d is missing", ErrMistyped, i)
		}
		all = append(all, lines[i]...)
	}
	return unframe(kind, all)
}

func parseCode(kind, code string) ([]byte, error) {
	all, err := alphabet.DecodeString(strings.Map(fold, code))
	if err != nil {
		return nil, fmt.Errorf("%w: the code has a character that is not A-Z or 2-7", ErrMistyped)
	}
	return unframe(kind, all)
}

// unframe undoes frame, and takes no other spelling of it.
func unframe(kind string, all []byte) ([]byte, error) {
	if len(all) == 0 || len(all) < 1+int(all[0])+sumBytes {
		return nil, fmt.Errorf("%w: the last lines are missing", ErrMistyped)
	}
	b := all[1 : 1+int(all[0])]
	if len(b) > MaxBytes || !bytes.Equal(frame(kind, b), all) {
		return nil, fmt.Errorf("%w: the whole does not match its checksum", ErrMistyped)
	}
	return bytes.Clone(b), nil
}
