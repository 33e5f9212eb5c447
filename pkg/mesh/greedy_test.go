package mesh_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"

	"tocsin/pkg/reconcile"
	"tocsin/pkg/record"
)

// greedy is a stream that a test speaks on by itself. It counts what comes back.
type greedy struct {
	network.Stream
	back int
}

func (n *node) greedy(to *node, proto protocol.ID) *greedy {
	s, err := n.host.NewStream(network.WithNoDial(n.world.t.Context(), "test"), to.host.ID(), proto)
	if err != nil {
		return nil
	}
	return &greedy{Stream: s}
}

// say sends a message and hear returns one; it is nil where the stream has ended.
func (g *greedy) say(msg []byte) { _, _ = g.Write(framed(msg)) }

func (g *greedy) hear() []byte {
	var head [4]byte
	if _, err := io.ReadFull(g, head[:]); err != nil {
		return nil
	}
	msg := make([]byte, binary.BigEndian.Uint32(head[:]))
	n, err := io.ReadFull(g, msg)
	g.back += n
	if err != nil {
		return nil
	}
	return msg
}

// compare begins a session about the community as one that has the given records, and returns what it found.
func (g *greedy) compare(w *world, ours reconcile.Memory) []record.ID {
	g.say(append([]byte{2, 1, 0}, community[:]...))
	if answer := g.hear(); !bytes.Equal(answer, []byte{2, 2, 1}) {
		return nil
	}
	session, out := reconcile.Initiate(ours)
	for over := false; ; {
		g.say(append([]byte{2, 3}, out...))
		if over {
			return session.Need()
		}
		msg := g.hear()
		if len(msg) < 2 {
			return nil
		}
		var err error
		out, over, err = session.Step(msg[2:])
		w.check(err)
	}
}

// want asks for records and takes what comes; it returns how many bytes that was.
func (g *greedy) want(ids ...record.ID) int {
	before := g.back
	msg := binary.BigEndian.AppendUint32([]byte{2, 4}, uint32(len(ids)))
	for _, id := range ids {
		msg = append(msg, id[:]...)
	}
	g.say(append(msg, 0, 0, 0, 0))
	for {
		b := g.hear()
		if len(b) < 3 {
			return g.back - before
		}
		g.say([]byte{2, 6, 0, 0, 0, 0})
		if b[2] == 1 { // the last
			return g.back - before
		}
	}
}

// A session gives what it found, and each record once.
func TestWantsAreOfTheSessionAndOnce(t *testing.T) {
	inWorld(t, 2, func(t *testing.T, w *world) {
		a, hostile := w.nodes[0], w.nodes[1]
		a.run()
		ids, total := w.kept(1, 40_000, a)
		id := ids[0]
		hostile.connectRaw(a)
		again := make([]record.ID, 2048)
		for i := range again {
			again[i] = id
		}
		g := hostile.greedy(a, "/tocsin/sync/1")
		if found := g.compare(w, reconcile.Memory{}); len(found) != 1 {
			t.Errorf("%d records are found", len(found))
		}
		if back := g.want(again...); back > 2*total {
			t.Errorf("the same record wanted 2048 times in a message is answered %d bytes", back)
		}
		g = hostile.greedy(a, "/tocsin/sync/1")
		g.compare(w, reconcile.Memory{})
		if first, second := g.want(id), g.want(id); first < total || second > 0 {
			t.Errorf("the same record wanted twice is answered %d and %d bytes", first, second)
		}
		all := reconcile.Memory{}
		all.Add(uint32(time.Now().Unix()/86400), id)
		g = hostile.greedy(a, "/tocsin/sync/1")
		g.compare(w, all)
		if back := g.want(id); back > 0 {
			t.Errorf("a record that the session did not find is answered %d bytes", back)
		}
	})
}

// reconnectRaw makes a connection that the other end knows nothing of from the one before.
func (n *node) reconnectRaw(to *node) {
	_ = n.world.net.DisconnectPeers(n.host.ID(), to.host.ID())
	time.Sleep(50 * time.Millisecond)
	_, err := n.world.net.ConnectPeers(n.host.ID(), to.host.ID())
	n.world.check(err)
	time.Sleep(50 * time.Millisecond)
}

