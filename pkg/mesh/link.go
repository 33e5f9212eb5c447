package mesh

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/time/rate"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// link is a peer that is connected. Its fields are guarded by Mesh.mu.
type link struct {
	since    time.Time
	deadline time.Time // when a stranger must go
	limit    *rate.Limiter

	standing
	shown     identity.TeamID // by its hello; zero before
	greeted   bool            // a hello is over
	announced bool            // OnPeer was called
	told      []identity.CommunityID
	failed    int                          // hellos that failed in a row
	compared  map[record.Channel]time.Time // when a session that we began has ended
	renewAt   time.Time                    // when the connection is ended to be made anew; zero: not
}

// standing is what the roster says of a transport key.
type standing struct {
	team   identity.TeamID
	node   identity.NodeID
	known  bool                   // some delegation in force names the key
	shared []identity.CommunityID // with us, ascending
}

// fellow reports whether the peer may use more than hello.
func (s standing) fellow() bool { return len(s.shared) > 0 }

// PeerInfo describes a connected peer.
type PeerInfo struct {
	Team        identity.TeamID
	Node        identity.NodeID
	Known       bool   // false: a stranger, and Team and Node are zero
	PeerID      string // libp2p's name of the transport key
	Addrs       []string
	Transport   string // "tcp" or "quic"
	Since       time.Time
	Communities []identity.CommunityID // shared with it
}

// digestOf returns what delegations call the transport key of a peer. It is false for a peer whose
// key is not Ed25519; no delegation can name it.
func digestOf(p peer.ID) ([32]byte, bool) {
	key, err := p.ExtractPublicKey()
	if err != nil || key.Type() != crypto.Ed25519 {
		return [32]byte{}, false
	}
	raw, err := key.Raw()
	if err != nil {
		return [32]byte{}, false
	}
	return identity.TransportDigest(raw), true
}

// stands asks the roster of now about a peer. Where several teams name the peer's key it is of the team
// whose delegation it showed in hello itself, and of none before that: else a member that names the key
// of another would take its place.
func (m *Mesh) stands(p peer.ID) standing {
	all := m.claims(p)
	m.mu.Lock()
	var shown identity.TeamID
	if l := m.links[p]; l != nil {
		shown = l.shown
	}
	m.mu.Unlock()
	if shown == (identity.TeamID{}) {
		if len(all) == 1 {
			return all[0]
		}
		return standing{}
	}
	for _, s := range all {
		if s.team == shown {
			return s
		}
	}
	return standing{}
}

// claims returns what the roster says of a peer by each team that names its key. It is for peers that
// are not connected, whose word is not to be had: whether to dial them, or to know their addresses.
func (m *Mesh) claims(p peer.ID) (all []standing) {
	digest, ok := digestOf(p)
	if !ok {
		return nil
	}
	r := m.opt.Roster()
	mine := r.CommunitiesOf(m.self)
	for _, d := range r.Claims(digest, m.opt.Now()) {
		s := standing{team: d.Team, node: d.Node, known: true}
		for _, c := range mine {
			if r.Member(c, d.Team) {
				s.shared = append(s.shared, c)
			}
		}
		all = append(all, s)
	}
	return all
}

// mayBeFellow reports whether some team that names the peer's key is a fellow.
func (m *Mesh) mayBeFellow(p peer.ID) bool { return slices.ContainsFunc(m.claims(p), standing.fellow) }

// mayBeOf reports whether the team names the peer's key.
func (m *Mesh) mayBeOf(p peer.ID, team identity.TeamID) bool {
	return slices.ContainsFunc(m.claims(p), func(s standing) bool { return s.team == team })
}

// mayShare returns the communities that we share with some team that names the peer's key, ascending.
func (m *Mesh) mayShare(p peer.ID) (shared []identity.CommunityID) {
	for _, s := range m.claims(p) {
		shared = append(shared, s.shared...)
	}
	slices.SortFunc(shared, compareCommunities)
	return slices.Compact(shared)
}

// showed notes the team whose delegation the peer showed for its key.
func (m *Mesh) showed(p peer.ID, team identity.TeamID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if l := m.links[p]; l != nil {
		l.shown = team
	}
}

