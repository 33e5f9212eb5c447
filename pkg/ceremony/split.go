package ceremony

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"

	"tocsin/pkg/identity"
	"tocsin/pkg/paper"
)

// Shares is into how many parts a root key is split, and Enough how many of them restore it.
const (
	Shares = 3
	Enough = 2
)

const (
	paperShare = "root-share"
	setSize    = 4
	shareSize  = 1 + 1 + setSize + 32 + 32
)

// Reasons why shares do not make a root key. Test with errors.Is.
var (
	// ErrOtherRoot: the shares are of two teams' root keys.
	ErrOtherRoot = errors.New("the sheets are of two different root keys")
	// ErrOtherSplit: of one root key, but made at two times.
	ErrOtherSplit = errors.New("the sheets are of one root key, but of two different splits of it")
	// ErrSameShare: twice the same share.
	ErrSameShare = errors.New("the two sheets are the same share; another one is needed")
)

// Share is a third of a root key: one tells nothing of the secret, any two restore it. It names the team,
// whose ID is public. Shares of two splits do not fit together.
type Share struct {
	Team   identity.TeamID
	Number int // 1 to Shares

	set   [setSize]byte // drawn for each split
	value [32]byte
}

// Format keeps the share out of every print but the one that is made for paper.
func (Share) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "(share of a root key)") }

// Split parts a root key by Shamir's scheme, byte by byte: share x is seed + x*a in GF(2^8), with a drawn
// from rand. A share alone is the seed under a one-time pad.
func Split(rand io.Reader, root *identity.RootKey) ([Shares]Share, error) {
	var out [Shares]Share
	var slope [32]byte
	var set [setSize]byte
	if _, err := io.ReadFull(rand, slope[:]); err != nil {
		return out, fmt.Errorf("split root key: %w", err)
	}
	if _, err := io.ReadFull(rand, set[:]); err != nil {
		return out, fmt.Errorf("split root key: %w", err)
	}
	seed := root.Seed()
	for n := range out {
		out[n] = Share{Team: root.Team(), Number: n + 1, set: set}
		for i, s := range seed {
			out[n].value[i] = s ^ multiply(slope[i], byte(n+1))
		}
	}
	return out, nil
}

// JoinShares restores a root key from two of its shares.
func JoinShares(a, b Share) (*identity.RootKey, error) {
	switch {
	case a.Team != b.Team:
		return nil, ErrOtherRoot
	case a.set != b.set:
		return nil, ErrOtherSplit
	case a.Number == b.Number:
		return nil, ErrSameShare
	}
	// The line through two points, at 0: (a*x2 + b*x1) / (x1 + x2); plus is exclusive or.
	x1, x2 := byte(a.Number), byte(b.Number) //nolint:gosec // 1 to Shares
	under := inverse(x1 ^ x2)
	seed := make([]byte, len(a.value))
	for i := range seed {
		seed[i] = multiply(multiply(a.value[i], x2)^multiply(b.value[i], x1), under)
	}
	root, err := identity.RootKeyFromSeed(seed)
	if err != nil {
		return nil, err
	}
	if team := root.Team(); subtle.ConstantTimeCompare(team[:], a.Team[:]) != 1 {
		return nil, malformed("the sheets fit together, but make another root key than the one they name")
	}
	return root, nil
}

// multiply is the product in GF(2^8) modulo x^8+x^4+x^3+x+1. It takes the same time for all values.
func multiply(a, b byte) byte {
	var p byte
	for range 8 {
		p ^= a & -(b & 1)
		a = a<<1 ^ 0x1b&-(a>>7)
		b >>= 1
	}
	return p
}

// inverse is a^254, which is 1/a.
func inverse(a byte) byte {
	out := byte(1)
	for range 254 {
		out = multiply(out, a)
	}
	return out
}

// Lines returns the share as lines to print and to type.
func (s Share) Lines() string { return paper.Lines(paperShare, s.bytes()) }

// Code returns the share as the text of a QR code.
func (s Share) Code() string { return paper.Code(paperShare, s.bytes()) }

func (s Share) bytes() []byte {
	b := append([]byte{version, byte(s.Number)}, s.set[:]...) //nolint:gosec // 1 to Shares
	b = append(b, s.Team[:]...)
	return append(b, s.value[:]...)
}

// ParseShare reads a share from a printed sheet that was typed or scanned. Errors wrap paper.ErrMistyped,
// paper.ErrNothing or ErrMalformed, and hold nothing of the share.
func ParseShare(text string) (Share, error) {
	b, err := paper.Parse(paperShare, text)
	if err != nil {
		return Share{}, err
	}
	if len(b) != shareSize || b[0] != version || b[1] < 1 || b[1] > Shares {
		return Share{}, malformed("it is no share that this release reads")
	}
	return Share{
		Number: int(b[1]), set: [setSize]byte(b[2:6]), Team: identity.TeamID(b[6:38]), value: [32]byte(b[38:]),
	}, nil
}
