package mesh

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// helloAllowed takes one hello from the peer's allowance, and from its team's or that of all strangers, which
// a new connection does not renew.
func (m *Mesh) helloAllowed(p peer.ID) bool {
	from := m.originOf(p)
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.links[p]
	if l == nil || !l.limit.Allow() {
		return false
	}
	if l.stranger() {
		return m.crowd.allow(from)
	}
	return m.allowanceOf(l.team).hellos.Allow()
}

// startHellos begins the hellos that are due and returns when the next one is.
func (m *Mesh) startHellos(ctx context.Context, jobs *sync.WaitGroup, now time.Time) (next time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for p, due := range m.hellos {
		switch {
		case m.links[p] == nil:
			delete(m.hellos, p)
		case m.greeting[p]: // its end rouses us
		case due.After(now):
			if next.IsZero() || due.Before(next) {
				next = due
			}
		default:
			delete(m.hellos, p)
			m.greeting[p] = true
			jobs.Go(func() {
				found, err := m.hello(ctx, p)
				m.mu.Lock()
				delete(m.greeting, p)
				m.mu.Unlock()
				m.linger(p)
				if err != nil {
					m.helloFailed(ctx, p, err)
				} else {
					m.greeted(ctx, p, found, true)
				}
				m.rouse()
			})
		}
	}
	return next
}

func (m *Mesh) helloFailed(ctx context.Context, p peer.ID, err error) {
	if ctx.Err() != nil {
		return
	}
	m.log.LogAttrs(ctx, slog.LevelDebug, "hello failed", slog.String("peer", p.String()), slog.Any("err", err))
	m.mu.Lock()
	l := m.links[p]
	if l != nil {
		l.failed++
		l.why = errors.New("it was connected, and its hello failed: " + rootOf(err))
	}
	if l != nil && !errors.Is(err, errNotItself) {
		soonest(m.hellos, p, time.Now().Add(m.jitter(helloEvery<<min(l.failed-1, 4))))
	}
	again := l != nil && l.failed >= helloFailures
	m.mu.Unlock()
	if again {
		m.renew(p, 0)
	}
	if errors.Is(err, errNotItself) {
		_ = m.host.Network().ClosePeer(p)
	}
}

// greeted follows a hello: the peer's standing is asked for again, news spreads, and what the peer may
// have is synced by the one who began.
func (m *Mesh) greeted(ctx context.Context, p peer.ID, found findings, began bool) {
	if found.news > 0 {
		m.recount()
		m.spread(p)
		if m.opt.Events.OnStatements != nil {
			m.opt.Events.OnStatements(found.team, found.news)
		}
	}
	m.reviewPeer(ctx, p)
	m.keepShown(ctx, p)
	m.mu.Lock()
	l := m.links[p]
	if l != nil && !found.none {
		l.vain = 0
	}
	if l != nil && began && found.left && l.vain < helloInVain {
		if found.none {
			l.vain++
		}
		soonest(m.hellos, p, time.Now().Add(helloEvery))
	}
	if l != nil {
		l.heard, l.failed, l.why = true, 0, nil
	}
	if l == nil || !l.known {
		m.mu.Unlock()
		return
	}
	first := !l.greeted
	l.greeted = true
	tell := l.fellow() && (!l.announced || !slices.Equal(l.told, l.shared))
	if tell {
		l.announced, l.told = true, slices.Clone(l.shared)
	}
	watch := !slices.Equal(l.watched, l.observed)
	l.watched = slices.Clone(l.observed)
	info := m.describe(p, l)
	s := l.standing
	m.mu.Unlock()
	if tell && m.opt.Events.OnPeer != nil {
		m.opt.Events.OnPeer(info)
	}
	if first || tell || watch {
		m.syncAll(p, s, began)
	}
	if first && s.fellow() {
		m.AskKeys()
	}
}

// spread has what is new told to the other members that are connected, and everything reviewed.
func (m *Mesh) spread(source peer.ID) {
	due := time.Now().Add(helloSettle)
	m.mu.Lock()
	m.review = true
	for p, l := range m.links {
		if p != source && l.fellow() {
			soonest(m.hellos, p, due)
		}
	}
	m.mu.Unlock()
	m.rouse()
}
