package record_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

var blankDigest = strings.Repeat("A", 43)

func digestText(r *record.Record) string {
	return base64.RawURLEncoding.EncodeToString(r.Header().Body.Digest[:])
}

func (a author) sealedHeader() record.Header {
	h := a.header()
	h.Body.KeyID = bytes.Repeat([]byte{0xab}, 32)
	h.Created = epoch.Add(1234567)
	return h
}

func TestSignSealed(t *testing.T) {
	a := newAuthor(t, 1, "Example CSIRT")
	var binding []byte
	r, err := record.SignSealed(a.node, a.sealedHeader(), 6, func(b []byte) ([]byte, error) {
		binding = bytes.Clone(b)
		return []byte("sealed"), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var v record.Verifier
	got, err := v.Open(r.Frame())
	if err != nil {
		t.Fatal(err)
	}
	if string(got.Body()) != "sealed" || got.ID() != r.ID() || !got.Header().Created.Equal(epoch.Add(time.Millisecond)) {
		t.Errorf("opened %q, created %v", got.Body(), got.Header().Created)
	}
	if !bytes.Equal(got.Binding(), binding) || !bytes.Equal(r.Binding(), binding) {
		t.Errorf("the reader has another binding than the writer:\n%s\n%s", got.Binding(), binding)
	}
	if want := strings.Replace(string(r.Payload()), digestText(r), blankDigest, 1); string(binding) != want {
		t.Errorf("binding %s, want %s", binding, want)
	}
	plain := a.sign(t, a.sealedHeader(), "sealed")
	if !bytes.Equal(plain.Payload(), r.Payload()) {
		t.Error("Sign makes another header of the same words")
	}
}

func TestSignSealedRefuses(t *testing.T) {
	a, b := newAuthor(t, 1, "Example CSIRT"), newAuthor(t, 2, "Other CSIRT")
	broken := errors.New("no key")
	for _, tt := range []struct {
		name   string
		length int64
		change func(*record.Header)
		fault  record.Fault
	}{
		{"no key", 6, func(h *record.Header) { h.Body.KeyID = nil }, record.FaultMember},
		{"half a key", 6, func(h *record.Header) { h.Body.KeyID = make([]byte, 16) }, record.FaultMember},
		{"no body", 0, func(*record.Header) {}, record.FaultMember},
		{"less than none", -1, func(*record.Header) {}, record.FaultMember},
		{"another length", 7, func(*record.Header) {}, record.FaultBodyLength},
		{"too long", record.MaxBody + 1, func(*record.Header) {}, record.FaultOversized},
		{"no delegation", 6, func(h *record.Header) { h.Delegation = nil }, record.FaultDelegation},
		{"another node", 6, func(h *record.Header) { h.Delegation = b.delegation }, record.FaultDelegation},
		{"no class", 6, func(h *record.Header) { h.Class = "" }, record.FaultMember},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := a.sealedHeader()
			tt.change(&h)
			r, err := record.SignSealed(a.node, h, tt.length, func([]byte) ([]byte, error) { return []byte("sealed"), nil })
			if r != nil || record.FaultOf(err) != tt.fault {
				t.Errorf("error %v, want the fault %q", err, tt.fault)
			}
		})
	}
	if _, err := record.SignSealed(a.node, a.sealedHeader(), 6, func([]byte) ([]byte, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("error %v, want that of sealing", err)
	}
}

// TestBindingFindsTheDigest puts in the way what looks like it, in members of later releases.
func TestBindingFindsTheDigest(t *testing.T) {
	a := newAuthor(t, 1, "Example CSIRT")
	r := a.sign(t, a.sealedHeader(), "sealed")
	digest := digestText(r)
	for _, tt := range []struct{ name, old, by string }{
		{"nothing", `"body"`, `"body"`},
		{"the same digest before", `"body"`, `"a":"` + digest + `","body"`},
		{"a body in a member before", `"body"`, `"a":{"body":{"digest":"` + digest + `"}},"body"`},
		{"a digest in the body before", `"body":{"digest"`, `"body":{"a":{"digest":"` + digest + `"},"digest"`},
		{"as text", `"body"`, `"a":"\"body\":{\"digest\":\"` + digest + `\"","body"`},
		{"after it", `"channel"`, `"body2":{"digest":"` + digest + `"},"channel"`},
		{"lists", `"body"`, `"a":["body",{"digest":[1,2,["` + digest + `"]]}],"body"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			payload := strings.Replace(string(r.Payload()), tt.old, tt.by, 1)
			var v record.Verifier
			got, err := v.Open(a.signedFrame(payload, "sealed"))
			if err != nil {
				t.Fatal(err)
			}
			at := strings.Index(payload, `"`+digest+`","key_id"`) + 1
			want := payload[:at] + blankDigest + payload[at+len(digest):]
			if b := string(got.Binding()); b != want {
				t.Errorf("binding %s, want %s", b, want)
			}
			if string(got.Payload()) != payload {
				t.Error("the payload was changed")
			}
		})
	}
}

// TestBindingProperties: two records have the same binding exactly if their headers differ in nothing
// but the digest.
func TestBindingProperties(t *testing.T) {
	a, b := newAuthor(t, 1, "Example CSIRT"), newAuthor(t, 2, "Other CSIRT")
	rapid.Check(t, func(t *rapid.T) {
		draw := func(which string) (record.Header, author, []byte) {
			by := rapid.SampledFrom([]author{a, b}).Draw(t, which+" author")
			h := by.sealedHeader()
			h.Kind = rapid.SampledFrom([]string{"alert", "request"}).Draw(t, which+" kind")
			h.Channel = record.InCommunity(identity.CommunityID{rapid.SampledFrom([]byte{1, 2}).Draw(t, which+" channel")})
			h.Run = record.Run{rapid.SampledFrom([]byte{1, 2}).Draw(t, which+" run")}
			return h, by, rapid.SliceOfN(rapid.SampledFrom([]byte("xy")), 1, 2).Draw(t, which+" body")
		}
		h1, by1, body1 := draw("one")
		h2, by2, body2 := draw("two")
		r1, err1 := record.Sign(by1.node, h1, body1)
		r2, err2 := record.Sign(by2.node, h2, body2)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		same := by1.node == by2.node && h1.Kind == h2.Kind && h1.Channel == h2.Channel && h1.Run == h2.Run && len(body1) == len(body2)
		if bytes.Equal(r1.Binding(), r2.Binding()) != same {
			t.Errorf("bindings equal: %v, want %v\n%s\n%s", !same, same, r1.Binding(), r2.Binding())
		}
	})
}

func FuzzBinding(f *testing.F) {
	a := newAuthor(f, 1, "Example CSIRT")
	r := a.sign(f, a.sealedHeader(), "sealed")
	f.Add(r.Payload())
	f.Add([]byte(strings.Replace(string(r.Payload()), `"body"`, `"a":{"body":{"digest":"`+digestText(r)+`"}},"body"`, 1)))
	f.Fuzz(func(t *testing.T, payload []byte) {
		if len(payload) > record.MaxHeader {
			return
		}
		var v record.Verifier
		r, err := v.Open(a.signedFrame(string(payload), ""))
		if err != nil {
			return
		}
		b := r.Binding()
		if len(b) != len(payload) || !bytes.Contains(b, []byte(`"digest":"`+blankDigest+`"`)) || dsse.Canonical(b) != nil {
			t.Errorf("binding %s of %s", b, payload)
		}
		changed := 0
		for i := range b {
			if b[i] != payload[i] {
				changed++
			}
		}
		if changed > len(blankDigest) {
			t.Errorf("%d characters changed", changed)
		}
	})
}
