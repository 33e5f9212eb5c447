package mesh_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/mesh"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

type signature = dsse.Signature

func arrivalOf(r *record.Record) replica.Arrival {
	return replica.Arrival{Frame: r.Frame(), Via: replica.Local}
}

// ring gives every node of n three others, near and far.
func ring(n int) func(int) []int {
	return func(i int) []int { return []int{(i + 1) % n, (i + 7) % n, (i + n/2) % n} }
}

func TestEveryMemberGetsWhatIsPublished(t *testing.T) {
	const n = 40
	inWorld(t, n, func(t *testing.T, w *world) {
		w.start(ring(n))
		time.Sleep(15 * time.Second)
		var ids []record.ID
		for i := range 20 {
			ids = append(ids, w.nodes[i*2].publish(fmt.Sprintf("alert %d", i)))
			time.Sleep(100 * time.Millisecond)
		}
		took := w.within(10*time.Second, "all have all", func() bool { return w.have(ids...) == n })
		t.Logf("%d nodes have all %v after the last", n, took)
		if gossiped := w.nodes[5].vias[ids[0]]; gossiped != replica.Gossip {
			t.Errorf("it came via %s", gossiped)
		}
	})
}

func TestPartitionOfMinutesHeals(t *testing.T) {
	const n = 30
	inWorld(t, n, func(t *testing.T, w *world) {
		w.start(ring(n))
		time.Sleep(10 * time.Second)
		left, right := w.nodes[:n/2], w.nodes[n/2:]
		w.split(left, right, true)
		time.Sleep(3 * time.Minute)
		a, b := left[3].publish("left"), right[3].publish("right")
		time.Sleep(10 * time.Second)
		if got := w.have(a, b); got != 0 {
			t.Errorf("%d nodes have both sides' records while apart", got)
		}
		w.split(left, right, false)
		took := w.within(2*time.Minute, "the sides share what they wrote", func() bool { return w.have(a, b) == n })
		t.Logf("healed %v after the links came back", took)
		c := left[9].publish("after")
		w.within(10*time.Second, "gossip crosses again", func() bool { return w.have(c) == n })
	})
}

func TestLatecomerCatchesUp(t *testing.T) {
	inWorld(t, 3, func(t *testing.T, w *world) {
		a, b, c := w.nodes[0], w.nodes[1], w.nodes[2]
		var ids []record.ID
		for i := range 250 {
			class := record.Routine
			if i%50 == 49 {
				class = record.Emergency
			}
			ids = append(ids, a.write(record.InCommunity(community), class, []byte(fmt.Sprint(i))).ID())
		}
		back := b.write(record.InCommunity(community), record.Routine, []byte("of b")).ID()
		w.start(func(i int) []int { return []int{0} })
		w.within(20*time.Second, "all have all", func() bool { return w.have(append(ids, back)...) == 3 })
		for i, id := range c.order()[:5] {
			f := c.frame(id)
			if !bytes.Contains(f, []byte(`"class":"emergency"`)) {
				t.Errorf("record %d to arrive is no emergency", i)
			}
		}
		w.within(5*time.Second, "both ends say they are in step", func() bool {
			a.mu.Lock()
			defer a.mu.Unlock()
			return len(a.inStep) > 0
		})
	})
}

func TestStrangerGetsHelloAndNothingElse(t *testing.T) {
	inWorld(t, 3, func(t *testing.T, w *world) {
		s := w.add("stranger")
		s.add(w.word(kindMember, w.nodes[1].root.Team())) // it knows of members, they do not of it
		w.start(func(i int) []int { return []int{0, 1} })
		time.Sleep(5 * time.Second)
		id := w.nodes[0].publish("for members")
		other, err := record.Between(s.root.Team(), w.nodes[0].root.Team())
		w.check(err)
		private := s.write(other, record.Routine, []byte("let me in"))
		if _, err := s.mesh.Deliver(t.Context(), w.nodes[0].root.Team(), [][]byte{private.Frame()}); err == nil {
			t.Error("a stranger could deliver")
		}
		time.Sleep(5 * time.Second)
		if s.has(id) || !w.nodes[2].has(id) {
			t.Error("the topic is not the members'")
		}
		for _, p := range w.nodes[0].mesh.Peers() {
			if p.PeerID == s.mesh.ID() && p.Known {
				t.Error("the stranger became known")
			}
		}
		since := map[time.Time]bool{}
		for range 60 {
			time.Sleep(time.Second)
			for _, p := range w.nodes[0].mesh.Peers() {
				if p.PeerID == s.mesh.ID() {
					since[p.Since] = true
				}
			}
		}
		if len(since) < 2 {
			t.Error("the stranger was never sent away")
		}
	})
}

