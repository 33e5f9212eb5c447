package replica

import (
	"fmt"

	"tocsin/pkg/record"
	"tocsin/pkg/seal"
)

// Disclosed returns the key that opens the body of one sealed record and of no other, for a file that is
// to be read by who is no reader of the channel. Whether it may leave is the caller's to ask of pkg/policy.
func (r *Replica) Disclosed(rec *record.Record) (seal.RecordKey, error) {
	c, err := seal.Of(rec)
	if err != nil {
		return seal.RecordKey{}, fmt.Errorf("disclose record: %w", err)
	}
	held, ok := r.keys.get(refOf(rec))
	if !ok {
		o := opening{record: rec}
		if _, err := r.plain(&o); err != nil {
			return seal.RecordKey{}, fmt.Errorf("disclose record: %w", err)
		}
		if o.key == nil {
			return seal.RecordKey{}, fmt.Errorf("disclose record: %w", errNoKey)
		}
		held = *o.key
	}
	return seal.Disclose(held.key, c, rec.Body())
}