// met takes note of a peer that is connected and identified.
func (m *Mesh) met(ctx context.Context, p peer.ID) {
	if m.host.Network().Connectedness(p) != network.Connected {
		return
	}
	now := time.Now()
	s := m.stands(p)
	var away peer.ID
	m.mu.Lock()
	l := m.links[p]
	if l == nil {
		l = &link{since: now, deadline: now.Add(strangerLinger), limit: rate.NewLimiter(rate.Every(helloEvery), helloBurst)}
		if !s.fellow() && m.strangers() >= maxStrangers {
			if away = m.giveWay(p, now); away == p {
				m.mu.Unlock()
				_ = m.host.Network().ClosePeer(p)
				return
			}
		}
		m.links[p] = l
	}
	l.standing = s
	if !l.greeted && m.dialled(p) {
		soonest(m.hellos, p, now)
	}
	g := m.gossip
	m.mu.Unlock()
	if away != "" {
		_ = m.host.Network().ClosePeer(away)
	}
	if g != nil && len(s.shared) > 0 {
		g.admit(p)
	}
	m.log.LogAttrs(ctx, slog.LevelDebug, "peer connected", slog.String("peer", p.String()), slog.Bool("fellow", s.fellow()))
}

// giveWay returns who is to go when one more stranger has come: the stranger that is here longest, if it
// has had time for a hello, so that those who only sit there keep no joiner out; else the newcomer. The
// caller holds mu.
func (m *Mesh) giveWay(newcomer peer.ID, now time.Time) (away peer.ID) {
	away, oldest := newcomer, now.Add(-strangerLeast)
	for p, l := range m.links {
		if !l.fellow() && l.since.Before(oldest) {
			away, oldest = p, l.since
		}
	}
	if away != newcomer {
		delete(m.links, away)
		delete(m.hellos, away)
	}
	return away
}

// strangers counts the peers that are no fellows. The caller holds mu.
func (m *Mesh) strangers() (n int) {
	for _, l := range m.links {
		if !l.fellow() {
			n++
		}
	}
	return n
}

// dialled reports whether we dialled the peer, on any connection.
func (m *Mesh) dialled(p peer.ID) bool {
	return slices.ContainsFunc(m.host.Network().ConnsToPeer(p), func(c network.Conn) bool {
		return c.Stat().Direction == network.DirOutbound
	})
}

// parted forgets a peer whose last connection has ended, and has it redialled if it is wanted.
func (m *Mesh) parted(ctx context.Context, p peer.ID) {
	if m.host.Network().Connectedness(p) == network.Connected {
		return // it is back already
	}
	m.mu.Lock()
	l := m.links[p]
	delete(m.links, p)
	delete(m.hellos, p)
	for key := range m.syncs {
		if key.peer == p {
			delete(m.syncs, key)
		}
	}
	if c := m.candidates[p]; c != nil && l != nil {
		if time.Since(l.since) < linkProven && l.renewAt.IsZero() {
			m.postpone(c, errRefused)
		} else {
			c.failures = 0
			// Not at once: gossip needs a moment to notice the end before there is a new beginning.
			c.next = time.Now().Add(redialAfter + time.Duration(m.rand.Int64N(int64(backoffFirst))))
		}
	}
	m.redial = true
	g := m.gossip
	m.mu.Unlock()
	if l == nil {
		return
	}
	if g != nil {
		g.expel(p)
	}
	m.log.LogAttrs(ctx, slog.LevelDebug, "peer gone", slog.String("peer", p.String()))
	if l.announced && m.opt.Events.OnGone != nil {
		m.opt.Events.OnGone(PeerInfo{
			Team: l.team, Node: l.node, Known: true, PeerID: p.String(), Since: l.since, Communities: l.told,
		})
	}
}

// reviewAll asks the roster again about topics and every peer.
func (m *Mesh) reviewAll(ctx context.Context) {
	m.mu.Lock()
	g := m.gossip
	peers := make([]peer.ID, 0, len(m.links))
	for p := range m.links {
		peers = append(peers, p)
	}
	m.mu.Unlock()
	g.follow(ctx, m.opt.Roster().CommunitiesOf(m.self))
	for _, p := range peers {
		if m.reviewPeer(ctx, p) {
			// It was refused what it may have now, or we were, and whoever was refused does not ask again soon.
			m.mu.Lock()
			soonest(m.hellos, p, time.Now())
			m.mu.Unlock()
		}
	}
	g.reconsider()
	m.mend(g)
}

