package mesh_test

import (
	"context"
	"encoding/binary"
	"io"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"

	"tocsin/pkg/record"
)

// say opens a stream to the node and writes raw bytes; it returns how many bytes came back before the
// node ended the stream, and how long that took.
func (n *node) say(to *node, proto protocol.ID, raw []byte) (back int, took time.Duration, err error) {
	ctx, cancel := context.WithTimeout(n.world.t.Context(), 2*time.Minute)
	defer cancel()
	s, err := n.host.NewStream(network.WithNoDial(ctx, "test"), to.host.ID(), proto)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = s.Reset() }()
	began := time.Now()
	if _, err := s.Write(raw); err != nil {
		return 0, time.Since(began), err
	}
	b, err := io.ReadAll(s)
	return len(b), time.Since(began), err
}

// connectRaw connects a node whose mesh does not run.
func (n *node) connectRaw(to *node) {
	n.world.t.Helper()
	_, err := n.world.net.ConnectPeers(n.host.ID(), to.host.ID())
	n.world.check(err)
	time.Sleep(time.Second)
}

func TestHostileStreamsEnd(t *testing.T) {
	inWorld(t, 2, func(t *testing.T, w *world) {
		s := w.add("stranger")
		w.nodes[0].run()
		w.nodes[1].run()
		s.connectRaw(w.nodes[0])
		huge := binary.BigEndian.AppendUint32(nil, 1<<31)
		for name, raw := range map[string][]byte{
			"a message of 2 GiB": huge,
			"not a greeting":     {0, 0, 0, 3, 2, 2, 3},
			"silence":            {},
			"half a length":      {0, 0},
		} {
			back, took, _ := s.say(w.nodes[0], "/tocsin/hello/1", raw)
			if back != 0 || took > 25*time.Second {
				t.Errorf("%s: %d bytes back in %v", name, back, took)
			}
			if !s.connectedTo(w.nodes[0]) {
				s.connectRaw(w.nodes[0])
			}
		}
		for _, proto := range []protocol.ID{"/tocsin/sync/1", "/tocsin/direct/1", "/tocsin/body/1", "/tocsin/keys/1"} {
			if !s.connectedTo(w.nodes[0]) {
				s.connectRaw(w.nodes[0])
			}
			_, took, _ := s.say(w.nodes[0], proto, []byte{0, 0, 0, 2, 2, 1})
			if took > 25*time.Second {
				t.Errorf("%s stayed open for %v", proto, took)
			}
		}
	})
}

// greeting is a greeting that shows the delegation and the sealing key of a node and knows no statements.
func greeting(of *node) []byte {
	delegation := record.DelegationStatement(of.delegation).Frame()
	msg := append([]byte{2}, binary.BigEndian.AppendUint32(nil, uint32(len(delegation)))...)
	msg = append(msg, delegation...)
	msg = append(msg, of.key.Sealing().PublicKey().Bytes()...)
	msg = append(msg, 0, 0, 0, 0)                   // no address
	msg = append(msg, make([]byte, 32+16+1+4+2)...) // a digest, the process, and no flags
	msg = append(msg, make([]byte, 1+32+1+4)...)    // no sums, and an empty window
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(msg))), msg...)
}

func TestHelloIsRateLimited(t *testing.T) {
	inWorld(t, 2, func(t *testing.T, w *world) {
		s := w.add("stranger")
		w.nodes[0].run()
		s.connectRaw(w.nodes[0])
		raw := greeting(s)
		answered := 0
		for range 40 {
			stream, err := s.host.NewStream(t.Context(), w.nodes[0].host.ID(), "/tocsin/hello/1")
			w.check(err)
			_, _ = stream.Write(raw)
			if n, _ := io.ReadFull(stream, make([]byte, 4)); n == 4 {
				answered++
			}
			_ = stream.Reset()
		}
		if answered < 1 || answered > 8 {
			t.Errorf("%d of 40 hellos at once were answered", answered)
		}
		time.Sleep(30 * time.Second)
		if s.connectedTo(w.nodes[0]) {
			t.Error("it was not sent away")
		}
	})
}

func TestStrangersAreBounded(t *testing.T) {
	inWorld(t, 1, func(t *testing.T, w *world) {
		w.nodes[0].run()
		for range 45 {
			s := w.add("stranger")
			_, err := w.net.ConnectPeers(s.host.ID(), w.nodes[0].host.ID())
			w.check(err)
		}
		time.Sleep(3 * time.Second)
		if got := len(w.nodes[0].mesh.Peers()); got == 0 || got > 32 {
			t.Errorf("%d strangers are connected", got)
		}
	})
}

// One that shows the delegation of somebody else is sent away at once.
func TestBorrowedDelegationIsRefused(t *testing.T) {
	inWorld(t, 2, func(t *testing.T, w *world) {
		s := w.add("stranger")
		w.nodes[0].run()
		s.connectRaw(w.nodes[0])
		raw := greeting(w.nodes[1])
		if back, _, _ := s.say(w.nodes[0], "/tocsin/hello/1", raw); back != 0 {
			t.Errorf("it was answered %d bytes", back)
		}
		time.Sleep(time.Second)
		if s.connectedTo(w.nodes[0]) {
			t.Error("it was not sent away")
		}
	})
}
