package identity

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"

	"tocsin/pkg/dsse"
)

// StatementType is the DSSE payload type of every statement, a delegation among them. It separates
// them from records: a signature on one is never a signature on the other.
const StatementType = "application/vnd.tocsin.statement+json"

// StatementVersion is the value of a statement's member "v".
const StatementVersion = 1

// KindDelegate is the statement kind of a delegation.
const KindDelegate = "delegate"

// MaxDelegation is the largest payload of a delegation, in bytes. It rides in every record header
// (at most 4 KiB), so it is small.
const MaxDelegation = 1024

// Errors of delegations. Test with errors.Is.
var (
	// ErrDelegation: the delegation is malformed; the text says how.
	ErrDelegation = errors.New("delegation is malformed")
	// ErrDelegationSignature: the team's root key did not sign these bytes.
	ErrDelegationSignature = errors.New("delegation is not signed by the team's root key")
)

// Delegation is a team's word that a node key speaks for it. It is immutable.
type Delegation struct {
	// Signed by the team's root key:
	Team      TeamID
	Node      NodeID
	Name      string   // the team's name as it calls itself; a claim
	Sealing   [32]byte // digest of the node's sealing public key
	Transport [32]byte // digest of the node's transport public key
	From      time.Time
	Until     time.Time
	// Not signed, derived from the above:
	id [32]byte

	payload   []byte
	signature dsse.Signature
}

type delegationWire struct {
	From      time.Time  `json:"from"`
	Kind      string     `json:"kind"`
	Name      string     `json:"name"`
	Node      dsse.Hash  `json:"node"`
	Sealing   dsse.Hash  `json:"sealing"`
	Suite     dsse.Suite `json:"suite"`
	Team      dsse.Hash  `json:"team"`
	Transport dsse.Hash  `json:"transport"`
	Until     time.Time  `json:"until"`
	Version   int        `json:"v"`
}

// OpenDelegation reads a delegation and checks its form and the root's signature. It keeps a copy
// of payload. Whether the delegation was in force at some time is Covers.
func OpenDelegation(payload []byte, sig dsse.Signature) (*Delegation, error) {
	if len(payload) > MaxDelegation {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrDelegation, len(payload), MaxDelegation)
	}
	var w delegationWire
	if err := dsse.Decode(payload, &w); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDelegation, err)
	}
	d := &Delegation{
		Team: TeamID(w.Team), Node: NodeID(w.Node), Name: w.Name,
		Sealing: w.Sealing, Transport: w.Transport, From: w.From, Until: w.Until,
		id: sha256.Sum256(payload), payload: bytes.Clone(payload), signature: sig,
	}
	switch {
	case w.Version != StatementVersion:
		return nil, fmt.Errorf("%w: version %d, want %d", ErrDelegation, w.Version, StatementVersion)
	case w.Kind != KindDelegate:
		return nil, fmt.Errorf("%w: kind %.40q, want %q", ErrDelegation, w.Kind, KindDelegate)
	case w.Suite != dsse.Ed25519:
		return nil, fmt.Errorf("%w: unknown signature suite %.40q", ErrDelegation, w.Suite)
	case !d.From.Before(d.Until):
		return nil, fmt.Errorf("%w: it ends before it begins", ErrDelegation)
	case d.From.IsZero():
		return nil, fmt.Errorf("%w: it does not say when it begins", ErrDelegation)
	case d.Sealing == [32]byte{} || d.Transport == [32]byte{}:
		return nil, fmt.Errorf("%w: it does not name the sealing and the transport key", ErrDelegation)
	case dsse.CheckKey(d.Node) != nil:
		return nil, fmt.Errorf("%w: node key: %w", ErrDelegation, dsse.ErrWeakKey)
	}
	if err := CheckName(w.Name); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDelegation, err)
	}
	if !dsse.Verify(d.Team, StatementType, payload, sig) {
		return nil, ErrDelegationSignature
	}
	return d, nil
}

// ID returns the SHA-256 of the payload: the delegation's statement ID.
func (d *Delegation) ID() [32]byte { return d.id }

// Payload returns the signed bytes. The caller must not change them.
func (d *Delegation) Payload() []byte { return d.payload }

// Signature returns the root's signature over Payload.
func (d *Delegation) Signature() dsse.Signature { return d.signature }

// Covers reports whether the delegation was in force at t: From <= t < Until.
func (d *Delegation) Covers(t time.Time) bool { return !t.Before(d.From) && t.Before(d.Until) }

// MaxName is the longest name that a team gives itself, in bytes of UTF-8.
const MaxName = 64

// CheckName refuses a name that is empty, too long, not UTF-8, padded with blanks, or that holds
// characters which do not print (controls, bidi overrides, zero-width).
func CheckName(name string) error {
	switch {
	case name == "":
		return errors.New("name is empty")
	case len(name) > MaxName:
		return fmt.Errorf("name has %d bytes, at most %d", len(name), MaxName)
	case !utf8.ValidString(name):
		return errors.New("name is not UTF-8")
	case name[0] == ' ' || name[len(name)-1] == ' ':
		return errors.New("name begins or ends with a blank")
	}
	for _, r := range name {
		if r != ' ' && !unicode.IsGraphic(r) || unicode.In(r, unicode.Zs, unicode.Cf) && r != ' ' {
			return fmt.Errorf("name has the character %U, which does not print", r)
		}
	}
	return nil
}
