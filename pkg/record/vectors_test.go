package record_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

var update = flag.Bool("update", false, "write docs/spec/vectors anew")

// The vectors, as docs/spec/vectors/README.md describes them.
type (
	keyVector struct {
		Name       string         `json:"name"`
		RootSeed   string         `json:"root_seed"`
		NodeSecret string         `json:"node_secret"`
		Team       string         `json:"team"`
		Node       string         `json:"node"`
		Delegation string         `json:"delegation"`
		Signature  dsse.Signature `json:"signature"`
		ID         string         `json:"id"`
	}
	recordVector struct {
		Name      string         `json:"name"`
		Author    string         `json:"author"`
		Payload   string         `json:"payload"`
		Signature dsse.Signature `json:"signature"`
		Body      string         `json:"body"`
		ID        string         `json:"id"`
		Frame     string         `json:"frame"`
	}
	statementVector struct {
		Name       string           `json:"name"`
		Payload    string           `json:"payload"`
		Signatures []dsse.Signature `json:"signatures"`
		ID         string           `json:"id"`
		Frame      string           `json:"frame"`
	}
	refusedVector struct {
		Name  string       `json:"name"`
		Fault record.Fault `json:"fault"`
		Frame string       `json:"frame"`
	}
	digestVector struct {
		Name   string `json:"name"`
		Byte   string `json:"byte"`
		Length int    `json:"length"`
		Digest string `json:"digest"`
	}
	textVector struct {
		Kind string `json:"kind"`
		ID   string `json:"id"`
		Text string `json:"text"`
	}
)

// checkVectors compares a file of vectors with what is made now, byte for byte.
func checkVectors(t *testing.T, file string, vectors any) {
	t.Helper()
	got, err := json.Marshal(vectors, jsontext.Multiline(true), json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	path := filepath.Join("../../docs/spec/vectors", file)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what is made now; the format must not change, but if it is meant to: go test ./pkg/record -update", path)
	}
}

