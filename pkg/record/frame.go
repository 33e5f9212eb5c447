package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"

	"github.com/go-json-experiment/json/jsontext"

	"tocsin/pkg/dsse"
)

// A frame carries a record, or a statement, between nodes. Nothing in it but the payload is signed,
// so it has exactly one spelling: big-endian lengths, no options, no bytes after the end.
//
//	magic      4 bytes  "TCR1" a record, "TCS1" a statement
//	payload    2 bytes length, then the payload
//	signatures 1 byte count, then 64 bytes each
//	body       1 byte 0: none follows; or 1, 4 bytes length (not 0), then the body (records only)
const (
	magicRecord    = "TCR1"
	magicStatement = "TCS1"
	frameOverhead  = 4 + 2 + 1 + dsse.SignatureSize + 1 + 4
)

// Frame returns the record's frame: with the body if it is inline and here, else without.
func (r *Record) Frame() []byte {
	b := appendSigned(make([]byte, 0, frameOverhead+len(r.payload)+len(r.body)),
		magicRecord, r.payload, []dsse.Signature{r.signature})
	if !r.Inline() || len(r.body) == 0 {
		return append(b, 0)
	}
	b = append(b, 1)
	b = binary.BigEndian.AppendUint32(b, uint32(len(r.body))) //nolint:gosec // at most MaxInlineBody
	return append(b, r.body...)
}

func appendSigned(b []byte, magic string, payload []byte, sigs []dsse.Signature) []byte {
	b = append(b, magic...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(payload))) //nolint:gosec // at most MaxStatement
	b = append(b, payload...)
	b = append(b, byte(len(sigs))) //nolint:gosec // at most MaxSigners
	for i := range sigs {
		b = append(b, sigs[i][:]...)
	}
	return b
}

// splitSigned takes the signed part off a frame and returns what follows it. The payload aliases
// the frame.
func splitSigned(frame []byte, magic string, maxPayload int) (payload []byte, sigs []dsse.Signature, rest []byte, err error) {
	if len(frame) < 6 {
		return nil, nil, nil, fault(FaultTruncated, "frame", "%d bytes are too few", len(frame))
	}
	if string(frame[:4]) != magic {
		return nil, nil, nil, fault(FaultFrame, "frame", "it does not begin with %s", magic)
	}
	n := int(binary.BigEndian.Uint16(frame[4:]))
	rest = frame[6:]
	if n > maxPayload {
		return nil, nil, nil, fault(FaultOversized, "header", "%d bytes, at most %d", n, maxPayload)
	}
	if len(rest) < n+1 {
		return nil, nil, nil, fault(FaultTruncated, "header", "%d bytes of %d", len(rest), n)
	}
	payload, rest = rest[:n], rest[n:]
	count := int(rest[0])
	rest = rest[1:]
	if count > MaxSigners {
		return nil, nil, nil, fault(FaultSignatures, "signatures", "%d, at most %d", count, MaxSigners)
	}
	if len(rest) < count*dsse.SignatureSize {
		return nil, nil, nil, fault(FaultTruncated, "signatures", "%d bytes are too few for %d", len(rest), count)
	}
	for range count {
		sigs = append(sigs, dsse.Signature(rest[:dsse.SignatureSize]))
		rest = rest[dsse.SignatureSize:]
	}
	return payload, sigs, rest, nil
}

// PeekID returns the ID that the record in a frame would have, without checking anything else. Use
// it only to pass over what is already kept.
func PeekID(frame []byte) (ID, error) {
	payload, _, _, err := splitSigned(frame, magicRecord, MaxHeader)
	if err != nil {
		return ID{}, err
	}
	return sha256.Sum256(payload), nil
}

// Open reads a frame and checks everything that the bytes alone can prove. It copies what it keeps.
// Every error is an *Error.
func (v *Verifier) Open(frame []byte) (*Record, error) { return v.open(frame, true) }

// Reopen reads a frame that this node has opened before and kept where strangers cannot write. It
// checks all that Open does but the record's own signature, which is most of the cost.
func (v *Verifier) Reopen(frame []byte) (*Record, error) { return v.open(frame, false) }

