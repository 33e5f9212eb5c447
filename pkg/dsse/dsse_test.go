package dsse_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tocsin/pkg/dsse"
)

const payloadType = "application/x-test"

func key(seed byte) (ed25519.PrivateKey, [32]byte) {
	k := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
	return k, [32]byte(k.Public().(ed25519.PublicKey))
}

// TestPAE checks the example of the DSSE protocol.
func TestPAE(t *testing.T) {
	got := string(dsse.PAE("http://example.com/HelloWorld", []byte("hello world")))
	if want := "DSSEv1 29 http://example.com/HelloWorld 11 hello world"; got != want {
		t.Errorf("PAE %q, want %q", got, want)
	}
	if got := string(dsse.PAE("", nil)); got != "DSSEv1 0  0 " {
		t.Errorf("PAE of nothing %q", got)
	}
}

func TestVerify(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		private, public := key(rapid.Byte().Draw(t, "key"))
		payload := rapid.SliceOf(rapid.Byte()).Draw(t, "payload")
		sig := dsse.Sign(private, payloadType, payload)
		if !dsse.Verify(public, payloadType, payload, sig) {
			t.Fatal("a signature just made is refused")
		}
		if dsse.Verify(public, payloadType+" ", payload, sig) || dsse.Verify(public, payloadType, append(payload, 0), sig) {
			t.Fatal("another message is accepted")
		}
		bit := rapid.IntRange(0, 8*len(sig)-1).Draw(t, "bit")
		broken := sig
		broken[bit/8] ^= 1 << (bit % 8)
		if dsse.Verify(public, payloadType, payload, broken) {
			t.Fatalf("accepted with bit %d changed", bit)
		}
	})
}

// order is L, the order of the base point.
func order() *big.Int {
	n, _ := new(big.Int).SetString("27742317777372353535851937790883648493", 10)
	return n.Add(n, new(big.Int).Lsh(big.NewInt(1), 252))
}

func bigOf(little []byte) *big.Int {
	b := slices.Clone(little)
	slices.Reverse(b)
	return new(big.Int).SetBytes(b)
}

func littleOf(n *big.Int) (out [32]byte) {
	n.FillBytes(out[:])
	slices.Reverse(out[:])
	return out
}

// TestSMustBeBelowL adds L to S, which would be a second signature that anybody can make.
func TestSMustBeBelowL(t *testing.T) {
	private, public := key(1)
	sig := dsse.Sign(private, payloadType, []byte("message"))
	s := bigOf(sig[32:])
	for range 8 {
		s.Add(s, order())
		if s.BitLen() > 256 {
			break
		}
		second := sig
		little := littleOf(s)
		copy(second[32:], little[:])
		if dsse.Verify(public, payloadType, []byte("message"), second) {
			t.Errorf("S above L is accepted")
		}
	}
}

// fieldPrime is 2^255 - 19.
func fieldPrime() *big.Int {
	p := new(big.Int).Lsh(big.NewInt(1), 255)
	return p.Sub(p, big.NewInt(19))
}

// smallOrderY returns the y coordinates of the points of small order from the curve's equation:
// 0, 1, -1 and the y of the points of order 8, whose double has y = 0, so that x^2 = y^2 up to sign:
// with -x^2 + y^2 = 1 + d x^2 y^2 and x^2 = -y^2, d y^4 + 2 y^2 - 1 = 0 decides.
func smallOrderY(t *testing.T) []*big.Int {
	t.Helper()
	p := fieldPrime()
	mod := func(n *big.Int) *big.Int { return n.Mod(n, p) }
	d := mod(new(big.Int).Mul(big.NewInt(-121665), new(big.Int).ModInverse(big.NewInt(121666), p)))
	ys := []*big.Int{big.NewInt(0), big.NewInt(1), new(big.Int).Sub(p, big.NewInt(1))}
	// x^2 = -y^2: 2 y^2 = 1 - d y^4, so y^2 = (-1 +- sqrt(1 + d)) / d.
	root := new(big.Int).ModSqrt(mod(new(big.Int).Add(d, big.NewInt(1))), p)
	if root == nil {
		t.Fatal("1 + d has no root")
	}
	for _, sign := range []*big.Int{root, new(big.Int).Sub(p, root)} {
		y2 := new(big.Int).Mul(new(big.Int).Sub(sign, big.NewInt(1)), new(big.Int).ModInverse(d, p))
		y := new(big.Int).ModSqrt(mod(y2), p)
		if y != nil {
			ys = append(ys, y, new(big.Int).Sub(p, y))
		}
	}
	return ys
}

