package mesh_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	envelope "github.com/libp2p/go-libp2p/core/record"
	"github.com/libp2p/go-libp2p/p2p/protocol/identify"

	"tocsin/pkg/identity"
)

// mute makes a host take streams of the protocols and answer nothing. Streams of mocknet have no deadlines, so
// this end resets them after the time that libp2p gives to identify.
func (n *node) mute(protos ...protocol.ID) {
	for _, p := range protos {
		n.host.SetStreamHandler(p, func(s network.Stream) {
			time.Sleep(identify.DefaultTimeout)
			_ = s.Reset()
		})
	}
}

func (n *node) greetedBy(other *node) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range n.peers {
		if p.PeerID == other.mesh.ID() {
			return true
		}
	}
	return false
}

// knowsAddressOf has a node keep the address of a member, as a hello with a third one does.
func (n *node) knowsAddressOf(other *node) {
	n.world.t.Helper()
	priv, err := crypto.UnmarshalEd25519PrivateKey(other.key.Transport())
	n.world.check(err)
	env, err := envelope.Seal(&peer.PeerRecord{PeerID: other.host.ID(), Addrs: other.host.Addrs(), Seq: 1}, priv)
	n.world.check(err)
	signed, err := env.Marshal()
	n.world.check(err)
	n.world.check(n.PutAddress(other.host.ID().String(), signed))
}

// Hosts that connect and never answer, not even libp2p's identify, are bounded and sent away, and a member
// that restarts while they are there is met at once.
func TestMuteHostsAreBoundedAndKeepNoMemberOut(t *testing.T) {
	inWorld(t, 2, func(t *testing.T, w *world) {
		a, b := w.nodes[0], w.nodes[1]
		w.linked = 1
		a.run()
		most := 0
		var mutes []*node
		for i := range 300 {
			w.crowdAt = fmt.Sprintf("11.8.8.%d", i%8)
			s := w.add(fmt.Sprint("mute ", i))
			s.mute(identify.ID)
			_, _ = w.net.ConnectPeers(s.host.ID(), a.host.ID())
			mutes = append(mutes, s)
			time.Sleep(50 * time.Millisecond)
			most = max(most, len(a.host.Network().Peers()))
		}
		if most > 40 {
			t.Errorf("%d mute hosts were connected at once", most)
		}
		w.check(b.mesh.AddAddress(a.addr()))
		b.run()
		w.within(10*time.Second, "the member is met", func() bool { return a.greetedBy(b) && b.greetedBy(a) })
		joiner := w.add("joiner")
		joiner.connectRaw(a)
		if back, _, err := joiner.say(a, "/tocsin/hello/1", greeting(joiner)); back == 0 {
			t.Errorf("a joiner from elsewhere is refused: %v", err)
		}
		time.Sleep(time.Minute)
		for _, s := range mutes {
			if s.connectedTo(a) {
				t.Errorf("%s is still connected", s.name)
			}
		}
	})
}

// A neighbour of whom identify fails, as over a slow line, is met all the same: what counts is hello.
func TestNeighbourIsMetWithoutIdentify(t *testing.T) {
	inWorld(t, 2, func(t *testing.T, w *world) {
		a, b := w.nodes[0], w.nodes[1]
		a.mute(identify.ID)
		b.mute(identify.ID)
		w.start(func(i int) []int { return []int{1 - i}[:i] }) // b dials
		w.within(15*time.Second, "they are met", func() bool { return a.greetedBy(b) && b.greetedBy(a) })
		time.Sleep(15 * time.Second)
		id := a.publish("to a neighbour that was not identified")
		w.within(5*time.Second, "it is heard", func() bool { return b.has(id) })
	})
}

// One that is called while it begins, and answers no hello yet, is greeted again soon.
func TestNeighbourThatBeginsIsGreetedSoon(t *testing.T) {
	inWorld(t, 2, func(_ *testing.T, w *world) {
		a, b := w.nodes[0], w.nodes[1]
		w.check(a.mesh.AddAddress(b.addr()))
		a.run()
		time.Sleep(100 * time.Millisecond)
		b.run()
		w.within(2500*time.Millisecond, "they have met", func() bool {
			a.mu.Lock()
			defer a.mu.Unlock()
			return len(a.peers) == 1
		})
	})
}

// Gossip flows to a member of which identify told, before it had begun, that it speaks none.
func TestWhatIdentifyToldEarlyKeepsNoGossipAway(t *testing.T) {
	inWorld(t, 2, func(_ *testing.T, w *world) {
		a, j := w.nodes[0], w.add("joiner")
		w.start(func(i int) []int { return []int{0} })
		time.Sleep(3 * time.Second)
		w.check(a.host.Peerstore().SetProtocols(j.host.ID(), identify.ID))
		j.add(w.word(kindMember, j.root.Team()))
		j.mesh.Refresh()
		time.Sleep(5 * time.Second)
		id := a.publish("to all")
		w.within(2*time.Second, "the joiner gets gossip", func() bool { return j.has(id) })
	})
}

