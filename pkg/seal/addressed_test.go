package seal_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
	"tocsin/pkg/seal"
)

// entrySize is what one recipient adds to an addressed body.
const entrySize = 1200

func addressed(t testing.TB) (a, b author, c seal.Context, k seal.Key) {
	t.Helper()
	a, b = newAuthor(t, 1, "Example CSIRT"), newAuthor(t, 2, "Other CSIRT")
	private, err := record.Between(a.root.Team(), b.root.Team())
	if err != nil {
		t.Fatal(err)
	}
	k = newKey(t, 3)
	return a, b, seal.Context{Channel: private.Tag(), Key: k.ID(private.Tag()), Binding: []byte("header")}, k
}

func TestAddressedAttacks(t *testing.T) {
	a, b, c, k := addressed(t)
	good, err := seal.SealTo(stream(1), seal.Fresh{Key: k, To: []seal.Recipient{b.recipient(), a.recipient()}}, c, []byte("plain"))
	if err != nil {
		t.Fatal(err)
	}
	if len(good) != seal.AddressedSize(2, 5) || seal.AddressedSize(1, 0)-seal.AddressedSize(0, 0) != entrySize {
		t.Errorf("%d bytes, announced %d", len(good), seal.AddressedSize(2, 5))
	}
	at := 2 // of b's entry
	if node := b.node.Node(); !bytes.Equal(good[at:at+32], node[:]) {
		at += entrySize
	}
	// liar puts another key, sealed in due form, into b's entry.
	liar := func(key []byte) func([]byte) []byte {
		return func(body []byte) []byte {
			node := b.node.Node()
			encap, sealed := hpkeSeal(t, b.node, "tocsin addressed v1\x00", slices.Concat(c.Channel[:], c.Key[:], node[:]), key)
			copy(body[at+32:], append(encap, sealed...))
			return body
		}
	}
	for _, tt := range []struct {
		name   string
		change func([]byte) []byte
		want   error
	}{
		{"nothing", func(body []byte) []byte { return body }, nil},
		{"the same key again", liar(bytes.Clone(k[:])), nil},
		{"a wrong key", liar(make([]byte, 32)), seal.ErrMismatch},
		{"half a key", liar(make([]byte, 16)), seal.ErrWrap},
		{"another reader's entry", func(body []byte) []byte {
			copy(body[at+32:at+entrySize], body[2+entrySize-at+2+32:])
			return body
		}, seal.ErrWrap},
		{"garbage", func(body []byte) []byte { clear(body[at+32 : at+entrySize]); return body }, seal.ErrWrap},
		{"form 1", func(body []byte) []byte { body[0] = 1; return body }, seal.ErrForm},
		{"form 3", func(body []byte) []byte { body[0] = 3; return body }, seal.ErrForm},
		{"none", func([]byte) []byte { return nil }, seal.ErrForm},
		{"the form alone", func(body []byte) []byte { return body[:1] }, seal.ErrForm},
		{"no recipients", func(body []byte) []byte { body[1] = 0; return body }, seal.ErrForm},
		{"more recipients than fit", func(body []byte) []byte { body[1] = 3; return body }, seal.ErrForm},
		{"too many recipients", func(body []byte) []byte { body[1] = 255; return append(body, make([]byte, 300*entrySize)...) }, seal.ErrForm},
		{"fewer recipients", func(body []byte) []byte { body[1] = 1; return body }, seal.ErrForm},
		{"a recipient twice", func(body []byte) []byte { copy(body[2+entrySize:], body[2:2+entrySize]); return body }, seal.ErrForm},
		{"out of order", func(body []byte) []byte {
			return slices.Concat(body[:2], body[2+entrySize:2+2*entrySize], body[2:2+entrySize], body[2+2*entrySize:])
		}, seal.ErrForm},
		{"addressed within", func(body []byte) []byte { body[2+2*entrySize] = 2; return body }, seal.ErrForm},
		{"cut off", func(body []byte) []byte { return body[:2+2*entrySize+seal.Overhead-1] }, seal.ErrForm},
		{"no text", func(body []byte) []byte { return body[:2+2*entrySize+seal.Overhead] }, seal.ErrBinding},
		{"another text", func(body []byte) []byte { body[len(body)-1] ^= 1; return body }, seal.ErrBinding},
		{"another salt", func(body []byte) []byte { body[2+2*entrySize+1] ^= 1; return body }, seal.ErrCommitment},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := tt.change(bytes.Clone(good))
			plain, got, err := seal.OpenTo(b.node, c, body)
			if !errors.Is(err, tt.want) || (err == nil) != (string(plain) == "plain" && got == k) {
				t.Errorf("%q, error %v, want %v", plain, err, tt.want)
			}
		})
	}
	other := c
	other.Key[0] ^= 1
	if _, _, err := seal.OpenTo(b.node, other, good); !errors.Is(err, seal.ErrWrap) {
		t.Errorf("under another key's ID: %v", err)
	}
	other = c
	other.Binding = []byte("another header")
	if _, _, err := seal.OpenTo(b.node, other, good); !errors.Is(err, seal.ErrBinding) {
		t.Errorf("under another header: %v", err)
	}
}

func TestSealToRefuses(t *testing.T) {
	a, b, c, k := addressed(t)
	many := make([]seal.Recipient, 0, seal.MaxRecipients+1)
	for i := range seal.MaxRecipients + 1 {
		many = append(many, seal.Recipient{Node: identity.NodeID{byte(i)}, Sealing: sealingKey(a.node)})
	}
	for _, tt := range []struct {
		name string
		key  seal.Key
		to   []seal.Recipient
		want error
	}{
		{"nobody", k, nil, nil},
		{"too many", k, many, nil},
		{"one twice", k, []seal.Recipient{a.recipient(), b.recipient(), a.recipient()}, nil},
		{"no sealing key", k, []seal.Recipient{{Node: a.node.Node()}}, seal.ErrSealingKey},
		{"another key", newKey(t, 4), []seal.Recipient{a.recipient()}, seal.ErrMismatch},
	} {
		if body, err := seal.SealTo(stream(1), seal.Fresh{Key: tt.key, To: tt.to}, c, nil); err == nil || body != nil || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	body, err := seal.SealTo(stream(1), seal.Fresh{Key: k, To: many[:seal.MaxRecipients]}, c, make([]byte, 10_000))
	if err != nil || len(body) > record.MaxInlineBody {
		t.Errorf("%d bytes for the most recipients, %v", len(body), err)
	}
}
