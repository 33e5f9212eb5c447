package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"io"

	"tocsin/pkg/record"
)

// Form is the first byte of a sealed body.
type Form byte

// The forms.
const (
	Epoch     Form = 1 // under a key that the readers hold already
	Addressed Form = 2 // under a key of its own, which it carries sealed to each of its readers
)

// Overhead is what sealing with form Epoch adds to a body: form, salt, commitment and tag.
const Overhead = 1 + saltSize + commitmentSize + tagSize

const (
	saltSize       = 32
	commitmentSize = 32
	tagSize        = 16
	textAt         = Overhead - tagSize // where the ciphertext begins
)

// Context is what the header of a record says of its sealed body. Both ends must have the same.
type Context struct {
	Channel [32]byte // record.Channel.Tag
	Key     KeyID    // body.key_id
	Binding []byte   // record.Record.Binding
}

// Of returns the context of a record that is here.
func Of(r *record.Record) (Context, error) {
	h := r.Header()
	if len(h.Body.KeyID) != len(KeyID{}) {
		return Context{}, fmt.Errorf("%w: its header names no key", ErrForm)
	}
	return Context{Channel: h.Channel.Tag(), Key: KeyID(h.Body.KeyID), Binding: r.Binding()}, nil
}

// FormOf returns the form of a sealed body, or ErrForm for one that this release does not know.
func FormOf(body []byte) (Form, error) {
	if len(body) > 0 && (body[0] == byte(Epoch) || body[0] == byte(Addressed)) {
		return Form(body[0]), nil
	}
	return 0, ErrForm
}

// RecordKey opens one record and no other: what to disclose when one record must be shown to somebody who
// is given no more.
type RecordKey [32]byte

// Format writes a placeholder, whatever the verb.
func (RecordKey) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, secret) }

// MarshalText refuses: a record key is disclosed as bytes, on purpose.
func (RecordKey) MarshalText() ([]byte, error) { return nil, errSecret }

// Seal seals plain with form Epoch. It takes 32 bytes of rand for the record's salt, which differs for
// another header or text even where rand repeats itself, as it does in two copies of one machine. The key
// must be the one that the context names.
func Seal(rand io.Reader, k Key, c Context, plain []byte) ([]byte, error) {
	if k.ID(c.Channel) != c.Key {
		return nil, fmt.Errorf("seal body: %w", ErrMismatch)
	}
	out := make([]byte, textAt, Overhead+len(plain))
	out[0] = byte(Epoch)
	salt, err := newSalt(rand, k, c.Binding, plain)
	if err != nil {
		return nil, fmt.Errorf("seal body: %w", err)
	}
	copy(out[1:], salt)
	rk, err := derive(k, c.Key, salt)
	if err != nil {
		return nil, fmt.Errorf("seal body: %w", err)
	}
	aead, commitment, err := rk.expand()
	if err != nil {
		return nil, fmt.Errorf("seal body: %w", err)
	}
	copy(out[1+saltSize:], commitment)
	return aead.Seal(out, nonce(), plain, c.Binding), nil
}

// Open opens a body of either form with its key. Errors wrap ErrForm, ErrMismatch, ErrCommitment or
// ErrBinding.
func Open(k Key, c Context, body []byte) ([]byte, error) {
	rk, err := recordKey(k, c, body)
	if err != nil {
		return nil, fmt.Errorf("open body: %w", err)
	}
	return rk.Open(c.Binding, body)
}

// Disclose returns the key of one record, whose body has either form. It opens the body first, so that no
// key is given out that does not open it.
func Disclose(k Key, c Context, body []byte) (RecordKey, error) {
	rk, err := recordKey(k, c, body)
	if err != nil {
		return RecordKey{}, fmt.Errorf("disclose record: %w", err)
	}
	if _, err := rk.Open(c.Binding, body); err != nil {
		return RecordKey{}, fmt.Errorf("disclose record: %w", err)
	}
	return rk, nil
}

// Open opens the body of the record that the key is for, of either form. The binding is that of the
// record's header. Errors wrap ErrForm, ErrCommitment or ErrBinding.
func (rk RecordKey) Open(binding, body []byte) ([]byte, error) {
	body, err := core(body)
	if err != nil {
		return nil, fmt.Errorf("open body: %w", err)
	}
	aead, commitment, err := rk.expand()
	if err != nil {
		return nil, fmt.Errorf("open body: %w", err)
	}
	if subtle.ConstantTimeCompare(commitment, body[1+saltSize:textAt]) != 1 {
		return nil, fmt.Errorf("open body: %w", ErrCommitment)
	}
	plain, err := aead.Open(make([]byte, 0, len(body)-Overhead), nonce(), body[textAt:], binding)
	if err != nil {
		return nil, fmt.Errorf("open body: %w", ErrBinding)
	}
	return plain, nil
}

func recordKey(k Key, c Context, body []byte) (RecordKey, error) {
	body, err := core(body)
	switch {
	case err != nil:
		return RecordKey{}, err
	case k.ID(c.Channel) != c.Key:
		return RecordKey{}, ErrMismatch
	}
	return derive(k, c.Key, body[1:1+saltSize])
}

// core checks the shape of a body and returns its part of form Epoch.
func core(body []byte) ([]byte, error) {
	if len(body) > 0 && body[0] == byte(Addressed) {
		count, err := entries(body)
		if err != nil {
			return nil, err
		}
		body = body[AddressedSize(count, 0)-Overhead:]
	}
	if len(body) < Overhead || body[0] != byte(Epoch) {
		return nil, ErrForm
	}
	return body, nil
}

// derive returns the key of the record with the salt.
func derive(k Key, id KeyID, salt []byte) (RecordKey, error) {
	b, err := hkdf.Key(sha256.New, k[:], salt, "tocsin record key v1\x00"+string(id[:]), len(RecordKey{}))
	if err != nil {
		return RecordKey{}, err
	}
	return RecordKey(b), nil
}

// expand returns the cipher of a record and what commits to its key.
func (rk RecordKey) expand() (cipher.AEAD, []byte, error) {
	b, err := hkdf.Expand(sha256.New, rk[:], "tocsin record seal v1\x00", 32+commitmentSize)
	if err != nil {
		return nil, nil, err
	}
	block, err := aes.NewCipher(b[:32])
	if err != nil {
		return nil, nil, err
	}
	aead, err := cipher.NewGCM(block)
	return aead, bytes.Clone(b[32:]), err
}

// newSalt mixes what is sealed into what is random, under the key.
func newSalt(rand io.Reader, k Key, binding, plain []byte) ([]byte, error) {
	random := make([]byte, saltSize)
	if _, err := io.ReadFull(rand, random); err != nil {
		return nil, err
	}
	h := hmac.New(sha256.New, k[:])
	h.Write([]byte("tocsin salt v1\x00"))
	h.Write(random)
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(binding))))
	h.Write(binding)
	h.Write(plain)
	return h.Sum(nil), nil
}

// nonce is all zeros: a record key seals one text.
func nonce() []byte { return make([]byte, 12) }