// TestSmallOrderKeys makes, for every encoding of a point of small order, a message that the key
// "signed" in the eyes of crypto/ed25519, with R the point of order 1 and S zero. Verify refuses all.
func TestSmallOrderKeys(t *testing.T) {
	ys := smallOrderY(t)
	if len(ys) != 5 {
		t.Fatalf("%d y coordinates of small order, want 5", len(ys))
	}
	for _, y := range ys {
		for _, over := range []bool{false, true} {
			n := new(big.Int).Set(y)
			if over { // the same y, not reduced: only small ones fit
				if n.Add(n, fieldPrime()).BitLen() > 255 {
					continue
				}
			}
			for _, sign := range []byte{0, 0x80} {
				public := littleOf(n)
				public[31] |= sign
				message, sig := forge(public)
				fooled := message != nil
				if message == nil {
					message = []byte("message")
				}
				if dsse.Verify(public, payloadType, message, sig) {
					t.Errorf("%x: its forgery is accepted", public)
				}
				if err := dsse.CheckKey(public); !errors.Is(err, dsse.ErrWeakKey) {
					t.Errorf("%x: CheckKey says %v", public, err)
				}
				// Plain Ed25519 is fooled wherever the encoding is one that it decodes.
				if !over && sign == 0 && !fooled {
					t.Errorf("%x: plain ed25519 was not fooled; is it of small order?", public)
				}
			}
		}
	}
}

// forge looks for a payload whose signature by a small-order key is R = identity, S = 0. One in eight
// payloads will do.
func forge(public [32]byte) ([]byte, dsse.Signature) {
	sig := dsse.Signature{0: 1}
	for n := range uint64(256) {
		payload := binary.BigEndian.AppendUint64(nil, n)
		if ed25519.Verify(public[:], dsse.PAE(payloadType, payload), sig[:]) {
			return payload, sig
		}
	}
	return nil, sig
}

// TestKeyEncodings: a y coordinate at or above the prime is refused, whatever it stands for.
func TestKeyEncodings(t *testing.T) {
	for n := range int64(19) {
		over := littleOf(new(big.Int).Add(fieldPrime(), big.NewInt(n)))
		if err := dsse.CheckKey(over); !errors.Is(err, dsse.ErrWeakKey) {
			t.Errorf("2^255-19+%d is accepted", n)
		}
	}
	below := littleOf(new(big.Int).Sub(fieldPrime(), big.NewInt(2)))
	if err := dsse.CheckKey(below); err != nil {
		t.Errorf("2^255-21: %v", err)
	}
	ff := [32]byte{}
	for i := range ff {
		ff[i] = 0xff
	}
	ff[31] = 0x7f
	for i := range 31 { // a byte below makes it a number below the prime
		k := ff
		k[i] = 0
		if (dsse.CheckKey(k) == nil) != bytesBelow(k) {
			t.Errorf("%x: CheckKey and arithmetic differ", k)
		}
	}
	for seed := range byte(50) {
		if _, public := key(seed); dsse.CheckKey(public) != nil {
			t.Errorf("an honest key is refused: %x", public)
		}
	}
}

func bytesBelow(k [32]byte) bool { return bigOf(k[:]).Cmp(fieldPrime()) < 0 }

// TestRMustBeCanonical signs with R encoded as y + p. An honest R has no such encoding but for the
// smallest y, so R is made the identity, whose y is 1: k A + R = S B with S = k a.
func TestRMustBeCanonical(t *testing.T) {
	private, public := key(3)
	h := sha512.Sum512(private.Seed())
	h[0] &= 248
	h[31] = h[31]&63 | 64
	a := bigOf(h[:32])
	for _, r := range [][32]byte{littleOf(big.NewInt(1)), littleOf(new(big.Int).Add(fieldPrime(), big.NewInt(1)))} {
		payload := []byte("message")
		k := sha512.Sum512(slices.Concat(r[:], public[:], dsse.PAE(payloadType, payload)))
		s := new(big.Int).Mul(bigOf(k[:]), a)
		little := littleOf(s.Mod(s, order()))
		sig := dsse.Signature(slices.Concat(r[:], little[:]))
		if got, want := dsse.Verify(public, payloadType, payload, sig), r[0] == 1; got != want {
			t.Errorf("R = %x: verify %v, want %v", r, got, want)
		}
	}
}

