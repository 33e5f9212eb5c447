package identity

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
)

// Kind is the letter that the text form of an identifier begins with, so that a team is never
// pasted where a record was meant.
type Kind byte

// The kinds of identifier. Each is the first letter of every text form of that kind.
const (
	KindTeam      Kind = 't'
	KindNode      Kind = 'n'
	KindCommunity Kind = 'c'
	KindRecord    Kind = 'r'
	KindStatement Kind = 's'
)

// String returns the kind in words.
func (k Kind) String() string {
	switch k {
	case KindTeam:
		return "team"
	case KindNode:
		return "node"
	case KindCommunity:
		return "community"
	case KindRecord:
		return "record"
	case KindStatement:
		return "statement"
	}
	return fmt.Sprintf("kind(%q)", byte(k))
}

// TextLen is the length of every text form: 35 bytes (kind, 32 bytes of identifier, 2 bytes of
// checksum) in RFC 4648 base32, lower case, which needs no padding.
const TextLen = 56

const checksumDomain = "tocsin identifier checksum v1\x00"

//nolint:gochecknoglobals // immutable
var text = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// versionByte places the kind's letter in the top five bits, which base32 turns back into it.
func (k Kind) versionByte() byte { return (byte(k) - 'a') << 3 }

func checksum(version byte, id *[32]byte) [2]byte {
	h := sha256.New()
	h.Write([]byte(checksumDomain))
	h.Write([]byte{version})
	h.Write(id[:])
	var sum [32]byte
	h.Sum(sum[:0])
	return [2]byte{sum[0], sum[1]}
}

// Format returns the 56-character text form of an identifier: its kind's letter, the identifier
// and a checksum. See docs/spec/record.md, section "Text forms".
func Format(k Kind, id [32]byte) string {
	var raw [35]byte
	raw[0] = k.versionByte()
	copy(raw[1:], id[:])
	sum := checksum(raw[0], &id)
	copy(raw[33:], sum[:])
	return text.EncodeToString(raw[:])
}

// Parse reads a text form of the given kind. Upper case, spaces and dashes between groups are
// accepted, as people type them; anything else is an error that says what was expected.
func Parse(k Kind, s string) ([32]byte, error) {
	var id [32]byte
	if len(s) > 4*TextLen {
		return id, fmt.Errorf("%s ID is too long: %d characters, want %d", k, len(s), TextLen)
	}
	clean := strings.Map(fold, s)
	raw, err := text.DecodeString(clean)
	if err != nil || strings.ContainsAny(clean, "\r\n") { // which the decoder passes over
		return id, fmt.Errorf("%s ID has a character that is not a-z or 2-7", k)
	}
	if len(clean) != TextLen {
		return id, fmt.Errorf("%s ID has %d characters, want %d", k, len(clean), TextLen)
	}
	copy(id[:], raw[1:33])
	sum := checksum(raw[0], &id)
	if sum != [2]byte{raw[33], raw[34]} {
		return [32]byte{}, fmt.Errorf("%s ID is mistyped: its checksum does not match", k)
	}
	if raw[0] != k.versionByte() {
		got := Kind('a' + raw[0]>>3)
		return [32]byte{}, fmt.Errorf("this is the ID of a %s, want the ID of a %s", got, k)
	}
	return id, nil
}

// fold drops what people type between groups and lowers ASCII letters; no other character may become
// a letter of the alphabet.
func fold(r rune) rune {
	switch {
	case r == ' ' || r == '-':
		return -1
	case r >= 'A' && r <= 'Z':
		return r - 'A' + 'a'
	}
	return r
}

// Groups splits a text form into groups of four characters, for reading aloud.
func Groups(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i += 4 {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(s[i:min(i+4, len(s))])
	}
	return b.String()
}
