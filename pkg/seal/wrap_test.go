package seal_test

import (
	"bytes"
	"crypto/hpke"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/seal"
)

// hpkeSeal seals as docs/spec/seal.md says and not as the package does: what a liar would send.
func hpkeSeal(t testing.TB, to *identity.NodeKey, info string, data, text []byte) (encap, sealed []byte) {
	t.Helper()
	public, err := hpke.MLKEM768X25519().NewPublicKey(sealingKey(to))
	if err != nil {
		t.Fatal(err)
	}
	encap, sender, err := hpke.NewSender(public, hpke.HKDFSHA256(), hpke.AES256GCM(), []byte(info))
	if err != nil {
		t.Fatal(err)
	}
	if sealed, err = sender.Seal(data, text); err != nil {
		t.Fatal(err)
	}
	return encap, sealed
}

func wrapBytes(w notice.Wrap) []byte {
	return slices.Concat(w.Channel[:], w.Key[:], w.To[:], w.Minter[:], w.View[:])
}

func TestWrap(t *testing.T) {
	a, b := newAuthor(t, 1, "Example CSIRT"), newAuthor(t, 2, "Other CSIRT")
	k := newKey(t, 3)
	w, err := seal.Wrap(k, wrapFor(k, a.node.Node()), sealingKey(a.node))
	if err != nil {
		t.Fatal(err)
	}
	said, err := notice.Encode(w)
	if err != nil {
		t.Fatal(err)
	}
	read, err := notice.DecodeWrap(said)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := seal.Unwrap(a.node, read); err != nil || got != k {
		t.Errorf("unwrapped another key: %v", err)
	}
	if _, err := seal.Unwrap(b.node, read); !errors.Is(err, seal.ErrRecipient) {
		t.Errorf("another node: %v", err)
	}
	// As the page says it, byte for byte, without this package.
	byHand := wrapFor(k, a.node.Node())
	byHand.Encap, byHand.Sealed = hpkeSeal(t, a.node, "tocsin wrap v1\x00", wrapBytes(byHand), bytes.Clone(k[:]))
	if got, err := seal.Unwrap(a.node, &byHand); err != nil || got != k {
		t.Errorf("a wrap made by hand: %v", err)
	}
}

