package mesh

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multistream"
)

// A process is a number that each process draws for itself and shows in hello. Two processes with one
// transport key, of which one is a copy of the other, have one peer ID: libp2p refuses to dial one's own, and
// others take them for one peer with two connections. So a member that meets a second process on another
// connection greets each on its own, and tells both when both have answered.
type process [16]byte

// Company is whether a peer is the only process that speaks with its key, as the other end sees it.
type Company uint8

// The companies.
const (
	Alone     Company = iota
	Suspected         // another process spoke on a connection that is still open; it may be gone
	Twin              // two answered
)

// voice is what is known of the processes of a fellow.
type voice struct {
	on      map[string]process // by connection
	checked time.Time
	twin    time.Time // when two last answered; zero: never
}

const (
	twinCheck = time.Minute // at most once in this time for each peer
	twinTold  = time.Hour   // for how long a twin is told of in hello
	maxVoices = 4096
)

// heard notes which process said hello on a connection.
func (m *Mesh) heard(p peer.ID, on network.Conn, who process) {
	open := map[string]bool{}
	for _, c := range m.host.Network().ConnsToPeer(p) {
		open[c.ID()] = true
	}
	fellow := m.stands(p).fellow()
	m.mu.Lock()
	defer m.mu.Unlock()
	v := m.voices[p]
	if v == nil {
		if !fellow || len(m.voices) >= maxVoices {
			return
		}
		v = &voice{on: map[string]process{}}
		m.voices[p] = v
	}
	v.on[on.ID()] = who
	for id, other := range v.on {
		switch {
		case !open[id]:
			delete(v.on, id)
		case other != who && time.Since(v.checked) > twinCheck:
			m.suspects[p] = true
			m.rouse()
		}
	}
}

// companyOf returns how many processes speak as this peer, as far as is known.
func (m *Mesh) companyOf(p peer.ID) Company {
	m.mu.Lock()
	defer m.mu.Unlock()
	v := m.voices[p]
	if v == nil {
		return Alone
	}
	if !v.twin.IsZero() && time.Since(v.twin) < twinTold {
		return Twin
	}
	who := map[process]bool{}
	for _, one := range v.on {
		who[one] = true
	}
	if len(who) > 1 {
		return Suspected
	}
	return Alone
}

// startTwinChecks begins to greet those that may be two, on each connection.
func (m *Mesh) startTwinChecks(ctx context.Context, jobs *sync.WaitGroup, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for p := range m.suspects {
		if v := m.voices[p]; v != nil {
			v.checked = now
		}
		jobs.Go(func() { m.checkTwins(ctx, p) })
	}
	clear(m.suspects)
}

func (m *Mesh) checkTwins(ctx context.Context, p peer.ID) {
	answered := map[process]bool{}
	for _, c := range m.host.Network().ConnsToPeer(p) {
		found, err := m.helloOn(ctx, c)
		if err != nil {
			_ = c.Close() // of a process that is gone, or as good as
			continue
		}
		m.greeted(ctx, p, found, true)
		answered[found.who] = true
	}
	m.rouse()
	if len(answered) < 2 {
		return
	}
	m.mu.Lock()
	if v := m.voices[p]; v != nil {
		v.twin = time.Now()
	}
	m.mu.Unlock()
	m.log.LogAttrs(ctx, slog.LevelWarn, "two processes speak with one node key", slog.String("peer", p.String()))
	for _, c := range m.host.Network().ConnsToPeer(p) {
		if _, err := m.helloOn(ctx, c); err != nil {
			m.log.LogAttrs(ctx, slog.LevelDebug, "cannot tell a twin", slog.String("peer", p.String()), slog.Any("err", err))
		}
	}
}

// helloOn says hello on one connection.
func (m *Mesh) helloOn(ctx context.Context, c network.Conn) (found findings, err error) {
	ctx, cancel := context.WithTimeout(ctx, helloTimeout)
	s, err := c.NewStream(network.WithNoDial(ctx, "one connection"))
	if err != nil {
		cancel()
		return found, fmt.Errorf("open stream: %w", err)
	}
	w := m.newWire(ctx, cancel, s)
	defer func() { w.end(err) }()
	if err = multistream.SelectProtoOrFail(helloProtocol, s); err != nil {
		return found, fmt.Errorf("agree on a protocol: %w", err)
	}
	_ = s.SetProtocol(helloProtocol)
	return m.helloOver(ctx, c.RemotePeer(), w)
}
