package seal_test

import (
	"testing"

	"tocsin/pkg/notice"
	"tocsin/pkg/seal"
)

// FuzzOpen feeds bodies to every reader of bodies. What opens is what was sealed; nobody can seal without
// the key, so nothing else opens.
func FuzzOpen(f *testing.F) {
	a, b, c, k := addressed(f)
	epoch, err := seal.Seal(stream(1), k, c, []byte("plain"))
	if err != nil {
		f.Fatal(err)
	}
	body, err := seal.SealTo(stream(1), seal.Fresh{Key: k, To: []seal.Recipient{a.recipient(), b.recipient()}}, c, []byte("plain"))
	if err != nil {
		f.Fatal(err)
	}
	rk, err := seal.Disclose(k, c, epoch)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(epoch)
	f.Add(body)
	f.Add(body[:2+2*entrySize])
	f.Add([]byte{2, 32})
	f.Fuzz(func(t *testing.T, b []byte) {
		form, err := seal.FormOf(b)
		if (err == nil) != (form == seal.Epoch || form == seal.Addressed) {
			t.Errorf("form %d, %v", form, err)
		}
		if plain, err := seal.Open(k, c, b); err == nil && string(plain) != "plain" {
			t.Errorf("%x opens as %q", b, plain)
		}
		if plain, err := rk.Open(c.Binding, b); err == nil && string(plain) != "plain" {
			t.Errorf("%x opens as %q", b, plain)
		}
		if plain, _, err := seal.OpenTo(a.node, c, b); err == nil && string(plain) != "plain" {
			t.Errorf("%x opens as %q", b, plain)
		}
	})
}

// FuzzUnwrap feeds what a wrap seals; what it says around that is checked by pkg/notice.
func FuzzUnwrap(f *testing.F) {
	a := newAuthor(f, 1, "Example CSIRT")
	k := newKey(f, 3)
	w, err := seal.Wrap(k, wrapFor(k, a.node.Node()), sealingKey(a.node))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(w.Encap, w.Sealed)
	f.Add([]byte{}, []byte{})
	f.Add(make([]byte, notice.WrapEncapSize), make([]byte, notice.WrapSealedSize))
	f.Fuzz(func(t *testing.T, encap, sealed []byte) {
		w := wrapFor(k, a.node.Node())
		w.Encap, w.Sealed = encap, sealed
		if got, err := seal.Unwrap(a.node, &w); (err == nil) != (got == k) {
			t.Errorf("%v with %x", err, sealed)
		}
	})
}

func FuzzSealingKey(f *testing.F) {
	a := newAuthor(f, 1, "Example CSIRT")
	k := newKey(f, 3)
	f.Add(sealingKey(a.node))
	f.Add(make([]byte, seal.SealingKeySize))
	f.Fuzz(func(t *testing.T, public []byte) {
		_, err := seal.Wrap(k, wrapFor(k, a.node.Node()), public)
		if seal.CheckSealingKey(public) != nil && err == nil {
			t.Errorf("wrapped for %x", public)
		}
	})
}
