package mesh

import (
	"context"
	"log/slog"
	"maps"
	"net/netip"
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
	deadline time.Time    // when a stranger must go, and anybody who has not greeted
	pressed  bool         // the deadline for a greeting has passed once
	dialled  bool         // by us
	from     netip.Prefix // invalid: not known
	limit    *rate.Limiter
	pace     linePace

	standing
	shown     identity.TeamID // by its hello; zero before
	showed    *identity.Delegation
	sealing   []byte // the public key that showed names; nil before
	keys      keysLink
	heard     bool // a hello is over
	greeted   bool // and shows a node of a known team
	announced bool // OnPeer was called
	told      []identity.CommunityID
	watched   []identity.CommunityID       // that we observed at the last hello
	failed    int                          // hellos that failed in a row
	vain      int                          // hellos in a row that compared a part and moved nothing
	why       error                        // of the last that failed
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

// met takes note of a peer that is connected. It is called again when more is known of it.
func (m *Mesh) met(ctx context.Context, p peer.ID) {
	if m.host.Network().Connectedness(p) != network.Connected {
		return
	}
	now := time.Now()
	s := m.stands(p)
	dialled, from := m.dialled(p), m.originOf(p)
	var away peer.ID
	m.mu.Lock()
	l := m.links[p]
	fresh := l == nil
	if fresh {
		l = &link{
			since: now, deadline: now.Add(strangerLinger), dialled: dialled, from: from,
			limit: rate.NewLimiter(rate.Every(helloEvery), helloBurst), standing: s,
		}
		if !dialled && m.crowded(s) {
			if away = m.giveWay(p, l, now); away == p {
				m.mu.Unlock()
				_ = m.host.Network().ClosePeer(p)
				return
			}
		}
		m.links[p] = l
	}
	l.standing = s
	l.dialled = l.dialled || dialled
	if dialled && !l.heard && l.failed == 0 && !m.greeting[p] {
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
	if fresh {
		m.log.LogAttrs(ctx, slog.LevelDebug, "peer connected", slog.String("peer", p.String()), slog.Bool("fellow", s.fellow()))
	}
}

// crowded reports whether there is no room for one more peer of that standing that dialled us. The caller
// holds mu.
func (m *Mesh) crowded(s standing) bool {
	switch {
	case s.fellow():
		return false
	case s.observer():
		return m.count(standing.observer) >= maxObservers
	}
	return m.count(standing.stranger) >= maxStrangers
}

// giveWay returns who is to go when one more stranger, or observer, has come: of its kind, from where most
// are, the one that is here longest, if it has had time for a hello. So those who only sit there keep no joiner
// out, and one address does not push out others. Else it is the newcomer. The caller holds mu.
func (m *Mesh) giveWay(newcomer peer.ID, n *link, now time.Time) (away peer.ID) {
	held := map[netip.Prefix]int{n.from: 1}
	for _, l := range m.links {
		if !l.fellow() && l.observer() == n.observer() {
			held[l.from]++
		}
	}
	away = newcomer
	most, oldest := 0, now
	for p, l := range m.links {
		if l.fellow() || l.observer() != n.observer() || l.dialled || now.Sub(l.since) <= strangerLeast || held[l.from] < held[n.from] {
			continue
		}
		if c := m.candidates[p]; c != nil && c.static {
			continue // we dial it again at once
		}
		if held[l.from] > most || held[l.from] == most && l.since.Before(oldest) {
			away, most, oldest = p, held[l.from], l.since
		}
	}
	if away != newcomer {
		delete(m.links, away)
		delete(m.hellos, away)
	}
	return away
}

// count counts the peers of a kind that dialled us. The caller holds mu.
func (m *Mesh) count(kind func(standing) bool) (n int) {
	for _, l := range m.links {
		if !l.dialled && kind(l.standing) {
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
		m.lost(c, l)
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

// lost says when a peer that was connected is dialled again, and why it is gone. The caller holds mu.
func (m *Mesh) lost(c *candidate, l *link) {
	switch {
	case !l.heard && l.why != nil:
		m.postpone(c, l.why)
	case !l.heard:
		m.postpone(c, errSilent)
	case time.Since(l.since) < linkProven && l.renewAt.IsZero():
		m.postpone(c, errEnded)
	default:
		c.failures, c.why, c.last = 0, nil, time.Now()
		if l.stranger() {
			c.why = errUnknown
		}
		// Not at once: gossip needs a moment to notice the end before there is a new beginning.
		c.next = c.last.Add(redialAfter + time.Duration(m.rand.Int64N(int64(backoffFirst))))
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

// sweep ends the connections whose time is up: of strangers, of whoever does not greet, of observers where
// there are too many, of peers in a hurry, and those to be made anew. It forgets links that ended unnoticed. It
// returns when the next one's time is up.
func (m *Mesh) sweep(ctx context.Context, now time.Time) (next time.Time) {
	var away, gone []peer.ID
	m.mu.Lock()
	if m.count(standing.observer) > maxObservers { // strangers became it
		for p, l := range m.links {
			if c := m.candidates[p]; l.observer() && !l.dialled && (c == nil || !c.static) && (len(away) == 0 || l.since.Before(m.links[away[0]].since)) {
				away = []peer.ID{p}
			}
		}
	}
	for p, l := range m.links {
		switch {
		case m.host.Network().Connectedness(p) != network.Connected:
			gone = append(gone, p)
			continue
		case m.hasty[p], l.overdue(now):
			away = append(away, p)
			l.deadline = now.Add(strangerLinger)
		case l.late(now): // the one who dialled should have greeted; this end can as well
			l.pressed, l.deadline = true, now.Add(helloTimeout)
			soonest(m.hellos, p, now)
		}
		if end := l.end(); !end.IsZero() && (next.IsZero() || end.Before(next)) {
			next = end
		}
	}
	clear(m.hasty)
	m.mu.Unlock()
	for _, p := range gone {
		m.parted(ctx, p)
	}
	for _, p := range away {
		m.log.LogAttrs(ctx, slog.LevelDebug, "disconnecting a stranger, one that does not greet or is in a hurry, an observer too many, or to connect anew",
			slog.String("peer", p.String()))
		_ = m.host.Network().ClosePeer(p)
	}
	return next
}

// end returns when something is to be done about a link; zero: it may stay.
func (l *link) end() time.Time {
	switch {
	case !l.renewAt.IsZero():
		return l.renewAt
	case l.stranger(), !l.greeted:
		return l.deadline
	}
	return time.Time{}
}

// overdue reports whether the connection has to end.
func (l *link) overdue(now time.Time) bool {
	end := l.end()
	return !end.IsZero() && !now.Before(end) && (!l.renewAt.IsZero() || l.stranger() || l.pressed)
}

// late reports whether a member, or observer, should have greeted by now.
func (l *link) late(now time.Time) bool {
	return !l.stranger() && !l.greeted && l.renewAt.IsZero() && !l.pressed && !now.Before(l.deadline)
}

// overrun has the connection to a peer ended that opens streams much too fast.
func (m *Mesh) overrun(p peer.ID) {
	m.mu.Lock()
	if _, ok := m.links[p]; ok {
		m.hasty[p] = true
	}
	m.mu.Unlock()
	m.rouse()
}
