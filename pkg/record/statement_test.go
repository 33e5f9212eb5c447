package record_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

const says = `{"name":"Example community"}`

// charter is a statement of three signers: two nodes and a root.
func charter(t testing.TB) (a, b, c author, payload []byte, sigs []dsse.Signature) {
	t.Helper()
	a, b, c = newAuthor(t, 1, "A"), newAuthor(t, 2, "B"), newAuthor(t, 3, "C")
	payload, err := record.DraftStatement(record.Draft{
		Kind: "charter", Created: epoch, Heads: []record.StatementID{{1}, {2}}, Says: []byte(says),
		Signers: []record.Signer{{Delegation: a.delegation}, {Delegation: b.delegation}, {Team: c.root.Team()}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return a, b, c, payload, []dsse.Signature{
		a.node.Sign(identity.StatementType, payload), b.node.Sign(identity.StatementType, payload), c.root.Sign(payload),
	}
}

func TestStatement(t *testing.T) {
	a, b, c, payload, sigs := charter(t)
	var v record.Verifier
	s, err := v.AssembleStatement(payload, sigs)
	if err != nil {
		t.Fatal(err)
	}
	got, err := v.OpenStatement(s.Frame())
	if err != nil {
		t.Fatal(err)
	}
	if got.ID() != s.ID() || got.Kind != "charter" || string(got.Says) != says || !got.Created.Equal(epoch) || len(got.Heads) != 2 ||
		!bytes.Equal(got.Payload(), payload) || got.Delegation != nil {
		t.Errorf("opened %+v", got)
	}
	for _, team := range []identity.TeamID{a.root.Team(), b.root.Team(), c.root.Team()} {
		if !got.SignedBy(team) {
			t.Errorf("not signed by %v", team)
		}
	}
	if got.SignedBy(identity.TeamID{}) || len(got.Signers) != 3 {
		t.Errorf("signed by %v", got.Signers)
	}
	b64, err := s.Envelope().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	e, err := dsse.ParseEnvelope(b64)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := v.StatementFromEnvelope(e); err != nil || back.ID() != s.ID() {
		t.Errorf("exported and back: %v", err)
	}
	if e.Signatures[0].KeyID != a.node.Node().String() || e.Signatures[2].KeyID != c.root.Team().String() {
		t.Errorf("key IDs %v", e.Signatures)
	}
	if half, err := v.ReadStatement(payload); err != nil || half.ID() != s.ID() {
		t.Errorf("on its way round: %v", err)
	}
	e.PayloadType = record.PayloadType
	if _, err := v.StatementFromEnvelope(e); record.FaultOf(err) != record.FaultFrame {
		t.Errorf("a record's envelope: %v", err)
	}
}

func TestDelegationIsAStatement(t *testing.T) {
	a := newAuthor(t, 1, "A")
	s := record.DelegationStatement(a.delegation)
	var v record.Verifier
	got, err := v.OpenStatement(s.Frame())
	if err != nil {
		t.Fatal(err)
	}
	if got.ID() != s.ID() || got.Delegation == nil || got.Delegation.ID() != a.delegation.ID() || !got.SignedBy(a.root.Team()) || !got.Created.Equal(a.delegation.From) {
		t.Errorf("opened %+v", got)
	}
	if half, err := v.ReadStatement(a.delegation.Payload()); err != nil || half.ID() != s.ID() {
		t.Errorf("read: %v", err)
	}
	// Signed as it should be, but no delegation.
	payload := strings.Replace(string(a.delegation.Payload()), `"v":1`, `"v":9`, 1)
	if _, err := v.AssembleStatement([]byte(payload), []dsse.Signature{a.root.Sign([]byte(payload))}); record.FaultOf(err) != record.FaultDelegation {
		t.Errorf("%v", err)
	}
	payload = `{"from":1,"kind":"delegate"}`
	if _, err := v.ReadStatement([]byte(payload)); record.FaultOf(err) != record.FaultMember {
		t.Errorf("%v", err)
	}
}

func TestStatementFrames(t *testing.T) {
	_, _, _, payload, sigs := charter(t)
	var v record.Verifier
	s, err := v.AssembleStatement(payload, sigs)
	if err != nil {
		t.Fatal(err)
	}
	frame := s.Frame()
	for n := range frame {
		if _, err := v.OpenStatement(frame[:n]); record.FaultOf(err) != record.FaultTruncated {
			t.Fatalf("%d of %d bytes: %v", n, len(frame), err)
		}
	}
	for i := range frame {
		frame[i] ^= 1
		if _, err := v.OpenStatement(frame); err == nil {
			t.Fatalf("byte %d changed and not seen", i)
		}
		frame[i] ^= 1
	}
	if _, err := v.OpenStatement(append(frame, 0)); record.FaultOf(err) != record.FaultTrailing {
		t.Errorf("a byte more: %v", err)
	}
	for name, tt := range map[string]struct {
		sigs  []dsse.Signature
		fault record.Fault
	}{
		"one less": {sigs[:2], record.FaultSignatures},
		"none":     {nil, record.FaultSignatures},
		"one more": {append(sigs[:3:3], sigs[0]), record.FaultSignatures},
		"swapped":  {[]dsse.Signature{sigs[1], sigs[0], sigs[2]}, record.FaultSignature},
		"a broken": {[]dsse.Signature{sigs[0], sigs[1], {}}, record.FaultSignature},
	} {
		if _, err := v.AssembleStatement(payload, tt.sigs); record.FaultOf(err) != tt.fault {
			t.Errorf("signatures, %s: %v", name, err)
		}
	}
}

func TestRefusedStatements(t *testing.T) {
	a, _, c, payload, _ := charter(t)
	text := string(payload)
	change := func(old, by string) string {
		t.Helper()
		if !strings.Contains(text, old) {
			t.Fatalf("no %q in %s", old, text)
		}
		return strings.Replace(text, old, by, 1)
	}
	team := `{"team":"` + b64(c.root.Team()) + `"}`
	tests := []struct {
		name, payload string
		fault         record.Fault
	}{
		{"good", text, ""},
		{"unknown members, also of names that a delegation has", change(`"heads"`, `"from":1,"heads"`), ""},
		{"too long", change(`"name":"Example`, `"name":"`+strings.Repeat("x", record.MaxStatement)), record.FaultOversized},
		{"not JSON", "x", record.FaultNotJSON},
		{"a blank", change(`,"kind"`, `, "kind"`), record.FaultNotCanonical},
		{"kind a number", change(`"kind":"charter"`, `"kind":1`), record.FaultMember},
		{"no kind", change(`"kind":"charter",`, ``), record.FaultMember},
		{"signers a number", `{"kind":"x","signers":1}`, record.FaultMember},
		{"version", change(`"suite":"ed25519","v":1`, `"suite":"ed25519","v":2`), record.FaultVersion},
		{"suite", change(`"suite":"ed25519","v":1`, `"suite":"x","v":1`), record.FaultSuite},
		{"no created", change(`"created":"2026-11-21T12:00:00.000Z",`, ``), record.FaultMember},
		{"says a string", change(says, `"x"`), record.FaultMember},
		{"says nothing", change(`"says":`+says+`,`, ``), record.FaultMember},
		{"heads descending", change(b64([32]byte{1}), b64([32]byte{3})), record.FaultMember},
		{"heads twice", change(b64([32]byte{1}), b64([32]byte{2})), record.FaultMember},
		{"heads empty", change(`["`+b64([32]byte{1})+`","`+b64([32]byte{2})+`"]`, `[]`), record.FaultMember},
		{"too many heads", change(`"`+b64([32]byte{1})+`"`, strings.Repeat(`"`+b64([32]byte{1})+`",`, record.MaxHeads)+`"`+b64([32]byte{1})+`"`), record.FaultMember},
		{"no signers", text[:strings.Index(text, `"signers":`)] + `"signers":[],"suite":"ed25519","v":1}`, record.FaultMember},
		{"a signer twice", change(team, team+","+team), record.FaultMember},
		{"a team by its root and its node", change(team, `{"team":"`+b64(a.root.Team())+`"}`), record.FaultMember},
		{"a signer of no sort", change(team, `{}`), record.FaultMember},
		{"a signer of two sorts", change(`{"delegation"`, `{"team":"`+b64(a.root.Team())+`","delegation"`), record.FaultNotCanonical},
		{"a delegation not in force", change(`"created":"2026-11-21T12`, `"created":"2025-11-21T12`), record.FaultDelegation},
		{"a delegation of another team", change(b64(a.root.Team()), b64(c.root.Team())), record.FaultDelegation},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var v record.Verifier
			if _, err := v.ReadStatement([]byte(tt.payload)); record.FaultOf(err) != tt.fault {
				t.Errorf("fault %q (%v), want %q", record.FaultOf(err), err, tt.fault)
			}
			if _, err := v.AssembleStatement([]byte(tt.payload), nil); err == nil {
				t.Error("assembled without a signature")
			}
		})
	}
}

// draft returns the payload of a plain statement.
func (a author) draft() ([]byte, error) {
	return record.DraftStatement(record.Draft{
		Kind: "x", Created: epoch, Signers: []record.Signer{{Delegation: a.delegation}}, Says: []byte(says),
	})
}

func TestDraftStatementRefuses(t *testing.T) {
	a := newAuthor(t, 1, "A")
	for name, change := range map[string]func(*record.Draft){
		"no signer":      func(d *record.Draft) { d.Signers = nil },
		"no kind":        func(d *record.Draft) { d.Kind = "" },
		"too early":      func(d *record.Draft) { d.Created = epoch.AddDate(-1, 0, 0) },
		"says not JSON":  func(d *record.Draft) { d.Says = []byte("{") },
		"says a float":   func(d *record.Draft) { d.Says = []byte(`{"a":1.5}`) },
		"the year 10000": func(d *record.Draft) { d.Created = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
	} {
		d := record.Draft{Kind: "x", Created: epoch, Signers: []record.Signer{{Delegation: a.delegation}}, Says: []byte(says)}
		change(&d)
		if b, err := record.DraftStatement(d); err == nil || record.FaultOf(err) == "" {
			t.Errorf("%s: %s, %v", name, b, err)
		}
	}
}

// TestRecordAndStatementAreSeparate: one type's signature is never the other's.
func TestRecordAndStatementAreSeparate(t *testing.T) {
	a := newAuthor(t, 1, "A")
	payload, err := a.draft()
	if err != nil {
		t.Fatal(err)
	}
	var v record.Verifier
	if _, err := v.AssembleStatement(payload, []dsse.Signature{a.node.Sign(record.PayloadType, payload)}); record.FaultOf(err) != record.FaultSignature {
		t.Errorf("signed as a record: %v", err)
	}
}

func FuzzOpenStatement(f *testing.F) {
	a, _, _, payload, sigs := charter(f)
	var v record.Verifier
	s, err := v.AssembleStatement(payload, sigs)
	if err != nil {
		f.Fatal(err)
	}
	one, err := a.draft()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(s.Frame())
	f.Add(record.DelegationStatement(a.delegation).Frame())
	f.Add(one)
	f.Fuzz(func(t *testing.T, frame []byte) {
		if s, err := v.OpenStatement(frame); err == nil && !bytes.Equal(s.Frame(), frame) {
			t.Errorf("a frame with a second spelling: %x", frame)
		} else if err != nil && record.FaultOf(err) == "" {
			t.Errorf("an error without a fault: %v", err)
		}
		if s, err := v.AssembleStatement(frame, []dsse.Signature{a.node.Sign(identity.StatementType, frame)}); err == nil && !s.SignedBy(a.root.Team()) {
			t.Errorf("assembled %s", frame)
		}
	})
}
