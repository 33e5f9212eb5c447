package mesh

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
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

// wire is a stream of messages with an end in time: as a whole by its context, and between any two
// messages by streamIdle. Both reset the stream, which wakes whoever reads or writes.
type wire struct {
	stream network.Stream
	idle   *time.Timer
	detach func() bool
	cancel context.CancelFunc
	budget int // bytes that the peer may still send
}

func newWire(ctx context.Context, cancel context.CancelFunc, s network.Stream) *wire {
	reset := func() { _ = s.Reset() }
	return &wire{
		stream: s, idle: time.AfterFunc(streamIdle, reset), detach: context.AfterFunc(ctx, reset),
		cancel: cancel, budget: int(^uint(0) >> 1),
	}
}

func (w *wire) send(msg []byte) error {
	w.idle.Reset(streamIdle)
	return writeMessage(w.stream, msg)
}

func (w *wire) receive(limit int) ([]byte, error) {
	w.idle.Reset(streamIdle)
	msg, err := readMessage(w.stream, min(limit, w.budget))
	w.budget -= len(msg)
	return msg, err
}

// sendLong and receiveLong are for messages that a thin line may need a minute for.
func (w *wire) sendLong(msg []byte) error {
	w.idle.Reset(longIdle)
	return writeMessage(w.stream, msg)
}

func (w *wire) receiveLong(limit int) ([]byte, error) {
	w.idle.Reset(longIdle)
	return readMessage(w.stream, limit)
}

// rest keeps the stream alive while this end works, at a slow door for example.
func (w *wire) rest() { w.idle.Reset(streamIdle) }

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
func (m *Mesh) dial(ctx context.Context, p peer.ID, proto protocol.ID, total time.Duration) (context.Context, *wire, error) {
	ctx, cancel := context.WithTimeout(ctx, total)
	s, err := m.host.NewStream(network.WithNoDial(ctx, "the reconnector dials"), p, proto)
	if err != nil {
		cancel()
		return nil, nil, fmt.Errorf("open stream %s: %w", proto, err)
	}
	return ctx, newWire(ctx, cancel, s), nil
}

// serve answers a protocol until ctx ends. The handlers run in goroutines of libp2p, which Run counts
// and waits for; beyond maxHandlers at once, or maxHandlersPeer of one peer, a stream is reset. Strangers
// have fewer, so that they take none from members.
func (m *Mesh) serve(ctx context.Context, proto protocol.ID, total time.Duration, handle func(context.Context, peer.ID, *wire) error) {
	m.host.SetStreamHandler(proto, func(s network.Stream) {
		p := s.Conn().RemotePeer()
		fellow := m.stands(p).fellow() // as of now: a hello that makes it one may not be over
		if !m.enter(p, fellow) {
			_ = s.Reset()
			return
		}
		defer m.leave(p, fellow)
		ctx, cancel := context.WithTimeout(ctx, total)
		w := newWire(ctx, cancel, s)
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

// enter takes a place for a handler, if there is one.
func (m *Mesh) enter(p peer.ID, fellow bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	most := maxHandlersPeer
	if !fellow {
		most = strangePeer
	}
	if !m.serving || m.handlers >= maxHandlers || m.handlersOf[p] >= most || !fellow && m.strange >= strangeHandlers {
		return false
	}
	m.handlers++
	m.handlersOf[p]++
	if !fellow {
		m.strange++
	}
	m.handling.Add(1)
	return true
}

func (m *Mesh) leave(p peer.ID, fellow bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.handlers--
	if !fellow {
		m.strange--
	}
	if m.handlersOf[p]--; m.handlersOf[p] == 0 {
		delete(m.handlersOf, p)
	}
	m.handling.Done()
}
