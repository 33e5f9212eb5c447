package replica

import "fmt"

// What a peer's address record may take: its name is a multihash in text, the record a signed
// envelope with a few addresses.
const (
	maxPeerName = 128
	maxAddress  = 8 << 10
)

// PutAddress keeps the newest signed address record of a peer. It is opaque here. The caller keeps
// only those of members' nodes, which bounds their number.
func (r *Replica) PutAddress(peer string, signed []byte) error {
	if peer == "" || len(peer) > maxPeerName || len(signed) > maxAddress {
		return fmt.Errorf("address record of peer %.20q has %d bytes, at most %d", peer, len(signed), maxAddress)
	}
	key := append([]byte{spaceAddress}, peer...)
	if old, err := r.opt.Store.Get(key); err == nil && string(old) == string(signed) {
		return nil
	}
	return r.opt.Store.Apply([]Op{{Key: key, Value: signed}})
}

// Addresses calls fn for each peer whose address record is kept. The slice is valid during the call.
func (r *Replica) Addresses(fn func(peer string, signed []byte)) error {
	return r.opt.Store.Scan([]byte{spaceAddress}, false, func(key, value []byte) error {
		fn(string(key[1:]), value)
		return nil
	})
}