// A team that the founder admitted, and nobody else knows of, becomes a member by its own hello to a
// third node, and its gossip flows both ways though subscriptions were refused before.
func TestJoinerBecomesMemberByHello(t *testing.T) {
	inWorld(t, 4, func(t *testing.T, w *world) {
		j := w.add("joiner")
		w.start(func(i int) []int { return []int{1} })
		time.Sleep(3 * time.Second) // a stranger so far
		before := w.nodes[0].publish("before")
		w.within(time.Second, "the members have it", func() bool { return w.have(before) == 4 }) // or the session at the hello is too early for it
		if j.has(before) {
			t.Error("it has what only members may have")
		}
		j.add(w.word(kindMember, j.root.Team()))
		j.mesh.Refresh()
		took := w.within(40*time.Second, "the joiner knows everybody, and everybody it", func() bool {
			return len(j.Statements()) == len(w.nodes[2].Statements()) && len(j.Statements()) >= 10
		})
		t.Logf("joined after %v", took)
		time.Sleep(3 * time.Second)
		w.within(10*time.Second, "it caught up", func() bool { return len(j.order()) > 0 })
		id := w.nodes[3].publish("after")
		w.within(2*time.Second, "the joiner gets gossip", func() bool { return j.has(id) })
		if via := j.vias[id]; via != replica.Gossip {
			t.Errorf("it came via %s", via)
		}
		own := j.publish("of the joiner")
		w.within(2*time.Second, "the joiner is heard", func() bool { return w.have(own) == len(w.nodes) })
	})
}

// The founder calls as soon as it has made the invite; the joiner takes nothing from it until its operator
// has joined. Then it must not wait for the founder, who was refused and does not ask again soon.
func TestJoinerThatWasCalledBeforeItJoined(t *testing.T) {
	inWorld(t, 1, func(t *testing.T, w *world) {
		founder, j := w.nodes[0], w.add("joiner")
		j.aloof = true
		founder.add(w.word(kindMember, j.root.Team()))
		w.start(func(i int) []int { return []int{1 - i}[:1-i] }) // the founder dials, the joiner does not
		w.within(5*time.Second, "the founder has called", func() bool { return founder.connectedTo(j) })
		id := founder.publish("for everybody")
		time.Sleep(2 * time.Second)
		if j.has(id) {
			t.Error("it has what it did not join for")
		}
		j.copyOf.mu.Lock()
		j.aloof = false
		j.copyOf.mu.Unlock()
		j.add(w.word(kindMember, j.root.Team()))
		j.mesh.Refresh()
		w.within(2*time.Second, "the joiner has it", func() bool { return j.has(id) })
	})
}

// Two members of one community become members of another, and each end learns of it at its own time:
// the subscription that was refused at first is announced again.
func TestRefusedSubscriptionIsAnnouncedAgain(t *testing.T) {
	inWorld(t, 3, func(t *testing.T, w *world) {
		w.start(func(i int) []int { return []int{0, 1, 2} })
		time.Sleep(3 * time.Second)
		a, b := w.nodes[1], w.nodes[2]
		for _, n := range []*node{a, b} {
			a.add(w.wordIn(second, kindMember, n.root.Team()))
		}
		a.mesh.Refresh()
		time.Sleep(100 * time.Millisecond) // a announces, b refuses, before the hello that teaches b
		if got := a.publishIn(second, "early"); b.has(got) && !b.Roster().Member(second, b.root.Team()) {
			t.Error("b has what it does not know itself a member for")
		}
		time.Sleep(6 * time.Second)
		x, y := a.publishIn(second, "from a"), b.publishIn(second, "from b")
		w.within(time.Second, "gossip flows both ways", func() bool { return b.has(x) && a.has(y) })
		if a.vias[y] != replica.Gossip || b.vias[x] != replica.Gossip {
			t.Errorf("it came via %s and %s", a.vias[y], b.vias[x])
		}
	})
}

func TestRemovedMemberIsDisconnected(t *testing.T) {
	inWorld(t, 5, func(t *testing.T, w *world) {
		w.start(func(i int) []int { return []int{(i + 1) % 5, (i + 2) % 5} })
		time.Sleep(5 * time.Second)
		gone := w.nodes[4]
		if !w.nodes[0].connectedTo(gone) && !w.nodes[1].connectedTo(gone) {
			t.Error("it was not connected")
		}
		w.nodes[0].add(w.word(kindRemove, gone.root.Team()))
		w.nodes[0].mesh.Refresh()
		time.Sleep(5 * time.Second)
		id := w.nodes[1].publish("without you")
		time.Sleep(5 * time.Second)
		if gone.has(id) || w.have(id) != 4 {
			t.Errorf("%d nodes have it, the removed one: %v", w.have(id), gone.has(id))
		}
		for _, n := range w.nodes[:4] {
			for _, p := range n.mesh.Peers() {
				if p.PeerID == gone.mesh.ID() && len(p.Communities) > 0 {
					t.Errorf("%s still shares with it", n.name)
				}
			}
		}
	})
}

