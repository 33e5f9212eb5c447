package mesh

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

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
	pace     pace

	standing
	shown     identity.TeamID // by its hello; zero before
	showed    *identity.Delegation
	sealing   []byte // the public key that showed names; nil before
	keys      keysLink
	greeted   bool // a hello is over
	announced bool // OnPeer was called
	told      []identity.CommunityID
	watched   []identity.CommunityID       // that we observed at the last hello
	failed    int                          // hellos that failed in a row
	compared  map[record.Channel]time.Time // when a session that we began has ended
	renewAt   time.Time                    // when the connection is ended to be made anew; zero: not
}

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
	Observing   []identity.CommunityID // that one of us observes and the other is a member of
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
		if m.crowded(s) {
			if away = m.giveWay(p, s, now); away == p {
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
	m.weigh(p, s)
	if g != nil && len(s.shared) > 0 {
		g.admit(p)
	}
	m.log.LogAttrs(ctx, slog.LevelDebug, "peer connected", slog.String("peer", p.String()), slog.Bool("fellow", s.fellow()))
}

// crowded reports whether there is no room for one more peer of that standing. The caller holds mu.
func (m *Mesh) crowded(s standing) bool {
	switch {
	case s.fellow():
		return false
	case s.observer():
		return m.count(standing.observer) >= maxObservers
	}
	return m.count(standing.stranger) >= maxStrangers
}

// giveWay returns who is to go when one more stranger, or observer, has come: the one of its kind that
// is here longest, if it has had time for a hello, so that those who only sit there keep no joiner out;
// else the newcomer. The caller holds mu.
func (m *Mesh) giveWay(newcomer peer.ID, s standing, now time.Time) (away peer.ID) {
	away, oldest := newcomer, now.Add(-strangerLeast)
	for p, l := range m.links {
		if c := m.candidates[p]; c != nil && c.static {
			continue // we dial it again at once
		}
		if !l.fellow() && l.observer() == s.observer() && l.since.Before(oldest) {
			away, oldest = p, l.since
		}
	}
	if away != newcomer {
		delete(m.links, away)
		delete(m.hellos, away)
	}
	return away
}

// count counts the peers of a kind. The caller holds mu.
func (m *Mesh) count(kind func(standing) bool) (n int) {
	for _, l := range m.links {
		if kind(l.standing) {
			n++
		}
	}
	return n
}

// weigh tells libp2p which connections to give up first when there are too many.
func (m *Mesh) weigh(p peer.ID, s standing) { m.host.ConnManager().TagPeer(p, "standing", s.weight()) }

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
	if c := m.candidates[p]; c != nil && c.nearby && l != nil && l.stranger() {
		delete(m.candidates, p) // whoever it is, it has nothing for us; it can be found again
	} else if c != nil && l != nil {
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
	r := m.opt.Roster()
	g.follow(ctx, r.CommunitiesOf(r.Canonical(m.self)))
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
// peer may have more of us, or we of it, than before.
func (m *Mesh) reviewPeer(ctx context.Context, p peer.ID) (gained bool) {
	s := m.stands(p)
	m.mu.Lock()
	l := m.links[p]
	if l == nil {
		m.mu.Unlock()
		return false
	}
	lost := s.lacks(l.standing)
	gained = s.exceeds(l.standing)
	l.standing = s
	g := m.gossip
	m.mu.Unlock()
	m.weigh(p, s)
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

// sweep ends the connections whose time is up: of strangers, of observers where there are too many, and
// those to be made anew. It forgets links that ended unnoticed. It returns when the next one's time is up.
func (m *Mesh) sweep(ctx context.Context, now time.Time) (next time.Time) {
	var away, gone []peer.ID
	m.mu.Lock()
	if m.count(standing.observer) > maxObservers { // strangers became it
		for p, l := range m.links {
			if c := m.candidates[p]; l.observer() && (c == nil || !c.static) && (len(away) == 0 || l.since.Before(m.links[away[0]].since)) {
				away = []peer.ID{p}
			}
		}
	}
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
		case !l.stranger():
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
		m.log.LogAttrs(ctx, slog.LevelDebug, "disconnecting a stranger, an observer too many, or to connect anew", slog.String("peer", p.String()))
		_ = m.host.Network().ClosePeer(p)
	}
	return next
}
