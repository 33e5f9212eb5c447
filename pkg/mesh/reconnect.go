package mesh

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	envelope "github.com/libp2p/go-libp2p/core/record"
	"github.com/libp2p/go-libp2p/core/sec"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"

	"tocsin/pkg/identity"
)

// The reconnector. libp2p redials nobody: after a partition of a minute the two halves would stay
// apart for ever. Static peers are dialled until they answer; of each community's members as many as
// wantPerCommunity asks for. Each waits twice as long after each failure, up to a bound that keeps a
// healed partition from staying open for long.

// candidate is a peer that can be dialled. Guarded by Mesh.mu.
type candidate struct {
	static   bool
	nearby   bool      // not known to be anybody's; dialled last, and forgotten if that fails
	next     time.Time // not before
	failures int       // in a row
	dialling bool
	last     time.Time // when the last try was over
	why      error     // why there is no link since; nil where nothing was wrong
}

// due returns when the candidate may be dialled. Whoever has no member to talk to does not wait for long.
func (c *candidate) due(alone bool) time.Time {
	if by := c.last.Add(backoffAlone); alone && by.Before(c.next) {
		return by
	}
	return c.next
}

var (
	errSilent  = errors.New("it was connected and said no hello")
	errEnded   = errors.New("it ended the connection soon")
	errUnknown = errors.New("it answered, and is not known here as a member")
)

func (m *Mesh) addCandidate(p peer.ID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch c := m.candidates[p]; {
	case c != nil:
		c.nearby = false
	case len(m.candidates) < maxCandidates:
		m.candidates[p] = &candidate{}
		m.redial = true
	}
}

// loadAddresses makes candidates of the members whose addresses are kept.
func (m *Mesh) loadAddresses(ctx context.Context) {
	book, ok := peerstore.GetCertifiedAddrBook(m.host.Peerstore())
	if !ok {
		return
	}
	type kept struct {
		id  peer.ID
		env *envelope.Envelope
	}
	var list []kept
	err := m.opt.Copy.Addresses(func(name string, signed []byte) {
		p, err := peer.Decode(name)
		if err != nil || p == m.host.ID() {
			return
		}
		if env, _, err := envelope.ConsumeEnvelope(append([]byte(nil), signed...), peer.PeerRecordEnvelopeDomain); err == nil {
			list = append(list, kept{p, env})
		}
	})
	if err != nil {
		m.log.LogAttrs(ctx, slog.LevelWarn, "cannot read addresses", slog.Any("err", err))
	}
	for _, k := range list {
		if !m.mayBeFellow(k.id) {
			continue
		}
		_, _ = book.ConsumePeerRecord(k.env, addressesReload*2) // an older one than known is refused, rightly
		m.addCandidate(k.id)
	}
}

// startDials dials whom it is time to dial and returns when the next one is due.
func (m *Mesh) startDials(ctx context.Context, jobs *sync.WaitGroup, now time.Time) (next time.Time) {
	m.mu.Lock()
	reload := !now.Before(m.reload)
	if reload {
		m.reload = now.Add(addressesReload)
	}
	look := reload || m.redial || !m.dialNext.IsZero() && !now.Before(m.dialNext)
	m.redial = false
	next = m.dialNext
	m.mu.Unlock()
	if !look {
		return next
	}
	if reload {
		m.loadAddresses(ctx)
	}
	next = time.Time{}
	chosen := m.chooseDials(now, &next)
	m.mu.Lock()
	// However it came about that nothing is due: an event may be lost, a bound reached. Nobody stays alone by it.
	if by := now.Add(dialLook); len(m.candidates) > 0 && (next.IsZero() || by.Before(next)) {
		next = by
	}
	m.dialNext = next
	m.mu.Unlock()
	for _, p := range chosen {
		jobs.Go(func() {
			err := m.connect(ctx, p)
			m.mu.Lock()
			m.dialling--
			m.redial = true
			if c := m.candidates[p]; c != nil {
				c.dialling = false
				m.postpone(c, err)
				if err != nil && c.nearby {
					delete(m.candidates, p)
				}
			}
			m.mu.Unlock()
			m.rouse()
			if err != nil && ctx.Err() == nil {
				m.log.LogAttrs(ctx, slog.LevelDebug, "cannot dial", slog.String("peer", p.String()), slog.Any("err", err))
			}
		})
	}
	return next
}

// postpone sets when a candidate may be dialled again. The caller holds mu.
func (m *Mesh) postpone(c *candidate, err error) {
	limit := backoffMember
	if c.static {
		limit = backoffStatic
	}
	c.last, c.why = time.Now(), err
	if err == nil {
		c.next = c.last.Add(m.jitter(backoffFirst)) // unless a link comes of it, and lost says more
		return
	}
	c.next = c.last.Add(m.jitter(min(limit, backoffFirst<<min(c.failures, 10))))
	c.failures++
}

// wish is a candidate that is not connected and that is wanted.
type wish struct {
	candidate // as it was
	peer      peer.ID
	shared    []identity.CommunityID // for which it is wanted; none of one that is wanted for itself
	at        time.Time              // when it is due
}

