package record_test

import (
	"crypto/ed25519"
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// reader gives the same bytes for the same seed.
type reader struct{ *rand.ChaCha8 }

func newReader(seed uint64) reader {
	var s [32]byte
	binary.LittleEndian.PutUint64(s[:], seed)
	return reader{rand.NewChaCha8(s)}
}

type author struct {
	root       *identity.RootKey
	node       *identity.NodeKey
	delegation *identity.Delegation
}

var epoch = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func newAuthor(t testing.TB, seed uint64, name string) author {
	t.Helper()
	r := newReader(seed)
	root, err := identity.NewRootKey(r)
	if err != nil {
		t.Fatal(err)
	}
	node, err := identity.NewNodeKey(r)
	if err != nil {
		t.Fatal(err)
	}
	d, err := root.Delegate(node, name, epoch.Add(-time.Hour), epoch.AddDate(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	return author{root, node, d}
}

func (a author) header() record.Header {
	return record.Header{
		Kind: "alert", Channel: record.InCommunity(identity.CommunityID{1}), Class: record.Routine,
		Delegation: a.delegation, Run: record.Run{2}, Seq: 1, Created: epoch,
		Body: record.Body{MediaType: "application/vnd.tocsin.notice+json"},
	}
}

func TestSignedRecordOpens(t *testing.T) {
	a := newAuthor(t, 1, "Example CSIRT")
	r, err := record.Sign(a.node, a.header(), []byte("body"))
	if err != nil {
		t.Fatal(err)
	}
	var v record.Verifier
	got, err := v.Open(r.Frame())
	if err != nil {
		t.Fatal(err)
	}
	if got.ID() != r.ID() || string(got.Body()) != "body" || got.Team() != a.root.Team() {
		t.Errorf("opened %v %q by %v", got.ID(), got.Body(), got.Team())
	}
	t.Logf("%s", got.Payload())
}

func BenchmarkOpen(b *testing.B) {
	a := newAuthor(b, 1, "Example CSIRT")
	r, err := record.Sign(a.node, a.header(), make([]byte, 1500))
	if err != nil {
		b.Fatal(err)
	}
	frame := r.Frame()
	var v record.Verifier
	for b.Loop() {
		if _, err := v.Open(frame); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRawVerify(b *testing.B) {
	pub, priv, _ := ed25519.GenerateKey(nil)
	msg := make([]byte, 1300)
	sig := ed25519.Sign(priv, msg)
	for b.Loop() {
		if !ed25519.Verify(pub, msg, sig) {
			b.Fatal("no")
		}
	}
}
