package dsse

import (
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// TimeLayout is the one way a time is written in signed data: RFC 3339 in UTC with milliseconds.
const TimeLayout = "2006-01-02T15:04:05.000Z"

// FormatTime writes a time in TimeLayout. What is below a millisecond is cut off. The layout has room
// for the years 0 to 9999 only.
func FormatTime(t time.Time) string { return t.UTC().Format(TimeLayout) }

// ParseTime reads a time in TimeLayout and no other spelling.
func ParseTime(s string) (time.Time, error) {
	t, err := time.Parse(TimeLayout, s)
	if err != nil || t.Format(TimeLayout) != s {
		return time.Time{}, fmt.Errorf("time %.40q is not in the form %s", s, TimeLayout)
	}
	return t, nil
}

//nolint:gochecknoglobals // immutable
var base64url = base64.RawURLEncoding.Strict()

// Hash is 32 bytes that are written as base64url without padding.
type Hash [32]byte

// MarshalText implements encoding.TextMarshaler.
func (h Hash) MarshalText() ([]byte, error) { return base64url.AppendEncode(nil, h[:]), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hash) UnmarshalText(b []byte) error { return decodeFixed(h[:], b) }

// Nonce is 16 bytes that are written as base64url without padding.
type Nonce [16]byte

// MarshalText implements encoding.TextMarshaler.
func (n Nonce) MarshalText() ([]byte, error) { return base64url.AppendEncode(nil, n[:]), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (n *Nonce) UnmarshalText(b []byte) error { return decodeFixed(n[:], b) }

// MarshalText writes the signature as base64url without padding.
func (s Signature) MarshalText() ([]byte, error) { return base64url.AppendEncode(nil, s[:]), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Signature) UnmarshalText(b []byte) error { return decodeFixed(s[:], b) }

func decodeFixed(dst, b []byte) error {
	if len(b) != base64url.EncodedLen(len(dst)) {
		return fmt.Errorf("%d characters of base64url, want %d", len(b), base64url.EncodedLen(len(dst)))
	}
	// encoding/base64 passes over line breaks, which here would be a second spelling.
	if n, err := base64url.Decode(dst, b); err != nil || n != len(dst) {
		return errors.New("not base64url without padding")
	}
	return nil
}

// Encode returns the canonical JSON of v. Times are written as FormatTime does and []byte as
// base64url without padding; v must hold no floats.
func Encode(v any) ([]byte, error) {
	b, err := json.Marshal(v, writing)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	value := jsontext.Value(b)
	if err := value.Canonicalize(); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return value, scan(value)
}

// Decode checks that b is canonical and reads it into v, the inverse of Encode. Members that v does
// not have are passed over: they stay in b, which the caller keeps.
func Decode(b []byte, v any) error {
	if err := Canonical(b); err != nil {
		return err
	}
	return Read(b, v)
}

// Read reads JSON that Canonical has already accepted, or a member of such JSON, into v.
func Read(b []byte, v any) error {
	if err := json.Unmarshal(b, v, reading); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	return nil
}

// The codec's options are values that never change; building them once keeps the library's caches of
// what it learnt about each type.
//
//nolint:gochecknoglobals // immutable, and a fresh one per call forgets its caches
var (
	writing = json.WithMarshalers(json.JoinMarshalers(
		json.MarshalToFunc(func(enc *jsontext.Encoder, t time.Time) error {
			s := FormatTime(t)
			if _, err := ParseTime(s); err != nil {
				return err // a year that the layout has no room for
			}
			return enc.WriteToken(jsontext.String(s))
		}),
		json.MarshalToFunc(func(enc *jsontext.Encoder, b []byte) error {
			return enc.WriteToken(jsontext.String(base64url.EncodeToString(b)))
		}),
	))
	reading = json.WithUnmarshalers(json.JoinUnmarshalers(
		json.UnmarshalFromFunc(func(dec *jsontext.Decoder, t *time.Time) error {
			s, err := stringToken(dec)
			if err != nil {
				return err
			}
			*t, err = ParseTime(s)
			return err
		}),
		json.UnmarshalFromFunc(func(dec *jsontext.Decoder, b *[]byte) error {
			s, err := stringToken(dec)
			if err != nil {
				return err
			}
			if *b, err = base64url.DecodeString(s); err != nil || len(s) != base64url.EncodedLen(len(*b)) {
				return errors.New("not base64url without padding")
			}
			return nil
		}),
	))
)

func stringToken(dec *jsontext.Decoder) (string, error) {
	tok, err := dec.ReadToken()
	if err != nil {
		return "", err
	}
	if tok.Kind() != '"' {
		return "", fmt.Errorf("want a string, got %v", tok.Kind())
	}
	return tok.String(), nil
}