// wishes returns whom there is a reason to dial, those first that are due first, and how many peers of each
// community are connected. Static peers go before others that are due at the same time, as when the node
// has just begun, and then take turns with them: the first ones must not keep the rest waiting for ever.
func (m *Mesh) wishes() (all []wish, linked map[identity.CommunityID]int) {
	m.mu.Lock()
	ofTeam, linked := m.linked()
	alone := m.alone()
	var others []wish
	for p, c := range m.candidates {
		if m.links[p] != nil || m.host.Network().Connectedness(p) == network.Connected {
			continue
		}
		w := wish{candidate: *c, peer: p, at: c.due(alone)}
		if c.static || c.nearby {
			all = append(all, w)
		} else {
			others = append(others, w)
		}
	}
	m.rand.Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
	m.mu.Unlock()
	for _, w := range others {
		if m.mayBeOurs(w.peer) { // other nodes of our team are always wanted
			all = append(all, w)
			continue
		}
		w.shared = m.mayShare(w.peer)
		if slices.ContainsFunc(w.shared, func(c identity.CommunityID) bool { return linked[c] < wantPerCommunity }) &&
			slices.ContainsFunc(m.claims(w.peer), func(s standing) bool { return ofTeam[s.team] < wantPerTeam }) {
			all = append(all, w)
		}
	}
	slices.SortStableFunc(all, func(a, b wish) int {
		if d := a.at.Compare(b.at); d != 0 || a.static == b.static {
			return d
		}
		if a.static {
			return -1
		}
		return 1
	})
	return all, linked
}

// alone reports whether no member has greeted that is connected. The caller holds mu.
func (m *Mesh) alone() bool {
	for _, l := range m.links {
		if l.greeted && l.fellow() {
			return false
		}
	}
	return true
}

// chooseDials picks and marks the peers to dial now. It lowers next to when the next could be dialled.
func (m *Mesh) chooseDials(now time.Time, next *time.Time) (chosen []peer.ID) {
	all, linked := m.wishes()
	m.mu.Lock()
	defer m.mu.Unlock()
	near := 0 // dials to peers that are only known from the local network
	for _, c := range m.candidates {
		if c.dialling && c.nearby {
			near++
		}
	}
	for _, w := range all {
		c := m.candidates[w.peer]
		if c == nil || c.dialling || c.nearby && near >= lanDials {
			continue
		}
		if len(w.shared) > 0 && !slices.ContainsFunc(w.shared, func(c identity.CommunityID) bool { return linked[c] < wantPerCommunity }) {
			continue // dials chosen above will do
		}
		if w.at.After(now) {
			if next.IsZero() || w.at.Before(*next) {
				*next = w.at
			}
			continue
		}
		if m.dialling >= maxDials {
			break // the end of a dial rouses us
		}
		m.dialling++
		c.dialling = true
		if c.nearby {
			near++
		}
		for _, community := range w.shared {
			linked[community]++
		}
		chosen = append(chosen, w.peer)
	}
	return chosen
}

// linked counts the connected peers of each team, and of each community, where those of one team count
// for wantPerTeam at most: a team with many nodes must not make it look as if there were company enough.
// The caller holds mu.
func (m *Mesh) linked() (ofTeam map[identity.TeamID]int, in map[identity.CommunityID]int) {
	ofTeam, in = map[identity.TeamID]int{}, map[identity.CommunityID]int{}
	for _, l := range m.links {
		if l.pressed && !l.greeted {
			continue // it is silent, and no company
		}
		if ofTeam[l.team]++; ofTeam[l.team] > wantPerTeam {
			continue
		}
		for _, c := range l.shared {
			in[c]++
		}
	}
	return ofTeam, in
}

func (m *Mesh) connect(ctx context.Context, p peer.ID) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	// libp2p keeps a backoff of its own, which knows nothing of partitions that heal.
	if s, ok := m.host.Network().(*swarm.Swarm); ok {
		s.Backoff().Clear(p)
	}
	err := m.host.Connect(ctx, peer.AddrInfo{ID: p})
	var other sec.ErrPeerIDMismatch
	if errors.As(err, &other) && other.Expected == p {
		m.replaced(p, other.Actual)
	}
	return err
}

// replaced is told that somebody else answers where a peer was. Its node key may have been replaced while
// we were away, so whoever is there is dialled as a stranger: its hello shows whether a root that we know
// delegated it. Nothing is taken from the peer that was there before.
func (m *Mesh) replaced(was, is peer.ID) {
	if is == m.host.ID() {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	before := m.candidates[was]
	if before == nil || m.candidates[is] != nil || m.nearby() >= lanPeers || len(m.candidates) >= maxCandidates {
		return
	}
	m.candidates[is] = &candidate{nearby: true}
	addrs := m.host.Peerstore().Addrs(was)
	m.host.Peerstore().AddAddrs(is, addrs[:min(len(addrs), lanAddrs)], peerstore.TempAddrTTL)
	m.redial = true
}

// reach yields the nodes of a team that answer a dial, as long as they are asked for.
func (m *Mesh) reach(ctx context.Context, team identity.TeamID) iter.Seq[peer.ID] {
	m.mu.Lock()
	all := make([]peer.ID, 0, len(m.candidates))
	for p := range m.candidates {
		all = append(all, p)
	}
	m.mu.Unlock()
	return func(yield func(peer.ID) bool) {
		for _, p := range all {
			if ctx.Err() != nil {
				return
			}
			if m.mayBeOf(p, team) && m.connect(ctx, p) == nil && !yield(p) {
				return
			}
		}
	}
}
