package seal_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"slices"
	"strings"
	"testing"

	"tocsin/pkg/record"
)

// TestBodiesByHand opens the vectors of form 1 as docs/spec/seal.md says and without the package: from the
// frame's own bytes, with HMAC and AES-GCM alone.
func TestBodiesByHand(t *testing.T) {
	mac := func(key []byte, parts ...[]byte) []byte {
		h := hmac.New(sha256.New, key)
		h.Write(slices.Concat(parts...))
		return h.Sum(nil)
	}
	for _, want := range readVectors[bodyVector](t, "seal-bodies.json") {
		key, channel, body := hash(t, want.Key), hash(t, want.Channel), unstd(t, want.Body)
		id := sha256.Sum256(slices.Concat([]byte("tocsin key v1\x00"), channel[:], key[:]))
		if hexOf(id) != want.KeyID {
			t.Errorf("%s: key ID %x", want.Name, id)
		}
		var v record.Verifier
		r, err := v.Open(unstd(t, want.Frame))
		if err != nil {
			t.Fatal(err)
		}
		payload := string(r.Payload())
		at := strings.Index(payload, `"digest":"`) + len(`"digest":"`)
		binding := payload[:at] + strings.Repeat("A", 43) + payload[at+43:]

		salt, commitment, text := body[1:33], body[33:65], body[65:]
		recordKey := mac(mac(salt, key[:]), []byte("tocsin record key v1\x00"), id[:], []byte{1})
		label := []byte("tocsin record seal v1\x00")
		first := mac(recordKey, label, []byte{1})
		second := mac(recordKey, first, label, []byte{2})
		if !bytes.Equal(recordKey, unhex(t, want.RecordKey)) || !bytes.Equal(commitment, second) || body[0] != 1 {
			t.Errorf("%s: record key %x, commitment %x", want.Name, recordKey, second)
		}
		block, err := aes.NewCipher(first)
		if err != nil {
			t.Fatal(err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := aead.Open(nil, make([]byte, 12), text, []byte(binding)); err != nil || std(plain) != want.Plain {
			t.Errorf("%s: %q, %v", want.Name, plain, err)
		}
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b := hash(t, s)
	return b[:]
}
