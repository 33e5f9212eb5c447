package record_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

var epoch = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

const mediaType = "application/vnd.tocsin.notice+json"

// author is a team with its root key and one node.
type author struct {
	root       *identity.RootKey
	node       *identity.NodeKey
	delegation *identity.Delegation
}

// newAuthor makes the same author for the same seed.
func newAuthor(t testing.TB, seed uint64, name string) author {
	t.Helper()
	var s [32]byte
	binary.LittleEndian.PutUint64(s[:], seed)
	r := rand.NewChaCha8(s)
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
		Body: record.Body{MediaType: mediaType},
	}
}

func (a author) sign(t testing.TB, h record.Header, body string) *record.Record {
	t.Helper()
	r, err := record.Sign(a.node, h, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// frameOf writes a frame with whatever parts, as docs/spec/record.md says.
func frameOf(magic, payload string, sigs []dsse.Signature, body string) []byte {
	b := binary.BigEndian.AppendUint16([]byte(magic), uint16(len(payload)))
	b = append(append(b, payload...), byte(len(sigs)))
	for _, s := range sigs {
		b = append(b, s[:]...)
	}
	if body == "" {
		return append(b, 0)
	}
	b = binary.BigEndian.AppendUint32(append(b, 1), uint32(len(body)))
	return append(b, body...)
}

// signedFrame frames a payload of any content, signed by the node.
func (a author) signedFrame(payload, body string) []byte {
	return frameOf("TCR1", payload, []dsse.Signature{a.node.Sign(record.PayloadType, []byte(payload))}, body)
}
