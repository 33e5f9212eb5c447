package mesh_test

import (
	"bytes"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/replica"
)

// keys is the part of a fake copy that holds keys. A wrap of the fake says in clear which key it is and
// for whom; what a real one holds is no business of the mesh.
type keys struct {
	held    map[replica.KeyAsk]bool
	wanted  map[replica.KeyAsk]bool
	sealing map[[32]byte][]byte
	missing map[[32]byte]bool
	asked   []identity.TeamID // by whom keys were asked for, or were to be given to
	mean    bool              // it wraps nothing
	loose   bool              // nobody is asked who it is
}

func newKeys() keys {
	return keys{
		held: map[replica.KeyAsk]bool{}, wanted: map[replica.KeyAsk]bool{}, sealing: map[[32]byte][]byte{}, missing: map[[32]byte]bool{},
	}
}

func wrapOf(k replica.KeyAsk, to identity.NodeID) []byte {
	return bytes.Join([][]byte{k.Channel.Community[:], k.Channel.Pair[0][:], k.Channel.Pair[1][:], k.Key[:], to[:]}, nil)
}

// WantedKeys implements mesh.Keys.
func (c *copyOf) WantedKeys() (out []replica.KeyAsk) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k := range c.wanted {
		out = append(out, k)
	}
	return out
}

// WrapsFor implements mesh.Keys.
func (c *copyOf) WrapsFor(_ time.Time, to *identity.Delegation, sealing []byte, asks []replica.KeyAsk) (out [][]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, to.Team)
	if c.mean || identity.SealingDigest(sealing) != to.Sealing {
		return nil
	}
	for _, k := range asks {
		if c.held[k] && (k.Channel.Private() || c.loose || c.roster.Member(k.Channel.Community, to.Team)) {
			out = append(out, wrapOf(k, to.Node))
		}
	}
	return out
}

// TakeWraps implements mesh.Keys.
func (c *copyOf) TakeWraps(_ time.Time, _ identity.TeamID, frames [][]byte) (taken int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range frames {
		for k := range c.wanted {
			if bytes.HasPrefix(f, wrapOf(k, identity.NodeID{})[:4*32]) {
				delete(c.wanted, k)
				c.held[k] = true
				taken++
			}
		}
	}
	return taken
}

// SealingKey implements mesh.Keys.
func (c *copyOf) SealingKey(digest [32]byte) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key, ok := c.sealing[digest]
	return key, ok
}

// PutSealingKey implements mesh.Keys.
func (c *copyOf) PutSealingKey(key []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	digest := identity.SealingDigest(key)
	c.sealing[digest] = bytes.Clone(key)
	delete(c.missing, digest)
	return nil
}

// MissingSealingKeys implements mesh.Keys.
func (c *copyOf) MissingSealingKeys() (out [][32]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for digest := range c.missing {
		out = append(out, digest)
	}
	return out
}

func (c *copyOf) hold(ks ...replica.KeyAsk) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range ks {
		c.held[k] = true
	}
}

func (c *copyOf) want(ks ...replica.KeyAsk) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range ks {
		c.wanted[k] = true
	}
}

func (c *copyOf) holds(ks ...replica.KeyAsk) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range ks {
		if !c.held[k] {
			return false
		}
	}
	return true
}

func (c *copyOf) askedBy(t identity.TeamID) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, by := range c.asked {
		if by == t {
			n++
		}
	}
	return n
}
