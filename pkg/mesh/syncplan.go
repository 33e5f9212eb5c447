package mesh

import (
	"context"
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
	m.mu.Lock()
	for p, l := range m.links {
		if l.fellow() && (team == l.team || team == (identity.TeamID{})) {
			peers = append(peers, p)
		}
	}
	m.mu.Unlock()
	n := 0
	for _, p := range peers {
		if m.mayHave(p, ch) {
			m.wantSync(syncKey{p, ch}, time.Now())
			n++
		}
	}
	return n
}

// syncAll has every channel shared with the peer compared.
func (m *Mesh) syncAll(p peer.ID, info PeerInfo) {
	now := time.Now()
	for _, c := range info.Communities {
		m.wantSync(syncKey{p, record.InCommunity(c)}, now)
	}
	if ch, err := record.Between(m.self, info.Team); err == nil {
		m.wantSync(syncKey{p, ch}, now)
	}
}

// passOn follows records that a session brought: gossip will not bring them to the other members we are
// connected to, so the channel is compared with them too. It ends where a session brings nothing.
func (m *Mesh) passOn(key syncKey) {
	if key.channel.Private() {
		return
	}
	due := time.Now().Add(syncSettle)
	m.mu.Lock()
	for p, l := range m.links {
		_, shared := slices.BinarySearchFunc(l.shared, key.channel.Community, compareCommunities)
		if p != key.peer && shared && len(m.syncs) < maxSyncWants {
			soonest(m.syncs, syncKey{p, key.channel}, due.Add(time.Duration(m.rand.Int64N(int64(syncSpread)))))
		}
	}
	m.mu.Unlock()
	m.rouse()
}

// startSyncs begins the sessions that are due and returns when the next one is.
func (m *Mesh) startSyncs(ctx context.Context, jobs *sync.WaitGroup, now time.Time) (next time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !now.Before(m.periodic) {
		m.planPeriodic(now)
	}
	next = m.periodic
	for key, due := range m.syncs {
		if due.After(now) {
			if due.Before(next) {
				next = due
			}
			continue
		}
		if m.syncing[key] || len(m.syncing) >= maxSyncs || m.syncingWith(key.peer) >= maxSyncsTeam {
			continue // the end of a session rouses us
		}
		delete(m.syncs, key)
		if m.links[key.peer] == nil {
			continue
		}
		m.syncing[key] = true
		jobs.Go(func() {
			began := m.opt.Now()
			err := m.sync(ctx, key)
			m.mu.Lock()
			delete(m.syncing, key)
			if l := m.links[key.peer]; l != nil {
				if l.compared == nil {
					l.compared = map[record.Channel]time.Time{}
				}
				l.compared[key.channel] = time.Now()
			}
			m.mu.Unlock()
			m.rouse()
			m.synced(ctx, key, began, err)
		})
	}
	return next
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

// planPeriodic picks a member at random for each community, however many nodes it has. The caller holds
// mu.
func (m *Mesh) planPeriodic(now time.Time) {
	m.periodic = now.Add(m.jitter(m.opt.SyncPeriod))
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

func (m *Mesh) synced(ctx context.Context, key syncKey, began time.Time, err error) {
	if err != nil {
		if ctx.Err() == nil {
			m.log.LogAttrs(ctx, slog.LevelDebug, "sync failed", slog.String("peer", key.peer.String()),
				slog.String("channel", key.channel.String()), slog.Any("err", err))
		}
		return
	}
	m.inStep(key, began)
}

func (m *Mesh) inStep(key syncKey, began time.Time) {
	if s := m.stands(key.peer); s.known && m.opt.Events.OnInStep != nil {
		m.opt.Events.OnInStep(key.channel, s.team, began)
	}
}