// renew has the connection to a peer ended soon, unless that was done within the time given; both ends
// then dial again. What is under way, a hello for one, is given a moment to end.
func (m *Mesh) renew(p peer.ID, notWithin time.Duration) {
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	if l := m.links[p]; l == nil || !l.renewAt.IsZero() || now.Sub(m.renewed[p]) < notWithin {
		return
	}
	maps.DeleteFunc(m.renewed, func(_ peer.ID, at time.Time) bool { return now.Sub(at) > mendAgain })
	m.renewed[p] = now
	m.links[p].renewAt = now.Add(renewAfter)
	m.rouse()
}

// mend renews connections over which gossip has lost a member.
func (m *Mesh) mend(g *gossip) {
	in := map[identity.CommunityID][]peer.ID{}
	m.mu.Lock()
	for p, l := range m.links {
		if l.greeted && time.Since(l.since) > mendAfter {
			for _, c := range l.shared {
				in[c] = append(in[c], p)
			}
		}
	}
	m.mu.Unlock()
	for c, peers := range in {
		for _, p := range g.deaf(c, peers) {
			m.renew(p, mendAgain)
		}
	}
}

// lastStands returns what the roster said of a peer when it was last asked; reviews keep that fresh.
// It is for the hot paths of gossip.
func (m *Mesh) lastStands(p peer.ID) standing {
	m.mu.Lock()
	l := m.links[p]
	if l != nil {
		s := l.standing
		m.mu.Unlock()
		return s
	}
	m.mu.Unlock()
	return m.stands(p)
}

// reviewPeer asks the roster again about one peer. One that lost a community is disconnected, so that
// gossip forgets its subscriptions; if it shares another it, or we, dial again. It reports whether the
// peer shares more communities with us than before.
func (m *Mesh) reviewPeer(ctx context.Context, p peer.ID) (gained bool) {
	s := m.stands(p)
	m.mu.Lock()
	l := m.links[p]
	if l == nil {
		m.mu.Unlock()
		return false
	}
	lost := l.fellow() && !s.fellow()
	for _, c := range l.shared {
		_, still := slices.BinarySearchFunc(s.shared, c, compareCommunities)
		lost = lost || !still
	}
	gained = len(s.shared) > len(l.shared)
	l.standing = s
	g := m.gossip
	m.mu.Unlock()
	if g == nil {
		return gained
	}
	switch {
	case lost:
		m.log.LogAttrs(ctx, slog.LevelInfo, "peer is no longer a member, disconnecting", slog.String("peer", p.String()))
		g.expel(p)
		_ = m.host.Network().ClosePeer(p)
	case len(s.shared) > 0:
		g.admit(p)
		if gained {
			g.reconsider()
		}
	}
	return gained && !lost
}

func compareCommunities(a, b identity.CommunityID) int { return bytes.Compare(a[:], b[:]) }

// sweep ends the connections whose time is up: of strangers, and those to be made anew. It forgets
// links that ended unnoticed. It returns when the next one's time is up.
func (m *Mesh) sweep(ctx context.Context, now time.Time) (next time.Time) {
	var away, gone []peer.ID
	m.mu.Lock()
	for p, l := range m.links {
		switch {
		case m.host.Network().Connectedness(p) != network.Connected:
			gone = append(gone, p)
		case !l.renewAt.IsZero():
			if !now.Before(l.renewAt) {
				away = append(away, p)
			} else if next.IsZero() || l.renewAt.Before(next) {
				next = l.renewAt
			}
		case l.fellow():
			if !l.greeted && now.After(l.deadline) { // the one who dialled should have; this end can as well
				l.deadline = now.Add(strangerLinger)
				soonest(m.hellos, p, now)
			}
		case !now.Before(l.deadline):
			away = append(away, p)
			l.deadline = now.Add(strangerLinger)
		case next.IsZero() || l.deadline.Before(next):
			next = l.deadline
		}
	}
	m.mu.Unlock()
	for _, p := range gone {
		m.parted(ctx, p)
	}
	for _, p := range away {
		m.log.LogAttrs(ctx, slog.LevelDebug, "disconnecting a stranger, or to connect anew", slog.String("peer", p.String()))
		_ = m.host.Network().ClosePeer(p)
	}
	return next
}
