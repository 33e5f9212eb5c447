package mesh_test

import (
	"encoding/binary"
	"io"
	"testing"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// key names the nth key of the community.
func key(n byte) replica.KeyAsk {
	return replica.KeyAsk{Channel: record.InCommunity(community), Key: [32]byte{n}}
}

func others(w *world) func(int) []int {
	return func(i int) (all []int) {
		for j := range w.nodes {
			if j != i {
				all = append(all, j)
			}
		}
		return all
	}
}

// Keys that records wait for are asked for after hello and whenever the node says so, of whoever has them.
func TestWantedKeysAreAskedFor(t *testing.T) {
	inWorld(t, 4, func(_ *testing.T, w *world) {
		a, b, c := w.nodes[0], w.nodes[1], w.nodes[2]
		a.want(key(1))
		c.hold(key(1))
		w.start(others(w))
		w.within(5*time.Second, "the key comes after hello", func() bool { return a.holds(key(1)) })
		b.hold(key(2))
		a.want(key(2))
		a.mesh.AskKeys()
		w.within(20*time.Second, "the key comes on request", func() bool { return a.holds(key(2)) })
	})
}

// The author is asked first; one that has no key, or gives none, does not keep it from us; and nobody is
// asked for the same key again and again.
func TestTheAuthorIsAskedFirstThenOthers(t *testing.T) {
	inWorld(t, 5, func(t *testing.T, w *world) {
		a, author, holder := w.nodes[0], w.nodes[3], w.nodes[4]
		w.start(others(w))
		time.Sleep(10 * time.Second)
		author.mean = true
		k := key(1)
		author.hold(k)
		holder.hold(k)
		a.want(k)
		r, err := record.Sign(author.key, record.Header{
			Kind: "alert", Channel: k.Channel, Class: record.Routine, Delegation: author.delegation, Seq: 1, Run: record.Run{9},
			Created: time.Now(), Body: record.Body{MediaType: "text/plain", KeyID: k.Key[:]},
		}, []byte("sealed"))
		w.check(err)
		author.ingest(arrivalOf(r))
		w.check(author.mesh.Publish(t.Context(), k.Channel, r.Frame()))
		w.within(time.Second, "the author is asked", func() bool { return author.askedBy(a.root.Team()) == 1 })
		w.within(10*time.Second, "another one gives it", func() bool { return a.holds(k) })

		nobodys := key(2)
		a.want(nobodys)
		a.mesh.AskKeys()
		time.Sleep(20 * time.Minute)
		asked := 0
		for _, n := range w.nodes[1:] {
			asked += n.askedBy(a.root.Team())
		}
		if asked < 8 || asked > 60 {
			t.Errorf("for a key that nobody has, others were asked %d times in 20 minutes", asked)
		}
	})
}

// A key that was made is pushed to the members that are connected, each of which wants it.
func TestMadeKeysArePushed(t *testing.T) {
	inWorld(t, 3, func(_ *testing.T, w *world) {
		w.start(others(w))
		time.Sleep(10 * time.Second)
		w.nodes[0].hold(key(1))
		for _, n := range w.nodes[1:] {
			n.want(key(1))
		}
		w.nodes[0].mesh.GiveKeys(key(1))
		w.within(3*time.Second, "all have it", func() bool { return w.nodes[1].holds(key(1)) && w.nodes[2].holds(key(1)) })
	})
}

// Sealing keys come with hello, those of nodes that are away from others; what nobody asked for is not kept.
func TestSealingKeysComeFromWhoeverHasThem(t *testing.T) {
	inWorld(t, 3, func(t *testing.T, w *world) {
		a, b, c := w.nodes[0], w.nodes[1], w.nodes[2]
		w.check(b.PutSealingKey(c.key.Sealing().PublicKey().Bytes())) // c does not run
		a.missing[b.delegation.Sealing], a.missing[c.delegation.Sealing] = true, true
		w.check(a.mesh.AddAddress(b.addr()))
		a.run()
		b.run()
		w.within(10*time.Second, "both keys are here", func() bool { return len(a.MissingSealingKeys()) == 0 })
		if _, ok := b.SealingKey(a.delegation.Sealing); ok {
			t.Error("a key was kept for which there is no use")
		}
	})
}

// To strangers and observers the protocol is closed; a member gets keys of shared channels only, whatever
// the copy would give; and it asks at the pace that it is given.
func TestKeysAreForFellows(t *testing.T) {
	inWorld(t, 2, func(t *testing.T, w *world) {
		a, b := w.nodes[0], w.nodes[1]
		s := w.add("stranger")
		foreign, private := replica.KeyAsk{Channel: record.InCommunity(second), Key: [32]byte{1}}, replica.KeyAsk{Key: [32]byte{2}}
		private.Channel, _ = record.Between(a.root.Team(), identity.TeamID{7})
		a.hold(foreign, private, key(3))
		a.loose = true
		a.run()
		s.connectRaw(a)
		b.connectRaw(a)
		_, _, _ = b.say(a, "/tocsin/hello/1", greeting(b)) // so that its sealing key is known
		asks := func(ks ...replica.KeyAsk) []byte {
			msg := []byte{2, 0, 0, 0, byte(len(ks))}
			for _, k := range ks {
				if k.Channel.Private() {
					msg = append(append(append(msg, 1), k.Channel.Pair[0][:]...), k.Channel.Pair[1][:]...)
				} else {
					msg = append(append(msg, 0), k.Channel.Community[:]...)
				}
				msg = append(msg, k.Key[:]...)
			}
			return append(msg, 0, 0, 0, 0, 0, 0, 0, 0)
		}
		if back, _, _ := s.say(a, "/tocsin/keys/1", framed(asks(key(3)))); back != 0 {
			t.Errorf("a stranger was answered %d bytes", back)
		}
		none := 4 + 1 + 3*4
		if back, _, err := b.say(a, "/tocsin/keys/1", framed(asks(foreign, private))); back != none {
			t.Errorf("a member got %d bytes for keys of channels that are not shared, %v", back, err)
		}
		if back, _, err := b.say(a, "/tocsin/keys/1", framed(asks(key(3)))); back <= none {
			t.Errorf("a member got %d bytes for a key of a shared channel, %v", back, err)
		}
		answered := 0
		for range 30 {
			stream, err := b.host.NewStream(t.Context(), a.host.ID(), "/tocsin/keys/1")
			w.check(err)
			_, _ = stream.Write(framed(asks(key(3))))
			if n, _ := io.ReadFull(stream, make([]byte, 4)); n == 4 {
				answered++
			}
			_ = stream.Reset()
		}
		if answered > 6 {
			t.Errorf("%d of 30 messages at once were answered", answered)
		}
		huge := binary.BigEndian.AppendUint32(nil, 1<<30)
		time.Sleep(10 * time.Second)
		if back, _, _ := b.say(a, "/tocsin/keys/1", huge); back != 0 {
			t.Errorf("a message of 1 GiB was answered %d bytes", back)
		}
	})
}
