package record

import (
	"bytes"
	"crypto/sha256"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
)

// Statement is a signed object that stands alone, without lane or channel: a delegation, a charter,
// an admission. Its validity never depends on what carried it. A *Statement that exists has all its
// signatures checked and each signer's delegation in force at Created. It is immutable.
type Statement struct {
	Kind    string
	Created time.Time
	Heads   []StatementID // the statement heads that the author saw, ascending
	Signers []Signer      // in the order of the signatures; for a delegation the team's root
	Says    []byte        // canonical JSON object, its shape given by Kind; nil for a delegation
	// Delegation is set for statements of kind identity.KindDelegate and nil for all others.
	Delegation *identity.Delegation

	id         StatementID
	payload    []byte
	signatures []dsse.Signature
}

// Signer is who signs: a team's root key, or one of its nodes with the delegation for it.
type Signer struct {
	Team       identity.TeamID
	Delegation *identity.Delegation // nil: the team's root key signs
}

// key returns the public key that must have made the signature.
func (s Signer) key() [32]byte {
	if s.Delegation != nil {
		return s.Delegation.Node
	}
	return s.Team
}

// ID returns the statement's identifier.
func (s *Statement) ID() StatementID { return s.id }

// Payload returns the signed bytes. The caller must not change them.
func (s *Statement) Payload() []byte { return s.payload }

// SignedBy reports whether team t is among the signers.
func (s *Statement) SignedBy(t identity.TeamID) bool {
	for _, signer := range s.Signers {
		if signer.Team == t {
			return true
		}
	}
	return false
}

type statementWire struct {
	Created time.Time      `json:"created"`
	Heads   []dsse.Hash    `json:"heads,omitempty"`
	Kind    string         `json:"kind"`
	Says    jsontext.Value `json:"says"`
	Signers []signerWire   `json:"signers"`
	Suite   dsse.Suite     `json:"suite"`
	Version int            `json:"v"`
}

type signerWire struct {
	Delegation *delegationWire `json:"delegation,omitempty"`
	Team       *dsse.Hash      `json:"team,omitempty"`
}

// Draft is a statement before it is signed.
type Draft struct {
	Kind    string
	Created time.Time
	Signers []Signer      // in the order in which they sign
	Heads   []StatementID // the statement heads that the author saw, ascending
	Says    []byte        // canonical JSON object
}

// DraftStatement returns the payload of a statement, for its signers to sign in the order given
// (identity.NodeKey.Sign or RootKey.Sign with identity.StatementType) and AssembleStatement to join.
func DraftStatement(d Draft) ([]byte, error) {
	w := statementWire{
		Created: d.Created.UTC().Truncate(time.Millisecond), Kind: d.Kind, Says: d.Says,
		Suite: dsse.Ed25519, Version: identity.StatementVersion,
	}
	for _, h := range d.Heads {
		w.Heads = append(w.Heads, dsse.Hash(h))
	}
	for _, s := range d.Signers {
		if s.Delegation == nil {
			t := dsse.Hash(s.Team)
			w.Signers = append(w.Signers, signerWire{Team: &t})
			continue
		}
		wire := wireOfDelegation(s.Delegation)
		w.Signers = append(w.Signers, signerWire{Delegation: &wire})
	}
	payload, err := dsse.Encode(w)
	if err != nil {
		return nil, fault(FaultMember, "statement", "%w", err)
	}
	var v Verifier
	if _, err := v.readStatement(payload); err != nil {
		return nil, err
	}
	return payload, nil
}

// AssembleStatement joins a payload and its signatures and checks them. It keeps payload.
func (v *Verifier) AssembleStatement(payload []byte, sigs []dsse.Signature) (*Statement, error) {
	return v.assembleStatement(payload, sigs, true)
}

