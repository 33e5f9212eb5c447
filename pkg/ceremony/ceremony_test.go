package ceremony

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/paper"
	"tocsin/pkg/record"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func nodeKey(t testing.TB, seed byte) *identity.NodeKey {
	t.Helper()
	key, err := identity.NewNodeKey(rand.NewChaCha8([32]byte{seed, 7}))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func delegated(t testing.TB, root *identity.RootKey, key *identity.NodeKey) *identity.Delegation {
	t.Helper()
	d, err := root.Delegate(key, "Example CSIRT", now.Add(-time.Hour), now.AddDate(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func request(t testing.TB) Request {
	t.Helper()
	return Request{
		Team: rootKey(t, 1).Team(), Name: "Example CSIRT", Valid: 365 * 24 * time.Hour, Created: now, Replaces: nodeKey(t, 9).Node(),
	}
}

func TestRequest(t *testing.T) {
	want, key := request(t), nodeKey(t, 1)
	file, err := want.Seal(key)
	if err != nil {
		t.Fatal(err)
	}
	got, err := OpenRequest(file)
	if err != nil || *got != want || got.Keys != key.Public() {
		t.Fatalf("opened %+v, %v; want %+v", got, err, want)
	}
	d, err := rootKey(t, 1).DelegateTo(got.Keys, identity.Term{Name: got.Name, From: now, Until: now.Add(got.Valid)})
	if err != nil || !key.Is(d) || nodeKey(t, 2).Is(d) {
		t.Errorf("delegation %+v, %v", d, err)
	}
	secret, err := key.Secret()
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(secret); i += 32 {
		if bytes.Contains(file, secret[i:i+32]) {
			t.Error("the request holds a secret")
		}
	}
}

// TestRequestAttacks signs each changed request with the keys that the attacker has, and the real ones where
// the form is at stake.
func TestRequestAttacks(t *testing.T) {
	want, key, thief := request(t), nodeKey(t, 1), nodeKey(t, 2)
	file, err := want.Seal(key)
	if err != nil {
		t.Fatal(err)
	}
	e, err := dsse.ParseEnvelope(file)
	if err != nil {
		t.Fatal(err)
	}
	text := func(id [32]byte) string {
		b, _ := dsse.Hash(id).MarshalText()
		return string(b)
	}
	transport := func(k *identity.NodeKey) string { return text([32]byte(k.Transport().Public().(ed25519.PublicKey))) }
	replace := func(old, by string) func(string) string {
		return func(s string) string {
			if !strings.Contains(s, old) {
				t.Fatalf("no %q in %s", old, s)
			}
			return strings.Replace(s, old, by, 1)
		}
	}
	same := func(s string) string { return s }
	for _, tt := range []struct {
		name            string
		change          func(string) string
		node, transport *identity.NodeKey // who signs; nil: the signature stays
		want            error
	}{
		{"as it is", same, key, key, nil},
		{"somebody else's node key", replace(text(key.Node()), text(thief.Node())), nil, nil, ErrSignature},
		{"somebody else's node key, signed by a thief", same, thief, thief, ErrSignature},
		{"somebody else's transport key", replace(transport(key), transport(thief)), key, key, ErrSignature},
		{"the other's signatures swapped in", same, thief, key, ErrSignature},
		{"another team is asked", replace(text(want.Team), text(rootKey(t, 2).Team())), nil, nil, ErrSignature},
		{"a longer validity", replace("365", "366"), nil, nil, ErrSignature},
		{"far too long a validity", replace("365", "36500"), key, key, ErrMalformed},
		{"a negative validity", replace("365", "-1"), key, key, ErrMalformed},
		{"a name that hides", replace("Example", "Exam\u202eple"), key, key, ErrMalformed},
		{"one key for two purposes", replace(transport(key), text(key.Node())), key, key, ErrMalformed},
		{"a weak team", replace(text(want.Team), text([32]byte{1})), key, key, ErrMalformed},
		{"it replaces itself", replace(text(want.Replaces), text(key.Node())), key, key, ErrMalformed},
		{"no sealing key", replace(`"sealing":"`+text(want.Keys.Sealing)+`",`, ""), key, key, ErrMalformed},
		{"another version", replace(`"v":1`, `"v":2`), key, key, ErrMalformed},
		{"not canonical", replace(`"v":1`, `"v": 1`), key, key, ErrMalformed},
		{"no time", replace(`"created":"2026-11-21T12:00:00.000Z",`, ""), key, key, ErrMalformed},
	} {
		changed := e
		changed.Payload = []byte(tt.change(string(e.Payload)))
		changed.Signatures = append([]dsse.KeyedSignature{}, e.Signatures...)
		if tt.node != nil {
			changed.Signatures[0].Sig = tt.node.Sign(RequestType, changed.Payload)
		}
		if tt.transport != nil {
			changed.Signatures[1].Sig = dsse.Sign(tt.transport.Transport(), RequestType, changed.Payload)
		}
		again, err := changed.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := OpenRequest(again); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	for name, file := range map[string][]byte{
		"huge": append(bytes.Repeat([]byte(" "), MaxFile), file...), "empty": nil, "no JSON": []byte("x"),
		"a statement": mustFile(t, record.DelegationStatement(delegated(t, rootKey(t, 1), key))),
	} {
		if _, err := OpenRequest(file); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func mustFile(t testing.TB, s *record.Statement) []byte {
	t.Helper()
	file, err := File(s)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func cuts(n int) []notice.Cut {
	var out []notice.Cut
	for i := range n {
		out = append(out, notice.Cut{Channel: dsse.Hash{1}, Run: dsse.Nonce{byte(i)}, Seq: 3, ID: record.ID{byte(i), 1}})
	}
	return out
}

func TestHeads(t *testing.T) {
	root, key := rootKey(t, 1), nodeKey(t, 1)
	want := Heads{
		By: delegated(t, root, key), Created: now, Nodes: []notice.NodeCuts{{Node: nodeKey(t, 2).Node(), Heads: cuts(notice.MaxCuts)}},
		Statements: []record.StatementID{{1}, {2}},
	}
	file, err := want.Seal(key)
	if err != nil {
		t.Fatal(err)
	}
	got, err := OpenHeads(file)
	if err != nil || got.Lanes() != notice.MaxCuts || got.By.ID() != want.By.ID() || got.Nodes[0].Node != want.Nodes[0].Node {
		t.Fatalf("opened %+v, %v", got, err)
	}
	t.Logf("the largest has %d bytes", len(file))
	s, err := Revoke(root, &notice.Revoke{Node: got.Nodes[0].Node, Heads: got.Nodes[0].Heads, Reason: "stolen"}, Made{At: now, After: got.Statements})
	if err != nil || len(s.Heads) != 2 || len(s.Signers) != 1 || s.Signers[0] != (record.Signer{Team: root.Team()}) {
		t.Fatalf("revocation %+v, %v", s, err)
	}
	again, err := ReadStatement(mustFile(t, s))
	if err != nil || again.ID() != s.ID() || again.Kind != kindRevoke {
		t.Errorf("read %+v, %v", again, err)
	}

	for name, tt := range map[string]struct {
		change func(*Heads)
		key    *identity.NodeKey
		want   error
	}{
		"signed by another node": {func(*Heads) {}, nodeKey(t, 3), ErrSignature},
		"too late":               {func(h *Heads) { h.Created = now.AddDate(2, 0, 0) }, key, ErrMalformed},
		"no node":                {func(h *Heads) { h.Nodes = nil }, key, ErrMalformed},
		"too many lanes": {func(h *Heads) {
			h.Nodes = []notice.NodeCuts{{Node: want.Nodes[0].Node, Heads: cuts(notice.MaxCuts + 1)}}
		}, key, ErrMalformed},
		"statements not ascending": {func(h *Heads) { h.Statements = []record.StatementID{{2}, {1}} }, key, ErrMalformed},
		"a statement twice":        {func(h *Heads) { h.Statements = []record.StatementID{{1}, {1}} }, key, ErrMalformed},
		"too many statements":      {func(h *Heads) { h.Statements = make([]record.StatementID, record.MaxHeads+1) }, key, ErrMalformed},
		"a lane twice": {func(h *Heads) {
			h.Nodes = []notice.NodeCuts{{Node: want.Nodes[0].Node, Heads: append(cuts(1), cuts(1)...)}}
		}, key, ErrMalformed},
	} {
		h := want
		tt.change(&h)
		file, err := h.Seal(tt.key)
		if err == nil {
			_, err = OpenHeads(file)
		}
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}

func TestRootStatements(t *testing.T) {
	before, after := rootKey(t, 1), rootKey(t, 2)
	rotated, err := Rotate(before, after, []notice.NodeCuts{{Node: nodeKey(t, 1).Node(), Heads: cuts(2)}}, Made{At: now})
	if err != nil || len(rotated.Signers) != 2 || rotated.Signers[0].Team != before.Team() || rotated.Signers[1].Team != after.Team() {
		t.Fatalf("rotation %+v, %v", rotated, err)
	}
	if _, err := Rotate(before, before, nil, Made{At: now}); err == nil {
		t.Error("rotated to itself")
	}
	followed, err := Succeed(after, before.Team(), now)
	if err != nil || followed.Signers[0].Team != after.Team() {
		t.Fatalf("succession %+v, %v", followed, err)
	}
	d := delegated(t, before, nodeKey(t, 1))
	if got, err := ReadDelegation(mustFile(t, record.DelegationStatement(d))); err != nil || got.ID() != d.ID() {
		t.Errorf("delegation %v, %v", got, err)
	}
	if _, err := ReadDelegation(mustFile(t, rotated)); !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "rotate") {
		t.Errorf("a rotation as a delegation: %v", err)
	}
	// Another root's signature in the place of ours.
	e := rotated.Envelope()
	e.Signatures[1].Sig = before.Sign(e.Payload)
	forged, err := e.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ReadStatement(forged); !errors.Is(err, ErrSignature) {
		t.Errorf("forged: %v", err)
	}
	if _, err := ReadStatement(append([]byte("{"), bytes.Repeat([]byte(" "), MaxFile)...)); !errors.Is(err, ErrMalformed) {
		t.Errorf("huge: %v", err)
	}
}

func TestPaperRevocation(t *testing.T) {
	root, node := rootKey(t, 1), nodeKey(t, 1).Node()
	s, err := Revoke(root, &notice.Revoke{Node: node, Frozen: true}, Made{At: now.Add(123456789)})
	if err != nil {
		t.Fatal(err)
	}
	lines, code, err := Paper(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, typed := range []string{lines, strings.ToUpper(lines), "Revocation\n\n" + lines, code} {
		if got, err := ReadStatement([]byte(typed)); err != nil || got.ID() != s.ID() {
			t.Errorf("%q: %v", typed, err)
		}
	}
	if _, err := ReadStatement([]byte(strings.Replace(lines, "1:", "7:", 1))); !errors.Is(err, paper.ErrMistyped) {
		t.Errorf("mistyped: %v", err)
	}
	// Somebody who knows the form but not the root.
	raw, err := paper.Parse(paperRevocation, code)
	if err != nil {
		t.Fatal(err)
	}
	raw[40] ^= 1
	if _, err := ReadStatement([]byte(paper.Lines(paperRevocation, raw))); !errors.Is(err, ErrSignature) {
		t.Errorf("another node: %v", err)
	}
	for name, r := range map[string]*notice.Revoke{
		"with heads": {Node: node, Heads: cuts(1)}, "with a reason": {Node: node, Frozen: true, Reason: "x"},
	} {
		s, err := Revoke(root, r, Made{At: now})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := Paper(s); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzOpenRequest(f *testing.F) {
	r := request(f)
	file, err := r.Seal(nodeKey(f, 1))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Fuzz(func(t *testing.T, file []byte) {
		if r, err := OpenRequest(file); (err == nil) != (r != nil) {
			t.Errorf("%v, %v", r, err)
		}
	})
}

func FuzzOpenHeads(f *testing.F) {
	key := nodeKey(f, 1)
	h := Heads{By: delegated(f, rootKey(f, 1), key), Created: now, Nodes: []notice.NodeCuts{{Node: key.Node(), Heads: cuts(2)}}}
	file, err := h.Seal(key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Fuzz(func(t *testing.T, file []byte) {
		h, err := OpenHeads(file)
		if err == nil && (h.Lanes() > notice.MaxCuts || h.By == nil) {
			t.Errorf("opened %+v", h)
		}
	})
}

func FuzzReadStatement(f *testing.F) {
	s, err := Revoke(rootKey(f, 1), &notice.Revoke{Node: nodeKey(f, 1).Node(), Frozen: true}, Made{At: now})
	if err != nil {
		f.Fatal(err)
	}
	lines, code, err := Paper(s)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{lines, code, string(mustFile(f, s))} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		if s, err := ReadStatement(file); err == nil && len(s.Signers) == 0 {
			t.Error("nobody signed it")
		}
	})
}
