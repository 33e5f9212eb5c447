package record

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
)

// Binding returns what a sealed body is tied to: the payload with the 43 characters of body.digest, which
// is known only once the body is sealed, replaced by as many "A". Members that this release does not know
// are in it too.
func (r *Record) Binding() []byte {
	b := bytes.Clone(r.payload)
	blank(b)
	return b
}

// SignSealed makes a record whose body seal makes from the binding. h.Body.KeyID names the key; length is
// that of the sealed body, to which the binding commits; the media type is that of what is sealed. All
// else is as with Sign. The record keeps what seal returns.
func SignSealed(key *identity.NodeKey, h Header, length int64, seal func(binding []byte) ([]byte, error)) (*Record, error) {
	switch {
	case len(h.Body.KeyID) == 0:
		return nil, fault(FaultMember, "body.key_id", "a sealed body names its key")
	case length <= 0:
		return nil, fault(FaultMember, "body.length", "a sealed body is not empty")
	}
	h.Body.Length = length
	h.cutTimes()
	h.Body.Digest = [32]byte{1} // any but the one that check refuses
	if err := h.check(); err != nil {
		return nil, err
	}
	h.Body.Digest = [32]byte{} // 43 "A"
	binding, err := dsse.Encode(wireOf(&h))
	if err != nil {
		return nil, fault(FaultMember, "header", "%w", err)
	}
	body, err := seal(binding)
	if err != nil {
		return nil, err
	}
	if int64(len(body)) != length {
		return nil, fault(FaultBodyLength, "body", "%d bytes sealed, %d announced", len(body), length)
	}
	return sign(key, h, body)
}

// blank overwrites the digest in the payload of a checked record. A payload that has none stays as it is:
// nothing was sealed for such a one.
func blank(payload []byte) {
	dec := jsontext.NewDecoder(bytes.NewReader(payload))
	if !enter(dec, "body") || !enter(dec, "digest") {
		return
	}
	value, err := dec.ReadValue()
	const digits = 43
	if err != nil || len(value) != digits+2 {
		return
	}
	end := int(dec.InputOffset()) - 1
	copy(payload[end-digits:end], bytes.Repeat([]byte("A"), digits))
}

// enter reads into the object that comes next, up to the value of the member.
func enter(dec *jsontext.Decoder, member string) bool {
	if tok, err := dec.ReadToken(); err != nil || tok.Kind() != '{' {
		return false
	}
	for {
		name, err := dec.ReadToken()
		if err != nil || name.Kind() != '"' {
			return false
		}
		if name.String() == member {
			return true
		}
		if err := dec.SkipValue(); err != nil {
			return false
		}
	}
}
