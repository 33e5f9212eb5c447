package replica

import (
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/seal"
)

// idleKey is how long a key is kept that opens no kept record: a partition may still bring one.
const idleKey = 30 // days

// keyRef names a key of a channel.
type keyRef struct {
	tag [32]byte
	id  seal.KeyID
}

// giver is the node that handed a key over.
type giver struct {
	team identity.TeamID
	node identity.NodeID
}

// heldKey is a key with what is known of it.
type heldKey struct {
	key    seal.Key
	view   [32]byte        // of the membership it was made for; zero for a key made for one record
	minter identity.TeamID // who made it, as whoever handed it over said
	from   giver           // on whose word the view rests; zero once this node saw the membership so itself
	seen   time.Time       // when it came here
	used   time.Time       // when the last record sealed with it came here
	drop   Day             // the last day on which a record that it opens is kept
}

// keyring holds the keys that are here. It has a lock of its own, so that frames are opened while the
// replica writes. What is in it is on stable storage, or goes there with the record that it came with.
type keyring struct {
	mu    sync.RWMutex // guards everything below
	held  map[keyRef]heldKey
	views map[[32]byte][]identity.TeamID // the members of views that keys were made for, where known
}

func newKeyring() *keyring {
	return &keyring{held: map[keyRef]heldKey{}, views: map[[32]byte][]identity.TeamID{}}
}

func (k *keyring) get(ref keyRef) (heldKey, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	h, ok := k.held[ref]
	return h, ok
}

// put takes a key in. What is known of a key already does not change: a later word of somebody else must
// not make an old key look like that of today's members.
func (k *keyring) put(ref keyRef, h heldKey) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, ok := k.held[ref]; !ok {
		k.held[ref] = h
	}
}

// believe notes what became of a giver's word on the view of a key.
func (k *keyring) believe(ref keyRef, h heldKey) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if was, ok := k.held[ref]; ok {
		was.view, was.from = h.view, h.from
		k.held[ref] = was
	}
}

// use notes that a record which the key opens is kept until drop, and reports whether that is news.
func (k *keyring) use(ref keyRef, now time.Time, drop Day) (h heldKey, news bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	h, ok := k.held[ref]
	if !ok || h.drop >= drop && !now.After(h.used) {
		return h, false
	}
	h.drop = max(h.drop, drop)
	if now.After(h.used) {
		h.used = now
	}
	k.held[ref] = h
	return h, true
}

// of calls fn for each key of a channel. fn must not use the ring.
func (k *keyring) of(tag [32]byte, fn func(seal.KeyID, heldKey)) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	for ref, h := range k.held {
		if ref.tag == tag {
			fn(ref.id, h)
		}
	}
}

func (k *keyring) members(view [32]byte) ([]identity.TeamID, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	m, ok := k.views[view]
	return m, ok
}

func (k *keyring) setMembers(view [32]byte, members []identity.TeamID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.views[view] = members
}

// stale returns the keys that open nothing any more, and forgets them.
func (k *keyring) stale(today Day, current func(view [32]byte) bool) (gone []keyRef, views [][32]byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	alive := map[[32]byte]struct{}{}
	for ref, h := range k.held {
		if max(h.drop, DayOf(h.seen)+idleKey) < today && !current(h.view) {
			delete(k.held, ref)
			gone = append(gone, ref)
			continue
		}
		alive[h.view] = struct{}{}
	}
	for view := range k.views {
		if _, ok := alive[view]; !ok && !current(view) {
			delete(k.views, view)
			views = append(views, view)
		}
	}
	return gone, views
}

const (
	heldKeyOld = 32 + 32 + 32 + 8 + 8 + 4 // as an earlier release wrote it, without its giver
	heldKeyLen = heldKeyOld + 32 + 32
)

func refKey(ref keyRef) []byte { return append(idKey(spaceKey, ref.tag), ref.id[:]...) }

func (h *heldKey) op(ref keyRef) Op {
	v := make([]byte, 0, heldKeyLen)
	v = append(append(append(v, h.key[:]...), h.view[:]...), h.minter[:]...)
	v = binary.BigEndian.AppendUint64(v, uint64(nanos(h.seen))) //nolint:gosec // see encodeSighting
	v = binary.BigEndian.AppendUint64(v, uint64(nanos(h.used))) //nolint:gosec // see encodeSighting
	v = binary.BigEndian.AppendUint32(v, uint32(h.drop))
	return Op{Key: refKey(ref), Value: append(append(v, h.from.team[:]...), h.from.node[:]...)}
}

func membersOp(view [32]byte, members []identity.TeamID) Op {
	v := make([]byte, 0, 32*len(members))
	for _, t := range members {
		v = append(v, t[:]...)
	}
	return Op{Key: idKey(spaceView, view), Value: v}
}

// loadKeys reads the keyring, and the members of the views that keys were made for.
func (r *Replica) loadKeys() error {
	err := r.opt.Store.Scan([]byte{spaceKey}, false, func(key, v []byte) error {
		if len(key) != 65 || len(v) != heldKeyLen && len(v) != heldKeyOld {
			return fmt.Errorf("sealing key entry has %d and %d bytes, want 65 and %d", len(key), len(v), heldKeyLen)
		}
		var from giver
		if len(v) == heldKeyLen {
			from = giver{identity.TeamID(v[heldKeyOld:]), identity.NodeID(v[heldKeyOld+32:])}
		}
		r.keys.put(keyRef{[32]byte(key[1:33]), seal.KeyID(key[33:])}, heldKey{
			key: seal.Key(v[:32]), view: [32]byte(v[32:64]), minter: identity.TeamID(v[64:96]),
			seen: fromNanos(int64(binary.BigEndian.Uint64(v[96:]))),  //nolint:gosec // see encodeSighting
			used: fromNanos(int64(binary.BigEndian.Uint64(v[104:]))), //nolint:gosec // see encodeSighting
			drop: Day(binary.BigEndian.Uint32(v[112:])), from: from,
		})
		return nil
	})
	if err != nil {
		return fmt.Errorf("read keys: %w", err)
	}
	return r.opt.Store.Scan([]byte{spaceView}, false, func(key, v []byte) error {
		if len(key) != 33 || len(v)%32 != 0 {
			return fmt.Errorf("members of a view have %d and %d bytes", len(key), len(v))
		}
		var members []identity.TeamID
		for ; len(v) > 0; v = v[32:] {
			members = append(members, identity.TeamID(v[:32]))
		}
		r.keys.setMembers([32]byte(key[1:]), members)
		return nil
	})
}
