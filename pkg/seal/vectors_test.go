package seal_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/cryptotest"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/seal"
)

var update = flag.Bool("update", false, "write docs/spec/vectors anew")

// The vectors, as docs/spec/vectors/README.md describes them.
type (
	bodyVector struct {
		Name      string `json:"name"`
		Key       string `json:"key"`
		Channel   string `json:"channel"`
		KeyID     string `json:"key_id"`
		RecordKey string `json:"record_key"`
		Binding   string `json:"binding"`
		Plain     string `json:"plain"`
		Body      string `json:"body"`
		Frame     string `json:"frame"`
	}
	addressedVector struct {
		Name   string   `json:"name"`
		Nodes  []string `json:"nodes"` // names in keys.json
		Key    string   `json:"key"`
		Plain  string   `json:"plain"`
		Frame  string   `json:"frame"`
		Others []string `json:"others"`
	}
	wrapVector struct {
		Name string `json:"name"`
		Node string `json:"node"`
		Key  string `json:"key"`
		Says string `json:"says"`
	}
	refusedVector struct {
		Name    string `json:"name"`
		Reason  string `json:"reason"`
		Node    string `json:"node,omitzero"` // opens as this one
		Key     string `json:"key,omitzero"`  // opens with this one
		Channel string `json:"channel,omitzero"`
		KeyID   string `json:"key_id,omitzero"`
		Binding string `json:"binding,omitzero"`
		Body    string `json:"body,omitzero"`
		Says    string `json:"says,omitzero"` // of a wrap
	}
	choiceVector struct {
		Name   string         `json:"name"`
		View   string         `json:"view"`
		Held   []mintedVector `json:"held"`
		Chosen string         `json:"chosen"`
	}
	mintedVector struct {
		KeyID  string `json:"key_id"`
		View   string `json:"view"`
		Minter string `json:"minter"`
	}
)

const vectorFolder = "../../docs/spec/vectors"

func marshal(t *testing.T, vectors any) []byte {
	t.Helper()
	b, err := json.Marshal(vectors, jsontext.Multiline(true), json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

func writeVectors(t *testing.T, file string, vectors any) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(vectorFolder, file), marshal(t, vectors), 0o600); err != nil {
		t.Fatal(err)
	}
}

func readVectors[T any](t *testing.T, file string) []T {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(vectorFolder, file))
	if err != nil {
		t.Fatal(err)
	}
	var vectors []T
	if err := json.Unmarshal(b, &vectors); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(marshal(t, vectors), b) {
		t.Errorf("%s has members that this test does not know", file)
	}
	return vectors
}

