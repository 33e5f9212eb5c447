package ceremony

import (
	"bytes"
	"encoding/hex"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

var update = flag.Bool("update", false, "write docs/spec/vectors/ceremony.json anew")

const vectorFile = "../../docs/spec/vectors/ceremony.json"

// vectors are examples of everything on docs/spec/keys.md. All that is secret in them is made up.
type vectors struct {
	RootSeed   string         `json:"root_seed"`   // hex
	NodeSecret string         `json:"node_secret"` // hex: seeds of signing, transport and sealing key
	Request    jsontext.Value `json:"request"`
	Delegation jsontext.Value `json:"delegation"`
	Heads      jsontext.Value `json:"heads"`
	Revoke     jsontext.Value `json:"revoke"`
	Paper      paperVector    `json:"revocation_on_paper"`
	Shares     []shareVector  `json:"shares"`
}

type paperVector struct {
	Payload string   `json:"payload"`
	Lines   []string `json:"lines"`
	Code    string   `json:"code"`
}

type shareVector struct {
	Number int      `json:"number"`
	Value  string   `json:"value"` // hex
	Lines  []string `json:"lines"`
	Code   string   `json:"code"`
}

func split2lines(s string) []string { return strings.Split(strings.TrimSuffix(s, "\n"), "\n") }

func makeVectors(t *testing.T) *vectors {
	t.Helper()
	root, key := rootKey(t, 1), nodeKey(t, 1)
	must := func(b []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	signed := func(s *record.Statement, err error) *record.Statement {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	r := request(t)
	d := delegated(t, root, key)
	h := Heads{By: d, Created: now, Nodes: []notice.NodeCuts{{Node: nodeKey(t, 2).Node(), Heads: cuts(2)}}, Statements: []record.StatementID{{1}, {2}}}
	frozen := signed(Revoke(root, &notice.Revoke{Node: key.Node(), Frozen: true}, Made{At: now}))
	lines, code, err := Paper(frozen)
	if err != nil {
		t.Fatal(err)
	}
	v := &vectors{
		RootSeed: hex.EncodeToString(root.Seed()), NodeSecret: hex.EncodeToString(must(key.Secret())),
		Request: must(r.Seal(key)), Delegation: mustFile(t, record.DelegationStatement(d)), Heads: must(h.Seal(key)),
		Revoke: mustFile(t, signed(Revoke(root, &notice.Revoke{Node: h.Nodes[0].Node, Heads: h.Nodes[0].Heads, Reason: "stolen"}, Made{At: now, After: h.Statements}))),
		Paper:  paperVector{string(frozen.Payload()), split2lines(lines), code},
	}
	for _, s := range split(t, root, 1) {
		v.Shares = append(v.Shares, shareVector{s.Number, hex.EncodeToString(s.value[:]), split2lines(s.Lines()), s.Code()})
	}
	return v
}

// TestVectors holds the forms to what was published, and the published to the forms.
func TestVectors(t *testing.T) {
	text, err := json.Marshal(makeVectors(t), jsontext.WithIndent("  "))
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if *update {
		if err := os.WriteFile(vectorFile, text, 0o644); err != nil { //nolint:gosec // to be read by everybody
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(vectorFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(kept, text) {
		t.Errorf("%s is not what is made now; the format must not change, but if it is meant to: go test ./pkg/ceremony -update", vectorFile)
	}
	var v vectors
	if err := json.Unmarshal(kept, &v); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenRequest(v.Request); err != nil {
		t.Error(err)
	}
	if _, err := ReadDelegation(v.Delegation); err != nil {
		t.Error(err)
	}
	if _, err := OpenHeads(v.Heads); err != nil {
		t.Error(err)
	}
	if s, err := ReadStatement([]byte(strings.Join(v.Paper.Lines, "\n"))); err != nil || string(s.Payload()) != v.Paper.Payload {
		t.Errorf("the paper is %v, %v", s, err)
	}
	a, err := ParseShare(v.Shares[0].Code)
	if err != nil {
		t.Fatal(err)
	}
	b, err := ParseShare(strings.Join(v.Shares[2].Lines, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	root, err := JoinShares(a, b)
	if err != nil || hex.EncodeToString(root.Seed()) != v.RootSeed {
		t.Errorf("joined: %v", err)
	}
	if raw, err := hex.DecodeString(v.NodeSecret); err != nil {
		t.Error(err)
	} else if _, err := identity.NodeKeyFromSecret(raw); err != nil {
		t.Error(err)
	}
}
