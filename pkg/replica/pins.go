package replica

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"tocsin/pkg/identity"
	"tocsin/pkg/policy"
)

// spacePin holds "p TEAM": what was noted when the team was pinned. See keys.go for the others.
const spacePin = 'p'

// Pin is this operator's word that a team ID was compared with the team, in a way that is not this
// network. It is a local fact: nothing of it leaves the node, and no statement makes or undoes it.
type Pin struct {
	At   time.Time `json:"at"`
	How  string    `json:"how,omitzero"`  // "fingerprint", "words", "openpgp", as the caller says
	Note string    `json:"note,omitzero"` // the operator's own
}

// MaxPinText bounds How and Note.
const MaxPinText = 1024

// Pin remembers that a team was compared; of a team that is pinned already it replaces what was noted.
func (r *Replica) Pin(t identity.TeamID, p Pin) error {
	if t == (identity.TeamID{}) || t == r.self {
		return &Refusal{Detail: "a node does not pin its own team, nor none", Reason: policy.NotOurs}
	}
	if len(p.How) > MaxPinText || len(p.Note) > MaxPinText {
		return &Refusal{Detail: fmt.Sprintf("what is noted with a pin has more than %d bytes", MaxPinText), Reason: policy.Malformed}
	}
	p.At = p.At.UTC().Truncate(time.Millisecond)
	value, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encode pin: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.opt.Store.Apply([]Op{{Key: idKey(spacePin, t), Value: value}}); err != nil {
		return storeRefusal(fmt.Errorf("store pin: %w", err))
	}
	return nil
}

// Unpin forgets a pin, and reports whether there was one.
func (r *Replica) Unpin(t identity.TeamID) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	all, err := r.pins()
	if err != nil {
		return false, err
	}
	if _, ok := all[t]; !ok {
		return false, nil
	}
	if err := r.opt.Store.Apply([]Op{{Key: idKey(spacePin, t), Delete: true}}); err != nil {
		return false, fmt.Errorf("remove pin: %w", err)
	}
	return true, nil
}

// Pins returns the teams that are pinned.
func (r *Replica) Pins() (map[identity.TeamID]Pin, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.pins()
}

// pins reads the store: people make pins, so that there are never many. The caller holds the lock.
func (r *Replica) pins() (map[identity.TeamID]Pin, error) {
	out := map[identity.TeamID]Pin{}
	err := r.opt.Store.Scan([]byte{spacePin}, false, func(key, value []byte) error {
		var p Pin
		if len(key) != 1+len(identity.TeamID{}) || json.Unmarshal(value, &p) != nil {
			return fmt.Errorf("pin %x is unreadable", key)
		}
		out[identity.TeamID(key[1:])] = p
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read pins: %w", err)
	}
	return out, nil
}
