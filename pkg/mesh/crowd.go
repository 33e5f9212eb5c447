package mesh

import (
	"maps"
	"net/netip"

	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
	"golang.org/x/time/rate"
)

// crowd bounds the hellos of strangers: of all of them together, so that answering them costs a fraction
// of one processor however many there are, and of one address, so that it does not use up what there is
// for all. Guarded by Mesh.mu.
type crowd struct {
	all  *rate.Limiter
	from map[netip.Prefix]*rate.Limiter // at most maxOrigins
}

func newCrowd() crowd {
	return crowd{all: rate.NewLimiter(crowdRate, crowdBurst), from: map[netip.Prefix]*rate.Limiter{}}
}

// allow takes one hello from the allowance of an address.
func (c *crowd) allow(from netip.Prefix) bool {
	if from.IsValid() && from.Addr().IsLoopback() {
		return true // whoever is on this machine has better ways to harm it
	}
	own := c.from[from]
	if own == nil {
		if len(c.from) >= maxOrigins {
			maps.DeleteFunc(c.from, func(_ netip.Prefix, l *rate.Limiter) bool { return l.Tokens() >= originBurst })
		}
		if len(c.from) >= maxOrigins {
			clear(c.from)
		}
		own = rate.NewLimiter(originRate, originBurst)
		c.from[from] = own
	}
	return own.Allow() && c.all.Allow()
}

// originOf returns the address that a peer is connected from; invalid where libp2p does not know.
func (m *Mesh) originOf(p peer.ID) netip.Prefix {
	for _, c := range m.host.Network().ConnsToPeer(p) {
		if from := originAt(c.RemoteMultiaddr()); from.IsValid() {
			return from
		}
	}
	return netip.Prefix{}
}

// originAt returns an address as far as one holder of addresses is told from another: of IPv6 the first 56
// bits. It is invalid where there is no IP address.
func originAt(remote ma.Multiaddr) netip.Prefix {
	ip, err := manet.ToIP(remote)
	if err != nil {
		return netip.Prefix{}
	}
	addr, ok := netip.AddrFromSlice(ip)
	if !ok {
		return netip.Prefix{}
	}
	bits := 56
	if addr = addr.Unmap(); addr.Is4() {
		bits = 32
	}
	prefix, err := addr.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return prefix
}
