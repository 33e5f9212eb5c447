package mesh

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"

	"tocsin/pkg/identity"
)

// Our protocols. What form their messages have the first byte of each says, see messageVersion: a form
// that is not read is refused in words. Once a release is out, a change that it cannot read gets a
// protocol of another number, and both are served for a release.
const (
	helloProtocol  protocol.ID = "/tocsin/hello/1"
	syncProtocol   protocol.ID = "/tocsin/sync/1"
	directProtocol protocol.ID = "/tocsin/direct/1"
	bodyProtocol   protocol.ID = "/tocsin/body/1"
	keysProtocol   protocol.ID = "/tocsin/keys/1"
)

var errRefused = errors.New("the peer refused")

// wire is a stream of messages that ends when it makes no progress: no byte for streamLull, or on the
// whole less than streamLeast bytes a second. What its context bounds as well is a stranger's. The end
// resets the stream, which wakes whoever reads or writes.
type wire struct {
	mesh   *Mesh
	stream network.Stream
	idle   *time.Timer
	detach func() bool
	cancel context.CancelFunc
	budget int       // bytes that the peer may still send
	began  time.Time // later by the time that this end took
	moved  int       // bytes, either way

	asked time.Time // when the last message was sent; zero: it was answered
	sent  int       // its length
}

func (m *Mesh) newWire(ctx context.Context, cancel context.CancelFunc, s network.Stream) *wire {
	reset := func() { _ = s.Reset() }
	return &wire{
		mesh: m, stream: s, idle: time.AfterFunc(streamLull, reset), detach: context.AfterFunc(ctx, reset),
		cancel: cancel, budget: math.MaxInt, began: time.Now(),
	}
}

func (w *wire) send(msg []byte) error {
	w.asked, w.sent = time.Now(), len(msg)
	return writeMessage(w, msg)
}

func (w *wire) receive(limit int) ([]byte, error) {
	w.extend()
	msg, err := readMessage(w, min(limit, w.budget))
	w.budget -= len(msg)
	if err == nil && !w.asked.IsZero() {
		w.mesh.measured(w.stream.Conn().RemotePeer(), w.sent, len(msg), time.Since(w.asked))
		w.asked = time.Time{}
	}
	return msg, err
}

// Read and Write are what receive and send do piece by piece, each of which is progress.
func (w *wire) Read(b []byte) (int, error) {
	n, err := w.stream.Read(b)
	w.moved += n
	w.extend()
	return n, err
}

func (w *wire) Write(b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var k int
		k, err = w.stream.Write(b[n:min(n+streamPiece, len(b))])
		n += k
		w.moved += k
		w.extend()
	}
	return n, err
}

// extend moves the deadline after progress.
func (w *wire) extend() {
	credit := streamGrace + time.Duration(w.moved/streamLeast)*time.Second // of any number of bytes
	w.idle.Reset(max(0, min(streamLull, time.Until(w.began.Add(credit)))))
}

// pause takes the time until the function that it returns is called from no deadline: this end works, at a
// slow door for example.
func (w *wire) pause() func() {
	w.idle.Stop()
	from := time.Now()
	return func() {
		w.began = w.began.Add(time.Since(from))
		w.extend()
	}
}

// end closes the stream, or resets it where err is not nil.
func (w *wire) end(err error) {
	w.idle.Stop()
	w.detach()
	if err != nil {
		_ = w.stream.Reset()
	} else {
		_ = w.stream.Close()
	}
	w.cancel()
}

// dial opens a stream on a connection that exists.
func (m *Mesh) dial(ctx context.Context, p peer.ID, proto protocol.ID) (context.Context, *wire, error) {
	ctx, cancel := context.WithTimeout(ctx, streamMost)
	s, err := m.openStream(ctx, p, proto)
	if err != nil {
		cancel()
		return nil, nil, fmt.Errorf("open stream %s: %w", proto, err)
	}
	return ctx, m.newWire(ctx, cancel, s), nil
}

// openStream gives up where the two ends cannot agree on a protocol in time.
func (m *Mesh) openStream(ctx context.Context, p peer.ID, proto protocol.ID) (network.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, streamLull)
	defer cancel()
	return m.host.NewStream(network.WithNoDial(ctx, "the reconnector dials"), p, proto)
}

// serve answers a protocol until ctx ends. The handlers run in goroutines of libp2p, which Run counts
// and waits for; beyond maxHandlers at once, maxHandlersTeam of a team or maxHandlersPeer of a peer, a stream is reset. Strangers
// have fewer, and helloTimeout in all, so that they take none from members.
func (m *Mesh) serve(ctx context.Context, proto protocol.ID, handle func(context.Context, peer.ID, *wire) error) {
	m.host.SetStreamHandler(proto, func(s network.Stream) {
		p := s.Conn().RemotePeer()
		now := m.stands(p) // a hello that makes it more may not be over
		fellow := now.fellow()
		if !m.enter(p, now.team, fellow) {
			_ = s.Reset()
			return
		}
		defer m.leave(p, now.team, fellow)
		total := streamMost
		if now.stranger() {
			total = helloTimeout
		}
		ctx, cancel := context.WithTimeout(ctx, total)
		w := m.newWire(ctx, cancel, s)
		err := handle(ctx, p, w)
		if errors.Is(err, errVersion) && w.send(refusal(err.Error())) == nil {
			w.end(nil) // a reset would overtake the answer
		} else {
			w.end(err)
		}
		if err != nil {
			m.log.LogAttrs(ctx, slog.LevelDebug, "stream ended early",
				slog.String("protocol", string(proto)), slog.String("peer", p.String()), slog.Any("err", err))
		}
	})
}

// enter takes a place for a handler, if there is one. A team may have as many as it leaves free and no more, so that
// teams that fill their shares together leave one such share to the others.
func (m *Mesh) enter(p peer.ID, team identity.TeamID, fellow bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	most, free := maxHandlersPeer, maxHandlers-m.handlers
	if !fellow {
		most, free = strangePeer, min(free, strangeHandlers-m.strange)
	}
	if !m.serving || free <= 0 || m.handlersOf[p] >= most {
		return false
	}
	if team != (identity.TeamID{}) && m.handlersIn[team] >= min(maxHandlersTeam, free) {
		return false
	}
	m.handlers++
	m.handlersOf[p]++
	m.handlersIn[team]++
	if !fellow {
		m.strange++
	}
	m.handling.Add(1)
	return true
}

func (m *Mesh) leave(p peer.ID, team identity.TeamID, fellow bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.handlers--
	if !fellow {
		m.strange--
	}
	if m.handlersOf[p]--; m.handlersOf[p] == 0 {
		delete(m.handlersOf, p)
	}
	if m.handlersIn[team]--; m.handlersIn[team] == 0 {
		delete(m.handlersIn, team)
	}
	m.handling.Done()
}
