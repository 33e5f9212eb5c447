package record

import (
	"math/rand/v2"
	"testing"
	"time"

	"tocsin/pkg/identity"
)

// Strangers can show any number of delegations; what a Verifier remembers of them does not grow.
func TestVerifierForgets(t *testing.T) {
	from := rand.NewChaCha8([32]byte{1})
	root, err := identity.NewRootKey(from)
	if err != nil {
		t.Fatal(err)
	}
	node, err := identity.NewNodeKey(from)
	if err != nil {
		t.Fatal(err)
	}
	noon := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	d, err := root.Delegate(node, "Alpha", noon, noon.AddDate(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	v := Verifier{known: map[delegationKey]*identity.Delegation{}}
	for i := range maxDelegations {
		v.known[delegationKey{payload: [32]byte{byte(i), byte(i >> 8)}}] = d
	}
	for range 2 {
		if got, err := v.delegation(d.Payload(), d.Signature()); err != nil || got.ID() != d.ID() {
			t.Fatal(err)
		}
		if len(v.known) != 1 {
			t.Fatalf("%d delegations are remembered", len(v.known))
		}
	}
}
