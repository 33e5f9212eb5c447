package local

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
)

// maxRecorded bounds what is kept of one way of one connection.
const maxRecorded = 256 << 20

// relay stands before one node: it listens where the others are told that the node is, passes on what
// comes and keeps a copy.
type relay struct {
	listener net.Listener
	node     *net.TCPAddr // of the node itself

	connections sync.WaitGroup

	mu      sync.Mutex // guards what follows
	closed  bool
	open    map[net.Conn]struct{}
	ways    []*way
	sources map[string]bool // ports from which it called the node, each of which is a peer to it
}

// way is what went one way over one connection.
type way struct {
	mu   sync.Mutex // guards what follows
	said bytes.Buffer
	full bool
}

// openRelay begins to listen, and chooses an address for the node.
func openRelay() (*relay, error) {
	l, err := net.ListenTCP("tcp4", loopback())
	if err != nil {
		return nil, fmt.Errorf("open relay: %w", err)
	}
	place, err := net.ListenTCP("tcp4", loopback())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open relay: %w", err), l.Close())
	}
	node, _ := place.Addr().(*net.TCPAddr)
	if err := place.Close(); err != nil { // the node takes it
		return nil, errors.Join(fmt.Errorf("open relay: %w", err), l.Close())
	}
	return &relay{listener: l, node: node, open: map[net.Conn]struct{}{}, sources: map[string]bool{}}, nil
}

// loopback is an address of the system's choice.
func loopback() *net.TCPAddr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

// multiaddr writes an address as nodes do.
func multiaddr(a net.Addr) string {
	host, p, _ := strings.Cut(a.String(), ":")
	return "/ip4/" + host + "/tcp/" + p
}

func portOf(a net.Addr) string {
	_, p, _ := strings.Cut(a.String(), ":")
	return p
}

// serve passes connections on until close.
func (r *relay) serve() {
	for {
		caller, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.connections.Go(func() { r.pass(caller) })
	}
}

func (r *relay) pass(caller net.Conn) {
	defer caller.Close() //nolint:errcheck // over
	callee, err := net.DialTCP("tcp4", nil, r.node)
	if err != nil {
		return // the node is down: its caller sees it by this
	}
	defer callee.Close() //nolint:errcheck // over
	there, back, ok := r.begin(caller, callee)
	if !ok {
		return
	}
	defer r.end(caller, callee)
	var both sync.WaitGroup
	for _, d := range []struct {
		from, to net.Conn
		way      *way
	}{{caller, callee, there}, {callee, caller, back}} {
		both.Go(func() {
			d.way.carry(d.from, d.to)
			_ = d.from.Close() // ends the other way too
			_ = d.to.Close()
		})
	}
	both.Wait()
}

func (r *relay) begin(caller, callee net.Conn) (there, back *way, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, nil, false
	}
	there, back = &way{}, &way{}
	r.ways = append(r.ways, there, back)
	r.open[caller], r.open[callee] = struct{}{}, struct{}{}
	r.sources[portOf(callee.LocalAddr())] = true
	return there, back, true
}

func (r *relay) end(conns ...net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range conns {
		delete(r.open, c)
	}
}

// carry copies until either end is closed, and notes before it passes on.
func (w *way) carry(from, to net.Conn) {
	room := make([]byte, 32<<10)
	for {
		n, err := from.Read(room)
		if n > 0 {
			w.note(room[:n])
			if _, err := to.Write(room[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (w *way) note(b []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.said.Len()+len(b) > maxRecorded {
		w.full = true
		return
	}
	w.said.Write(b)
}

// is reports whether a TCP port is the relay's own, or one from which it called the node.
func (r *relay) is(p string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return p == portOf(r.listener.Addr()) || r.sources[p]
}

// close ends all connections and returns when they are over.
func (r *relay) close() error {
	err := r.listener.Close()
	r.mu.Lock()
	r.closed = true
	for c := range r.open {
		_ = c.Close()
	}
	r.mu.Unlock()
	r.connections.Wait()
	return err
}

// Recorded calls fn for what went so far one way over each connection between the nodes. fn must not
// keep the bytes. An error says that not all of it is kept.
func (c *Cluster) Recorded(fn func(said []byte)) error {
	for _, t := range c.teams {
		if t.relay == nil {
			return fmt.Errorf("read recording: no relay stands before %s", t.Name)
		}
		t.relay.mu.Lock()
		ways := slices.Clip(t.relay.ways)
		t.relay.mu.Unlock()
		for _, w := range ways {
			w.mu.Lock()
			full := w.full
			fn(w.said.Bytes())
			w.mu.Unlock()
			if full {
				return fmt.Errorf("read recording: a connection with %s carried more than %d bytes", t.Name, maxRecorded)
			}
		}
	}
	return nil
}

// Relayed reports whether a peer's address, as a node's status names it, is that of a relay, so that
// what is said over the connection is recorded.
func (c *Cluster) Relayed(address string) bool {
	_, p, found := strings.Cut(address, "/tcp/")
	p, _, _ = strings.Cut(p, "/")
	if !found {
		return false
	}
	for _, t := range c.teams {
		if t.relay != nil && t.relay.is(p) {
			return true
		}
	}
	return false
}
