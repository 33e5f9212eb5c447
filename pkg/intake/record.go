package intake

import (
	"fmt"

	"tocsin/pkg/dsse"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/seal"
)

// fromRecord reads an alert of this mesh out of the file that record export wrote. A sealed one opens with
// the key that the file discloses.
func fromRecord(data []byte) (*Draft, error) {
	file, err := dsse.ParseEnvelope(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	var v record.Verifier
	rec, err := v.FromEnvelope(file)
	if err != nil {
		return nil, fmt.Errorf("%w: the record in it is not verified: %w", ErrForm, err)
	}
	body, err := Body(rec, file.Disclosed)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	n, err := notice.Decode(rec.Header().Kind, body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	a, ok := n.(*notice.Alert)
	if !ok {
		return nil, fmt.Errorf("%w: it holds a record of kind %s, and only alerts are taken in", ErrForm, rec.Header().Kind)
	}
	return &Draft{Source: Record, Alert: *a, Labels: []string{a.Marking.TLP.String()}, Record: rec}, nil
}

// Body returns what a verified record says in clear: its body, or what the disclosed key opens of a sealed one.
func Body(rec *record.Record, disclosed []byte) ([]byte, error) {
	switch {
	case !rec.HasBody():
		return nil, fmt.Errorf("read record %s: its body is not in the file", rec.ID())
	case len(rec.Header().Body.KeyID) == 0:
		return rec.Body(), nil
	case len(disclosed) == 0:
		return nil, fmt.Errorf("read record %s: its body is sealed, and the file holds no key for it", rec.ID())
	case len(disclosed) != len(seal.RecordKey{}):
		return nil, fmt.Errorf("read record %s: the key in the file has %d bytes", rec.ID(), len(disclosed))
	}
	plain, err := seal.RecordKey(disclosed).Open(rec.Binding(), rec.Body())
	if err != nil {
		return nil, fmt.Errorf("read record %s: %w", rec.ID(), err)
	}
	return plain, nil
}
