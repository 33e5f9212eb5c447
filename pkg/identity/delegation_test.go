package identity_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
)

var epoch = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func keys(t testing.TB, seed byte) (*identity.RootKey, *identity.NodeKey) {
	t.Helper()
	r := rand.NewChaCha8([32]byte{seed})
	root, err := identity.NewRootKey(r)
	if err != nil {
		t.Fatal(err)
	}
	node, err := identity.NewNodeKey(r)
	if err != nil {
		t.Fatal(err)
	}
	return root, node
}

func delegation(t testing.TB) (*identity.RootKey, *identity.Delegation) {
	t.Helper()
	root, node := keys(t, 1)
	d, err := root.Delegate(node, "Example CSIRT", epoch.Add(999_999), epoch.AddDate(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	return root, d
}

func TestKeysComeBack(t *testing.T) {
	root, node := keys(t, 1)
	again, err := identity.RootKeyFromSeed(root.Seed())
	if err != nil || again.Team() != root.Team() {
		t.Errorf("root %v, %v", again, err)
	}
	secret, err := node.Secret()
	if err != nil || len(secret) != identity.NodeKeySize {
		t.Fatalf("%d secret bytes, %v", len(secret), err)
	}
	node2, err := identity.NodeKeyFromSecret(secret)
	if err != nil {
		t.Fatal(err)
	}
	if node2.Node() != node.Node() || !node2.Transport().Equal(node.Transport()) {
		t.Error("another node came back")
	}
	d, err := root.Delegate(node, "x", epoch, epoch.Add(1e9))
	if err != nil {
		t.Fatal(err)
	}
	d2, err := again.Delegate(node2, "x", epoch, epoch.Add(1e9))
	if err != nil || d.ID() != d2.ID() {
		t.Errorf("another delegation: %v", err)
	}
	for _, n := range []int{0, 31, 33, 95, 97} {
		if _, err := identity.RootKeyFromSeed(make([]byte, n)); err == nil {
			t.Errorf("a root key of %d bytes", n)
		}
		if _, err := identity.NodeKeyFromSecret(make([]byte, n)); err == nil {
			t.Errorf("a node key of %d bytes", n)
		}
	}
	short := bytes.NewReader(make([]byte, 10))
	if _, err := identity.NewRootKey(short); err == nil {
		t.Error("a root key from 10 bytes")
	}
	if _, err := identity.NewNodeKey(short); err == nil {
		t.Error("a node key from nothing")
	}
}

func TestDelegation(t *testing.T) {
	root, d := delegation(t)
	got, err := identity.OpenDelegation(d.Payload(), d.Signature())
	if err != nil {
		t.Fatal(err)
	}
	if got.Team != root.Team() || got.Node != d.Node || got.Name != "Example CSIRT" || got.ID() != d.ID() {
		t.Errorf("opened %+v", got)
	}
	for _, tt := range []struct {
		at   time.Time
		want bool
	}{
		{epoch.Add(-1), false},
		{epoch, true}, // the fraction of a millisecond was cut
		{epoch.AddDate(1, 0, 0).Add(-1), true},
		{epoch.AddDate(1, 0, 0), false},
	} {
		if got.Covers(tt.at) != tt.want {
			t.Errorf("covers %v: %v", tt.at, !tt.want)
		}
	}
}

func TestDelegateRefuses(t *testing.T) {
	root, node := keys(t, 1)
	for _, tt := range []struct {
		name        string
		from, until time.Time
	}{
		{"", epoch, epoch.Add(time.Hour)},
		{"backwards", epoch.Add(time.Hour), epoch},
		{"at once", epoch, epoch},
		{"at once after the cut", epoch, epoch.Add(time.Microsecond)},
		{"too late", epoch, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		if _, err := root.Delegate(node, tt.name, tt.from, tt.until); err == nil {
			t.Errorf("%q from %v until %v", tt.name, tt.from, tt.until)
		}
	}
}

// TestDelegationAttacks changes a delegation and, where it says so, signs it again with its root: what
// is refused then is refused for what it says.
func TestDelegationAttacks(t *testing.T) {
	root, d := delegation(t)
	other, _ := keys(t, 2)
	b64 := func(id [32]byte) string {
		b, _ := dsse.Hash(id).MarshalText()
		return string(b)
	}
	replace := func(old, by string) func(string) string {
		return func(s string) string {
			if !strings.Contains(s, old) {
				t.Fatalf("no %q in %s", old, s)
			}
			return strings.Replace(s, old, by, 1)
		}
	}
	tests := []struct {
		name   string
		change func(string) string
		sign   bool
		want   error
	}{
		{"another team claims it", replace(b64(root.Team()), b64(other.Team())), false, identity.ErrDelegationSignature},
		{"another node is put in", replace(b64(d.Node), b64(identity.NodeID(other.Team()))), false, identity.ErrDelegationSignature},
		{"made to last longer", replace("2027", "2028"), false, identity.ErrDelegationSignature},
		{"another team's root signs it", replace(b64(root.Team()), b64(other.Team())), true, identity.ErrDelegationSignature},
		{"unknown member", replace(`"kind"`, `"hint":{"a":[1]},"kind"`), true, nil},
		{"a blank", replace(`,"kind"`, `, "kind"`), true, identity.ErrDelegation},
		{"a member twice", replace(`"kind"`, `"kind":"delegate","kind"`), true, identity.ErrDelegation},
		{"another kind", replace(`"delegate"`, `"revoke"`), true, identity.ErrDelegation},
		{"another version", replace(`"v":1`, `"v":2`), true, identity.ErrDelegation},
		{"another suite", replace(`"ed25519"`, `"none"`), true, identity.ErrDelegation},
		{"a name that hides", replace("Example", "Exam\u202eple"), true, identity.ErrDelegation},
		{"no name", replace("Example CSIRT", ""), true, identity.ErrDelegation},
		{"ends before it begins", replace("2027", "2025"), true, identity.ErrDelegation},
		{"weak node key", replace(b64(d.Node), b64([32]byte{1})), true, identity.ErrDelegation},
		{"weak team key", replace(b64(root.Team()), b64([32]byte{})), true, identity.ErrDelegationSignature},
		{"no node", replace(`"node":"`+b64(d.Node)+`",`, ""), true, identity.ErrDelegation},
		{"no begin", replace(`"from":"2026-11-21T12:00:00.000Z",`, ""), true, identity.ErrDelegation},
		{"no sealing key", replace(`"sealing":"`+b64(d.Sealing)+`",`, ""), true, identity.ErrDelegation},
		{"no transport key", replace(`"transport":"`+b64(d.Transport)+`",`, ""), true, identity.ErrDelegation},
		{"null", replace(`"v":1`, `"v":null`), true, identity.ErrDelegation},
		{"too long", replace(`"kind"`, `"hint":"`+strings.Repeat("x", identity.MaxDelegation)+`","kind"`), true, identity.ErrDelegation},
		{"cut off", func(s string) string { return s[:100] }, true, identity.ErrDelegation},
		{"empty", func(string) string { return "" }, true, identity.ErrDelegation},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			payload := []byte(tt.change(string(d.Payload())))
			sig := d.Signature()
			if tt.sign {
				sig = root.Sign(payload)
			}
			if got, err := identity.OpenDelegation(payload, sig); !errors.Is(err, tt.want) || (err == nil) != (got != nil) {
				t.Errorf("opened %v, error %v, want %v", got != nil, err, tt.want)
			}
		})
	}
}

// TestTypesAreSeparate: what a root signed as something else is no delegation.
func TestTypesAreSeparate(t *testing.T) {
	_, d := delegation(t)
	_, node := keys(t, 1)
	for _, payloadType := range []string{"", "application/vnd.tocsin.record+json"} {
		if _, err := identity.OpenDelegation(d.Payload(), node.Sign(payloadType, d.Payload())); !errors.Is(err, identity.ErrDelegationSignature) {
			t.Errorf("signed as %q: %v", payloadType, err)
		}
	}
}

func TestOpenDelegationCopies(t *testing.T) {
	_, d := delegation(t)
	payload := bytes.Clone(d.Payload())
	got, err := identity.OpenDelegation(payload, d.Signature())
	if err != nil {
		t.Fatal(err)
	}
	clear(payload)
	if !bytes.Equal(got.Payload(), d.Payload()) {
		t.Error("it shares the caller's memory")
	}
}

func TestCheckName(t *testing.T) {
	for _, name := range []string{
		"Example CSIRT", "a", "CERT-EU", "Äußerst sicher", "日本 CERT", "فريق", "x (y) & z", strings.Repeat("x", identity.MaxName),
	} {
		if err := identity.CheckName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{
		"", " ", " a", "a ", strings.Repeat("x", identity.MaxName+1), "a\xff", "a\nb", "a\x1b[31mb", "a\u202eb", "a\u200bb",
		"a\ufeffb", "a\u00a0b", "a\u2028b", "a\u00adb", "a\x7fb", "a\U000e0041b",
	} {
		if err := identity.CheckName(name); err == nil {
			t.Errorf("%q is accepted", name)
		}
	}
}

func FuzzOpenDelegation(f *testing.F) {
	root, d := delegation(f)
	sig := d.Signature()
	f.Add(d.Payload(), sig[:])
	f.Add(bytes.Replace(d.Payload(), []byte(`"kind"`), []byte(`"hint":1,"kind"`), 1), sig[:])
	f.Fuzz(func(t *testing.T, payload, sig []byte) {
		var s dsse.Signature
		copy(s[:], sig)
		if got, err := identity.OpenDelegation(payload, s); err == nil && got.Team == root.Team() && !bytes.Equal(payload, d.Payload()) {
			t.Fatalf("a forged delegation: %s", payload)
		}
		// Signed again by the root, whatever is accepted must say a team, a node and a time.
		got, err := identity.OpenDelegation(payload, root.Sign(payload))
		if err != nil {
			return
		}
		if got.Team != root.Team() || dsse.CheckKey(got.Node) != nil || !got.From.Before(got.Until) || identity.CheckName(got.Name) != nil {
			t.Fatalf("opened %+v", got)
		}
	})
}

// A key file put together from two nodes' parts would sign as one and be dialled, or sealed to, as the other.
func TestAKeyIsTheOneOfItsDelegationInEveryPart(t *testing.T) {
	from := rand.NewChaCha8([32]byte{7})
	root, err := identity.NewRootKey(from)
	if err != nil {
		t.Fatal(err)
	}
	secrets := make([][]byte, 2)
	keys := make([]*identity.NodeKey, 2)
	for i := range keys {
		if keys[i], err = identity.NewNodeKey(from); err != nil {
			t.Fatal(err)
		}
		if secrets[i], err = keys[i].Secret(); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	d, err := root.Delegate(keys[0], "Example", now, now.AddDate(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	if !keys[0].Is(d) || keys[1].Is(d) {
		t.Fatal("the delegation is for the first key and no other")
	}
	for part := range 3 {
		mixed := slices.Clone(secrets[0])
		copy(mixed[32*part:32*part+32], secrets[1][32*part:])
		key, err := identity.NodeKeyFromSecret(mixed)
		if err != nil {
			t.Fatal(err)
		}
		if key.Is(d) {
			t.Errorf("part %d is another node's", part)
		}
	}
}
