package notice

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // the fingerprint of OpenPGP version 4 is defined with it
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
	"unicode"

	"tocsin/pkg/identity"
)

// OpenPGP is the key that the team published before it had a node, and what that key says about the
// node's root. Nothing here checks the signature: `gpg --verify` does, on the text of SignedText, and
// the result counts for whoever knows the key. See docs/spec/profile.md, "OpenPGP".
type OpenPGP struct {
	Fingerprint string `json:"fingerprint"`        // upper-case hexadecimal
	Key         string `json:"key,omitzero"`       // armored public key
	Signature   string `json:"signature,omitzero"` // armored detached signature of SignedText
}

// SignedText is what a team's OpenPGP key signs: the text form of its team ID and one line feed.
func SignedText(team identity.TeamID) string { return team.String() + "\n" }

// The first lines of armor without what surrounds them.
const (
	armorKey       = "PGP PUBLIC KEY BLOCK"
	armorSignature = "PGP SIGNATURE"
)

func (o *OpenPGP) normalise() {
	if o == nil {
		return
	}
	cleanFingerprint(&o.Fingerprint)
	cleanArmor(&o.Key)
	cleanArmor(&o.Signature)
}

// cleanFingerprint removes what people put between groups and in front.
func cleanFingerprint(s *string) {
	*s = strings.Map(func(r rune) rune {
		switch {
		case r == ':' || unicode.IsSpace(r):
			return -1
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		}
		return r
	}, *s)
	for strings.HasPrefix(*s, "0X") {
		*s = (*s)[2:]
	}
}

// cleanArmor gives armor its line ends, with one at the end.
func cleanArmor(s *string) {
	cleanProse(s)
	*s = strings.TrimLeft(*s, " \t\n")
	if *s != "" {
		*s += "\n"
	}
}

func (o *OpenPGP) check(f *findings) {
	if o == nil {
		return
	}
	checkFingerprint(f, "openpgp.fingerprint", o.Fingerprint, true)
	f.prose("openpgp.key", o.Key, MaxOpenPGPKey)
	f.prose("openpgp.signature", o.Signature, MaxOpenPGPSignature)
	if !f.strict {
		return
	}
	if o.Signature != "" {
		if _, err := unarmor(o.Signature, armorSignature); err != nil {
			f.add("openpgp.signature", err.Error(), "as gpg --armor --detach-sign writes it")
		}
	}
	if o.Key == "" {
		return
	}
	switch got, err := KeyFingerprint(o.Key); {
	case err != nil:
		f.add("openpgp.key", err.Error(), "as gpg --armor --export-options export-minimal --export FINGERPRINT writes it")
	case got != o.Fingerprint:
		f.add("openpgp.fingerprint", "is not that of the key", "the key's is "+got)
	}
}

// checkFingerprint accepts what versions 4 and 6 of OpenPGP have: 20 or 32 bytes.
func checkFingerprint(f *findings, field, s string, required bool) {
	f.size(field, s, maxWord)
	switch {
	case !f.strict || s == "" && !required:
	case s == "":
		f.add(field, "is missing", "40 or 64 hexadecimal digits, as gpg --fingerprint shows them")
	case len(s) != 40 && len(s) != 64 || strings.Trim(s, "0123456789ABCDEF") != "":
		f.add(field, quote(s)+" is not a fingerprint", "40 or 64 hexadecimal digits, as gpg --fingerprint shows them")
	}
}

// KeyFingerprint returns the fingerprint of the primary key in an armored public key, in upper-case
// hexadecimal.
func KeyFingerprint(armored string) (string, error) {
	raw, err := unarmor(armored, armorKey)
	if err != nil {
		return "", err
	}
	tag, body, err := firstPacket(raw)
	if err != nil {
		return "", err
	}
	if tag != 6 || len(body) < 6 || len(body) > 0xffff {
		return "", errors.New("does not begin with a public key")
	}
	switch body[0] {
	case 4:
		h := sha1.New()                                                         //nolint:gosec // as above
		h.Write(binary.BigEndian.AppendUint16([]byte{0x99}, uint16(len(body)))) //nolint:gosec // bounded above
		h.Write(body)
		return strings.ToUpper(hex.EncodeToString(h.Sum(nil))), nil
	case 6:
		h := sha256.New()
		h.Write(binary.BigEndian.AppendUint32([]byte{0x9b}, uint32(len(body)))) //nolint:gosec // bounded above
		h.Write(body)
		return strings.ToUpper(hex.EncodeToString(h.Sum(nil))), nil
	}
	return "", errors.New("is a key of a version that is not known here")
}

// unarmor returns the bytes in one block of ASCII armor (RFC 9580, section 6.2) with nothing around it.
// The checksum line, which is optional, is not looked at.
func unarmor(s, what string) ([]byte, error) {
	rest, ok := strings.CutPrefix(s, "-----BEGIN "+what+"-----\n")
	if !ok {
		return nil, errors.New("does not begin with -----BEGIN " + what + "-----")
	}
	rest, ok = strings.CutSuffix(rest, "\n-----END "+what+"-----\n")
	if !ok {
		return nil, errors.New("does not end with -----END " + what + "-----")
	}
	head, body, ok := strings.Cut("\n"+rest, "\n\n")
	if !ok {
		return nil, errors.New("has no empty line after the headers of its armor")
	}
	for line := range strings.SplitSeq(strings.TrimPrefix(head, "\n"), "\n") {
		if line != "" && !strings.Contains(line, ": ") {
			return nil, errors.New("has a line that is no header of armor")
		}
	}
	var joined strings.Builder
	for line := range strings.SplitSeq(body, "\n") {
		if strings.HasPrefix(line, "=") {
			break
		}
		joined.WriteString(strings.TrimSpace(line))
	}
	raw, err := base64.StdEncoding.DecodeString(joined.String())
	if err != nil || len(raw) == 0 {
		return nil, errors.New("is not base64 inside its armor")
	}
	return raw, nil
}

// firstPacket returns the first packet of OpenPGP in b, which must have a definite length.
func firstPacket(b []byte) (tag byte, body []byte, err error) {
	short := errors.New("ends within its first packet")
	if len(b) < 2 || b[0]&0x80 == 0 {
		return 0, nil, errors.New("is not OpenPGP inside its armor")
	}
	rest, n := b[1:], 0
	if b[0]&0x40 == 0 {
		tag = b[0] >> 2 & 0x0f
		size := 1 << (b[0] & 3)
		if size > 4 || len(rest) < size {
			return 0, nil, short
		}
		for _, c := range rest[:size] {
			n = n<<8 | int(c)
		}
		rest = rest[size:]
	} else {
		tag = b[0] & 0x3f
		switch first := rest[0]; {
		case first < 192:
			n, rest = int(first), rest[1:]
		case first < 224 && len(rest) >= 2:
			n, rest = int(first-192)<<8+int(rest[1])+192, rest[2:]
		case first == 255 && len(rest) >= 5:
			n, rest = int(binary.BigEndian.Uint32(rest[1:])), rest[5:]
		default:
			return 0, nil, short
		}
	}
	if n < 0 || n > len(rest) {
		return 0, nil, short
	}
	return tag, bytes.Clone(rest[:n]), nil
}
