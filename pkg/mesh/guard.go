package mesh

import (
	"errors"
	"io"
	"maps"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/control"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
	"golang.org/x/time/rate"

	"tocsin/pkg/identity"
)

var (
	errCrowdedThere = errors.New("too many connections from that address")
	errCrowded      = errors.New("too many connections of strangers")
	errHasty        = errors.New("the peer opens streams too fast")
)

// guard stands before libp2p's resource manager, which counts and does not know who is who. It divides the
// inbound connections: those that have not shown a key yet have a share over TCP and one over QUIC, strangers
// have another, each bounded by address, and the rest is for members. What we dial ourselves has room that none of them can
// take. It also sets a pace for the streams that a peer opens. It sees each before a protocol is agreed on: a stream
// that is reset at once costs as much as one that is used.
type guard struct {
	network.ResourceManager

	mu       sync.Mutex                      // guards what follows; never held while calling anything outside
	teams    func(peer.ID) []identity.TeamID // that name the peer's key and are no strangers
	overrun  func(peer.ID)                   // the peer opens streams much too fast; must not block
	accepted map[string]io.Closer            // by remote address: accepted, and not opened as a scope yet
	inbound  map[*guardedConn]struct{}
	paces    map[peer.ID]*pace // at most maxPaces
}

// guardedConn is the scope of an inbound connection. Its fields are guarded by guard.mu.
type guardedConn struct {
	network.ConnManagementScope
	guard *guard
	from  netip.Prefix // invalid: not bounded by address
	since time.Time
	quic  bool
	conn  io.Closer       // ends the handshake; nil where that cannot be done from here, as over QUIC
	peer  peer.ID         // empty until the handshake is over
	team  identity.TeamID // zero: a stranger
}

func newGuard(rm network.ResourceManager) *guard {
	return &guard{
		ResourceManager: rm, teams: func(peer.ID) []identity.TeamID { return nil }, overrun: func(peer.ID) {},
		accepted: map[string]io.Closer{}, inbound: map[*guardedConn]struct{}{}, paces: map[peer.ID]*pace{},
	}
}

// know tells the guard who is who, and whom to tell of peers in a hurry. Before that everybody is a stranger.
func (g *guard) know(teams func(peer.ID) []identity.TeamID, overrun func(peer.ID)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.teams, g.overrun = teams, overrun
}

func (g *guard) teamsOf(p peer.ID) []identity.TeamID {
	g.mu.Lock()
	teams := g.teams
	g.mu.Unlock()
	return teams(p)
}

// OpenConnection implements network.ResourceManager.
func (g *guard) OpenConnection(dir network.Direction, fd bool, endpoint ma.Multiaddr) (network.ConnManagementScope, error) {
	if dir != network.DirInbound {
		return g.ResourceManager.OpenConnection(dir, fd, endpoint)
	}
	c := &guardedConn{guard: g, since: time.Now(), quic: isQUIC(endpoint)}
	if from := originAt(endpoint); from.IsValid() && !from.Addr().IsLoopback() {
		c.from = from // whoever is on this machine has better ways to harm it
	}
	away, err := g.begin(c, endpoint.String())
	if away != nil {
		_ = away.Close()
	}
	if err != nil {
		return nil, err
	}
	if c.ConnManagementScope, err = g.ResourceManager.OpenConnection(dir, fd, endpoint); err != nil {
		g.end(c)
		return nil, err
	}
	return c, nil
}

func isQUIC(a ma.Multiaddr) bool {
	_, err := a.ValueForProtocol(ma.P_QUIC_V1)
	return err == nil
}

// VerifySourceAddress implements network.ResourceManager: whether a caller over QUIC must show first that it gets
// what is sent to its address. With a few handshakes under way each must, so that addresses which are only
// written on packets fill no places.
func (g *guard) VerifySourceAddress(from net.Addr) bool {
	g.mu.Lock()
	_, all := g.handshakes(true)
	g.mu.Unlock()
	return all >= quicUnverified || g.ResourceManager.VerifySourceAddress(from)
}