func (v *Verifier) assembleStatement(payload []byte, sigs []dsse.Signature, verify bool) (*Statement, error) {
	s, err := v.readStatement(payload)
	if err != nil {
		return nil, err
	}
	if len(sigs) != len(s.Signers) {
		return nil, fault(FaultSignatures, "signatures", "%d, want one for each of %d signers", len(sigs), len(s.Signers))
	}
	for i, signer := range s.Signers {
		if verify && !dsse.Verify(signer.key(), identity.StatementType, payload, sigs[i]) {
			return nil, fault(FaultSignature, "signatures", "signature %d is not that of team %s", i+1, signer.Team)
		}
	}
	if s.Kind == identity.KindDelegate {
		if s.Delegation, err = v.delegation(payload, sigs[0]); err != nil {
			return nil, formFault("statement", err)
		}
	}
	s.signatures = sigs
	return s, nil
}

// ReadStatement reads a payload that not everybody has signed yet: a charter on its way round the
// founders. Nothing in it is proven but the signers' delegations.
func (v *Verifier) ReadStatement(payload []byte) (*Statement, error) { return v.readStatement(payload) }

func (v *Verifier) readStatement(payload []byte) (*Statement, error) {
	if len(payload) > MaxStatement {
		return nil, fault(FaultOversized, "statement", "%d bytes, at most %d", len(payload), MaxStatement)
	}
	if err := dsse.Canonical(payload); err != nil {
		return nil, formFault("statement", err)
	}
	var kind struct {
		Kind string `json:"kind"`
	}
	if err := dsse.Read(payload, &kind); err != nil {
		return nil, formFault("statement", err)
	}
	if kind.Kind == identity.KindDelegate {
		return readDelegate(payload)
	}
	var w statementWire
	if err := dsse.Read(payload, &w); err != nil {
		return nil, formFault("statement", err)
	}
	return w.statement(v, payload)
}

// readDelegate reads what names the signer of a delegation; identity.OpenDelegation checks the rest.
func readDelegate(payload []byte) (*Statement, error) {
	var w struct {
		Team dsse.Hash `json:"team"`
		From time.Time `json:"from"`
	}
	if err := dsse.Read(payload, &w); err != nil {
		return nil, formFault("statement", err)
	}
	return &Statement{
		Kind: identity.KindDelegate, Created: w.From, id: sha256.Sum256(payload), payload: payload,
		Signers: []Signer{{Team: identity.TeamID(w.Team)}},
	}, nil
}

func (w *statementWire) statement(v *Verifier, payload []byte) (*Statement, error) {
	switch {
	case w.Version != identity.StatementVersion:
		return nil, fault(FaultVersion, "v", "%d, this release reads %d", w.Version, identity.StatementVersion)
	case w.Suite != dsse.Ed25519:
		return nil, fault(FaultSuite, "suite", "%.40q is not a suite this release can check", w.Suite)
	case !kindName(w.Kind):
		return nil, fault(FaultMember, "kind", "want 1 to %d characters of a-z, 0-9, dot and dash", MaxKind)
	case len(w.Signers) == 0 || len(w.Signers) > MaxSigners:
		return nil, fault(FaultMember, "signers", "%d, want 1 to %d", len(w.Signers), MaxSigners)
	case len(w.Heads) > MaxHeads:
		return nil, fault(FaultMember, "heads", "%d, at most %d", len(w.Heads), MaxHeads)
	case w.Heads != nil && len(w.Heads) == 0:
		return nil, fault(FaultMember, "heads", "an empty list is left out")
	case w.Created.IsZero():
		return nil, fault(FaultMember, "created", "it is missing")
	case w.Says.Kind() != '{':
		return nil, fault(FaultMember, "says", "it is not an object")
	}
	s := &Statement{
		Kind: w.Kind, Created: w.Created, Says: bytes.Clone(w.Says),
		id: sha256.Sum256(payload), payload: payload,
	}
	for i, h := range w.Heads {
		if i > 0 && bytes.Compare(w.Heads[i-1][:], h[:]) >= 0 {
			return nil, fault(FaultMember, "heads", "they are not ascending")
		}
		s.Heads = append(s.Heads, StatementID(h))
	}
	for i, sw := range w.Signers {
		signer, err := sw.signer(v, w.Created)
		if err != nil {
			return nil, err
		}
		for _, before := range s.Signers {
			if before.Team == signer.Team {
				return nil, fault(FaultMember, "signers", "signer %d is a team that stands there already", i+1)
			}
		}
		s.Signers = append(s.Signers, signer)
	}
	return s, nil
}

