// Package seal is confidentiality: it seals bodies of records under a key, hands keys to nodes, and seals bodies to named nodes. It
// knows keys and bytes. It does not know who may read what (pkg/roster, pkg/replica), what may leave a node (pkg/policy), or how
// anything travels.
// Invariant: a body opens only under the header it was sealed for, and to one plain text only: the key that opened it is the key
// that its ID names, and every record has a key of its own. The form is docs/spec/seal.md.
package seal

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
)

// Errors of this package. Test with errors.Is.
var (
	// ErrForm: not a sealed body, or not of the form that was asked for.
	ErrForm = errors.New("not a sealed body")
	// ErrCommitment: the body was sealed with another key.
	ErrCommitment = errors.New("sealed with another key")
	// ErrBinding: the right key, but another header than the one it was sealed for, or bytes were changed.
	ErrBinding = errors.New("sealed for another header, or changed")
	// ErrMismatch: a key is not the one that its ID names. Whoever signed that it is gave a wrong one.
	ErrMismatch = errors.New("the key is not the one that its ID names")
	// ErrRecipient: what was sealed to nodes was not sealed to this one.
	ErrRecipient = errors.New("not sealed to this node")
	// ErrWrap: what was sealed to this node does not open with its sealing key.
	ErrWrap = errors.New("does not open with this node's sealing key")
	// ErrSealingKey: not the public sealing key of a node.
	ErrSealingKey = errors.New("not a public sealing key")
)

// Key is a secret from which the keys of records are derived: a community's for an epoch, or one made for
// a single addressed record. It prints as nothing that opens anything.
type Key [32]byte

// NewKey makes a key from 32 bytes of rand.
func NewKey(rand io.Reader) (Key, error) {
	var k Key
	if _, err := io.ReadFull(rand, k[:]); err != nil {
		return Key{}, fmt.Errorf("make key: %w", err)
	}
	return k, nil
}

// ID returns the name of the key in the channel with the given tag (record.Channel.Tag).
func (k Key) ID(channel [32]byte) KeyID {
	h := sha256.New()
	h.Write([]byte("tocsin key v1\x00"))
	h.Write(channel[:])
	h.Write(k[:])
	var id KeyID
	h.Sum(id[:0])
	return id
}

// Format writes a placeholder, whatever the verb: a key must not get into a log by accident.
func (Key) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, secret) }

// MarshalText refuses: a key is stored as bytes, on purpose.
func (Key) MarshalText() ([]byte, error) { return nil, errSecret }

const secret = "[secret key]"

var errSecret = errors.New("a secret key has no text form")

// KeyID names a key without giving it away: the header member body.key_id.
type KeyID [32]byte

// String returns the spelling that the header has.
func (id KeyID) String() string { return base64.RawURLEncoding.EncodeToString(id[:]) }