// How much a team is given has a pace, however many nodes, connections and streams it asks with.
func TestATeamIsGivenAtAPace(t *testing.T) {
	const burst, sustained, span = 64 << 20, 1 << 20, 20 * time.Second
	body := bytes.Repeat([]byte("0123456789abcdef"), record.ChunkSize/16)
	for name, once := range map[string]func(w *world, by *node) int{
		"records": func(w *world, by *node) int {
			g := by.greedy(w.nodes[0], "/tocsin/sync/1")
			if g == nil {
				return 0
			}
			defer func() { _ = g.Reset() }()
			if ids := g.compare(w, reconcile.Memory{}); len(ids) > 0 {
				g.want(ids...)
			}
			return g.back
		},
		"bodies": func(w *world, by *node) int {
			g := by.greedy(w.nodes[0], "/tocsin/body/1")
			if g == nil {
				return 0
			}
			defer func() { _ = g.Reset() }()
			var whole [4]byte
			binary.BigEndian.PutUint32(whole[:], record.ChunkSize)
			id := w.nodes[0].order()[0]
			for range 20 {
				g.say(bytes.Join([][]byte{{2}, id[:], make([]byte, 8), whole[:], {0}}, nil))
				if g.hear() == nil {
					break
				}
			}
			return g.back
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, 2, func(t *testing.T, w *world) {
				a, hostile := w.nodes[0], w.nodes[1]
				more := w.addOf(hostile.root, "another node")
				a.add(record.DelegationStatement(more.delegation))
				a.run()
				w.kept(200, 40_000, a)
				a.copyOf.mu.Lock()
				a.bodies[a.arrived[0]] = body
				a.copyOf.mu.Unlock()
				began, total := time.Now(), 0
				for i := 0; time.Since(began) < span && total < 4*burst; i++ {
					by := []*node{hostile, more}[i%2]
					by.reconnectRaw(a)
					total += once(w, by)
				}
				if took := time.Since(began); total < burst || float64(total) > burst+(took.Seconds()+1)*sustained {
					t.Errorf("%d bytes in %v", total, took)
				} else {
					t.Logf("%d bytes in %v", total, took)
				}
			})
		})
	}
}

// Pieces of a byte are no way around it: for each a whole chunk is read.
func TestSmallPiecesCostAsMuchAsOthers(t *testing.T) {
	inWorld(t, 2, func(t *testing.T, w *world) {
		a, hostile := w.nodes[0], w.nodes[1]
		a.run()
		ids, _ := w.kept(1, 40_000, a)
		hostile.connectRaw(a)
		g := hostile.greedy(a, "/tocsin/body/1")
		began, asks := time.Now(), 64<<20/(16<<10)+64*20
		for range asks {
			g.say(append(append([]byte{2}, ids[0][:]...), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0))
			if g.hear() == nil {
				t.Fatal("it is not answered")
			}
		}
		if took := time.Since(began); took < 19*time.Second {
			t.Errorf("%d pieces of a byte are given in %v", asks, took)
		}
	})
}

// So have hellos and messages about keys, which cost more than their bytes.
func TestATeamIsAnsweredAtAPace(t *testing.T) {
	inWorld(t, 2, func(t *testing.T, w *world) {
		a, hostile := w.nodes[0], w.nodes[1]
		more := w.addOf(hostile.root, "another node")
		a.add(record.DelegationStatement(more.delegation))
		var digests []byte
		for i := range 64 {
			a.hold(key(byte(i)))
			digests = append(digests, make([]byte, 31)...)
			digests = append(digests, byte(i))
		}
		a.run()
		asks := []byte{2, 0, 0, 0, 64}
		for i := range 64 {
			k := key(byte(i))
			asks = append(append(append(asks, 0), community[:]...), k.Key[:]...)
		}
		asks = append(append(append(asks, 0, 0, 0, 64), digests...), 0, 0, 0, 0)
		hellos, keys := 0, 0
		began := time.Now()
		for i := range 600 {
			by := []*node{hostile, more}[i%2]
			by.reconnectRaw(a)
			if g := by.greedy(a, "/tocsin/keys/1"); g != nil {
				g.say(asks)
				if g.hear() != nil {
					keys++
				}
				_ = g.Reset()
			}
			if g := by.greedy(a, "/tocsin/hello/1"); g != nil {
				_, _ = g.Write(greeting(by))
				if g.hear() != nil {
					hellos++
				}
				_ = g.Reset()
			}
		}
		seconds := int(time.Since(began).Seconds()) + 1
		if keys == 0 || keys > 12+seconds {
			t.Errorf("%d messages about keys are answered in %d s", keys, seconds)
		}
		if hellos == 0 || hellos > 64+4*seconds {
			t.Errorf("%d hellos are answered in %d s", hellos, seconds)
		}
		same := append([]byte{2, 0, 0, 0, 2}, bytes.Repeat(append(append([]byte{0}, community[:]...), make([]byte, 32)...), 2)...)
		time.Sleep(time.Minute)
		g := hostile.greedy(a, "/tocsin/keys/1")
		g.say(append(same, 0, 0, 0, 0, 0, 0, 0, 0))
		if g.hear() != nil {
			t.Error("the same key asked for twice in a message is answered")
		}
	})
}

// A session is about the channel that it began with, and comparing cannot be had for nothing.
func TestComparingIsBounded(t *testing.T) {
	inWorld(t, 2, func(t *testing.T, w *world) {
		a, hostile := w.nodes[0], w.nodes[1]
		a.run()
		w.kept(3, 100, a)
		hostile.connectRaw(a)
		agreed := 0
		for range 400 {
			g := hostile.greedy(a, "/tocsin/sync/1")
			g.say(append([]byte{2, 1, 0}, community[:]...))
			if bytes.Equal(g.hear(), []byte{2, 2, 1}) {
				agreed++
			}
			_ = g.Reset()
		}
		if agreed == 0 || agreed > 130 {
			t.Errorf("%d of 400 sessions at once are agreed to", agreed)
		}
	})
}
