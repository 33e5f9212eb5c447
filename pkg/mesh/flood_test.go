package mesh_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"testing"
	"time"

	"tocsin/pkg/record"
)

// flood connects a stranger to a node and says n hellos, each with a gift. It returns how many were
// answered.
func (n *node) flood(to *node, hellos int, gift []byte) (answered int) {
	if _, err := n.world.net.ConnectPeers(n.host.ID(), to.host.ID()); err != nil {
		return 0
	}
	raw := append(greeting(n), framed(gift)...)
	for range hellos {
		s, err := n.host.NewStream(n.world.t.Context(), to.host.ID(), "/tocsin/hello/1")
		if err != nil {
			return answered
		}
		_, _ = s.Write(raw)
		head := make([]byte, 4)
		if _, err := io.ReadFull(s, head); err == nil {
			answered++
			_, _ = io.CopyN(io.Discard, s, int64(binary.BigEndian.Uint32(head)))
			_, _ = io.ReadFull(s, head) // the gift in return: theirs was taken in
		}
		_ = s.Reset()
	}
	return answered
}

// giftOf is a gift of as many statements as one may carry, each a delegation by a root of its own.
func giftOf(w *world) []byte {
	msg := append([]byte{2}, make([]byte, 32+1+4+1)...)
	n := 0
	var list []byte
	for n < 64 {
		f := record.DelegationStatement(w.nodes[0].delegation).Frame()
		if n%2 == 1 {
			f = f[:len(f)-1]
		}
		list = append(binary.BigEndian.AppendUint32(list, uint32(len(f))), f...)
		n++
	}
	msg = append(binary.BigEndian.AppendUint32(msg, uint32(n)), list...)
	return append(msg, 0, 0, 0, 0)
}

// A thousand identities from one address, each with a hello and a gift as often as it can: what they are
// answered is bounded, what they leave behind is nothing, and a member and a joiner from elsewhere are
// served all the while.
func TestThousandStrangersFromOneAddress(t *testing.T) {
	inWorld(t, 2, func(t *testing.T, w *world) {
		a, b := w.nodes[0], w.nodes[1]
		w.linked = 1
		joiner := w.add("joiner")
		a.run()
		b.connectRaw(a)
		statements := len(a.Statements())
		gift := giftOf(w)
		w.crowdAt = "11.9.9.9"
		began, answered, most := time.Now(), 0, 0
		for i := range 1000 {
			s := w.add(fmt.Sprint("identity ", i))
			answered += s.flood(a, 3, gift)
			most = max(most, len(a.mesh.Peers()))
			if n := len(w.nodes); n > 3+64 { // long sent away
				_ = w.nodes[3].mesh.Close()
				w.nodes = append(w.nodes[:3], w.nodes[4:]...)
			}
			time.Sleep(100 * time.Millisecond)
			if i%250 == 249 {
				joiner.connectRaw(a)
				if back, _, err := joiner.say(a, "/tocsin/hello/1", greeting(joiner)); back == 0 {
					t.Errorf("after %d identities a joiner from elsewhere is refused: %v", i, err)
				}
				_ = w.net.DisconnectPeers(joiner.host.ID(), a.host.ID())
				if back, _, err := b.say(a, "/tocsin/hello/1", greeting(b)); back == 0 {
					t.Errorf("after %d identities a member is refused: %v", i, err)
				}
			}
		}
		took := time.Since(began)
		if limit := 10 + int(took.Seconds()); answered == 0 || answered > limit {
			t.Errorf("%d hellos were answered in %v, at most %d", answered, took, limit)
		}
		if most > 34 {
			t.Errorf("%d peers were connected at once", most)
		}
		if now := len(a.Statements()); now != statements {
			t.Errorf("%d statements stayed", now-statements)
		}
		if len(a.addresses) > 2 {
			t.Errorf("%d addresses stayed", len(a.addresses))
		}
		time.Sleep(time.Minute)
		if got := len(a.mesh.Peers()); got > 1 {
			t.Errorf("%d peers are still connected", got)
		}
		t.Logf("%d hellos answered in %v, %d peers at most", answered, took, most)
	})
}

// Strangers from everywhere at once are answered at a pace that a small machine can bear, and members do
// not notice.
func TestStrangersFromEverywhereAreBoundedTogether(t *testing.T) {
	inWorld(t, 2, func(t *testing.T, w *world) {
		a, b := w.nodes[0], w.nodes[1]
		w.linked = 1
		a.run()
		b.connectRaw(a)
		gift := giftOf(w)
		began, answered := time.Now(), 0
		for i := range 300 {
			s := w.add(fmt.Sprint("bot ", i)) // its own address
			answered += s.flood(a, 6, gift)
			time.Sleep(50 * time.Millisecond)
		}
		took := time.Since(began)
		if limit := 32 + 4*int(took.Seconds()+1); answered < 32 || answered > limit {
			t.Errorf("%d hellos were answered in %v, at most %d", answered, took, limit)
		}
		if back, _, err := b.say(a, "/tocsin/hello/1", greeting(b)); back == 0 {
			t.Errorf("a member is refused: %v", err)
		}
	})
}