func readVectors[T any](t *testing.T, file string) []T {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../../docs/spec/vectors", file))
	if err != nil {
		t.Fatal(err)
	}
	var vectors []T
	if err := json.Unmarshal(b, &vectors); err != nil {
		t.Fatal(err)
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

func TestKeyVectors(t *testing.T) {
	var vectors []keyVector
	for seed, name := range []string{"Example CSIRT", "Other CSIRT", "Ünïcode 日本 CERT"} {
		a := newAuthor(t, uint64(seed+1), name)
		secret, err := a.node.Secret()
		if err != nil {
			t.Fatal(err)
		}
		vectors = append(vectors, keyVector{
			Name: name, RootSeed: hex.EncodeToString(a.root.Seed()), NodeSecret: hex.EncodeToString(secret),
			Team: a.root.Team().String(), Node: a.node.Node().String(), Delegation: string(a.delegation.Payload()),
			Signature: a.delegation.Signature(), ID: record.StatementID(a.delegation.ID()).String(),
		})
	}
	checkVectors(t, "keys.json", vectors)
}

func TestRecordVectors(t *testing.T) {
	a, b := newAuthor(t, 1, "Example CSIRT"), newAuthor(t, 2, "Other CSIRT")
	var vectors []recordVector
	var previous record.ID
	add := func(name, body string, change func(*record.Header)) {
		h := a.header()
		change(&h)
		r := a.sign(t, h, body)
		previous = r.ID()
		vectors = append(vectors, recordVector{
			Name: name, Author: "Example CSIRT", Payload: string(r.Payload()), Signature: r.Signature(),
			Body: std([]byte(body)), ID: r.ID().String(), Frame: std(r.Frame()),
		})
	}
	add("first of its lane", `{"title":"Example"}`, func(*record.Header) {})
	add("second of its lane, expires", `{"title":"Example, updated"}`, func(h *record.Header) {
		h.Seq, h.Prev, h.Class, h.Expires = 2, previous, record.Urgent, epoch.AddDate(0, 0, 7)
	})
	add("private, sealed", "sealed bytes", func(h *record.Header) {
		h.Channel, _ = record.Between(b.root.Team(), a.root.Team())
		h.Kind, h.Run, h.Body.KeyID = "request", record.Run{3}, bytes.Repeat([]byte{0xab}, 32)
	})
	add("empty body, control", "", func(h *record.Header) { h.Kind, h.Class, h.Run = "receipt", record.Control, record.Run{4} })

	payload := strings.Replace(vectors[0].Payload, `"channel"`, `"case":{"id":"a"},"channel"`, 1)
	payload = strings.Replace(payload, `"delegation"`, `"crit":["case"],"delegation"`, 1)
	frame := a.signedFrame(payload, `{"title":"Example"}`)
	var v record.Verifier
	r, err := v.Open(frame)
	if err != nil {
		t.Fatal(err)
	}
	vectors = append(vectors, recordVector{
		Name: "an unknown member, in crit", Author: "Example CSIRT", Payload: payload, Signature: r.Signature(),
		Body: std(r.Body()), ID: r.ID().String(), Frame: std(frame),
	})
	checkVectors(t, "records.json", vectors)

	for _, want := range readVectors[recordVector](t, "records.json") {
		r, err := v.Open(unstd(t, want.Frame))
		if err != nil {
			t.Errorf("%s: %v", want.Name, err)
			continue
		}
		if r.ID().String() != want.ID || string(r.Payload()) != want.Payload || !bytes.Equal(r.Body(), unstd(t, want.Body)) || r.Signature() != want.Signature {
			t.Errorf("%s: opened as another", want.Name)
		}
	}
}

func TestStatementVectors(t *testing.T) {
	a, _, _, payload, sigs := charter(t)
	var v record.Verifier
	var vectors []statementVector
	for _, s := range []struct {
		name    string
		payload []byte
		sigs    []dsse.Signature
	}{
		{"three signers, the last a root", payload, sigs},
		{"a delegation", a.delegation.Payload(), []dsse.Signature{a.delegation.Signature()}},
	} {
		opened, err := v.AssembleStatement(s.payload, s.sigs)
		if err != nil {
			t.Fatal(err)
		}
		vectors = append(vectors, statementVector{
			Name: s.name, Payload: string(s.payload), Signatures: s.sigs, ID: opened.ID().String(), Frame: std(opened.Frame()),
		})
	}
	checkVectors(t, "statements.json", vectors)

	for _, want := range readVectors[statementVector](t, "statements.json") {
		s, err := v.OpenStatement(unstd(t, want.Frame))
		if err != nil || s.ID().String() != want.ID || string(s.Payload()) != want.Payload {
			t.Errorf("%s: %v", want.Name, err)
		}
	}
}

// TestRefusedVectors leaves out the frames that are too long by far; the page gives the limits.
func TestRefusedVectors(t *testing.T) {
	var vectors []refusedVector
	for _, m := range refused(t) {
		if len(m.frame) <= 8<<10 {
			vectors = append(vectors, refusedVector{Name: m.name, Fault: m.fault, Frame: std(m.frame)})
		}
	}
	checkVectors(t, "refused.json", vectors)

	for _, want := range readVectors[refusedVector](t, "refused.json") {
		var v record.Verifier
		if _, err := v.Open(unstd(t, want.Frame)); record.FaultOf(err) != want.Fault || err == nil {
			t.Errorf("%s: %v, want the fault %q", want.Name, err, want.Fault)
		}
	}
}

func TestDigestVectors(t *testing.T) {
	const c = record.ChunkSize
	var vectors []digestVector
	for _, v := range []digestVector{
		{Name: "empty"},
		{Name: "one byte", Length: 1},
		{Name: "one chunk", Length: c},
		{Name: "one chunk and a byte", Length: c + 1},
		{Name: "three chunks", Length: 3 * c},
		{Name: "five chunks", Length: 5 * c},
		{Name: "longest", Length: record.MaxBody},
	} {
		v.Byte = "61"
		d := record.Digest(bytes.Repeat([]byte{0x61}, v.Length))
		v.Digest = hex.EncodeToString(d[:])
		vectors = append(vectors, v)
	}
	checkVectors(t, "digests.json", vectors)
}

func TestTextVectors(t *testing.T) {
	var vectors []textVector
	for _, k := range []identity.Kind{
		identity.KindTeam, identity.KindNode, identity.KindCommunity, identity.KindRecord, identity.KindStatement,
	} {
		for _, b := range []byte{0x00, 0x5a, 0xff} {
			id := [32]byte(bytes.Repeat([]byte{b}, 32))
			vectors = append(vectors, textVector{Kind: k.String(), ID: hex.EncodeToString(id[:]), Text: identity.Format(k, id)})
		}
	}
	checkVectors(t, "text.json", vectors)
}
