package mesh

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	envelope "github.com/libp2p/go-libp2p/core/record"
	ma "github.com/multiformats/go-multiaddr"

	"tocsin/pkg/identity"
)

// AddAddress adds a peer to those that are always kept connected, for example from an invite: a
// multiaddr that ends in /p2p/ID.
func (m *Mesh) AddAddress(addr string) error {
	info, err := parseAddress(addr)
	if err != nil {
		return err
	}
	if info.ID == m.host.ID() || len(info.Addrs) == 0 {
		return nil // ourselves, as when one list is given to all nodes
	}
	m.mu.Lock()
	c := m.candidates[info.ID]
	if c == nil {
		c = &candidate{}
		m.candidates[info.ID] = c
	}
	c.static, c.nearby = true, false
	c.next = time.Time{}
	m.redial = true
	m.mu.Unlock()
	m.host.Peerstore().AddAddrs(info.ID, info.Addrs, peerstore.PermanentAddrTTL)
	m.host.ConnManager().Protect(info.ID, "static")
	m.rouse()
	return nil
}

func parseAddress(addr string) (*peer.AddrInfo, error) {
	a, err := ma.NewMultiaddr(addr)
	if err != nil {
		return nil, fmt.Errorf("read address %.200q: %w", addr, err)
	}
	info, err := peer.AddrInfoFromP2pAddr(a)
	if err != nil {
		return nil, fmt.Errorf("read address %.200q: %w", addr, err)
	}
	return info, nil
}

// Addrs returns the addresses at which this node can be dialled, each with its peer ID, the announced
// ones first.
func (m *Mesh) Addrs() []string {
	var announced, seen []string
	for _, a := range m.host.Addrs() {
		text := a.String() + "/p2p/" + m.host.ID().String()
		if slices.Contains(m.opt.Announce, a.String()) {
			announced = append(announced, text)
			continue
		}
		seen = append(seen, text)
	}
	return append(announced, seen...)
}

// ID returns libp2p's name of this node.
func (m *Mesh) ID() string { return m.host.ID().String() }

// signedRecord returns the signed address record of a peer, or nil.
func (m *Mesh) signedRecord(p peer.ID) []byte {
	book, ok := peerstore.GetCertifiedAddrBook(m.host.Peerstore())
	if !ok {
		return nil
	}
	env := book.GetPeerRecord(p)
	if env == nil {
		return nil
	}
	b, err := env.Marshal()
	if err != nil || len(b) > maxAddress {
		return nil
	}
	return b
}

// ownAddress is empty for a node that cannot be dialled.
func (m *Mesh) ownAddress() []byte {
	if len(m.host.Addrs()) == 0 {
		return nil
	}
	return m.signedRecord(m.host.ID())
}

// addressesFor returns address records of members that share a community with the peer, if it is a
// member and asks.
func (m *Mesh) addressesFor(ctx context.Context, p peer.ID, asked bool) [][]byte {
	to := m.stands(p)
	if !asked || len(to.shared) == 0 {
		return nil
	}
	var out [][]byte
	size := 0
	err := m.opt.Copy.Addresses(func(name string, signed []byte) {
		about, err := peer.Decode(name)
		if err != nil || about == p || len(out) == maxAddressSent || len(signed) > maxAddress ||
			size+len(signed)+4 > addressBudget || !m.shareOne(to, about) {
			return
		}
		size += len(signed) + 4
		out = append(out, bytes.Clone(signed))
	})
	if err != nil {
		m.log.LogAttrs(ctx, slog.LevelWarn, "cannot read addresses", slog.Any("err", err))
	}
	return out
}

// shareOne reports whether the peer is a member of a community that we and the other are in.
func (m *Mesh) shareOne(other standing, p peer.ID) bool {
	shared := m.mayShare(p)
	return slices.ContainsFunc(other.shared, func(c identity.CommunityID) bool { return slices.Contains(shared, c) })
}

// keepAddresses keeps the records of members, if they are signed by whom they are about and newer than
// what is known.
func (m *Mesh) keepAddresses(ctx context.Context, list [][]byte) {
	book, ok := peerstore.GetCertifiedAddrBook(m.host.Peerstore())
	if !ok {
		return
	}
	kept := 0
	for _, b := range list {
		if len(b) == 0 {
			continue
		}
		env, rec, err := envelope.ConsumeEnvelope(b, peer.PeerRecordEnvelopeDomain)
		if err != nil {
			continue // nobody can be blamed: it may have come through many hands
		}
		r, ok := rec.(*peer.PeerRecord)
		if !ok || !r.PeerID.MatchesPublicKey(env.PublicKey) || r.PeerID == m.host.ID() || !m.mayBeFellow(r.PeerID) {
			continue
		}
		if news, err := book.ConsumePeerRecord(env, peerstore.RecentlyConnectedAddrTTL); err != nil || !news && m.isCandidate(r.PeerID) {
			continue
		}
		if err := m.opt.Copy.PutAddress(r.PeerID.String(), b); err != nil {
			m.log.LogAttrs(ctx, slog.LevelWarn, "cannot keep address", slog.Any("err", err))
			continue
		}
		m.addCandidate(r.PeerID)
		kept++
	}
	if kept > 0 {
		m.rouse()
	}
}

func (m *Mesh) isCandidate(p peer.ID) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.candidates[p] != nil
}
