package identity_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"tocsin/pkg/identity"
)

// A key that reaches a log or an error by mistake must not be in it.
func TestKeysDoNotPrint(t *testing.T) {
	root, err := identity.NewRootKey(rand.NewChaCha8([32]byte{1}))
	if err != nil {
		t.Fatal(err)
	}
	node, err := identity.NewNodeKey(rand.NewChaCha8([32]byte{2}))
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%s", "%d"} {
		if got := fmt.Sprintf(verb, root); got != "(root key)" {
			t.Errorf("%s of a root key: %s", verb, got)
		}
		if got := fmt.Sprintf(verb, node); got != "(node key)" {
			t.Errorf("%s of a node key: %s", verb, got)
		}
	}
}
