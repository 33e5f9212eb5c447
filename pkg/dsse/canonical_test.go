package dsse_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"

	"tocsin/pkg/dsse"
)

func TestCanonical(t *testing.T) {
	nested := func(n int) string { return `{"a":` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + `}` }
	tests := []struct {
		name, in string
		want     error
	}{
		{"empty object", `{}`, nil},
		{"sorted", `{"a":1,"b":[true,false,"x"],"c":{"d":-1}}`, nil},
		{"largest number", `{"a":9007199254740991}`, nil},
		{"smallest number", `{"a":-9007199254740991}`, nil},
		{"braces and numbers in strings", `{"a":"[[[[1.5e3 null \\\" {"}`, nil},
		{"escapes that RFC 8785 wants", `{"a":"\b\t\n\f\r\u0000\u001f\"\\/"}`, nil},
		{"characters beyond ASCII", `{"a":"é😂` + "\u2028" + `"}`, nil},
		{"keys by UTF-16", "{\"\U0001F602\":1,\"\uFB33\":2}", nil}, // U+D83D before U+FB33
		{"deepest", nested(dsse.MaxDepth), nil},

		{"nothing", ``, dsse.ErrNotJSON},
		{"a blank before", ` {}`, dsse.ErrNotJSON},
		{"an array", `[]`, dsse.ErrNotJSON},
		{"a string", `"{}"`, dsse.ErrNotJSON},
		{"cut off", `{"a":1`, dsse.ErrNotJSON},
		{"cut off in a string", `{"a`, dsse.ErrNotJSON},
		{"cut off in an escape", `{"a\`, dsse.ErrNotJSON},
		{"two objects", `{}{}`, dsse.ErrNotJSON},
		{"a comma too many", `{"a":1,}`, dsse.ErrNotJSON},
		{"a word", `{"a":yes}`, dsse.ErrNotJSON},
		{"closing only", `}`, dsse.ErrNotJSON},
		{"invalid UTF-8", "{\"a\":\"\xff\"}", dsse.ErrNotJSON},
		{"overlong UTF-8", "{\"a\":\"\xc0\xaf\"}", dsse.ErrNotJSON},
		{"surrogate as UTF-8", "{\"a\":\"\xed\xa0\x80\"}", dsse.ErrNotJSON},
		{"half a surrogate pair", `{"a":"\ud800"}`, dsse.ErrNotJSON},
		{"the other half", `{"a":"\udc00"}`, dsse.ErrNotJSON},
		{"a raw control character", "{\"a\":\"\x01\"}", dsse.ErrNotJSON},

		{"a member twice", `{"a":1,"a":1}`, dsse.ErrDuplicate},
		{"a member twice, spelt otherwise", `{"a":1,"\u0061":2}`, dsse.ErrDuplicate},
		{"a member twice, within", `{"a":{"b":1,"b":2}}`, dsse.ErrDuplicate},

		{"too deep", nested(dsse.MaxDepth + 1), dsse.ErrDepth},
		{"much too deep, never closed", `{"a":` + strings.Repeat("[", 100_000), dsse.ErrDepth},

		{"minus zero", `{"a":-0}`, dsse.ErrNumber},
		{"a fraction", `{"a":1.5}`, dsse.ErrNumber},
		{"a fraction of zero", `{"a":1.0}`, dsse.ErrNumber},
		{"an exponent", `{"a":1e3}`, dsse.ErrNumber},
		{"an exponent, upper case", `{"a":1E3}`, dsse.ErrNumber},
		{"2^53", `{"a":9007199254740992}`, dsse.ErrNumber},
		{"-2^53", `{"a":-9007199254740992}`, dsse.ErrNumber},
		{"2^64", `{"a":18446744073709551616}`, dsse.ErrNumber},
		{"a leading zero", `{"a":01}`, dsse.ErrNumber},
		{"a minus alone", `{"a":-}`, dsse.ErrNumber},
		{"a plus", `{"a":1+1}`, dsse.ErrNumber},

		{"null", `{"a":null}`, dsse.ErrNull},
		{"a blank within", `{"a": 1}`, dsse.ErrNotCanonical},
		{"a line break after", "{}\n", dsse.ErrNotCanonical},
		{"unsorted", `{"b":1,"a":1}`, dsse.ErrNotCanonical},
		{"unsorted by UTF-16", "{\"\uFB33\":2,\"\U0001F602\":1}", dsse.ErrNotCanonical},
		{"an escape without need", `{"a":"\u0041"}`, dsse.ErrNotCanonical},
		{"an escaped slash", `{"a":"\/"}`, dsse.ErrNotCanonical},
		{"an escape in upper case", `{"a":"\u001F"}`, dsse.ErrNotCanonical},
		{"a long escape", `{"a":"\u000a"}`, dsse.ErrNotCanonical},
		{"a pair of surrogates escaped", `{"a":"\ud83d\ude02"}`, dsse.ErrNotCanonical},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := []byte(tt.in)
			if err := dsse.Canonical(in); !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			if string(in) != tt.in {
				t.Error("the input was changed")
			}
		})
	}
}

// drawJSON draws a value of the sort that payloads are made of.
func drawJSON(t *rapid.T, depth int) any {
	kinds := 4
	if depth == 0 {
		kinds = 2
	}
	switch rapid.IntRange(0, kinds).Draw(t, "kind") {
	case 0:
		return rapid.String().Draw(t, "string")
	case 1:
		return rapid.Int64Range(-(1<<53-1), 1<<53-1).Draw(t, "number")
	case 2:
		return rapid.Bool().Draw(t, "bool")
	case 3:
		list := []any{}
		for range rapid.IntRange(0, 4).Draw(t, "length") {
			list = append(list, drawJSON(t, depth-1))
		}
		return list
	}
	object := map[string]any{}
	for range rapid.IntRange(0, 4).Draw(t, "length") {
		object[rapid.String().Draw(t, "name")] = drawJSON(t, depth-1)
	}
	return object
}

func TestEncodedIsCanonical(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := map[string]any{"value": drawJSON(t, 4)}
		b, err := dsse.Encode(in)
		if err != nil {
			t.Fatal(err)
		}
		if err := dsse.Canonical(b); err != nil {
			t.Fatalf("%q: %v", b, err)
		}
		// No other spelling of it is: a blank anywhere between tokens, or the members in another order.
		indented := jsontext.Value(bytes.Clone(b))
		if err := indented.Indent(); err != nil {
			t.Fatal(err)
		}
		if err := dsse.Canonical(indented); err == nil {
			t.Fatalf("also canonical: %q", indented)
		}
	})
}

func FuzzCanonical(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"a":1,"b":[true,"x"],"c":{"d":-1}}`, `{"b":1,"a":1.0}`, "{\"\uFB33\":2,\"\U0001F602\":1}", `{"a":"\ud83d\ude02"}`, `[[[[`, `{"a":null}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if dsse.Canonical(b) != nil {
			return
		}
		// What is accepted is a fixed point of decoding and encoding.
		var v map[string]jsontext.Value
		if err := dsse.Decode(b, &v); err != nil {
			t.Fatal(err)
		}
		again, err := dsse.Encode(v)
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%q becomes %q, %v", b, again, err)
		}
	})
}
