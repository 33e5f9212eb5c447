package record

import (
	"crypto/sha256"
	"sync"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
)

// maxDelegations bounds what a Verifier remembers: a large community's nodes, about 4 MiB at worst.
const maxDelegations = 4096

// Verifier opens records and statements. It remembers the delegations it has verified, so that a
// record of a known node costs one signature check. The zero value is ready; it is safe for
// concurrent use and must not be copied.
type Verifier struct {
	mu    sync.Mutex
	known map[delegationKey]*identity.Delegation // guarded by mu; only verified ones
}

// delegationKey covers the signature too: a broken copy of a known delegation is not known.
type delegationKey struct {
	payload   [32]byte
	signature dsse.Signature
}

func (v *Verifier) delegation(payload []byte, sig dsse.Signature) (*identity.Delegation, error) {
	key := delegationKey{payload: sha256.Sum256(payload), signature: sig}
	v.mu.Lock()
	d := v.known[key]
	v.mu.Unlock()
	if d != nil {
		return d, nil
	}
	d, err := identity.OpenDelegation(payload, sig)
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.known == nil || len(v.known) >= maxDelegations {
		// Forgetting all costs each known node one more signature check, and needs no bookkeeping.
		v.known = make(map[delegationKey]*identity.Delegation)
	}
	v.known[key] = d
	return d, nil
}
