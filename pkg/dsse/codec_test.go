package dsse_test

import (
	"bytes"
	"testing"
	"time"

	"tocsin/pkg/dsse"
)

type sample struct {
	Bytes []byte         `json:"bytes"`
	Hash  dsse.Hash      `json:"hash"`
	Nonce dsse.Nonce     `json:"nonce"`
	Sig   dsse.Signature `json:"sig"`
	Time  time.Time      `json:"time"`
}

func TestCodecRoundTrip(t *testing.T) {
	in := sample{
		Bytes: []byte{0xfb, 0xff}, Hash: dsse.Hash{31: 0xff}, Nonce: dsse.Nonce{1}, Sig: dsse.Signature{63: 1},
		Time: time.Date(2026, 11, 21, 12, 0, 0, 999_999_999, time.FixedZone("", 3600)),
	}
	b, err := dsse.Encode(in)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(b, []byte(`"2026-11-21T11:00:00.999Z"`)) || !bytes.Contains(b, []byte(`"-_8"`)) {
		t.Errorf("encoded %s", b)
	}
	var out sample
	if err := dsse.Decode(b, &out); err != nil {
		t.Fatal(err)
	}
	in.Time = in.Time.UTC().Truncate(time.Millisecond)
	if !bytes.Equal(out.Bytes, in.Bytes) || out.Hash != in.Hash || out.Nonce != in.Nonce || out.Sig != in.Sig || out.Time != in.Time {
		t.Errorf("came back as %+v, want %+v", out, in)
	}
}

func TestEncodeRefuses(t *testing.T) {
	for name, v := range map[string]any{
		"a float":              map[string]any{"a": 1.5},
		"a large number":       map[string]any{"a": uint64(1) << 53},
		"a nil pointer":        map[string]any{"a": (*int)(nil)},
		"a function":           map[string]any{"a": func() {}},
		"invalid UTF-8":        map[string]any{"a": "\xff"},
		"the year 10000":       map[string]any{"a": time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
		"a year before Christ": map[string]any{"a": time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		if b, err := dsse.Encode(v); err == nil {
			t.Errorf("%s: encoded as %s", name, b)
		}
	}
}

// TestOneSpelling holds times and bytes to a single spelling each.
func TestOneSpelling(t *testing.T) {
	tests := []struct{ name, in string }{
		{"time with an offset", `{"time":"2026-11-21T12:00:00.000+00:00"}`},
		{"time without milliseconds", `{"time":"2026-11-21T12:00:00Z"}`},
		{"time with microseconds", `{"time":"2026-11-21T12:00:00.000000Z"}`},
		{"time with a comma", `{"time":"2026-11-21T12:00:00,000Z"}`},
		{"time in lower case", `{"time":"2026-11-21t12:00:00.000z"}`},
		{"a leap second", `{"time":"2026-12-31T23:59:60.000Z"}`},
		{"a day that is not", `{"time":"2026-02-29T00:00:00.000Z"}`},
		{"time as a number", `{"time":1}`},
		{"bytes with padding", `{"bytes":"-_8="}`},
		{"bytes in the other alphabet", `{"bytes":"+/8"}`},
		{"bytes with bits to spare", `{"bytes":"-_9"}`},
		{"bytes with a line break", `{"bytes":"-_\n8"}`},
		{"bytes as a list", `{"bytes":[1]}`},
		{"a nonce with bits to spare", `{"nonce":"AAAAAAAAAAAAAAAAAAAAAB"}`},
		{"a nonce cut off", `{"nonce":"AAAAAAAAAAAAAAAAAAAAA"}`},
		{"a hash of one byte less and a line break", `{"hash":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"}`},
		{"a hash with padding", `{"hash":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}`},
		{"a hash too long", `{"hash":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`},
		{"a signature of nothing", `{"sig":""}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := dsse.Canonical([]byte(tt.in)); err != nil {
				t.Fatal(err)
			}
			var v sample
			if err := dsse.Decode([]byte(tt.in), &v); err == nil {
				t.Errorf("read as %+v", v)
			}
		})
	}
}

func TestDecodeWantsCanonical(t *testing.T) {
	var v sample
	if err := dsse.Decode([]byte(`{"bytes": ""}`), &v); err == nil {
		t.Error("decoded")
	}
}
