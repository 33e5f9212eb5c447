package mesh

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"

	"tocsin/pkg/record"
)

// Statements are compared by shelves: which of helloShelves a statement lies on, and what it adds to the sum of
// its shelf, follow from its ID and a salt of that hello, so that nobody can choose either. Only what lies on
// shelves whose sums differ is listed, as much as the line carries in a part of portionTime; what else differs is
// another hello's.

// salt is the one who dialled's, a new one in each hello.
type salt [8]byte

// sums of the statements on each shelf.
type sums [helloShelves]uint32

// shelves is a set of shelves.
type shelves [helloShelves / 8]byte

func (s *shelves) add(n int)      { s[n/8] |= 1 << (n % 8) }
func (s *shelves) has(n int) bool { return s[n/8]&(1<<(n%8)) != 0 }

// place returns the shelf of a statement and what it adds to the sum.
func (s salt) place(id record.StatementID) (shelf int, adds uint32) {
	h := sha256.Sum256(append(s[:], id[:]...))
	return int(h[0]), binary.BigEndian.Uint32(h[1:])
}

func sumsOf(ids []record.StatementID, by salt) (all sums) {
	for _, id := range ids {
		n, adds := by.place(id)
		all[n] ^= adds
	}
	return all
}

// differing returns the shelves whose sums are not the same.
func differing(a, b sums) (out shelves) {
	for n := range a {
		if a[n] != b[n] {
			out.add(n)
		}
	}
	return out
}

// window is the statement IDs on some shelves. Statements on others are not spoken of.
type window struct {
	shelves shelves
	partial bool                 // other shelves differ as well
	ids     []record.StatementID // ascending
}

// windowOf returns the IDs on some of the given shelves, beginning anywhere: as many shelves as the line
// carries, but one at least.
func (m *Mesh) windowOf(p peer.ID, ids []record.StatementID, by salt, some shelves) (w window) {
	const size = len(record.StatementID{}) * windowShare
	most := portionOf(m.lineOf(p).up, maxHave*size) / size
	var on [helloShelves][]record.StatementID
	for _, id := range ids {
		if n, _ := by.place(id); some.has(n) {
			on[n] = append(on[n], id)
		}
	}
	m.mu.Lock()
	first := m.rand.IntN(helloShelves)
	m.mu.Unlock()
	for i := range helloShelves {
		n := (first + i) % helloShelves
		switch {
		case !some.has(n):
		case len(w.ids) > 0 && len(w.ids)+len(on[n]) > most, len(on[n]) > maxHave:
			w.partial = true
		default:
			w.shelves.add(n)
			w.ids = append(w.ids, on[n]...)
		}
	}
	slices.SortFunc(w.ids, compareIDs)
	return w
}

// lacking returns our IDs on the shelves of the peer's window that it does not list.
func lacking(ours []record.StatementID, theirs window, by salt) []record.StatementID {
	return slices.DeleteFunc(slices.Clone(ours), func(id record.StatementID) bool {
		if n, _ := by.place(id); !theirs.shelves.has(n) {
			return true
		}
		_, has := slices.BinarySearchFunc(theirs.ids, id, compareIDs)
		return has
	})
}
