package api

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tocsin/pkg/notice"
)

// Encode writes an answer: times in RFC 3339, bytes in base64url without padding,
// names in the order of the types.
func Encode(v any) ([]byte, error) {
	b, err := json.Marshal(v, writing)
	if err != nil {
		return nil, fmt.Errorf("encode answer: %w", err)
	}
	return b, nil
}

// Bytes writes bytes as the members of answers do that are text.
func Bytes(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// EncodeRequest is Encode for what a person wrote: text that is not UTF-8 is an Invalid that names the field.
func EncodeRequest(v any) ([]byte, error) {
	b, err := json.Marshal(v, writing)
	var text *jsontext.SyntacticError
	switch {
	case errors.As(err, &text):
		return nil, Invalid(fieldOf(text.JSONPointer), "is not UTF-8", "write it in UTF-8")
	case err != nil:
		return nil, fmt.Errorf("encode request: %w", err)
	}
	return b, nil
}

// DecodeRequest reads the body of a request of at most MaxRequest bytes. An unknown member, a member
// twice or anything after the object is an error; every error but those of r is a *Problem.
func DecodeRequest(r io.Reader, v any) error {
	b, err := io.ReadAll(io.LimitReader(r, MaxRequest+1))
	if err != nil {
		return fmt.Errorf("read request: %w", err)
	}
	if len(b) > MaxRequest {
		return NewProblem(TooLarge, fmt.Sprintf("the request has more than %d bytes", MaxRequest), "put large files behind a URL")
	}
	if len(bytes.TrimSpace(b)) == 0 {
		return NewProblem(BadRequest, "the request has no body", "send a JSON object")
	}
	if err := json.Unmarshal(b, v, reading, json.RejectUnknownMembers(true)); err != nil {
		return requestProblem(err)
	}
	return nil
}

// DecodeAnswer reads an answer. Members that v does not have are passed over.
func DecodeAnswer(b []byte, v any) error {
	if err := json.Unmarshal(b, v, reading); err != nil {
		return fmt.Errorf("decode answer: %w", err)
	}
	return nil
}

// requestProblem names the member that is wrong.
func requestProblem(err error) *Problem {
	var semantic *json.SemanticError
	if !errors.As(err, &semantic) {
		return NewProblem(BadRequest, "the request is not JSON: "+err.Error(), "")
	}
	field := fieldOf(semantic.JSONPointer)
	if errors.Is(err, json.ErrUnknownName) {
		return Invalid(field, "is not a member of this request", "check the spelling; docs/api.md lists the members")
	}
	var word *notice.WordError
	if errors.As(err, &word) && word.Got == "" && strings.HasSuffix(field, "marking.tlp") {
		p := NewProblem(MarkingAbsent, field+": is missing", "say how it may be shared, e.g. TLP:CLEAR")
		p.Fields = []Field{{Field: field, Problem: "is missing"}}
		return p
	}
	problem := "has a value of the wrong type"
	if semantic.Err != nil {
		problem = semantic.Err.Error()
	}
	return Invalid(field, problem, "")
}

// fieldOf writes a JSON pointer as the rest of the interface names fields: alert.texts[0].title.
func fieldOf(p jsontext.Pointer) string {
	var b strings.Builder
	for token := range p.Tokens() {
		switch {
		case token != "" && strings.Trim(token, "0123456789") == "":
			b.WriteString("[" + token + "]")
		case b.Len() > 0:
			b.WriteString("." + token)
		default:
			b.WriteString(token)
		}
	}
	if b.Len() == 0 {
		return "request"
	}
	return b.String()
}

// The codec's options never change; building them once keeps the library's caches.
//
//nolint:gochecknoglobals // immutable, and a fresh one per call forgets its caches
var (
	writing = json.WithMarshalers(json.JoinMarshalers(
		json.MarshalToFunc(func(enc *jsontext.Encoder, t time.Time) error {
			return enc.WriteToken(jsontext.String(t.UTC().Format(time.RFC3339Nano)))
		}),
		json.MarshalToFunc(func(enc *jsontext.Encoder, b []byte) error {
			return enc.WriteToken(jsontext.String(base64.RawURLEncoding.EncodeToString(b)))
		}),
	))
	reading = json.WithUnmarshalers(json.JoinUnmarshalers(
		json.UnmarshalFromFunc(func(dec *jsontext.Decoder, t *time.Time) error {
			s, err := stringOf(dec)
			if err != nil {
				return err
			}
			if *t, err = time.Parse(time.RFC3339, s); err != nil {
				return fmt.Errorf("%+q is not a time in RFC 3339, such as 2026-11-21T08:00:00Z", s)
			}
			*t = t.UTC()
			return nil
		}),
		json.UnmarshalFromFunc(func(dec *jsontext.Decoder, b *[]byte) error {
			s, err := stringOf(dec)
			if err != nil {
				return err
			}
			*b, err = anyBase64(s)
			return err
		}),
	))
)

func stringOf(dec *jsontext.Decoder) (string, error) {
	tok, err := dec.ReadToken()
	if err != nil {
		return "", err
	}
	if tok.Kind() != '"' {
		return "", fmt.Errorf("want a string, got %v", tok.Kind())
	}
	return tok.String(), nil
}

// anyBase64 reads either alphabet, padded or not: people pipe files through what they have.
func anyBase64(s string) ([]byte, error) {
	s = strings.TrimRight(s, "=")
	if b, err := base64.RawURLEncoding.DecodeString(s); err == nil {
		return b, nil
	}
	b, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		return nil, errors.New("is not base64")
	}
	return b, nil
}
