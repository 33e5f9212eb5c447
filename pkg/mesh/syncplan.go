package mesh

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// wantSync has a session with the peer begin at the given time, or before if one was wanted before.
func (m *Mesh) wantSync(key syncKey, at time.Time) {
	m.mu.Lock()
	if m.links[key.peer] != nil && len(m.syncs) < maxSyncWants {
		soonest(m.syncs, key, at)
	}
	m.mu.Unlock()
	m.rouse()
}

// wantSyncAgain has a session with the peer begin soon, but not soon after the last one: what makes us
// want it, a record whose predecessor is not here for one, any author can write at will.
func (m *Mesh) wantSyncAgain(key syncKey) {
	at := time.Now().Add(syncSettle)
	m.mu.Lock()
	if l := m.links[key.peer]; l != nil {
		if rested := l.compared[key.channel].Add(syncRest); rested.After(at) {
			at = rested
		}
	}
	m.mu.Unlock()
	m.wantSync(key, at)
}

// Sync has the channel compared with the peers of a team that are connected, or of every team if team
// is zero, as soon as possible. It returns how many sessions that will be.
func (m *Mesh) Sync(ch record.Channel, team identity.TeamID) int {
	var peers []peer.ID
	team = m.opt.Roster().Canonical(team)
	m.mu.Lock()
	for p, l := range m.links {
		if l.fellow() && (team == l.team || team == (identity.TeamID{})) {
			peers = append(peers, p)
		}
	}
	m.mu.Unlock()
	n := 0
	for _, p := range peers {
		if m.partIn(m.stands(p), ch) == both {
			m.wantSync(syncKey{p, ch}, time.Now())
			n++
		}
	}
	return n
}

// syncAll has every channel that this node and the peer have compared: by the one who began the hello.
// What only one of the two knows it has to begin itself: one that observes, and private channels, of
// which the other of our own nodes may not have heard yet.
func (m *Mesh) syncAll(p peer.ID, s standing, began bool) {
	now := time.Now()
	for _, c := range s.observed {
		m.wantSync(syncKey{p, record.InCommunity(c)}, now.Add(syncSettle)) // it may take in still who we are
	}
	if s.own {
		for _, ch := range m.ownPrivate() {
			m.wantSync(syncKey{p, ch}, now)
		}
	}
	if !began || !s.fellow() {
		return
	}
	for _, c := range s.shared {
		m.wantSync(syncKey{p, record.InCommunity(c)}, now)
	}
	if ch, err := record.Between(m.self, s.team); err == nil {
		m.wantSync(syncKey{p, ch}, now)
	}
}

// ownPrivate returns private channels of our team, any maxOwnWants of them: with more, every period has
// others compared.
func (m *Mesh) ownPrivate() []record.Channel {
	all := slices.Clone(m.opt.Copy.PrivateChannels())
	m.mu.Lock()
	m.rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	m.mu.Unlock()
	return all[:min(len(all), maxOwnWants)]
}

// passOn follows records that a session or a direct stream brought: gossip will not bring them to the
// others that are connected and have the channel, so it is compared with them too. It ends where a session
// brings nothing.
func (m *Mesh) passOn(key syncKey) {
	due := time.Now().Add(syncSettle)
	m.mu.Lock()
	for p, l := range m.links {
		theirs := l.own
		if !key.channel.Private() {
			theirs = among(l.shared, key.channel.Community)
		}
		if p != key.peer && theirs && len(m.syncs) < maxSyncWants {
			soonest(m.syncs, syncKey{p, key.channel}, due.Add(time.Duration(m.rand.Int64N(int64(syncSpread)))))
		}
	}
	m.mu.Unlock()
	m.rouse()
}

// startSyncs begins the sessions that are due and returns when the next one is.
func (m *Mesh) startSyncs(ctx context.Context, jobs *sync.WaitGroup, now time.Time) (next time.Time) {
	private := m.periodicPrivate(now)
	m.mu.Lock()
	defer m.mu.Unlock()
	if !now.Before(m.periodic) {
		m.planPeriodic(now, private)
	}
	if !now.Before(m.watching) {
		m.planWatching(now)
	}
	next = m.periodic
	if m.watching.Before(next) {
		next = m.watching
	}
	if due := m.cutSessions(now); due.Before(next) {
		next = due
	}
	var keys []syncKey
	for key, due := range m.syncs {
		if !due.After(now) {
			keys = append(keys, key)
		} else if due.Before(next) {
			next = due
		}
	}
	slices.SortFunc(keys, m.byTurn)
	for _, key := range keys {
		if m.thin() && len(m.syncing)+len(m.sessions.open) > 0 {
			break // the end of a session rouses us
		}
		if m.syncing[key] || len(m.syncing) >= maxSyncs || m.syncingWith(key.peer) >= maxSyncsTeam {
			continue // as above
		}
		delete(m.syncs, key)
		if m.links[key.peer] == nil {
			continue
		}
		m.syncing[key] = true
		jobs.Go(func() {
			began := m.opt.Now()
			level, more, err := m.sync(ctx, key)
			m.synced(ctx, key, more, err)
			if level {
				m.inStep(key, began)
			}
		})
	}
	return next
}

