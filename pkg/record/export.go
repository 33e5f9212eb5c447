package record

import (
	"tocsin/pkg/dsse"
)

// Envelope returns the record as a DSSE envelope, with the body beside it if it is here.
func (r *Record) Envelope() dsse.Envelope {
	return dsse.Envelope{
		PayloadType: PayloadType,
		Payload:     r.payload,
		Signatures:  []dsse.KeyedSignature{{KeyID: r.Node().String(), Sig: r.signature}},
		Extra:       r.body,
	}
}

// FromEnvelope checks a record that came as a DSSE envelope, as Open does one in a frame.
func (v *Verifier) FromEnvelope(e dsse.Envelope) (*Record, error) {
	if e.PayloadType != PayloadType {
		return nil, fault(FaultFrame, "payloadType", "%.60q is not %s", e.PayloadType, PayloadType)
	}
	return v.Assemble(e.Payload, signatures(e), e.Extra)
}

func signatures(e dsse.Envelope) []dsse.Signature {
	sigs := make([]dsse.Signature, len(e.Signatures))
	for i := range e.Signatures {
		sigs[i] = e.Signatures[i].Sig
	}
	return sigs
}
