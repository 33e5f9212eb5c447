package mesh

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/gologshim"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/net/connmgr"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	libp2ptls "github.com/libp2p/go-libp2p/p2p/security/tls"
	quic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/libp2p/go-libp2p/x/rate"
	ma "github.com/multiformats/go-multiaddr"

	"tocsin/pkg/identity"
)

// Quiet discards what libp2p logs by itself; it has loggers of its own, one set per process. Call it
// first in main: later it has no effect on loggers that have already spoken.
func Quiet() { gologshim.SetDefaultHandler(slog.DiscardHandler) }

// newHost opens a host that listens. It offers TCP (TLS 1.3, which took a quarter
// less CPU per record than Noise where AES is in hardware) and QUIC, identify and nothing else: no
// relay, no AutoNAT service, no ping, no WebTransport or WebRTC.
func newHost(opt *Options) (host.Host, *guard, error) {
	key, err := transportKey(opt.Key)
	if err != nil {
		return nil, nil, err
	}
	limits, err := resourceManager()
	if err != nil {
		return nil, nil, err
	}
	guard := newGuard(limits)
	conns, err := connmgr.NewConnManager(connLow, connHigh, connmgr.WithGracePeriod(connGrace))
	if err != nil {
		return nil, nil, fmt.Errorf("open connection manager: %w", err)
	}
	listen, err := parseAddrs("listen on", opt.Listen)
	if err != nil {
		return nil, nil, err
	}
	announced, err := parseAddrs("announce", opt.Announce)
	if err != nil {
		return nil, nil, err
	}
	h, err := libp2p.New(
		libp2p.Identity(key),
		libp2p.UserAgent("tocsin"),
		libp2p.NoListenAddrs,
		libp2p.AddrsFactory(func(seen []ma.Multiaddr) []ma.Multiaddr {
			if opt.AnnounceOnly {
				return announced
			}
			return ma.Unique(slices.Concat(announced, seen))
		}),
		libp2p.Transport(tcp.NewTCPTransport, tcp.DisableReuseport()), // two daemons on one port would share its callers
		libp2p.Transport(quic.NewTransport),
		libp2p.Security(libp2ptls.ID, libp2ptls.New),
		libp2p.Muxer(yamux.ID, patientMuxer()),
		libp2p.ResourceManager(guard),
		libp2p.ConnectionGater(guard),
		libp2p.ConnectionManager(conns),
		libp2p.SwarmOpts(swarm.WithDialRanker(tcpFirst)),
		// After many dials in vain libp2p refuses to try a whole family of addresses. The reconnector waits by itself.
		libp2p.UDPBlackHoleSuccessCounter(nil),
		libp2p.IPv6BlackHoleSuccessCounter(nil),
		libp2p.DisableRelay(),
		libp2p.ForceReachabilityPublic(), // keeps the AutoNAT client from probing; nothing here uses its answer yet
		libp2p.Ping(false),
		libp2p.DisableMetrics(),
	)
	if err != nil {
		return nil, nil, fmt.Errorf("open host: %w", err)
	}
	for _, a := range listen {
		if _, err := a.ValueForProtocol(ma.P_IP6); err == nil && !hasIPv6() {
			continue
		}
		// One that fails is not passed over: a node that cannot be called where its operator thinks it can
		// would be noticed by nobody.
		if err := h.Network().Listen(a); err != nil {
			return nil, nil, errors.Join(fmt.Errorf("listen on %s: %w; choose another address (mesh.listen, or daemon --listen), or stop what has this one", a, err), h.Close())
		}
	}
	return h, guard, nil
}

// patientMuxer is libp2p's, but waits longer for the answer to a ping, and for a write: what is on a thin line
// before it may need longer than 10 seconds.
func patientMuxer() *yamux.Transport {
	t := *yamux.DefaultTransport
	t.ConnectionWriteTimeout = muxerPatience
	return &t
}

// hasIPv6 reports whether the kernel gives sockets of that family at all. The default addresses name
// both families, and a machine without the second is no mistake of the operator's.
func hasIPv6() bool {
	c, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
	if err != nil {
		return false
	}
	return c.Close() == nil
}

