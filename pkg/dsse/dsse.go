// Package dsse holds canonical payloads and signatures over them: the RFC 8785 form that every
// signed thing in tocsin has, the pre-authentication encoding of DSSE v1, the one rule by which an
// Ed25519 signature is accepted, and the DSSE JSON envelope for export. It is the only code that
// touches signature bytes, and knows nothing of teams, records or notices.
// Invariant: nothing it decodes has a second spelling. A payload that Canonical accepts is the only
// byte string with its meaning.
package dsse

import (
	"crypto/ed25519"
	"errors"
	"strconv"
)

// Suite names a signature suite. A payload names its own; there is no negotiation.
type Suite string

// Ed25519 is the suite of today: one Ed25519 signature (RFC 8032, pure) over PAE.
const Ed25519 Suite = "ed25519"

// SignatureSize is the length of every signature of the suite Ed25519, in bytes.
const SignatureSize = ed25519.SignatureSize

// Signature is a signature of the suite Ed25519.
type Signature [SignatureSize]byte

// ErrWeakKey refuses a public key that is not one canonical encoding of a point of large order.
var ErrWeakKey = errors.New("public key is not a canonical point of large order")

// PAE returns DSSE's pre-authentication encoding of a payload: what is really signed.
// Source: the DSSE protocol, version 1.0.0.
func PAE(payloadType string, payload []byte) []byte {
	b := make([]byte, 0, len("DSSEv1 ")+len(payloadType)+len(payload)+24)
	b = append(b, "DSSEv1 "...)
	b = strconv.AppendInt(b, int64(len(payloadType)), 10)
	b = append(b, ' ')
	b = append(b, payloadType...)
	b = append(b, ' ')
	b = strconv.AppendInt(b, int64(len(payload)), 10)
	b = append(b, ' ')
	return append(b, payload...)
}

// Sign signs a payload of the given type.
func Sign(key ed25519.PrivateKey, payloadType string, payload []byte) Signature {
	return Signature(ed25519.Sign(key, PAE(payloadType, payload)))
}

// Verify reports whether sig is key's signature over the payload. The rule, the same everywhere:
// R and the key are canonical encodings, S < L, the key has large order (CheckKey), and the equation
// holds without the cofactor. crypto/ed25519 checks S and R; CheckKey the key.
func Verify(key [32]byte, payloadType string, payload []byte, sig Signature) bool {
	return CheckKey(key) == nil && ed25519.Verify(key[:], PAE(payloadType, payload), sig[:])
}

// CheckKey returns ErrWeakKey unless key is the canonical encoding of a y coordinate below
// 2^255-19 that belongs to none of the eight points of small order. A small-order key would accept
// signatures that nobody made.
func CheckKey(key [32]byte) error {
	y := key
	y[31] &= 0x7f
	if !belowField(&y) {
		return ErrWeakKey
	}
	for _, small := range smallOrder() {
		if y == small {
			return ErrWeakKey
		}
	}
	return nil
}

// belowField reports whether the little-endian number is below 2^255-19.
func belowField(y *[32]byte) bool {
	if y[31] != 0x7f {
		return true
	}
	for i := 30; i >= 1; i-- {
		if y[i] != 0xff {
			return true
		}
	}
	return y[0] < 0xed
}

// smallOrder returns the y coordinates (little-endian) of the points whose order divides 8: 0
// (order 4), 1 (order 1), -1 (order 2) and the two of order 8.
func smallOrder() [5][32]byte {
	return [5][32]byte{
		{},
		{1},
		{
			0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
		},
		{
			0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
			0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
		},
		{
			0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
			0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
		},
	}
}