// TestEnvelopeVector reads and writes the form that other DSSE tools have.
func TestEnvelopeVector(t *testing.T) {
	private, public := key(4)
	payload := []byte(`{"hello":"world"}`)
	e := dsse.Envelope{
		PayloadType: payloadType, Payload: payload, Extra: []byte("body"),
		Signatures: []dsse.KeyedSignature{{KeyID: "me", Sig: dsse.Sign(private, payloadType, payload)}},
	}
	b, err := e.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	got, err := dsse.ParseEnvelope(b)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Payload, payload) || got.PayloadType != payloadType || string(got.Extra) != "body" || got.Signatures[0].KeyID != "me" {
		t.Errorf("came back as %+v", got)
	}
	if !dsse.Verify(public, got.PayloadType, got.Payload, got.Signatures[0].Sig) {
		t.Error("its signature is refused")
	}
	e.Extra = nil
	if b, err = e.Marshal(); err != nil || bytes.Contains(b, []byte(dsse.ExtraMember)) {
		t.Errorf("without extra: %s, %v", b, err)
	}
	if got, err = dsse.ParseEnvelope(b); err != nil || got.Extra != nil {
		t.Errorf("without extra: %v, %v", got.Extra, err)
	}
}

func TestParseEnvelope(t *testing.T) {
	sig := `{"sig":"` + hexBase64() + `"}`
	tests := []struct {
		name, in string
		ok       bool
	}{
		{"plain", `{"payloadType":"t","payload":"e30=","signatures":[` + sig + `]}`, true},
		{"unknown member", `{"payloadType":"t","payload":"e30=","signatures":[],"x":1}`, true},
		{"URL alphabet", `{"payloadType":"t","payload":"-_8=","signatures":[]}`, true},
		{"not JSON", `{`, false},
		{"more after it", `{"payloadType":"t","payload":"e30="}{}`, false},
		{"a member twice", `{"payloadType":"t","payloadType":"t","payload":"e30="}`, false},
		{"no type", `{"payload":"e30="}`, false},
		{"no payload", `{"payloadType":"t"}`, false},
		{"payload not base64", `{"payloadType":"t","payload":"?"}`, false},
		{"body not base64", `{"payloadType":"t","payload":"e30=","tocsin_body":"?"}`, false},
		{"signature not base64", `{"payloadType":"t","payload":"e30=","signatures":[{"sig":"?"}]}`, false},
		{"signature too short", `{"payloadType":"t","payload":"e30=","signatures":[{"sig":"e30="}]}`, false},
		{"too many signatures", `{"payloadType":"t","payload":"e30=","signatures":[` + sig + repeat(","+sig, dsse.MaxSignatures) + `]}`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := dsse.ParseEnvelope([]byte(tt.in)); (err == nil) != tt.ok {
				t.Errorf("error %v", err)
			}
		})
	}
}

func hexBase64() string { return repeat("AAAA", 21) + "AA==" }

func repeat(s string, n int) string { return string(bytes.Repeat([]byte(s), n)) }

func FuzzParseEnvelope(f *testing.F) {
	private, _ := key(4)
	b, err := dsse.Envelope{
		PayloadType: payloadType, Payload: []byte(`{}`), Extra: []byte("body"),
		Signatures: []dsse.KeyedSignature{{KeyID: "me", Sig: dsse.Sign(private, payloadType, []byte(`{}`))}},
	}.Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"payloadType":"t","payload":"-_8=","signatures":[]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := dsse.ParseEnvelope(b)
		if err != nil {
			return
		}
		written, err := e.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		again, err := dsse.ParseEnvelope(written)
		if err != nil || !bytes.Equal(again.Payload, e.Payload) || !bytes.Equal(again.Extra, e.Extra) ||
			again.PayloadType != e.PayloadType || !slices.Equal(again.Signatures, e.Signatures) {
			t.Fatalf("%+v becomes %+v, %v (%s)", e, again, err, hex.EncodeToString(b))
		}
	})
}
