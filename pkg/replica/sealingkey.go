package replica

import (
	"errors"
	"fmt"
	"slices"

	"tocsin/pkg/identity"
	"tocsin/pkg/seal"
)

// publicKey returns the public half of this node's sealing key.
func (r *Replica) publicKey() []byte { return r.opt.Key.Sealing().PublicKey().Bytes() }

// SealingKey returns the public sealing key of which a delegation names the digest, this node's own too.
func (r *Replica) SealingKey(digest [32]byte) ([]byte, bool) {
	if own := r.publicKey(); digest == identity.SealingDigest(own) {
		return own, true
	}
	key, err := r.opt.Store.Get(idKey(spaceSealing, digest))
	return key, err == nil
}

// PutSealingKey keeps a public sealing key that is among MissingSealingKeys; any other is passed over. It
// is on stable storage on return.
func (r *Replica) PutSealingKey(key []byte) error {
	if err := seal.CheckSealingKey(key); err != nil {
		return fmt.Errorf("keep sealing key: %w", err)
	}
	digest := identity.SealingDigest(key)
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Contains(r.missingSealingKeys(), digest) {
		return nil
	}
	if err := r.opt.Store.Apply([]Op{{Key: idKey(spaceSealing, digest), Value: key}}); err != nil {
		return fmt.Errorf("keep sealing key: %w", err)
	}
	r.sealing[digest] = struct{}{}
	return nil
}

// MissingSealingKeys returns the digests of sealing keys that are not here: of the nodes of this team and
// of those it shares a community with, the newest delegation of each.
func (r *Replica) MissingSealingKeys() [][32]byte {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.missingSealingKeys()
}

func (r *Replica) missingSealingKeys() [][32]byte {
	asked := map[identity.TeamID]struct{}{r.canonical(r.self): {}}
	for _, id := range r.roster.CommunitiesOf(r.canonical(r.self)) {
		for _, t := range r.roster.Members(id) {
			asked[t] = struct{}{}
		}
	}
	var out [][32]byte
	for t := range asked {
		newest := map[identity.NodeID][32]byte{}
		for _, d := range r.roster.Delegations(t) {
			newest[d.Node] = d.Sealing
		}
		for node, digest := range newest {
			if _, here := r.sealing[digest]; !here && node != r.Node() {
				out = append(out, digest)
			}
		}
	}
	slices.SortFunc(out, compareIDs)
	return slices.Compact(out)
}

func (r *Replica) loadSealingKeys() error {
	err := r.opt.Store.Scan([]byte{spaceSealing}, true, func(key, _ []byte) error {
		if len(key) != 33 {
			return errors.New("the key of a sealing key has another length than 33")
		}
		r.sealing[[32]byte(key[1:])] = struct{}{}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read sealing keys: %w", err)
	}
	return nil
}