func TestWrapAttacks(t *testing.T) {
	a, b := newAuthor(t, 1, "Example CSIRT"), newAuthor(t, 2, "Other CSIRT")
	k := newKey(t, 3)
	for _, tt := range []struct {
		name   string
		change func(*notice.Wrap)
		want   error
	}{
		{"nothing", func(*notice.Wrap) {}, nil},
		{"another channel", func(w *notice.Wrap) { w.Channel[0] ^= 1 }, seal.ErrWrap},
		{"another key's ID", func(w *notice.Wrap) { w.Key[0] ^= 1 }, seal.ErrWrap},
		{"another minter", func(w *notice.Wrap) { w.Minter[0] ^= 1 }, seal.ErrWrap},
		{"another view", func(w *notice.Wrap) { w.View[0] ^= 1 }, seal.ErrWrap},
		{"another encapsulation", func(w *notice.Wrap) { w.Encap[0] ^= 1 }, seal.ErrWrap},
		{"another share", func(w *notice.Wrap) { w.Encap[len(w.Encap)-1] ^= 1 }, seal.ErrWrap},
		{"a share of small order", func(w *notice.Wrap) { clear(w.Encap[len(w.Encap)-32:]) }, seal.ErrWrap},
		{"another ciphertext", func(w *notice.Wrap) { w.Sealed[0] ^= 1 }, seal.ErrWrap},
		{"nothing sealed", func(w *notice.Wrap) { w.Encap, w.Sealed = nil, nil }, seal.ErrWrap},
		{"too much", func(w *notice.Wrap) { w.Sealed = append(w.Sealed, 0) }, seal.ErrWrap},
		{"another reader's", func(w *notice.Wrap) {
			w.Encap, w.Sealed = hpkeSeal(t, b.node, "tocsin wrap v1\x00", wrapBytes(*w), bytes.Clone(k[:]))
		}, seal.ErrWrap},
		{"of an addressed body", func(w *notice.Wrap) {
			w.Encap, w.Sealed = hpkeSeal(t, a.node, "tocsin addressed v1\x00", wrapBytes(*w), bytes.Clone(k[:]))
		}, seal.ErrWrap},
		{"a short key", func(w *notice.Wrap) {
			w.Encap, w.Sealed = hpkeSeal(t, a.node, "tocsin wrap v1\x00", wrapBytes(*w), bytes.Clone(k[:31]))
		}, seal.ErrWrap},
		{"a wrong key", func(w *notice.Wrap) {
			w.Encap, w.Sealed = hpkeSeal(t, a.node, "tocsin wrap v1\x00", wrapBytes(*w), make([]byte, 32))
		}, seal.ErrMismatch},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, err := seal.Wrap(k, wrapFor(k, a.node.Node()), sealingKey(a.node))
			if err != nil {
				t.Fatal(err)
			}
			tt.change(w)
			got, err := seal.Unwrap(a.node, w)
			if !errors.Is(err, tt.want) || (err == nil) != (got == k) || err != nil && got != (seal.Key{}) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
}

func TestWrapRefuses(t *testing.T) {
	a := newAuthor(t, 1, "Example CSIRT")
	k := newKey(t, 3)
	good := sealingKey(a.node)
	if err := seal.CheckSealingKey(good); err != nil || len(good) != seal.SealingKeySize {
		t.Errorf("a good key of %d bytes: %v", len(good), err)
	}
	if _, err := seal.Wrap(newKey(t, 4), wrapFor(k, a.node.Node()), good); !errors.Is(err, seal.ErrMismatch) {
		t.Errorf("another key than it says: %v", err)
	}
	for name, public := range map[string][]byte{
		"none": nil, "short": good[1:], "long": append(bytes.Clone(good), 0), "not of the field": bytes.Repeat([]byte{0xff}, len(good)),
		"a share of small order": append(bytes.Clone(good[:len(good)-32]), make([]byte, 32)...),
	} {
		if w, err := seal.Wrap(k, wrapFor(k, a.node.Node()), public); !errors.Is(err, seal.ErrSealingKey) || w != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestChoose(t *testing.T) {
	view := [32]byte{1}
	held := []seal.Minted{
		{ID: seal.KeyID{1}, View: view, Minter: identity.TeamID{1}},
		{ID: seal.KeyID{3}, View: view, Minter: identity.TeamID{2}},
		{ID: seal.KeyID{2}, View: view, Minter: identity.TeamID{2}},
		{ID: seal.KeyID{0}, View: [32]byte{2}, Minter: identity.TeamID{2}},
	}
	first, ok := seal.Choose(view, held)
	if !ok {
		t.Fatal("none chosen")
	}
	for range 5 {
		held = append(held[1:], held[0])
		if again, ok := seal.Choose(view, append(held, held[2])); !ok || again != first {
			t.Errorf("another order, another key: %v", again)
		}
	}
	if first.Minter == (identity.TeamID{2}) && first.ID != (seal.KeyID{2}) {
		t.Errorf("of one minter's two keys the later one was chosen")
	}
	if _, ok := seal.Choose([32]byte{9}, held); ok {
		t.Error("a key of another view was chosen")
	}
	// Over many views no team is always first.
	wins := map[identity.TeamID]int{}
	for i := range 64 {
		v := [32]byte{byte(i)}
		m, _ := seal.Choose(v, []seal.Minted{{View: v, Minter: identity.TeamID{1}}, {View: v, Minter: identity.TeamID{2}}})
		wins[m.Minter]++
	}
	if wins[identity.TeamID{1}] < 16 || wins[identity.TeamID{2}] < 16 {
		t.Errorf("first in %v of 64 views", wins)
	}
}

// TestNumbersOnThePage holds the library to the numbers that docs/spec/seal.md gives.
func TestNumbersOnThePage(t *testing.T) {
	page, err := os.ReadFile("../../docs/spec/seal.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, number := range []string{
		fmt.Sprintf("0x%04x", hpke.MLKEM768X25519().ID()), fmt.Sprintf("HKDF-SHA256 (0x%04x)", hpke.HKDFSHA256().ID()),
		fmt.Sprintf("AES-256-GCM (0x%04x)", hpke.AES256GCM().ID()), fmt.Sprintf("public half has %d bytes", seal.SealingKeySize),
		fmt.Sprintf("at least %d bytes", seal.Overhead), fmt.Sprintf("1 to %d\n", seal.MaxRecipients),
		fmt.Sprintf("encap  %d bytes", notice.WrapEncapSize), fmt.Sprintf("sealed   %d bytes", notice.WrapSealedSize),
	} {
		if !strings.Contains(string(page), number) {
			t.Errorf("the page does not say %q", number)
		}
	}
}