func std(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func unstd(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func hash(t *testing.T, s string) [32]byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 32 {
		t.Fatalf("%q is not 32 bytes in hex", s)
	}
	return [32]byte(b)
}

func hexOf[T ~[32]byte](v T) string { b := [32]byte(v); return hex.EncodeToString(b[:]) }

// nodes are those of keys.json, by name.
func nodes(t *testing.T) map[string]*identity.NodeKey {
	t.Helper()
	type keyVector struct {
		Name       string         `json:"name"`
		NodeSecret string         `json:"node_secret"`
		Rest       jsontext.Value `json:",unknown"`
	}
	byName := map[string]*identity.NodeKey{}
	b, err := os.ReadFile(filepath.Join(vectorFolder, "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	var vectors []keyVector
	if err := json.Unmarshal(b, &vectors); err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors {
		secret, err := hex.DecodeString(v.NodeSecret)
		if err != nil {
			t.Fatal(err)
		}
		if byName[v.Name], err = identity.NodeKeyFromSecret(secret); err != nil {
			t.Fatal(err)
		}
	}
	return byName
}

// TestBodyVectors makes form 1 again byte for byte: its only randomness is the salt.
func TestBodyVectors(t *testing.T) {
	a := newAuthor(t, 1, "Example CSIRT")
	var vectors []bodyVector
	for i, plain := range []string{`{"title":"Example"}`, "", strings.Repeat("long ", 100)} {
		k := newKey(t, uint64(i+3))
		h := a.header(community)
		h.Run = record.Run{byte(i + 1)}
		r := a.signEpoch(t, k, h, plain)
		rk, err := seal.Disclose(k, contextOf(t, r), r.Body())
		if err != nil {
			t.Fatal(err)
		}
		vectors = append(vectors, bodyVector{
			Name: []string{"a short body", "an empty body", "a longer body"}[i], Key: hexOf(k), Channel: hexOf(community.Tag()),
			KeyID: hexOf(contextOf(t, r).Key), RecordKey: hexOf(rk), Binding: string(r.Binding()), Plain: std([]byte(plain)),
			Body: std(r.Body()), Frame: std(r.Frame()),
		})
	}
	if *update {
		writeVectors(t, "seal-bodies.json", vectors)
	}
	stored := readVectors[bodyVector](t, "seal-bodies.json")
	if !slices.Equal(stored, vectors) {
		t.Error("seal-bodies.json is not what is made now; the format must not change, but if it is meant to: go test ./pkg/seal -update")
	}
	for _, want := range stored {
		var v record.Verifier
		r, err := v.Open(unstd(t, want.Frame))
		if err != nil {
			t.Fatal(err)
		}
		c := contextOf(t, r)
		plain, err := seal.Open(hash(t, want.Key), c, r.Body())
		if err != nil || std(plain) != want.Plain || string(c.Binding) != want.Binding || hexOf(c.Key) != want.KeyID {
			t.Errorf("%s: opened as %q, %v", want.Name, plain, err)
		}
		if plain, err = seal.RecordKey(hash(t, want.RecordKey)).Open(c.Binding, r.Body()); err != nil || std(plain) != want.Plain {
			t.Errorf("%s: disclosed as %q, %v", want.Name, plain, err)
		}
	}
}

// TestAddressedVectors opens form 2. It cannot be made again byte for byte: crypto/hpke takes no reader.
func TestAddressedVectors(t *testing.T) {
	if *update {
		cryptotest.SetGlobalRandom(t, 1)
		a, b := newAuthor(t, 1, "Example CSIRT"), newAuthor(t, 2, "Other CSIRT")
		private, err := record.Between(a.root.Team(), b.root.Team())
		if err != nil {
			t.Fatal(err)
		}
		h := a.header(private)
		h.Kind = notice.KindRequest
		r := a.signAddressed(t, h, `{"title":"For two"}`, a, b)
		writeVectors(t, "seal-addressed.json", []addressedVector{{
			Name: "two recipients, the author one of them", Nodes: []string{"Example CSIRT", "Other CSIRT"}, Key: hexOf(newKey(t, 77)),
			Plain: std([]byte(`{"title":"For two"}`)), Frame: std(r.Frame()), Others: []string{"Ünïcode 日本 CERT"},
		}})
	}
	known := nodes(t)
	for _, want := range readVectors[addressedVector](t, "seal-addressed.json") {
		var v record.Verifier
		r, err := v.Open(unstd(t, want.Frame))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range want.Nodes {
			plain, k, err := seal.OpenTo(known[name], contextOf(t, r), r.Body())
			if err != nil || std(plain) != want.Plain || hexOf(k) != want.Key {
				t.Errorf("%s: %s opened it as %q, %v", want.Name, name, plain, err)
			}
		}
		for _, name := range want.Others {
			if _, _, err := seal.OpenTo(known[name], contextOf(t, r), r.Body()); !errors.Is(err, seal.ErrRecipient) {
				t.Errorf("%s: %s: %v", want.Name, name, err)
			}
		}
	}
}

func encode(t *testing.T, w *notice.Wrap) string {
	t.Helper()
	b, err := notice.Encode(w)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestWrapVectors(t *testing.T) {
	known := nodes(t)
	if *update {
		cryptotest.SetGlobalRandom(t, 2)
		var vectors []wrapVector
		for i, name := range slices.Sorted(maps.Keys(known)) {
			k := newKey(t, uint64(i))
			w, err := seal.Wrap(k, wrapFor(k, known[name].Node()), sealingKey(known[name]))
			if err != nil {
				t.Fatal(err)
			}
			vectors = append(vectors, wrapVector{Name: "for " + name, Node: name, Key: hexOf(k), Says: encode(t, w)})
		}
		writeVectors(t, "seal-wraps.json", vectors)
	}
	for _, want := range readVectors[wrapVector](t, "seal-wraps.json") {
		w, err := notice.DecodeWrap([]byte(want.Says))
		if err != nil {
			t.Fatal(err)
		}
		if k, err := seal.Unwrap(known[want.Node], w); err != nil || hexOf(k) != want.Key || encode(t, w) != want.Says {
			t.Errorf("%s: %v", want.Name, err)
		}
	}
}

// reason is the word by which the page names an error.
func reason(err error) string {
	for word, target := range map[string]error{
		"form": seal.ErrForm, "commitment": seal.ErrCommitment, "binding": seal.ErrBinding, "mismatch": seal.ErrMismatch,
		"recipient": seal.ErrRecipient, "wrap": seal.ErrWrap,
	} {
		if errors.Is(err, target) {
			return word
		}
	}
	return ""
}

func TestRefusedVectors(t *testing.T) {
	known := nodes(t)
	if *update {
		cryptotest.SetGlobalRandom(t, 3)
		writeVectors(t, "seal-refused.json", makeRefused(t))
	}
	for _, want := range readVectors[refusedVector](t, "seal-refused.json") {
		var err error
		c := seal.Context{Binding: []byte(want.Binding)}
		if want.Says == "" {
			c.Channel, c.Key = hash(t, want.Channel), hash(t, want.KeyID)
		}
		switch {
		case want.Says != "":
			w, decodeErr := notice.DecodeWrap([]byte(want.Says))
			if decodeErr != nil {
				t.Fatal(decodeErr)
			}
			_, err = seal.Unwrap(known[want.Node], w)
		case want.Node != "":
			_, _, err = seal.OpenTo(known[want.Node], c, unstd(t, want.Body))
		default:
			_, err = seal.Open(hash(t, want.Key), c, unstd(t, want.Body))
		}
		if reason(err) != want.Reason || err == nil {
			t.Errorf("%s: %v, want the reason %q", want.Name, err, want.Reason)
		}
	}
}

func makeRefused(t *testing.T) []refusedVector {
	t.Helper()
	var vectors []refusedVector
	a, b, c, k := addressed(t)
	good, err := seal.Seal(stream(1), k, c, []byte("plain"))
	if err != nil {
		t.Fatal(err)
	}
	add := func(name, reason string, change func(*refusedVector)) {
		v := refusedVector{
			Name: name, Reason: reason, Key: hexOf(k), Channel: hexOf(c.Channel), KeyID: hexOf(c.Key), Binding: string(c.Binding), Body: std(good),
		}
		change(&v)
		vectors = append(vectors, v)
	}
	flip := func(body []byte, at int) string {
		body = bytes.Clone(body)
		body[at] ^= 1
		return std(body)
	}
	add("form 1: another form", "form", func(v *refusedVector) { v.Body = std(append([]byte{3}, good[1:]...)) })
	add("form 1: too short", "form", func(v *refusedVector) { v.Body = std(good[:seal.Overhead-1]) })
	add("form 1: in clear", "form", func(v *refusedVector) { v.Body = std([]byte(`{"title":"Example"}`)) })
	add("form 1: another key than the header names", "mismatch", func(v *refusedVector) { v.Key = hexOf(newKey(t, 4)) })
	add("form 1: the same key in another channel", "mismatch", func(v *refusedVector) { v.Channel = hexOf([32]byte{1}) })
	add("form 1: sealed with another key", "commitment", func(v *refusedVector) {
		other := newKey(t, 4)
		body, err := seal.Seal(stream(1), other, seal.Context{Channel: c.Channel, Key: other.ID(c.Channel), Binding: c.Binding}, []byte("plain"))
		if err != nil {
			t.Fatal(err)
		}
		v.Body = std(body)
	})
	add("form 1: another salt", "commitment", func(v *refusedVector) { v.Body = flip(good, 1) })
	add("form 1: another commitment", "commitment", func(v *refusedVector) { v.Body = flip(good, 33) })
	add("form 1: another text", "binding", func(v *refusedVector) { v.Body = flip(good, 65) })
	add("form 1: another header", "binding", func(v *refusedVector) { v.Binding = "another header" })

	to, err := seal.SealTo(stream(1), seal.Fresh{Key: k, To: []seal.Recipient{a.recipient()}}, c, []byte("plain"))
	if err != nil {
		t.Fatal(err)
	}
	entry := func(node *identity.NodeKey, key []byte) string {
		id := node.Node()
		encap, sealed := hpkeSeal(t, a.node, "tocsin addressed v1\x00", slices.Concat(c.Channel[:], c.Key[:], id[:]), key)
		return std(slices.Concat([]byte{2, 1}, id[:], encap, sealed, to[2+entrySize:]))
	}
	for _, v := range []struct {
		name, reason, node, body string
	}{
		{"form 2: another node", "recipient", "Other CSIRT", std(to)},
		{"form 2: a wrong key for this node", "mismatch", "Example CSIRT", entry(a.node, make([]byte, 32))},
		{"form 2: sealed to another node under this one's name", "wrap", "Other CSIRT", entry(b.node, bytes.Clone(k[:]))},
		{"form 2: no recipients", "form", "Example CSIRT", std(append([]byte{2, 0}, to[2:]...))},
		{"form 2: a recipient twice", "form", "Example CSIRT", std(slices.Concat([]byte{2, 2}, to[2:2+entrySize], to[2:]))},
		{"form 2: cut off", "form", "Example CSIRT", std(to[:2+entrySize+seal.Overhead-1])},
	} {
		add(v.name, v.reason, func(r *refusedVector) { r.Key, r.Node, r.Body = "", v.node, v.body })
	}
	return append(vectors, makeRefusedWraps(t, a, k)...)
}

func makeRefusedWraps(t *testing.T, a author, k seal.Key) []refusedVector {
	t.Helper()
	var vectors []refusedVector
	add := func(name, reason, node string, change func(*notice.Wrap)) {
		w, err := seal.Wrap(k, wrapFor(k, a.node.Node()), sealingKey(a.node))
		if err != nil {
			t.Fatal(err)
		}
		change(w)
		vectors = append(vectors, refusedVector{Name: "wrap: " + name, Reason: reason, Node: node, Says: encode(t, w)})
	}
	add("another node's", "recipient", "Other CSIRT", func(*notice.Wrap) {})
	add("another view", "wrap", "Example CSIRT", func(w *notice.Wrap) { w.View = dsse.Hash{7} })
	add("another minter", "wrap", "Example CSIRT", func(w *notice.Wrap) { w.Minter[0] ^= 1 })
	add("a wrong key", "mismatch", "Example CSIRT", func(w *notice.Wrap) {
		w.Encap, w.Sealed = hpkeSeal(t, a.node, "tocsin wrap v1\x00", wrapBytes(*w), make([]byte, 32))
	})
	return vectors
}

func TestChoiceVectors(t *testing.T) {
	view, other := [32]byte{1}, [32]byte{2}
	minted := func(id, minter byte, v [32]byte) seal.Minted {
		return seal.Minted{ID: seal.KeyID{id}, View: v, Minter: identity.TeamID{minter}}
	}
	var vectors []choiceVector
	for _, v := range []struct {
		name string
		held []seal.Minted
	}{
		{"two minters", []seal.Minted{minted(1, 1, view), minted(2, 2, view)}},
		{"one minter, two keys", []seal.Minted{minted(9, 1, view), minted(3, 1, view)}},
		{"one of another view", []seal.Minted{minted(1, 1, other), minted(2, 2, view)}},
		{"none of this view", []seal.Minted{minted(1, 1, other)}},
	} {
		w := choiceVector{Name: v.name, View: hexOf(view)}
		for _, m := range v.held {
			w.Held = append(w.Held, mintedVector{KeyID: hexOf(m.ID), View: hexOf(m.View), Minter: hexOf(m.Minter)})
		}
		if m, ok := seal.Choose(view, v.held); ok {
			w.Chosen = hexOf(m.ID)
		}
		vectors = append(vectors, w)
	}
	if *update {
		writeVectors(t, "seal-choice.json", vectors)
	}
	if stored := readVectors[choiceVector](t, "seal-choice.json"); !bytes.Equal(marshal(t, stored), marshal(t, vectors)) {
		t.Error("seal-choice.json is not what is chosen now")
	}
}