func (sw signerWire) signer(v *Verifier, created time.Time) (Signer, error) {
	switch {
	case sw.Delegation != nil && sw.Team == nil:
		d, err := v.delegation(sw.Delegation.Payload, sw.Delegation.Signature)
		if err != nil {
			return Signer{}, formFault("signers", err)
		}
		if !d.Covers(created) {
			return Signer{}, fault(FaultDelegation, "signers", "the delegation of team %s is not in force at %s",
				d.Team, dsse.FormatTime(created))
		}
		return Signer{Team: d.Team, Delegation: d}, nil
	case sw.Delegation == nil && sw.Team != nil:
		return Signer{Team: identity.TeamID(*sw.Team)}, nil
	}
	return Signer{}, fault(FaultMember, "signers", "want either a delegation or a team")
}

// Frame returns the statement's frame.
func (s *Statement) Frame() []byte {
	return append(appendSigned(nil, magicStatement, s.payload, s.signatures), 0)
}

// OpenStatement reads a frame and checks everything that the bytes alone can prove. It copies what
// it keeps. Every error is an *Error.
func (v *Verifier) OpenStatement(frame []byte) (*Statement, error) {
	return v.openStatement(frame, true)
}

// ReopenStatement reads a frame that this node has opened before and kept where strangers cannot write. It
// checks all that OpenStatement does but the statement's own signatures, which are most of the cost.
func (v *Verifier) ReopenStatement(frame []byte) (*Statement, error) {
	return v.openStatement(frame, false)
}

func (v *Verifier) openStatement(frame []byte, verify bool) (*Statement, error) {
	payload, sigs, rest, err := splitSigned(frame, magicStatement, MaxStatement)
	if err != nil {
		return nil, err
	}
	switch {
	case len(rest) == 0:
		return nil, fault(FaultTruncated, "frame", "it ends before its last byte")
	case rest[0] != 0:
		return nil, fault(FaultFrame, "frame", "a statement has no body")
	case len(rest) > 1:
		return nil, fault(FaultTrailing, "frame", "%d bytes after the end", len(rest)-1)
	}
	return v.assembleStatement(bytes.Clone(payload), sigs, verify)
}

// DelegationStatement returns a delegation as the statement it is.
func DelegationStatement(d *identity.Delegation) *Statement {
	return &Statement{
		Kind: identity.KindDelegate, Created: d.From, Delegation: d, id: d.ID(),
		Signers: []Signer{{Team: d.Team}}, payload: d.Payload(), signatures: []dsse.Signature{d.Signature()},
	}
}

// Envelope returns the statement as a DSSE envelope.
func (s *Statement) Envelope() dsse.Envelope {
	e := dsse.Envelope{PayloadType: identity.StatementType, Payload: s.payload}
	for i, sig := range s.signatures {
		id := s.Signers[i].Team.String()
		if d := s.Signers[i].Delegation; d != nil {
			id = d.Node.String()
		}
		e.Signatures = append(e.Signatures, dsse.KeyedSignature{KeyID: id, Sig: sig})
	}
	return e
}

// StatementFromEnvelope checks a statement that came as a DSSE envelope.
func (v *Verifier) StatementFromEnvelope(e dsse.Envelope) (*Statement, error) {
	if e.PayloadType != identity.StatementType {
		return nil, fault(FaultFrame, "payloadType", "%.60q is not %s", e.PayloadType, identity.StatementType)
	}
	return v.AssembleStatement(e.Payload, signatures(e))
}
