package mesh_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"

	"tocsin/pkg/mesh"
)

// line is what a node is connected by: all its streams together get no more than so many bytes a second,
// each way. What was sent on a stream before it was reset passes the line nevertheless.
type line struct {
	mu       sync.Mutex
	rate     int // bytes a second, each way
	down, up way
	streams  []*shaped
}

type way struct {
	free  time.Time // when the last byte so far has passed
	bytes int
}

const (
	packet     = 1400
	lineWindow = 256 << 10 // that a sender is ahead of the receiver, as in yamux
)

// pass lets bytes onto the line and returns when they have passed it.
func (l *line) pass(w *way, n int) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); w.free.Before(now) {
		w.free = now
	}
	w.free = w.free.Add(time.Duration(n) * time.Second / time.Duration(l.rate))
	w.bytes += n
	return w.free
}

func (l *line) received() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.down.bytes
}

func (l *line) sent() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.up.bytes
}

// behind puts a node that does not run behind a line of that many bytes a second.
func (n *node) behind(bytesPerSecond int) *line {
	l := &line{rate: bytesPerSecond}
	n.host.Network().Notify(&network.NotifyBundle{DisconnectedF: func(_ network.Network, c network.Conn) { l.broke(c) }})
	var err error
	n.mesh, err = mesh.NewWithHost(&lineHost{Host: n.host, line: l}, n.options())
	n.world.check(err)
	return l
}

// broke loses what is on the line of a connection that has ended.
func (l *line) broke(c network.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.streams {
		if s.Conn() == c {
			s.in.drop()
			s.out.drop()
		}
	}
}

type lineHost struct {
	host.Host
	line *line
}

func (h *lineHost) NewStream(ctx context.Context, p peer.ID, protocols ...protocol.ID) (network.Stream, error) {
	s, err := h.Host.NewStream(ctx, p, protocols...)
	if err != nil {
		return nil, err
	}
	return h.line.shape(s), nil
}

func (h *lineHost) SetStreamHandler(p protocol.ID, handle network.StreamHandler) {
	h.Host.SetStreamHandler(p, func(s network.Stream) { handle(h.line.shape(s)) })
}

func (h *lineHost) SetStreamHandlerMatch(p protocol.ID, match func(protocol.ID) bool, handle network.StreamHandler) {
	h.Host.SetStreamHandlerMatch(p, match, func(s network.Stream) { handle(h.line.shape(s)) })
}

// shaped is a stream over a line.
type shaped struct {
	network.Stream
	in, out *queue
}

func (l *line) shape(s network.Stream) *shaped {
	x := &shaped{Stream: s, in: newQueue(), out: newQueue()}
	l.mu.Lock()
	l.streams = append(l.streams, x)
	l.mu.Unlock()
	go func() { // what is sent to us is on the line as soon as its window has room
		for {
			b := make([]byte, packet)
			n, err := s.Read(b)
			if n > 0 {
				x.in.put(b[:n], l.pass(&l.down, n))
			}
			switch {
			case errors.Is(err, io.EOF):
				x.in.end(err)
				return
			case err != nil: // what is on the line is lost
				x.in.drop()
				return
			}
		}
	}()
	go func() {
		b := make([]byte, packet)
		for {
			n, err := x.out.Read(b)
			if n > 0 {
				_, _ = s.Write(b[:n])
			}
			if errors.Is(err, io.EOF) {
				_ = s.CloseWrite()
			}
			if err != nil {
				return
			}
		}
	}()
	x.out.arrives = func(n int) time.Time { return l.pass(&l.up, n) }
	return x
}

func (s *shaped) Read(b []byte) (int, error) { return s.in.Read(b) }

func (s *shaped) Write(b []byte) (n int, err error) {
	for n < len(b) {
		piece := append([]byte{}, b[n:min(n+packet, len(b))]...)
		if !s.out.put(piece, s.out.arrives(len(piece))) {
			return n, network.ErrReset
		}
		n += len(piece)
	}
	return n, nil
}

func (s *shaped) CloseWrite() error { s.out.end(io.EOF); return nil }

func (s *shaped) Close() error {
	_ = s.CloseRead()
	return s.CloseWrite()
}

func (s *shaped) CloseRead() error { s.in.end(io.EOF); return s.Stream.CloseRead() }

func (s *shaped) Reset() error {
	s.in.drop()
	s.out.drop()
	return s.Stream.Reset()
}

// queue holds packets until they have arrived.
type queue struct {
	mu      sync.Mutex
	changed chan struct{} // closed and replaced at every change
	packets []onLine
	size    int
	over    error // after the packets
	dropped bool
	arrives func(int) time.Time
}

type onLine struct {
	bytes []byte
	at    time.Time
}

func newQueue() *queue { return &queue{changed: make(chan struct{})} }

func (q *queue) change() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// put waits for room in the window.
func (q *queue) put(b []byte, at time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.size > lineWindow && q.over == nil && !q.dropped {
		wait := q.changed
		q.mu.Unlock()
		<-wait
		q.mu.Lock()
	}
	if q.over != nil || q.dropped {
		return false
	}
	q.packets = append(q.packets, onLine{b, at})
	q.size += len(b)
	q.change()
	return true
}

func (q *queue) end(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.over == nil {
		q.over = err
	}
	q.change()
}

func (q *queue) drop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.dropped, q.packets = true, nil
	q.change()
}

func (q *queue) Read(b []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		wait := q.changed
		var timer *time.Timer
		var due <-chan time.Time
		switch {
		case q.dropped:
			return 0, network.ErrReset
		case len(q.packets) > 0:
			first := &q.packets[0]
			if left := time.Until(first.at); left > 0 {
				timer = time.NewTimer(left)
				due = timer.C
				break
			}
			n := copy(b, first.bytes)
			q.size -= n
			if first.bytes = first.bytes[n:]; len(first.bytes) == 0 {
				q.packets = q.packets[1:]
			}
			q.change()
			return n, nil
		case q.over != nil:
			return 0, q.over
		}
		q.mu.Unlock()
		select {
		case <-wait:
		case <-due:
		}
		if timer != nil {
			timer.Stop()
		}
		q.mu.Lock()
	}
}