// handshakes counts those under way over QUIC, or over TCP, by address and together. The caller holds mu.
func (g *guard) handshakes(quic bool) (held map[netip.Prefix]int, all int) {
	held = map[netip.Prefix]int{}
	for c := range g.inbound {
		if c.peer == "" && c.from.IsValid() && c.quic == quic {
			held[c.from]++
			all++
		}
	}
	return held, all
}

// begin counts one more handshake. Where there is no room for it, it takes the place of the oldest of that
// address which has most, so that one address cannot keep out the others; away is what that one came on. Over
// QUIC none can be ended from here, so there it is refused.
func (g *guard) begin(c *guardedConn, remote string) (away io.Closer, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c.conn = g.accepted[remote]
	delete(g.accepted, remote)
	held, all := g.handshakes(c.quic)
	switch {
	case !c.from.IsValid():
	case c.quic && (held[c.from] >= quicOrigin || all >= maxQUICHandshakes):
		return nil, errCrowdedThere
	case !c.quic && (held[c.from] >= handshakesOrigin || all >= maxHandshakes):
		from := c.from
		for other, n := range held {
			if held[c.from] < handshakesOrigin && n > held[from] {
				from = other
			}
		}
		old := g.oldestHandshake(from)
		if old == nil || from == c.from && c.since.Sub(old.since) < strangerLeast {
			return nil, errCrowdedThere
		}
		delete(g.inbound, old)
		away = old.conn
	}
	g.inbound[c] = struct{}{}
	return away, nil
}

// oldestHandshake returns the oldest one from an address that can be ended, or nil. The caller holds mu.
func (g *guard) oldestHandshake(from netip.Prefix) (old *guardedConn) {
	for c := range g.inbound {
		if c.peer == "" && c.from == from && c.conn != nil && (old == nil || c.since.Before(old.since)) {
			old = c
		}
	}
	return old
}

func (g *guard) end(c *guardedConn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.inbound, c)
}

// Done implements network.ConnManagementScope.
func (c *guardedConn) Done() {
	c.guard.end(c)
	c.ConnManagementScope.Done()
}

// SetPeer implements network.ConnManagementScope. It is called when the handshake is over.
func (c *guardedConn) SetPeer(p peer.ID) error {
	teams := c.guard.teamsOf(p)
	err := c.guard.seat(c, p, teams)
	if err != nil {
		c.guard.reseat() // some may be strangers no more
		err = c.guard.seat(c, p, teams)
	}
	if err != nil {
		return err
	}
	return c.ConnManagementScope.SetPeer(p)
}

// seat gives a connection a place among those of a team, or of strangers.
func (g *guard) seat(c *guardedConn, p peer.ID, teams []identity.TeamID) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, ok := g.inbound[c]; !ok {
		return errCrowdedThere // it had to go while it shook hands
	}
	if team := g.roomIn(teams); team != (identity.TeamID{}) {
		c.peer, c.team = p, team
		return nil
	}
	all, there, own := 0, 0, 0
	for other := range g.inbound {
		if other.peer == "" || other.team != (identity.TeamID{}) {
			continue
		}
		all++
		if other.from == c.from && c.from.IsValid() {
			there++
		}
		if other.peer == p {
			own++
		}
	}
	switch {
	case all >= strangeConns:
		return errCrowded
	case there >= strangeConnsOrigin, own >= strangeConnsPeer:
		return errCrowdedThere
	}
	c.peer = p
	return nil
}

// roomIn returns the first of the teams that has fewer connections than a team may have; zero: none. The
// caller holds mu.
func (g *guard) roomIn(teams []identity.TeamID) identity.TeamID {
	for _, t := range teams {
		n := 0
		for other := range g.inbound {
			if other.peer != "" && other.team == t {
				n++
			}
		}
		if n < connsTeam {
			return t
		}
	}
	return identity.TeamID{}
}

