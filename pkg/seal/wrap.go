package seal

import (
	"crypto/hpke"
	"fmt"
	"slices"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
)

// SealingKeySize is the length of a node's public sealing key (MLKEM768-X25519), in bytes.
const SealingKeySize = 1216

// CheckSealingKey refuses bytes that are no public sealing key. Whose it is says the digest in a
// delegation (identity.SealingDigest).
func CheckSealingKey(public []byte) error {
	_, err := sealingKey(public)
	return err
}

func sealingKey(public []byte) (hpke.PublicKey, error) {
	if len(public) != SealingKeySize {
		return nil, fmt.Errorf("%w: %d bytes, want %d", ErrSealingKey, len(public), SealingKeySize)
	}
	key, err := hpke.MLKEM768X25519().NewPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSealingKey, err)
	}
	return key, nil
}

const (
	wrapInfo      = "tocsin wrap v1\x00"
	addressedInfo = "tocsin addressed v1\x00"
)

// Wrap seals a key to the node that w.To names, whose public sealing key is recipient. It fills in what is
// sealed; Channel, Key, To, Minter and View must be there. What it draws at random comes from
// crypto/hpke, which takes no reader.
func Wrap(k Key, w notice.Wrap, recipient []byte) (*notice.Wrap, error) {
	if k.ID(w.Channel) != KeyID(w.Key) {
		return nil, fmt.Errorf("wrap key: %w", ErrMismatch)
	}
	s, err := sealKey(k, recipient, wrapInfo, wrapData(&w))
	if err != nil {
		return nil, fmt.Errorf("wrap key for %s: %w", w.To, err)
	}
	w.Encap, w.Sealed = s.encap, s.sealed
	return &w, nil
}

// Unwrap opens a wrap for this node. Errors wrap ErrRecipient for one that is another node's, ErrWrap for
// one that does not open, and ErrMismatch for one that holds another key than it says; by the last two
// whoever signed the wrap is at fault, if it was made for the sealing key that node has.
func Unwrap(node *identity.NodeKey, w *notice.Wrap) (Key, error) {
	if w.To != node.Node() {
		return Key{}, fmt.Errorf("unwrap key: %w", ErrRecipient)
	}
	k, err := sealedKey{w.Encap, w.Sealed}.open(node, wrapInfo, wrapData(w))
	if err != nil {
		return Key{}, fmt.Errorf("unwrap key: %w", err)
	}
	if k.ID(w.Channel) != KeyID(w.Key) {
		return Key{}, fmt.Errorf("unwrap key: %w", ErrMismatch)
	}
	return k, nil
}

// wrapData is what a wrap says, so that none of it can be changed under what it seals.
func wrapData(w *notice.Wrap) []byte {
	return slices.Concat(w.Channel[:], w.Key[:], w.To[:], w.Minter[:], w.View[:])
}

// sealedKey is a key sealed to one node by HPKE.
type sealedKey struct{ encap, sealed []byte }

// sealKey seals a key to the holder of a sealing key, with data that open must be given again.
func sealKey(k Key, recipient []byte, info string, data []byte) (sealedKey, error) {
	public, err := sealingKey(recipient)
	if err != nil {
		return sealedKey{}, err
	}
	encap, sender, err := hpke.NewSender(public, hpke.HKDFSHA256(), hpke.AES256GCM(), []byte(info))
	if err != nil {
		return sealedKey{}, fmt.Errorf("%w: %w", ErrSealingKey, err)
	}
	sealed, err := sender.Seal(data, k[:])
	return sealedKey{encap: encap, sealed: sealed}, err
}

// open opens what sealKey sealed to this node.
func (s sealedKey) open(node *identity.NodeKey, info string, data []byte) (Key, error) {
	if len(s.encap) != notice.WrapEncapSize || len(s.sealed) != notice.WrapSealedSize {
		return Key{}, fmt.Errorf("%w: it has the wrong size", ErrWrap)
	}
	recipient, err := hpke.NewRecipient(s.encap, node.Sealing(), hpke.HKDFSHA256(), hpke.AES256GCM(), []byte(info))
	if err != nil {
		return Key{}, fmt.Errorf("%w: %w", ErrWrap, err)
	}
	b, err := recipient.Open(data, s.sealed)
	if err != nil || len(b) != len(Key{}) {
		return Key{}, ErrWrap
	}
	return Key(b), nil
}