// parseAddrs reads addresses of this node itself, which carry no /p2p/ID.
func parseAddrs(what string, texts []string) ([]ma.Multiaddr, error) {
	var out []ma.Multiaddr
	for _, text := range texts {
		a, err := ma.NewMultiaddr(text)
		if err != nil {
			return nil, fmt.Errorf("%s %q: %w", what, text, err)
		}
		out = append(out, a)
	}
	return out, nil
}

func transportKey(key *identity.NodeKey) (crypto.PrivKey, error) {
	k, err := crypto.UnmarshalEd25519PrivateKey(key.Transport())
	if err != nil {
		return nil, fmt.Errorf("read transport key: %w", err)
	}
	return k, nil
}

// tcpFirst ranks as libp2p does, but tries TCP before QUIC: a TCP connection costs half the bytes to
// set up and a fraction of the CPU for each frame. QUIC follows where TCP does not get through.
func tcpFirst(addrs []ma.Multiaddr) []network.AddrDelay {
	isTCP := func(a ma.Multiaddr) bool {
		_, err := a.ValueForProtocol(ma.P_TCP)
		return err == nil
	}
	quicAddrs := slices.DeleteFunc(slices.Clone(addrs), isTCP)
	tcpAddrs := slices.DeleteFunc(slices.Clone(addrs), func(a ma.Multiaddr) bool { return !isTCP(a) })
	ranked := swarm.DefaultDialRanker(tcpAddrs)
	var after time.Duration
	for _, d := range ranked {
		after = max(after, d.Delay+swarm.PublicTCPDelay)
	}
	for _, d := range swarm.DefaultDialRanker(quicAddrs) {
		d.Delay += after
		ranked = append(ranked, d)
	}
	return ranked
}

func resourceManager() (network.ResourceManager, error) {
	all := rcmgr.ResourceLimits{
		Streams: maxStreams, StreamsInbound: maxStreams, StreamsOutbound: maxStreams,
		Conns: maxConns, ConnsInbound: maxInbound, ConnsOutbound: maxConns,
		FD: maxFD, Memory: maxMemory,
	}
	peer := rcmgr.ResourceLimits{
		Streams: maxStreamPeer, StreamsInbound: maxStreamPeer, StreamsOutbound: maxStreamPeer,
		Conns: maxConnsPeer, ConnsInbound: maxConnsPeer, ConnsOutbound: maxConnsPeer,
		FD: maxConnsPeer, Memory: maxMemoryPeer,
	}
	limits := rcmgr.PartialLimitConfig{
		System: all, Transient: all, AllowlistedSystem: all, AllowlistedTransient: all,
		ServiceDefault: all, ServicePeerDefault: peer, ProtocolDefault: all, ProtocolPeerDefault: peer,
		PeerDefault: peer, Conn: peer, Stream: peer,
	}.Build(rcmgr.ConcreteLimitConfig{})
	perIP := rate.Limit{RPS: connRate, Burst: connBurst}
	rm, err := rcmgr.NewResourceManager(rcmgr.NewFixedLimiter(limits),
		rcmgr.WithMetricsDisabled(),
		rcmgr.WithLimitPerSubnet( // the guard bounds addresses: members may share one with strangers
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 32, ConnCount: maxConns}},
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 56, ConnCount: maxConns}},
		),
		rcmgr.WithConnRateLimiters(&rate.Limiter{
			NetworkPrefixLimits: []rate.PrefixLimit{
				{Prefix: netip.MustParsePrefix("127.0.0.0/8")}, {Prefix: netip.MustParsePrefix("::1/128")},
			},
			SubnetRateLimiter: rate.SubnetLimiter{
				IPv4SubnetLimits: []rate.SubnetLimit{{PrefixLength: 32, Limit: perIP}},
				IPv6SubnetLimits: []rate.SubnetLimit{{PrefixLength: 56, Limit: perIP}},
				GracePeriod:      time.Minute,
			},
		}))
	if err != nil {
		return nil, fmt.Errorf("open resource manager: %w", err)
	}
	return rm, nil
}
