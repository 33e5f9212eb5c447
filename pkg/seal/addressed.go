package seal

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
)

// MaxRecipients bounds the nodes that a body of form Addressed is sealed to. With all of them a notice of
// ten kilobytes still rides in its record's frame.
const MaxRecipients = 32

const (
	entrySize = 32 + notice.WrapEncapSize + notice.WrapSealedSize // node, encapsulated key, sealed key
	entriesAt = 2                                                 // after form and count
)

// Recipient is a node that may read an addressed body.
type Recipient struct {
	Node    identity.NodeID
	Sealing []byte // its public sealing key
}

// AddressedSize is the length of a body of the given plain length sealed to so many nodes.
func AddressedSize(recipients, plain int) int {
	return entriesAt + recipients*entrySize + Overhead + plain
}

// SealTo seals plain to the recipients with form Addressed, under a key that must be fresh and that the
// context names. Recipients may come in any order; no node may be there twice. The author's own nodes
// read nothing that is not sealed to them too. What it draws at random beyond the salt comes from
// crypto/hpke, which takes no reader.
func SealTo(rand io.Reader, a Fresh, c Context, plain []byte) ([]byte, error) {
	to := slices.SortedFunc(slices.Values(a.To), func(x, y Recipient) int { return bytes.Compare(x.Node[:], y.Node[:]) })
	if len(to) == 0 || len(to) > MaxRecipients {
		return nil, fmt.Errorf("seal body: %d recipients, want 1 to %d", len(to), MaxRecipients)
	}
	inner, err := Seal(rand, a.Key, c, plain)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, AddressedSize(len(to), len(plain)))
	out = append(out, byte(Addressed), byte(len(to))) //nolint:gosec // at most MaxRecipients
	for i, r := range to {
		if i > 0 && to[i-1].Node == r.Node {
			return nil, fmt.Errorf("seal body: node %s is a recipient twice", r.Node)
		}
		s, err := sealKey(a.Key, r.Sealing, addressedInfo, addressedData(c, r.Node))
		if err != nil {
			return nil, fmt.Errorf("seal body to %s: %w", r.Node, err)
		}
		out = append(append(append(out, r.Node[:]...), s.encap...), s.sealed...)
	}
	return append(out, inner...), nil
}

// Fresh is a key made for one record and the nodes that get it.
type Fresh struct {
	Key Key
	To  []Recipient
}

// OpenTo opens a body of form Addressed that is for this node, and returns its key too, with which the
// record can be disclosed. Errors wrap ErrForm, ErrRecipient, and those by which the author is at fault:
// ErrWrap, ErrMismatch, ErrCommitment, ErrBinding.
func OpenTo(node *identity.NodeKey, c Context, body []byte) ([]byte, Key, error) {
	count, err := entries(body)
	if err != nil {
		return nil, Key{}, fmt.Errorf("open body: %w", err)
	}
	for i := range count {
		to, s := entry(body, i)
		if to != node.Node() {
			continue
		}
		k, err := s.open(node, addressedInfo, addressedData(c, to))
		if err != nil {
			return nil, Key{}, fmt.Errorf("open body: %w", err)
		}
		plain, err := Open(k, c, body)
		if err != nil {
			return nil, Key{}, err
		}
		return plain, k, nil
	}
	return nil, Key{}, fmt.Errorf("open body: %w", ErrRecipient)
}

// entries checks the shape of a body of form Addressed and counts its recipients.
func entries(body []byte) (int, error) {
	if len(body) < entriesAt || body[0] != byte(Addressed) {
		return 0, ErrForm
	}
	count := int(body[1])
	if count < 1 || count > MaxRecipients || len(body) < AddressedSize(count, 0) {
		return 0, fmt.Errorf("%w: %d recipients do not fit", ErrForm, count)
	}
	for i := 1; i < count; i++ {
		before, _ := entry(body, i-1)
		if node, _ := entry(body, i); bytes.Compare(before[:], node[:]) >= 0 {
			return 0, fmt.Errorf("%w: its recipients are not ascending", ErrForm)
		}
	}
	if body[AddressedSize(count, 0)-Overhead] != byte(Epoch) {
		return 0, ErrForm
	}
	return count, nil
}

func entry(body []byte, i int) (identity.NodeID, sealedKey) {
	e := body[entriesAt+i*entrySize:][:entrySize]
	return identity.NodeID(e[:32]), sealedKey{encap: e[32 : 32+notice.WrapEncapSize], sealed: e[32+notice.WrapEncapSize:]}
}

// addressedData ties a sealed key to its channel, its ID and its reader.
func addressedData(c Context, to identity.NodeID) []byte {
	return slices.Concat(c.Channel[:], c.Key[:], to[:])
}
