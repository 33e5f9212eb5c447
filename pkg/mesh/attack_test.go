package mesh_test

import (
	"encoding/binary"
	"testing"
	"time"

	"tocsin/pkg/policy"
	"tocsin/pkg/record"
)

// Strangers that open streams and say nothing keep no member from being served.
func TestStrangersLeaveMembersTheirStreams(t *testing.T) {
	inWorld(t, 2, func(t *testing.T, w *world) {
		a, b := w.nodes[0], w.nodes[1]
		a.run()
		b.connectRaw(a)
		var hostile []*node
		for range 20 {
			s := w.add("stranger")
			_, err := w.net.ConnectPeers(s.host.ID(), a.host.ID())
			w.check(err)
			hostile = append(hostile, s)
		}
		time.Sleep(time.Second)
		for _, s := range hostile {
			for range 8 {
				if stream, err := s.host.NewStream(t.Context(), a.host.ID(), "/tocsin/hello/1"); err == nil {
					_, _ = stream.Write([]byte{0})
				}
			}
		}
		time.Sleep(time.Second)
		if back, _, _ := b.say(a, "/tocsin/hello/1", greeting(b)); back == 0 {
			t.Error("a member's hello was refused: strangers hold every handler")
		}
	})
}

// A member whose root names another member's transport key takes neither its name nor its place.
func TestNamedTransportKeyTakesNobodysPlace(t *testing.T) {
	inWorld(t, 4, func(t *testing.T, w *world) {
		a, hostile, victim := w.nodes[0], w.nodes[1], w.nodes[2]
		lie, err := hostile.root.Delegate(victim.key, "team 1", epoch.Add(-2*time.Hour), epoch.AddDate(1, 0, 0))
		w.check(err)
		for _, n := range w.nodes {
			n.add(record.DelegationStatement(lie))
			n.add(w.wordIn(second, kindMember, hostile.root.Team())) // where the victim is not
		}
		w.start(func(int) []int { return []int{0} })
		w.within(10*time.Second, "the victim is seen as itself", func() bool {
			for _, p := range a.mesh.Peers() {
				if p.PeerID == victim.mesh.ID() && p.Team == victim.root.Team() && len(p.Communities) == 1 {
					return true
				}
			}
			return false
		})
		ch, err := record.Between(a.root.Team(), victim.root.Team())
		w.check(err)
		r := a.write(ch, record.Urgent, []byte("for the victim"))
		judged, err := a.mesh.Deliver(t.Context(), victim.root.Team(), [][]byte{r.Frame()})
		if err != nil || len(judged) != 1 || judged[0].Verdict != policy.Accept {
			t.Errorf("a private record: %v, %v", judged, err)
		}
		time.Sleep(time.Minute)
		victim.mu.Lock()
		parted := len(victim.gone)
		victim.mu.Unlock()
		if parted > 1 {
			t.Errorf("connections of the victim ended %d times", parted)
		}
		id := a.publish("for all")
		w.within(5*time.Second, "gossip reaches the victim", func() bool { return victim.has(id) })
	})
}

// framed writes messages as they go on a stream.
func framed(messages ...[]byte) (raw []byte) {
	for _, m := range messages {
		raw = append(binary.BigEndian.AppendUint32(raw, uint32(len(m))), m...)
	}
	return raw
}

// Who says that a session is over has not thereby brought and taken everything: a node that believed it
// would hold later answers against their authors, and call its own requests sent.
func TestDoneIsNotTakenOnTrust(t *testing.T) {
	inWorld(t, 2, func(t *testing.T, w *world) {
		a, hostile := w.nodes[0], w.nodes[1]
		a.run()
		a.write(record.InCommunity(community), record.Routine, []byte("not asked for"))
		hostile.connectRaw(a)
		open := append([]byte{2, 1, 0}, community[:]...)
		end, done := []byte{2, 3, 1, 5}, []byte{2, 7} // a comparison that ends before it began
		if back, _, err := hostile.say(a, "/tocsin/sync/1", framed(open, end, done)); back != 4+3 {
			t.Errorf("%d bytes back, %v: the session was not what this test means", back, err)
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		if len(a.inStep) > 0 {
			t.Error("it counts as in step with a peer that compared nothing")
		}
	})
}

// Strangers that only sit there, and come back when they are sent away, keep no joiner out.
func TestIdleStrangersKeepNoJoinerOut(t *testing.T) {
	inWorld(t, 1, func(t *testing.T, w *world) {
		a := w.nodes[0]
		a.run()
		for range 32 {
			s := w.add("stranger")
			_, err := w.net.ConnectPeers(s.host.ID(), a.host.ID())
			w.check(err)
		}
		time.Sleep(3 * time.Second)
		joiner := w.add("joiner")
		joiner.connectRaw(a)
		if back, _, _ := joiner.say(a, "/tocsin/hello/1", greeting(joiner)); back == 0 {
			t.Error("the joiner's hello was refused")
		}
		if got := len(a.mesh.Peers()); got > 32 {
			t.Errorf("%d strangers are connected", got)
		}
	})
}
