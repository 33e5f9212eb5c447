package mesh

import (
	"context"
	"log/slog"
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
		if m.syncing[key] || len(m.syncing) >= maxSyncs {
			continue // the end of a session rouses us
		}
		delete(m.syncs, key)
		if m.links[key.peer] == nil {
			continue
		}
		m.syncing[key] = true
		jobs.Go(func() {
			err := m.sync(ctx, key)
			m.mu.Lock()
			delete(m.syncing, key)
			m.mu.Unlock()
			m.rouse()
			m.synced(ctx, key, err)
		})
	}
	return next
}

// planPeriodic picks a member at random for each community. The caller holds mu.
func (m *Mesh) planPeriodic(now time.Time) {
	m.periodic = now.Add(m.jitter(m.opt.SyncPeriod))
	in := map[identity.CommunityID][]peer.ID{}
	for p, l := range m.links {
		for _, c := range l.shared {
			in[c] = append(in[c], p)
		}
	}
	for c, peers := range in {
		key := syncKey{peers[m.rand.IntN(len(peers))], record.InCommunity(c)}
		if len(m.syncs) < maxSyncWants {
			soonest(m.syncs, key, now)
		}
	}
}

func (m *Mesh) synced(ctx context.Context, key syncKey, err error) {
	if err != nil {
		if ctx.Err() == nil {
			m.log.LogAttrs(ctx, slog.LevelDebug, "sync failed", slog.String("peer", key.peer.String()),
				slog.String("channel", key.channel.String()), slog.Any("error", err))
		}
		return
	}
	m.inStep(key)
}

func (m *Mesh) inStep(key syncKey) {
	if s := m.stands(key.peer); s.known && m.opt.Events.OnInStep != nil {
		m.opt.Events.OnInStep(key.channel, s.team)
	}
}
