package seal_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/go-json-experiment/json"
	"pgregory.net/rapid"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/record"
	"tocsin/pkg/seal"
)

func TestSealedRecordOpens(t *testing.T) {
	a := newAuthor(t, 1, "Example CSIRT")
	k := newKey(t, 3)
	for _, plain := range []string{"", "x", strings.Repeat("body ", 400), strings.Repeat("x", record.MaxInlineBody)} {
		r := a.signEpoch(t, k, a.header(community), plain)
		if len(r.Body()) != len(plain)+seal.Overhead || r.Header().Body.MediaType != "application/vnd.tocsin.notice+json" {
			t.Errorf("%d bytes of %s for %d", len(r.Body()), r.Header().Body.MediaType, len(plain))
		}
		var v record.Verifier
		got, err := v.Open(r.Frame())
		if err != nil {
			t.Fatal(err)
		}
		if !got.HasBody() {
			if got, err = got.WithBody(r.Body()); err != nil {
				t.Fatal(err)
			}
		}
		if form, err := seal.FormOf(got.Body()); form != seal.Epoch || err != nil {
			t.Errorf("form %d, %v", form, err)
		}
		opened, err := seal.Open(k, contextOf(t, got), got.Body())
		if err != nil || string(opened) != plain || opened == nil {
			t.Errorf("opened %d bytes of %d, %v", len(opened), len(plain), err)
		}
	}
}

func TestAddressedRecordOpens(t *testing.T) {
	a, b, c := newAuthor(t, 1, "Example CSIRT"), newAuthor(t, 2, "Other CSIRT"), newAuthor(t, 3, "Third CSIRT")
	private, err := record.Between(a.root.Team(), b.root.Team())
	if err != nil {
		t.Fatal(err)
	}
	r := a.signAddressed(t, a.header(private), "for two", a, b)
	ctx := contextOf(t, r)
	if form, err := seal.FormOf(r.Body()); form != seal.Addressed || err != nil {
		t.Errorf("form %d, %v", form, err)
	}
	for _, reader := range []author{a, b} {
		plain, k, err := seal.OpenTo(reader.node, ctx, r.Body())
		if err != nil || string(plain) != "for two" || k.ID(private.Tag()) != ctx.Key {
			t.Errorf("%q, %v", plain, err)
		}
	}
	if _, _, err := seal.OpenTo(c.node, ctx, r.Body()); !errors.Is(err, seal.ErrRecipient) {
		t.Errorf("a third team: %v", err)
	}
}

// TestLiftedBodies puts a sealed body under other headers, each signed and by itself in order.
func TestLiftedBodies(t *testing.T) {
	a, b := newAuthor(t, 1, "Example CSIRT"), newAuthor(t, 2, "Other CSIRT")
	private, err := record.Between(a.root.Team(), b.root.Team())
	if err != nil {
		t.Fatal(err)
	}
	k := newKey(t, 3)
	id := k.ID(community.Tag())
	lift := func(by author, h record.Header, body []byte) *record.Record {
		t.Helper()
		r, err := record.Sign(by.node, h, body)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	original := a.signEpoch(t, k, a.header(community), "for the community")
	for _, tt := range []struct {
		name   string
		by     author
		change func(*record.Header)
		body   func([]byte) []byte
		want   error
	}{
		{"the same", a, func(*record.Header) {}, bytes.Clone, nil},
		{"another author", b, func(h *record.Header) { h.Delegation = b.delegation }, bytes.Clone, seal.ErrBinding},
		{"another run", a, func(h *record.Header) { h.Run = record.Run{3} }, bytes.Clone, seal.ErrBinding},
		{"later in the lane", a, func(h *record.Header) { h.Seq, h.Prev = 2, original.ID() }, bytes.Clone, seal.ErrBinding},
		{"another time", a, func(h *record.Header) { h.Created = h.Created.Add(1e6) }, bytes.Clone, seal.ErrBinding},
		{"an expiry", a, func(h *record.Header) { h.Expires = h.Created.Add(1e9) }, bytes.Clone, seal.ErrBinding},
		{"another kind", a, func(h *record.Header) { h.Kind = "request" }, bytes.Clone, seal.ErrBinding},
		{"another class", a, func(h *record.Header) { h.Class = record.Urgent }, bytes.Clone, seal.ErrBinding},
		{"another media type", a, func(h *record.Header) { h.Body.MediaType = "text/plain" }, bytes.Clone, seal.ErrBinding},
		{"another community", a, func(h *record.Header) { h.Channel = record.InCommunity(identity.CommunityID{2}) }, bytes.Clone, seal.ErrMismatch},
		{"a private channel", a, func(h *record.Header) { h.Channel = private }, bytes.Clone, seal.ErrMismatch},
		{"another key", a, func(h *record.Header) { h.Body.KeyID = make([]byte, 32) }, bytes.Clone, seal.ErrMismatch},
		{"one byte longer", a, func(*record.Header) {}, func(b []byte) []byte { return append(b, 0) }, seal.ErrBinding},
		{"cut off", a, func(*record.Header) {}, func(b []byte) []byte { return b[:len(b)-1] }, seal.ErrBinding},
		{"cut to nothing", a, func(*record.Header) {}, func(b []byte) []byte { return b[:seal.Overhead-1] }, seal.ErrForm},
		{"another form", a, func(*record.Header) {}, func(b []byte) []byte { b[0] = 3; return b }, seal.ErrForm},
		{"as if addressed", a, func(*record.Header) {}, func(b []byte) []byte { b[0] = 2; return b }, seal.ErrForm},
		{"another salt", a, func(*record.Header) {}, func(b []byte) []byte { b[1] ^= 1; return b }, seal.ErrCommitment},
		{"another commitment", a, func(*record.Header) {}, func(b []byte) []byte { b[33] ^= 1; return b }, seal.ErrCommitment},
		{"another text", a, func(*record.Header) {}, func(b []byte) []byte { b[65] ^= 1; return b }, seal.ErrBinding},
		{"another tag", a, func(*record.Header) {}, func(b []byte) []byte { b[len(b)-1] ^= 1; return b }, seal.ErrBinding},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := tt.by.header(community)
			h.Body.KeyID = id[:]
			tt.change(&h)
			r := lift(tt.by, h, tt.body(bytes.Clone(original.Body())))
			if plain, err := seal.Open(k, contextOf(t, r), r.Body()); !errors.Is(err, tt.want) || (err == nil) != (plain != nil) {
				t.Errorf("%q, error %v, want %v", plain, err, tt.want)
			}
		})
	}
}

