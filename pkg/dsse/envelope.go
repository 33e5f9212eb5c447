package dsse

import (
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Envelope is the DSSE JSON envelope, the form of a signed payload outside tocsin. Nothing in it is
// signed but the payload and its type.
type Envelope struct {
	PayloadType string
	Payload     []byte
	Signatures  []KeyedSignature
	// Extra is written beside the standard members under the name ExtraMember, and is empty for none.
	// Readers of plain DSSE pass over it. tocsin puts a record's body there.
	Extra []byte
	// Disclosed is written under the name DisclosedMember, and is empty for none: the key that opens Extra
	// where that is sealed, and nothing else.
	Disclosed []byte
}

// KeyedSignature is a signature with a hint at the key that made it. The hint is not trusted.
type KeyedSignature struct {
	KeyID string
	Sig   Signature
}

// ExtraMember is the name of the member that carries Envelope.Extra.
const ExtraMember = "tocsin_body"

// DisclosedMember is the name of the member that carries Envelope.Disclosed.
const DisclosedMember = "tocsin_record_key"

// MaxSignatures is how many signatures one envelope may carry: a charter is signed by each founder.
const MaxSignatures = 16

type envelopeJSON struct {
	Payload     string          `json:"payload"`
	PayloadType string          `json:"payloadType"`
	Signatures  []signatureJSON `json:"signatures"`
	Body        string          `json:"tocsin_body,omitempty"`
	RecordKey   string          `json:"tocsin_record_key,omitempty"`
}

type signatureJSON struct {
	KeyID string `json:"keyid,omitempty"`
	Sig   string `json:"sig"`
}

// Marshal returns the envelope as indented JSON that ends in a newline.
func (e Envelope) Marshal() ([]byte, error) {
	out := envelopeJSON{
		Payload:     base64.StdEncoding.EncodeToString(e.Payload),
		PayloadType: e.PayloadType,
	}
	for _, s := range e.Signatures {
		out.Signatures = append(out.Signatures, signatureJSON{
			KeyID: s.KeyID, Sig: base64.StdEncoding.EncodeToString(s.Sig[:]),
		})
	}
	if len(e.Extra) > 0 {
		out.Body = base64.StdEncoding.EncodeToString(e.Extra)
	}
	if len(e.Disclosed) > 0 {
		out.RecordKey = base64.StdEncoding.EncodeToString(e.Disclosed)
	}
	b, err := json.Marshal(out, jsontext.Multiline(true))
	if err != nil {
		return nil, fmt.Errorf("encode envelope: %w", err)
	}
	return append(b, '\n'), nil
}

// ParseEnvelope reads a DSSE JSON envelope. It verifies nothing. The caller bounds len(b).
func ParseEnvelope(b []byte) (Envelope, error) {
	var in envelopeJSON
	if err := json.Unmarshal(b, &in); err != nil {
		return Envelope{}, fmt.Errorf("read DSSE envelope: %w", err)
	}
	if in.PayloadType == "" || in.Payload == "" {
		return Envelope{}, errors.New("read DSSE envelope: no payload or no payloadType")
	}
	if len(in.Signatures) > MaxSignatures {
		return Envelope{}, fmt.Errorf("read DSSE envelope: %d signatures, at most %d", len(in.Signatures), MaxSignatures)
	}
	e := Envelope{PayloadType: in.PayloadType}
	var err error
	if e.Payload, err = anyBase64(in.Payload); err != nil {
		return Envelope{}, fmt.Errorf("read DSSE envelope: payload: %w", err)
	}
	if in.Body != "" {
		if e.Extra, err = anyBase64(in.Body); err != nil {
			return Envelope{}, fmt.Errorf("read DSSE envelope: %s: %w", ExtraMember, err)
		}
	}
	if in.RecordKey != "" {
		if e.Disclosed, err = anyBase64(in.RecordKey); err != nil {
			return Envelope{}, fmt.Errorf("read DSSE envelope: %s: %w", DisclosedMember, err)
		}
	}
	for i, s := range in.Signatures {
		raw, err := anyBase64(s.Sig)
		if err != nil || len(raw) != SignatureSize {
			return Envelope{}, fmt.Errorf("read DSSE envelope: signature %d is not %d bytes of base64", i, SignatureSize)
		}
		e.Signatures = append(e.Signatures, KeyedSignature{KeyID: s.KeyID, Sig: Signature(raw)})
	}
	return e, nil
}

// anyBase64 reads the standard or the URL alphabet, as DSSE asks of readers.
func anyBase64(s string) ([]byte, error) {
	if b, err := base64.StdEncoding.DecodeString(s); err == nil {
		return b, nil
	}
	b, err := base64.URLEncoding.DecodeString(s)
	if err != nil {
		return nil, errors.New("not base64")
	}
	return b, nil
}
