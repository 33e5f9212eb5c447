package document

import (
	"errors"
	"fmt"

	"tocsin/pkg/dsse"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/seal"
)

// ErrSealed says that nobody can read a record out of its file alone.
var ErrSealed = errors.New("its body is sealed, and the file holds no key for it")

// OpenRecord reads a record of this mesh, and what it says, out of the file that record export wrote. A sealed one opens with
// the key that the file discloses; without one the error is ErrSealed.
func OpenRecord(data []byte) (*record.Record, notice.Notice, error) {
	file, err := dsse.ParseEnvelope(data)
	if err != nil {
		return nil, nil, err
	}
	var v record.Verifier
	rec, err := v.FromEnvelope(file)
	if err != nil {
		return nil, nil, fmt.Errorf("the record in it is not verified: %w", err)
	}
	body, err := Body(rec, file.Disclosed)
	if err != nil {
		return nil, nil, err
	}
	n, err := notice.Decode(rec.Header().Kind, body)
	return rec, n, err
}

// Body returns what a verified record says in clear: its body, or what the disclosed key opens of a sealed one.
func Body(rec *record.Record, disclosed []byte) ([]byte, error) {
	switch {
	case !rec.HasBody():
		return nil, fmt.Errorf("read record %s: its body is not in the file", rec.ID())
	case len(rec.Header().Body.KeyID) == 0:
		return rec.Body(), nil
	case len(disclosed) == 0:
		return nil, fmt.Errorf("read record %s: %w", rec.ID(), ErrSealed)
	case len(disclosed) != len(seal.RecordKey{}):
		return nil, fmt.Errorf("read record %s: the key in the file has %d bytes", rec.ID(), len(disclosed))
	}
	plain, err := seal.RecordKey(disclosed).Open(rec.Binding(), rec.Body())
	if err != nil {
		return nil, fmt.Errorf("read record %s: %w", rec.ID(), err)
	}
	return plain, nil
}

// recorded adds to the finding of a record in a file the marking that the record has.
func recorded(f *Finding) {
	_, n, err := OpenRecord(f.Text)
	switch {
	case errors.Is(err, ErrSealed):
	case err != nil && f.Flaw == "":
		f.Flaw = err.Error()
	case err == nil && n.MarkingOf() != nil:
		tlp := n.MarkingOf().TLP
		f.Labels = []Label{{Word: tlp.String(), TLP: tlp, Where: "the marking of the record"}}
	}
}