// A neighbour that is connected and silent, as over a line that carries nothing, is left and dialled again, in whatever way it
// came to be connected, and met soon when the line is well.
func TestSilentNeighbourIsDialledAgain(t *testing.T) {
	inWorld(t, 2, func(t *testing.T, w *world) {
		a, b := w.nodes[0], w.nodes[1]
		b.mute(identify.ID, "/tocsin/hello/1")
		w.check(a.mesh.AddAddress(b.addr()))
		a.run()
		since, told := map[time.Time]bool{}, false
		for range 600 {
			time.Sleep(time.Second)
			for _, p := range a.mesh.Peers() {
				since[p.Since] = true
			}
			for _, d := range a.mesh.Dials() {
				told = told || d.PeerID == b.mesh.ID() && strings.Contains(d.Why, "hello") && d.Team == b.root.Team()
			}
		}
		if len(since) < 4 || !told {
			t.Errorf("in ten minutes it was connected %d times; why was told: %v", len(since), told)
		}
		b.host.RemoveStreamHandler(identify.ID)
		b.host.RemoveStreamHandler("/tocsin/hello/1")
		b.run()
		took := w.within(2*time.Minute, "they are met", func() bool { return a.greetedBy(b) })
		t.Logf("met %v after the line was well", took)
	})
}

// tries counts the dials in a row that failed.
func (n *node) tries() (sum int) {
	for _, d := range n.mesh.Dials() {
		sum += d.Failed
	}
	return sum
}

// However long it failed: a node that knows one address and has no peer dials it each minute.
func TestWhoKnowsOneAddressDialsIt(t *testing.T) {
	inWorld(t, 2, func(t *testing.T, w *world) {
		a, b := w.nodes[0], w.nodes[1]
		a.knowsAddressOf(b)
		a.run()
		a.mesh.Refresh()
		_ = w.net.UnlinkPeers(a.host.ID(), b.host.ID())
		_ = a.host.Network().ClosePeer(b.host.ID())
		time.Sleep(15 * time.Minute)
		for range 20 {
			before := a.tries()
			time.Sleep(time.Minute)
			if a.tries() <= before {
				t.Fatalf("not dialled for a minute: %+v", a.mesh.Dials())
			}
		}
	})
}

// Whatever goes wrong and however often: who has an address and no peer is about to dial, within a minute, and says so.
func TestWhoIsAloneDialsWithinAMinute(t *testing.T) {
	inWorld(t, 4, func(t *testing.T, w *world) {
		a, others := w.nodes[0], w.nodes[1:]
		dice := rand.New(rand.NewPCG(w.seed, 1)) //nolint:gosec // repeats with the seed
		w.check(a.mesh.AddAddress(others[0].addr()))
		a.run()
		for _, b := range others {
			b.mute(identify.ID, "/tocsin/hello/1")
			a.knowsAddressOf(b)
		}
		a.mesh.Refresh()
		var lonely time.Duration
		for range 2000 {
			b := others[dice.IntN(len(others))]
			switch dice.IntN(6) {
			case 0:
				_ = w.net.UnlinkPeers(a.host.ID(), b.host.ID())
			case 1:
				_, _ = w.net.LinkPeers(a.host.ID(), b.host.ID())
			case 2:
				_ = a.host.Network().ClosePeer(b.host.ID())
			case 3:
				_ = b.host.Network().ClosePeer(a.host.ID())
			case 4:
				b.host.RemoveStreamHandler("/tocsin/hello/1")
			case 5:
				b.mute(identify.ID, "/tocsin/hello/1")
			}
			time.Sleep(time.Duration(dice.Int64N(int64(20 * time.Second))))
			dials, now := a.mesh.Dials(), time.Now()
			if len(a.host.Network().Peers()) == 0 && (len(dials) == 0 || dials[0].Next.Sub(now) > time.Minute) {
				t.Fatalf("nobody is dialled within a minute: %+v (seed %d)", dials, w.seed)
			}
			if len(a.host.Network().Peers()) == 0 {
				lonely += time.Second
			}
		}
		if lonely == 0 {
			t.Error("it was never alone")
		}
		for _, b := range others {
			_ = w.net.UnlinkPeers(a.host.ID(), b.host.ID())
			_ = a.host.Network().ClosePeer(b.host.ID())
		}
		for range 60 {
			tries := a.tries()
			time.Sleep(time.Minute)
			if a.tries() <= tries {
				t.Fatalf("a minute passed and nobody was dialled: %+v", a.mesh.Dials())
			}
		}
		for _, b := range others {
			_, _ = w.net.LinkPeers(a.host.ID(), b.host.ID())
			b.host.RemoveStreamHandler(identify.ID)
			b.host.RemoveStreamHandler("/tocsin/hello/1")
			b.run()
		}
		w.within(3*time.Minute, "all are met", func() bool {
			return a.greetedBy(others[0]) && a.greetedBy(others[1]) && a.greetedBy(others[2])
		})
	})
}

// A team joins over 32 kbit/s a community whose statements take longer than a stranger may stay, and than a hello may
// be late.
func TestJoiningOverAThinLine(t *testing.T) {
	inWorld(t, 3, func(t *testing.T, w *world) {
		a := w.nodes[0]
		total := 0
		for i := range 400 {
			s := w.word(kindMember, identity.TeamID{byte(i), byte(i >> 8), 1})
			total += len(s.Frame())
			a.add(s)
		}
		j := w.add("joiner")
		member := w.word(kindMember, j.root.Team())
		a.add(member)
		j.add(member)
		j.behind(thinLine / 2)
		a.run()
		w.check(j.mesh.AddAddress(a.addr()))
		j.run()
		least, since := time.Duration(total)*time.Second/(thinLine/2), map[time.Time]bool{}
		took := w.within(2*least+20*time.Second, "the joiner has the statements", func() bool {
			for _, p := range a.mesh.Peers() {
				since[p.Since] = true
			}
			return len(j.Statements()) >= len(a.Statements())
		})
		t.Logf("%d bytes of statements after %v, the line needs %v", total, took, least)
		if len(since) != 1 {
			t.Errorf("it was connected %d times", len(since))
		}
	})
}