// TestUnknownMembersAreBound: a member of a later release is in the binding like any other, wherever it
// stands.
func TestUnknownMembersAreBound(t *testing.T) {
	a := newAuthor(t, 1, "Example CSIRT")
	k := newKey(t, 3)
	original := a.signEpoch(t, k, a.header(community), "plain")
	for _, tt := range []struct{ name, old, by string }{
		{"in the header", `"body":`, `"a":1,"body":`},
		{"in the body", `"body":{`, `"body":{"a":1,`},
		{"in the lane", `"lane":{`, `"lane":{"a":{"digest":"x"},`},
		{"last of all", `,"v":1}`, `,"v":1,"z":["a"]}`},
	} {
		at := strings.LastIndex(string(original.Payload()), tt.old) // the delegation within has a "v" too
		payload := string(original.Payload()[:at]) + tt.by + string(original.Payload()[at+len(tt.old):])
		var v record.Verifier
		sig := a.node.Sign(record.PayloadType, []byte(payload))
		lifted, err := v.Assemble([]byte(payload), []dsse.Signature{sig}, original.Body())
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		c := contextOf(t, lifted)
		if _, err := seal.Open(k, c, lifted.Body()); !errors.Is(err, seal.ErrBinding) {
			t.Errorf("%s: added afterwards, and it opens: %v", tt.name, err)
		}
		// What a later release seals under such a header opens here.
		body, err := seal.Seal(stream(5), k, c, []byte("plain"))
		if err != nil || len(body) != len(original.Body()) {
			t.Fatal(err)
		}
		if plain, err := seal.Open(k, c, body); err != nil || string(plain) != "plain" {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// TestOneRecordDisclosed: the key of one record opens that one, and no other under the same key.
func TestOneRecordDisclosed(t *testing.T) {
	a, b := newAuthor(t, 1, "Example CSIRT"), newAuthor(t, 2, "Other CSIRT")
	k := newKey(t, 3)
	one := a.signEpoch(t, k, a.header(community), "one")
	h := a.header(community)
	h.Kind = "request"
	other := a.signEpoch(t, k, h, "other")
	rk, err := seal.Disclose(k, contextOf(t, one), one.Body())
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := rk.Open(one.Binding(), one.Body()); err != nil || string(plain) != "one" {
		t.Errorf("%q, %v", plain, err)
	}
	if _, err := rk.Open(other.Binding(), other.Body()); !errors.Is(err, seal.ErrCommitment) {
		t.Errorf("it opens another record: %v", err)
	}
	if _, err := seal.Disclose(newKey(t, 4), contextOf(t, other), other.Body()); !errors.Is(err, seal.ErrMismatch) {
		t.Errorf("disclosed with another key: %v", err)
	}
	if _, err := seal.Disclose(k, contextOf(t, one), one.Body()[:seal.Overhead]); !errors.Is(err, seal.ErrBinding) {
		t.Errorf("disclosed what does not open: %v", err)
	}

	private, err := record.Between(a.root.Team(), b.root.Team())
	if err != nil {
		t.Fatal(err)
	}
	addressed := a.signAddressed(t, a.header(private), "addressed", b)
	_, ak, err := seal.OpenTo(b.node, contextOf(t, addressed), addressed.Body())
	if err != nil {
		t.Fatal(err)
	}
	if rk, err = seal.Disclose(ak, contextOf(t, addressed), addressed.Body()); err != nil {
		t.Fatal(err)
	}
	if plain, err := rk.Open(addressed.Binding(), addressed.Body()); err != nil || string(plain) != "addressed" {
		t.Errorf("%q, %v", plain, err)
	}
	if plain, err := seal.Open(ak, contextOf(t, addressed), addressed.Body()); err != nil || string(plain) != "addressed" {
		t.Errorf("with the key handed on: %q, %v", plain, err)
	}
}

func TestSealRefuses(t *testing.T) {
	k := newKey(t, 3)
	c := seal.Context{Channel: community.Tag(), Key: k.ID(community.Tag())}
	if _, err := seal.Seal(stream(1), newKey(t, 4), c, nil); !errors.Is(err, seal.ErrMismatch) {
		t.Errorf("another key: %v", err)
	}
	broken := iotest.ErrReader(errors.New("no more"))
	if _, err := seal.Seal(broken, k, c, nil); err == nil {
		t.Error("sealed without randomness")
	}
	if _, err := seal.NewKey(broken); err == nil {
		t.Error("a key without randomness")
	}
	a := newAuthor(t, 1, "Example CSIRT")
	r, err := record.Sign(a.node, a.header(community), []byte("in clear"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := seal.Of(r); !errors.Is(err, seal.ErrForm) {
		t.Errorf("the context of a body in clear: %v", err)
	}
	for _, body := range [][]byte{nil, {0}, {3}, []byte(`{"title":"x"}`)} {
		if form, err := seal.FormOf(body); !errors.Is(err, seal.ErrForm) {
			t.Errorf("%q has form %d", body, form)
		}
	}
}

// TestRepeatedRandomness: two copies of a machine that draw the same random bytes still give every record
// a key of its own.
func TestRepeatedRandomness(t *testing.T) {
	k := newKey(t, 3)
	c := seal.Context{Channel: community.Tag(), Key: k.ID(community.Tag()), Binding: []byte("header")}
	other := c
	other.Binding = []byte("heade")
	salts := map[string]bool{}
	for _, s := range []struct {
		c     seal.Context
		plain string
	}{{c, "plain"}, {c, "other"}, {other, "plain"}, {other, "rplain"}} {
		body, err := seal.Seal(stream(1), k, s.c, []byte(s.plain))
		if err != nil {
			t.Fatal(err)
		}
		salts[string(body[1:33])] = true
	}
	if len(salts) != 4 {
		t.Errorf("%d salts for 4 records", len(salts))
	}
}

// TestNoSecretPrinted holds keys back from every verb and from JSON.
func TestNoSecretPrinted(t *testing.T) {
	k := newKey(t, 3)
	for _, v := range []any{k, &k, seal.RecordKey(k), seal.Fresh{Key: k}, []seal.Key{k}, map[string]seal.Key{"a": k}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%X", "%d", "%s", "%q", "%o", "%b"} {
			if s := fmt.Sprintf(verb, v); !strings.Contains(s, "secret key") {
				t.Errorf("%s of %T prints %s", verb, v, s)
			}
		}
		if b, err := json.Marshal(v); err == nil {
			t.Errorf("%T has the JSON %s", v, b)
		}
	}
	if id := k.ID([32]byte{1}); len(id.String()) != 43 {
		t.Errorf("ID %s", id)
	}
}

// TestSealProperties: whatever is sealed comes back under its own key and context, and under no other.
func TestSealProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bytesOf := func(name string, n int) []byte { return rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, name) }
		k := seal.Key(bytesOf("key", 32))
		c := seal.Context{Channel: [32]byte(bytesOf("channel", 32)), Binding: rapid.SliceOf(rapid.Byte()).Draw(t, "binding")}
		c.Key = k.ID(c.Channel)
		plain := rapid.SliceOfN(rapid.Byte(), 0, 2000).Draw(t, "plain")
		body, err := seal.Seal(bytes.NewReader(bytesOf("salt", 32)), k, c, plain)
		if err != nil || len(body) != len(plain)+seal.Overhead {
			t.Fatalf("%d bytes, %v", len(body), err)
		}
		got, err := seal.Open(k, c, body)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("opened %x, %v", got, err)
		}
		changed := bytes.Clone(body)
		changed[rapid.IntRange(0, len(body)-1).Draw(t, "at")] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
		if _, err := seal.Open(k, c, changed); err == nil {
			t.Fatal("a changed body opened")
		}
		other := c
		other.Binding = append(bytes.Clone(c.Binding), 0)
		if _, err := seal.Open(k, other, body); !errors.Is(err, seal.ErrBinding) {
			t.Fatalf("under another header: %v", err)
		}
	})
}
