package replica

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"tocsin/pkg/policy"
	"tocsin/pkg/record"
)

// Reading is that somebody of this team opened a record that is TLP:RED. It is a local fact: nothing of it
// leaves the node.
type Reading struct {
	At time.Time `json:"at"`
	As string    `json:"as"` // the name that was given
	By string    `json:"by"` // the local user
}

// What is noted of one record. The first reading stays; of the others the oldest go.
const (
	MaxReadings    = 64
	MaxReadingText = 256 // bytes of As and of By
)

// NoteReading remembers that a record was opened. It is on stable storage when NoteReading returns nil, and
// goes when the record goes. Errors are ErrNotFound, or a *Refusal.
func (r *Replica) NoteReading(id record.ID, n Reading) error {
	if len(n.As) > MaxReadingText || len(n.By) > MaxReadingText {
		return &Refusal{Reason: policy.Malformed, Detail: fmt.Sprintf("a name of a reader has more than %d bytes", MaxReadingText)}
	}
	n.At = n.At.UTC().Truncate(time.Millisecond)
	r.mu.Lock()
	defer r.mu.Unlock()
	all, key, err := r.readings(id)
	if err != nil {
		return err
	}
	if all = append(all, n); len(all) > MaxReadings {
		all = append(all[:1], all[len(all)-MaxReadings+1:]...)
	}
	value, err := json.Marshal(all)
	if err != nil {
		return fmt.Errorf("encode readings: %w", err)
	}
	if err := r.opt.Store.Apply([]Op{{Key: key, Value: value}}); err != nil {
		return storeRefusal(fmt.Errorf("note reading: %w", err))
	}
	return nil
}

// Readings returns who opened a record here, oldest first.
func (r *Replica) Readings(id record.ID) ([]Reading, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	all, _, err := r.readings(id)
	return all, err
}

// readings reads what is noted of a record, and where. The caller holds the lock.
func (r *Replica) readings(id record.ID) (all []Reading, key []byte, err error) {
	s, ok := r.index.slots[id]
	if !ok {
		return nil, nil, fmt.Errorf("record %s: %w", id, ErrNotFound)
	}
	key = partKey(s.drop, partOpenings, id)
	value, err := r.opt.Store.Get(key)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, key, nil
	case err != nil:
		return nil, key, fmt.Errorf("read readings: %w", err)
	}
	if err := json.Unmarshal(value, &all); err != nil {
		return nil, key, fmt.Errorf("readings of %s are unreadable: %w", id, err)
	}
	return all, key, nil
}
