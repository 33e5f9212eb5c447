package ceremony

import (
	"bytes"
	"encoding/binary"
	"errors"
	"time"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/paper"
	"tocsin/pkg/record"
)

// The statement kinds that a root signs, as pkg/roster folds them.
const (
	kindRevoke  = "revoke"
	kindRotate  = "rotate"
	kindSucceed = "succeed"
)

// Made is when a root signs, by its machine's clock, and after what.
type Made struct {
	At    time.Time
	After []record.StatementID // Heads.Statements; what the key stated counts if it lies before them
}

// Revoke signs that a node key of the root's team is taken back.
func Revoke(root *identity.RootKey, r *notice.Revoke, made Made) (*record.Statement, error) {
	return sign(kindRevoke, r, made, root)
}

// Rotate signs, with both keys, that after stands for before from now on, and how far the nodes of before
// count.
func Rotate(before, after *identity.RootKey, nodes []notice.NodeCuts, made Made) (*record.Statement, error) {
	r := &notice.Rotate{Old: before.Team(), New: after.Team(), Nodes: nodes}
	return sign(kindRotate, r, made, before, after)
}

// Succeed signs the claim that the root's team goes on from one whose root key is lost.
func Succeed(root *identity.RootKey, lost identity.TeamID, at time.Time) (*record.Statement, error) {
	return sign(kindSucceed, &notice.Succeed{Old: lost, New: root.Team()}, Made{At: at}, root)
}

func sign(kind string, says notice.Content, made Made, roots ...*identity.RootKey) (*record.Statement, error) {
	body, err := notice.Encode(says)
	if err != nil {
		return nil, err
	}
	var signers []record.Signer
	for _, r := range roots {
		signers = append(signers, record.Signer{Team: r.Team()})
	}
	payload, err := record.DraftStatement(record.Draft{
		Kind: kind, Created: made.At, Signers: signers, Heads: made.After, Says: body,
	})
	if err != nil {
		return nil, err
	}
	var sigs []dsse.Signature
	for _, r := range roots {
		sigs = append(sigs, r.Sign(payload))
	}
	var v record.Verifier
	return v.AssembleStatement(payload, sigs)
}

// File returns a statement as the file in which it travels.
func File(s *record.Statement) ([]byte, error) {
	e := s.Envelope()
	return seal(&e)
}

// ReadStatement reads what a root signed: a file that File wrote, or a revocation from paper.
func ReadStatement(file []byte) (*record.Statement, error) {
	if trimmed := bytes.TrimSpace(file); len(trimmed) == 0 || trimmed[0] != '{' {
		return readPaper(file)
	}
	if len(file) > MaxFile {
		return nil, malformed("%d bytes, at most %d", len(file), MaxFile)
	}
	e, err := dsse.ParseEnvelope(file)
	if err != nil {
		return nil, malformed("%w", err)
	}
	if e.PayloadType != identity.StatementType {
		return nil, malformed("it is %s, want %s", kindOf(e.PayloadType), kindOf(identity.StatementType))
	}
	var v record.Verifier
	s, err := v.StatementFromEnvelope(e)
	switch {
	case record.FaultOf(err) == record.FaultSignature, errors.Is(err, identity.ErrDelegationSignature):
		return nil, errors.Join(ErrSignature, err)
	case err != nil:
		return nil, malformed("%w", err)
	}
	return s, nil
}

// ReadDelegation reads a root's answer to a request.
func ReadDelegation(file []byte) (*identity.Delegation, error) {
	s, err := ReadStatement(file)
	if err != nil {
		return nil, err
	}
	if s.Delegation == nil {
		return nil, malformed("it is a statement of kind %s, not a delegation", s.Kind)
	}
	return s.Delegation, nil
}

// paperRevocation is the kind of paper of a revocation that was made in advance. It holds what cannot be
// made anew from the rest: version, team, node, time, signature.
const (
	paperRevocation = "revocation"
	paperSize       = 1 + 32 + 32 + 8 + dsse.SignatureSize
)

// Paper returns a frozen revocation, which names no heads and no reason, as lines to print and as the text
// of a QR code. Anything else is an error.
func Paper(s *record.Statement) (lines, code string, err error) {
	r, err := notice.DecodeRevoke(s.Says)
	if err != nil || s.Kind != kindRevoke || !r.Frozen || len(s.Signers) != 1 {
		return "", "", malformed("only a revocation made in advance goes on paper")
	}
	b := append([]byte{version}, s.Signers[0].Team[:]...)
	b = append(b, r.Node[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(s.Created.UnixMilli()))
	sig := s.Envelope().Signatures[0].Sig
	b = append(b, sig[:]...)
	lines, code = paper.Lines(paperRevocation, b), paper.Code(paperRevocation, b)
	if again, err := readPaper([]byte(lines)); err != nil || again.ID() != s.ID() {
		return "", "", malformed("the revocation says more than fits on paper")
	}
	return lines, code, nil
}

func readPaper(text []byte) (*record.Statement, error) {
	b, err := paper.Parse(paperRevocation, string(text))
	switch {
	case errors.Is(err, paper.ErrMistyped):
		return nil, malformed("%w", err)
	case err != nil:
		return nil, malformed("it is neither JSON nor a revocation on paper: %w", err)
	}
	if len(b) != paperSize || b[0] != version {
		return nil, malformed("the paper holds %d bytes of another version", len(b))
	}
	team, node := identity.TeamID(b[1:33]), identity.NodeID(b[33:65])
	created := time.UnixMilli(int64(binary.BigEndian.Uint64(b[65:73]))) //nolint:gosec // a wrong time fails below
	says, err := notice.Encode(&notice.Revoke{Node: node, Frozen: true})
	if err != nil {
		return nil, malformed("%w", err)
	}
	payload, err := record.DraftStatement(record.Draft{
		Kind: kindRevoke, Created: created, Signers: []record.Signer{{Team: team}}, Says: says,
	})
	if err != nil {
		return nil, malformed("%w", err)
	}
	var v record.Verifier
	s, err := v.AssembleStatement(payload, []dsse.Signature{dsse.Signature(b[73:])})
	if err != nil {
		return nil, errors.Join(ErrSignature, err)
	}
	return s, nil
}
