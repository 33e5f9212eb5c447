package mesh

import (
	"bytes"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"
)

// Peers returns the peers that are connected now.
func (m *Mesh) Peers() []PeerInfo {
	m.mu.Lock()
	out := make([]PeerInfo, 0, len(m.links))
	for p, l := range m.links {
		out = append(out, m.describe(p, l))
	}
	m.mu.Unlock()
	slices.SortFunc(out, func(a, b PeerInfo) int { return bytes.Compare([]byte(a.PeerID), []byte(b.PeerID)) })
	return out
}

// describe returns what is known of a link. The caller holds mu.
func (m *Mesh) describe(p peer.ID, l *link) PeerInfo {
	info := PeerInfo{
		Team: l.team, Node: l.node, Known: l.known, PeerID: p.String(), Since: l.since,
		Communities: slices.Clone(l.shared), Observing: slices.Concat(l.observes, l.observed),
	}
	for _, c := range m.host.Network().ConnsToPeer(p) {
		info.Addrs = append(info.Addrs, c.RemoteMultiaddr().String())
		if info.Transport = "tcp"; c.ConnState().Transport != "" {
			info.Transport = transportName(c.ConnState().Transport)
		}
	}
	return info
}

func transportName(s string) string {
	if s == "quic-v1" {
		return "quic"
	}
	return s
}
