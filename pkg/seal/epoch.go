package seal

import (
	"bytes"
	"cmp"
	"crypto/sha256"

	"tocsin/pkg/identity"
)

// Minted is a community's key for one epoch, without the secret.
type Minted struct {
	ID     KeyID
	View   [32]byte        // of the membership for which it was made (roster.View)
	Minter identity.TeamID // who made it
}

// Choose returns which of the keys held a writer uses who sees the membership as view, so that writers who
// hold the same keys use the same one. It reports false where none fits: the writer mints.
func Choose(view [32]byte, held []Minted) (Minted, bool) {
	var first Minted
	found := false
	for _, m := range held {
		if m.View == view && (!found || before(m, first)) {
			first, found = m, true
		}
	}
	return first, found
}

func before(a, b Minted) bool {
	x, y := rank(a), rank(b)
	return cmp.Or(bytes.Compare(x[:], y[:]), bytes.Compare(a.ID[:], b.ID[:])) < 0
}

// rank gives no team the first place in every view.
func rank(m Minted) [32]byte {
	h := sha256.New()
	h.Write([]byte("tocsin minter v1\x00"))
	h.Write(m.View[:])
	h.Write(m.Minter[:])
	var sum [32]byte
	h.Sum(sum[:0])
	return sum
}