func (v *Verifier) open(frame []byte, verify bool) (*Record, error) {
	if len(frame) > MaxFrame {
		return nil, fault(FaultOversized, "frame", "%d bytes, at most %d", len(frame), MaxFrame)
	}
	payload, sigs, rest, err := splitSigned(frame, magicRecord, MaxHeader)
	if err != nil {
		return nil, err
	}
	body, err := splitBody(rest)
	if err != nil {
		return nil, err
	}
	return v.assemble(bytes.Clone(payload), sigs, bytes.Clone(body), verify)
}

func splitBody(rest []byte) ([]byte, error) {
	if len(rest) == 0 {
		return nil, fault(FaultTruncated, "frame", "it ends before the body")
	}
	flag, rest := rest[0], rest[1:]
	switch flag {
	case 0:
		if len(rest) > 0 {
			return nil, fault(FaultTrailing, "frame", "%d bytes after the end", len(rest))
		}
		return nil, nil
	case 1:
		if len(rest) < 4 {
			return nil, fault(FaultTruncated, "body", "its length is cut off")
		}
		n := binary.BigEndian.Uint32(rest)
		rest = rest[4:]
		switch {
		case n == 0:
			return nil, fault(FaultFrame, "body", "an empty body is written as none")
		case n > MaxInlineBody:
			return nil, fault(FaultOversized, "body", "%d bytes in a frame, at most %d", n, MaxInlineBody)
		case len(rest) < int(n):
			return nil, fault(FaultTruncated, "body", "%d bytes of %d", len(rest), n)
		case len(rest) > int(n):
			return nil, fault(FaultTrailing, "frame", "%d bytes after the end", len(rest)-int(n))
		}
		return rest, nil
	default:
		return nil, fault(FaultFrame, "body", "unknown flag %d", flag)
	}
}

// Assemble checks a record whose parts came some other way than in a frame. body is nil if it is not
// here. It keeps payload and body, which the caller must not change.
func (v *Verifier) Assemble(payload []byte, sigs []dsse.Signature, body []byte) (*Record, error) {
	return v.assemble(payload, sigs, body, true)
}

func (v *Verifier) assemble(payload []byte, sigs []dsse.Signature, body []byte, verify bool) (*Record, error) {
	if len(payload) > MaxHeader {
		return nil, fault(FaultOversized, "header", "%d bytes, at most %d", len(payload), MaxHeader)
	}
	var w headerWire
	if err := dsse.Decode(payload, &w); err != nil {
		return nil, headerFault(payload, err)
	}
	if w.Version != Version {
		return nil, fault(FaultVersion, "v", "%d, this release reads %d", w.Version, Version)
	}
	if w.Suite != dsse.Ed25519 {
		return nil, fault(FaultSuite, "suite", "%.40q is not a suite this release can check", w.Suite)
	}
	if len(sigs) != 1 {
		return nil, fault(FaultSignatures, "signatures", "%d, the suite %s asks for 1", len(sigs), w.Suite)
	}
	h, err := w.header(v)
	if err != nil {
		return nil, err
	}
	if err := critPresent(payload, h.Crit); err != nil {
		return nil, err
	}
	if verify && !dsse.Verify(h.Delegation.Node, PayloadType, payload, sigs[0]) {
		return nil, fault(FaultSignature, "signature", "it is not node %s's over this header", h.Delegation.Node)
	}
	r := &Record{header: h, id: sha256.Sum256(payload), payload: payload, signature: sigs[0]}
	switch {
	case body != nil:
		return r.WithBody(body)
	case h.Body.Length == 0:
		r.body = []byte{}
	}
	return r, nil
}

// headerFault tells a header of another version, whose members may have other shapes, from one that
// is wrong.
func headerFault(payload []byte, err error) error {
	var w struct {
		Version int `json:"v"`
	}
	if dsse.Decode(payload, &w) == nil && w.Version != Version {
		return fault(FaultVersion, "v", "%d, this release reads %d", w.Version, Version)
	}
	return formFault("header", err)
}

// critPresent refuses a crit that names a member the header does not have.
func critPresent(payload []byte, crit []string) error {
	if len(crit) == 0 {
		return nil
	}
	var members map[string]jsontext.Value
	if err := dsse.Read(payload, &members); err != nil {
		return formFault("header", err)
	}
	for _, name := range crit {
		if _, ok := members[name]; !ok {
			return fault(FaultMember, "crit", "it names %q, which is not there", name)
		}
	}
	return nil
}