func TestBrokenCopyDoesNotBlockTheTrueRecord(t *testing.T) {
	inWorld(t, 4, func(t *testing.T, w *world) {
		w.start(func(i int) []int { return []int{0, 1, 2, 3} })
		time.Sleep(5 * time.Second)
		r := w.nodes[1].write(record.InCommunity(community), record.Routine, []byte("true"))
		broken := bytes.Clone(r.Frame())
		at := bytes.LastIndexByte(broken[:len(broken)-len("true")-5], broken[len(broken)-len("true")-6])
		broken[at] ^= 1 // in the signature
		w.check(w.nodes[0].mesh.Publish(t.Context(), r.Header().Channel, broken))
		time.Sleep(time.Second)
		if w.have(r.ID()) != 1 {
			t.Error("the broken copy was kept")
		}
		w.check(w.nodes[1].mesh.Publish(t.Context(), r.Header().Channel, r.Frame()))
		w.within(2*time.Second, "the true record arrives", func() bool { return w.have(r.ID()) == 4 })
		w.nodes[2].copyOf.mu.Lock()
		defer w.nodes[2].copyOf.mu.Unlock()
		if len(w.nodes[2].refused) == 0 || w.nodes[2].refused[0] != policy.BadSignature {
			t.Errorf("refused: %v", w.nodes[2].refused)
		}
	})
}

func TestPrivateDelivery(t *testing.T) {
	inWorld(t, 3, func(t *testing.T, w *world) {
		w.start(func(i int) []int { return []int{(i + 1) % 3} })
		time.Sleep(3 * time.Second)
		a, b := w.nodes[0], w.nodes[1]
		ch, err := record.Between(a.root.Team(), b.root.Team())
		w.check(err)
		var frames [][]byte
		var ids []record.ID
		for i := range 230 {
			r := a.write(ch, record.Urgent, bytes.Repeat([]byte{byte(i)}, 10<<10))
			frames, ids = append(frames, r.Frame()), append(ids, r.ID())
		}
		frames = append(frames, frames[0])
		judged, err := a.mesh.Deliver(t.Context(), b.root.Team(), frames)
		w.check(err)
		for i, j := range judged {
			if want := policy.Accept; i < 230 && j.Verdict != want || i == 230 && j.Reason != policy.Duplicate {
				t.Errorf("frame %d: %v", i, j)
			}
		}
		if len(judged) != 231 || w.have(ids...) != 2 {
			t.Errorf("%d judged, %d have them", len(judged), w.have(ids...))
		}
		if _, err := a.mesh.Deliver(t.Context(), identity.TeamID{9}, frames[:1]); err == nil || !strings.Contains(err.Error(), mesh.ErrUnreachable.Error()) {
			t.Errorf("to a team nobody knows: %v", err)
		}
	})
}

func TestBodyIsFetchedByChunks(t *testing.T) {
	inWorld(t, 3, func(t *testing.T, w *world) {
		w.start(func(i int) []int { return []int{0, 1, 2} })
		time.Sleep(3 * time.Second)
		body := bytes.Repeat([]byte("0123456789abcdef"), 100_000) // 1.6 MB, 7 chunks
		r := w.nodes[0].write(record.InCommunity(community), record.Routine, body)
		if r.Inline() {
			t.Error("the body rides in the frame")
		}
		w.check(w.nodes[0].mesh.Publish(t.Context(), r.Header().Channel, r.Frame()))
		w.within(2*time.Second, "the header arrives", func() bool { return w.have(r.ID()) == 3 })

		var part mesh.Partial
		if _, err := w.nodes[2].mesh.FetchBody(t.Context(), r, &part); err == nil {
			t.Error("nobody has it yet")
		}
		lie := bytes.Clone(body)
		lie[5*record.ChunkSize] ^= 1
		w.nodes[0].copyOf.mu.Lock()
		w.nodes[0].bodies[r.ID()] = lie
		w.nodes[0].copyOf.mu.Unlock()
		if _, err := w.nodes[2].mesh.FetchBody(t.Context(), r, &part); err == nil {
			t.Error("a wrong chunk was taken")
		}
		w.nodes[1].copyOf.mu.Lock()
		w.nodes[1].bodies[r.ID()] = body
		w.nodes[1].copyOf.mu.Unlock()
		got, err := w.nodes[2].mesh.FetchBody(t.Context(), r, &part)
		w.check(err)
		if !bytes.Equal(got, body) {
			t.Error("another body")
		}
	})
}

func TestFullDoorIsMadeUpForLater(t *testing.T) {
	inWorld(t, 2, func(t *testing.T, w *world) {
		w.start(func(i int) []int { return []int{0} })
		time.Sleep(3 * time.Second)
		w.nodes[1].copyOf.mu.Lock()
		w.nodes[1].full = true
		w.nodes[1].copyOf.mu.Unlock()
		id := w.nodes[0].publish("while full")
		time.Sleep(time.Second)
		w.nodes[1].copyOf.mu.Lock()
		w.nodes[1].full = false
		w.nodes[1].copyOf.mu.Unlock()
		if w.have(id) != 1 {
			t.Error("a full door kept it")
		}
		if n := w.nodes[1].mesh.Sync(record.InCommunity(community), identity.TeamID{}); n != 1 {
			t.Errorf("%d sessions", n)
		}
		w.within(5*time.Second, "it is fetched", func() bool { return w.have(id) == 2 })
	})
}