// reseat looks again who of the strangers has become known.
func (g *guard) reseat() {
	g.mu.Lock()
	strangers := map[*guardedConn]peer.ID{}
	for c := range g.inbound {
		if c.peer != "" && c.team == (identity.TeamID{}) {
			strangers[c] = c.peer
		}
	}
	g.mu.Unlock()
	for c, p := range strangers {
		teams := g.teamsOf(p)
		g.mu.Lock()
		c.team = g.roomIn(teams)
		g.mu.Unlock()
	}
}

// pace is how fast a peer opens streams.
type pace struct {
	known  bool
	looked time.Time // when known was asked for
	used   *rate.Limiter
	excess *rate.Limiter // of those refused; beyond it the connection ends
}

func newPace(known bool) *pace {
	every, burst := rate.Limit(streamRateStranger), streamBurstStranger
	if known {
		every, burst = streamRate, streamBurst
	}
	return &pace{known: known, looked: time.Now(), used: rate.NewLimiter(every, burst), excess: rate.NewLimiter(every, burst)}
}

// OpenStream implements network.ResourceManager. A stream that is refused is reset by libp2p, which costs little.
func (g *guard) OpenStream(p peer.ID, dir network.Direction) (network.StreamManagementScope, error) {
	if dir == network.DirInbound && !g.mayOpen(p) {
		return nil, errHasty
	}
	return g.ResourceManager.OpenStream(p, dir)
}

func (g *guard) mayOpen(p peer.ID) bool {
	w := g.paceOf(p)
	if w.used.Allow() {
		return true
	}
	if !w.excess.Allow() {
		g.mu.Lock()
		overrun := g.overrun
		g.mu.Unlock()
		overrun(p)
	}
	return false
}

// paceOf returns the pace of a peer, which outlives its connections. Now and then it is asked anew whether the
// peer is known: strangers become members, and members strangers.
func (g *guard) paceOf(p peer.ID) *pace {
	g.mu.Lock()
	w := g.paces[p]
	fresh := w != nil && time.Since(w.looked) < paceLook
	g.mu.Unlock()
	if fresh {
		return w
	}
	known := len(g.teamsOf(p)) > 0
	g.mu.Lock()
	defer g.mu.Unlock()
	if w = g.paces[p]; w != nil && w.known == known {
		w.looked = time.Now()
		return w
	}
	if len(g.paces) >= maxPaces {
		maps.DeleteFunc(g.paces, func(_ peer.ID, w *pace) bool { return w.used.Tokens() >= float64(w.used.Burst()) })
	}
	if len(g.paces) >= maxPaces {
		clear(g.paces)
	}
	w = newPace(known)
	g.paces[p] = w
	return w
}

// InterceptAccept implements connmgr.ConnectionGater: it notes how the connection can be ended.
func (g *guard) InterceptAccept(addrs network.ConnMultiaddrs) bool {
	conn, ok := addrs.(manet.Conn)
	if !ok {
		return true // QUIC, whose handshake is over by now
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.accepted[addrs.RemoteMultiaddr().String()] = conn // OpenConnection, which is next, takes it out
	return true
}

// InterceptPeerDial implements connmgr.ConnectionGater.
func (g *guard) InterceptPeerDial(peer.ID) bool { return true }

// InterceptAddrDial implements connmgr.ConnectionGater.
func (g *guard) InterceptAddrDial(peer.ID, ma.Multiaddr) bool { return true }

// InterceptSecured implements connmgr.ConnectionGater.
func (g *guard) InterceptSecured(network.Direction, peer.ID, network.ConnMultiaddrs) bool {
	return true
}

// InterceptUpgraded implements connmgr.ConnectionGater.
func (g *guard) InterceptUpgraded(network.Conn) (bool, control.DisconnectReason) { return true, 0 }