// synced follows a session that this node began: one that was not the last has another turn.
func (m *Mesh) synced(ctx context.Context, key syncKey, more bool, err error) {
	now := time.Now()
	m.mu.Lock()
	delete(m.syncing, key)
	m.hadTurn(identity.TeamID{})
	if l := m.links[key.peer]; l != nil {
		if l.compared == nil {
			l.compared = map[record.Channel]time.Time{}
		}
		l.compared[key.channel] = now
		switch {
		case len(m.syncs) >= maxSyncWants:
		case more && (err == nil || errors.Is(err, errLater)):
			soonest(m.syncs, key, m.nextTurn(now))
		case errors.Is(err, errLater):
			soonest(m.syncs, key, now.Add(m.jitter(turnRest)))
		case more:
			soonest(m.syncs, key, now.Add(m.jitter(syncRest)))
		}
	}
	m.mu.Unlock()
	m.rouse()
	if err != nil {
		m.syncFailed(ctx, key, err)
	}
}

// syncingWith counts the running sessions with the team of a peer. The caller holds mu.
func (m *Mesh) syncingWith(p peer.ID) (n int) {
	l := m.links[p]
	for key := range m.syncing {
		if other := m.links[key.peer]; key.peer == p || l != nil && other != nil && other.team == l.team {
			n++
		}
	}
	return n
}

// periodicPrivate returns the private channels to compare with our own other nodes, if it is time and
// there are any.
func (m *Mesh) periodicPrivate(now time.Time) []record.Channel {
	m.mu.Lock()
	due := !now.Before(m.periodic) && m.count(func(s standing) bool { return s.own }) > 0
	m.mu.Unlock()
	if !due {
		return nil
	}
	return m.ownPrivate()
}

// watchAgain returns when what we observe is compared again, counted from now. The caller holds mu or is
// alone.
func (m *Mesh) watchAgain() time.Duration {
	least, most := min(watchLeast, m.opt.SyncPeriod), min(watchMost, m.opt.SyncPeriod)
	return least + time.Duration(m.rand.Int64N(int64(most-least)+1))
}

// planWatching picks a member at random for each community that we observe, to greet and to compare with: what
// is gossiped there does not reach us, and who has news of statements tells members. The caller holds mu.
func (m *Mesh) planWatching(now time.Time) {
	m.watching = now.Add(m.watchAgain())
	in := map[identity.CommunityID][]peer.ID{}
	for p, l := range m.links {
		for _, c := range l.observed {
			in[c] = append(in[c], p)
		}
	}
	for c, peers := range in {
		p := peers[m.rand.IntN(len(peers))]
		soonest(m.hellos, p, now)
		if len(m.syncs) < maxSyncWants {
			soonest(m.syncs, syncKey{p, record.InCommunity(c)}, now)
		}
	}
	if len(in) > 0 {
		m.rouse() // hellos were looked at before this
	}
}

// planPeriodic picks a member at random for each community, however many nodes it has, and compares
// private channels with our own other nodes. The caller holds mu.
func (m *Mesh) planPeriodic(now time.Time, private []record.Channel) {
	m.periodic = now.Add(m.jitter(m.opt.SyncPeriod))
	for p, l := range m.links {
		for _, ch := range private {
			if l.own && len(m.syncs) < maxSyncWants {
				soonest(m.syncs, syncKey{p, ch}, now)
			}
		}
	}
	in := map[identity.CommunityID]map[identity.TeamID]peer.ID{}
	for p, l := range m.links {
		for _, c := range l.shared {
			if in[c] == nil {
				in[c] = map[identity.TeamID]peer.ID{}
			}
			in[c][l.team] = p // of several nodes any
		}
	}
	for c, teams := range in {
		peers := slices.Collect(maps.Values(teams))
		key := syncKey{peers[m.rand.IntN(len(peers))], record.InCommunity(c)}
		if len(m.syncs) < maxSyncWants {
			soonest(m.syncs, key, now)
		}
	}
}

func (m *Mesh) syncFailed(ctx context.Context, key syncKey, err error) {
	if ctx.Err() == nil {
		m.log.LogAttrs(ctx, slog.LevelDebug, "sync failed", slog.String("peer", key.peer.String()),
			slog.String("channel", key.channel.String()), slog.Any("err", err))
	}
}

func (m *Mesh) inStep(key syncKey, began time.Time) {
	if s := m.stands(key.peer); s.known && m.opt.Events.OnInStep != nil {
		m.opt.Events.OnInStep(key.channel, s.team, began)
	}
}
