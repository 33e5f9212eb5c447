package seal_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/seal"
)

var moment = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// author is a team with its root key and one node, the same for the same seed.
type author struct {
	root       *identity.RootKey
	node       *identity.NodeKey
	delegation *identity.Delegation
}

func stream(seed uint64) *rand.ChaCha8 {
	var s [32]byte
	binary.LittleEndian.PutUint64(s[:], seed)
	return rand.NewChaCha8(s)
}

func newAuthor(t testing.TB, seed uint64, name string) author {
	t.Helper()
	r := stream(seed)
	root, err := identity.NewRootKey(r)
	if err != nil {
		t.Fatal(err)
	}
	node, err := identity.NewNodeKey(r)
	if err != nil {
		t.Fatal(err)
	}
	d, err := root.Delegate(node, name, moment.Add(-time.Hour), moment.AddDate(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	return author{root, node, d}
}

func (a author) recipient() seal.Recipient {
	return seal.Recipient{Node: a.node.Node(), Sealing: sealingKey(a.node)}
}

func sealingKey(n *identity.NodeKey) []byte { return n.Sealing().PublicKey().Bytes() }

func (a author) header(ch record.Channel) record.Header {
	return record.Header{
		Kind: notice.KindAlert, Channel: ch, Class: record.Routine, Delegation: a.delegation, Run: record.Run{2}, Seq: 1,
		Created: moment, Body: record.Body{MediaType: notice.MediaType},
	}
}

var community = record.InCommunity(identity.CommunityID{1})

func newKey(t testing.TB, seed uint64) seal.Key {
	t.Helper()
	k, err := seal.NewKey(stream(seed))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// signEpoch signs a record whose body is sealed under k. Its salt comes from the length of the body.
func (a author) signEpoch(t testing.TB, k seal.Key, h record.Header, plain string) *record.Record {
	t.Helper()
	id := k.ID(h.Channel.Tag())
	h.Body.KeyID = id[:]
	r, err := record.SignSealed(a.node, h, int64(seal.Overhead+len(plain)), func(binding []byte) ([]byte, error) {
		return seal.Seal(stream(99+uint64(len(plain))), k, seal.Context{Channel: h.Channel.Tag(), Key: id, Binding: binding}, []byte(plain))
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// signAddressed signs a record whose body is sealed to the nodes of teams.
func (a author) signAddressed(t testing.TB, h record.Header, plain string, teams ...author) *record.Record {
	t.Helper()
	k := newKey(t, 77)
	id := k.ID(h.Channel.Tag())
	h.Body.KeyID = id[:]
	fresh := seal.Fresh{Key: k}
	for _, team := range teams {
		fresh.To = append(fresh.To, team.recipient())
	}
	r, err := record.SignSealed(a.node, h, int64(seal.AddressedSize(len(teams), len(plain))), func(binding []byte) ([]byte, error) {
		return seal.SealTo(stream(99), fresh, seal.Context{Channel: h.Channel.Tag(), Key: id, Binding: binding}, []byte(plain))
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func contextOf(t testing.TB, r *record.Record) seal.Context {
	t.Helper()
	c, err := seal.Of(r)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func wrapFor(k seal.Key, to identity.NodeID) notice.Wrap {
	tag := community.Tag()
	return notice.Wrap{
		Channel: dsse.Hash(tag), Key: dsse.Hash(k.ID(tag)), To: to, Minter: identity.TeamID{5}, View: dsse.Hash{6},
	}
}
