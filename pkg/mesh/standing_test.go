package mesh_test

import (
	"slices"
	"testing"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
)

// watch makes a team an observer of the community at every node given.
func (n *node) watch(team identity.TeamID) {
	n.copyOf.mu.Lock()
	defer n.copyOf.mu.Unlock()
	next := n.roster.clone()
	next.watchers[team] = true
	n.roster = next
}

func (n *node) bar(key identity.NodeID) {
	n.copyOf.mu.Lock()
	defer n.copyOf.mu.Unlock()
	next := n.roster.clone()
	next.barred[key] = true
	n.roster = next
}

// One that observes stays connected, takes what is for observers by comparing, and nothing else: no topic,
// no private record, no frame of its own, and nobody is in step by its word.
func TestObserversTakeWhatIsForThem(t *testing.T) {
	inWorld(t, 3, func(t *testing.T, w *world) {
		o := w.add("observer")
		for _, n := range w.nodes {
			n.watch(o.root.Team())
			n.add(record.DelegationStatement(o.delegation))
			if n != o {
				o.add(w.word(kindMember, n.root.Team()))
				o.add(record.DelegationStatement(n.delegation))
			}
		}
		first := w.nodes[0].write(record.InCommunity(community), record.Routine, []byte("clear before")).ID()
		w.start(func(int) []int { return []int{0, 1} })
		w.within(5*time.Second, "it has what was there", func() bool { return o.has(first) })
		clear, sealed := w.nodes[0].publish("clear: to be patched"), w.nodes[0].publish("for members")
		w.within(2*time.Second, "members have both at once", func() bool { return w.nodes[2].has(clear) && w.nodes[2].has(sealed) })
		if o.has(clear) {
			t.Error("it is in the topic")
		}
		w.within(25*time.Second, "it has what is for observers", func() bool { return o.has(clear) })
		time.Sleep(10 * time.Minute)
		if o.has(sealed) {
			t.Error("it has what is not for observers")
		}
		if !o.connectedTo(w.nodes[0]) {
			t.Error("it was sent away")
		}
		for _, n := range w.nodes[:3] {
			n.mu.Lock()
			for _, team := range n.inStep {
				if team == o.root.Team() {
					t.Error("a member counts as in step by an observer's word")
				}
			}
			n.mu.Unlock()
		}
		o.mu.Lock()
		if len(o.inStep) > 0 {
			t.Error("the observer counts as in step")
		}
		o.mu.Unlock()
		ch, err := record.Between(o.root.Team(), w.nodes[0].root.Team())
		w.check(err)
		private := o.write(ch, record.Routine, []byte("clear, let me in"))
		if judged, err := o.mesh.Deliver(t.Context(), w.nodes[0].root.Team(), [][]byte{private.Frame()}); err == nil {
			t.Errorf("it could deliver: %v", judged)
		}
	})
}

// One that is connected already when it becomes an observer has what was there at once, and what members learn of
// statements within a greeting's time.
func TestObserversHearSoon(t *testing.T) {
	inWorld(t, 2, func(t *testing.T, w *world) {
		o := w.add("observer")
		o.add(w.word(kindMember, w.nodes[0].root.Team()))
		o.add(w.word(kindMember, w.nodes[1].root.Team()))
		first := w.nodes[0].write(record.InCommunity(community), record.Routine, []byte("clear before")).ID()
		w.start(func(int) []int { return []int{0, 1} })
		time.Sleep(5 * time.Second)
		if o.has(first) {
			t.Fatal("a stranger has it")
		}
		for _, n := range w.nodes {
			n.watch(o.root.Team())
			n.mesh.Refresh()
		}
		w.within(3*time.Second, "it has what was there", func() bool { return o.has(first) })
		time.Sleep(30 * time.Second)
		said := w.word(kindRemove, o.root.Team()) // in these tests the one thing that members say of a team that is none
		for _, n := range w.nodes {
			n.add(said)
		}
		w.within(25*time.Second, "it has the statement", func() bool { return slices.Contains(o.Statements(), said.ID()) })
	})
}

// A batch from one that observes ends the session: nothing of it reaches the door.
func TestObserversGiveNothing(t *testing.T) {
	inWorld(t, 2, func(t *testing.T, w *world) {
		a := w.nodes[0]
		o := w.add("observer")
		a.watch(o.root.Team())
		a.add(record.DelegationStatement(o.delegation))
		a.run()
		o.connectRaw(a)
		forged := w.nodes[1].write(record.InCommunity(community), record.Routine, []byte("clear, from a member"))
		open := append([]byte{2, 1, 0}, community[:]...)
		push := append([]byte{2, 5, 1, 0, 0, 0, 1}, framed(forged.Frame())...)
		if back, _, _ := o.say(a, "/tocsin/sync/1", framed(open, []byte{2, 3, 1, 5}, push)); back > 4+3 {
			t.Errorf("%d bytes back", back)
		}
		time.Sleep(time.Second)
		if a.has(forged.ID()) {
			t.Error("a record of an observer's session was kept")
		}
	})
}

// Two nodes of one team are fellows though they share no community, and tell each other what is private
// between the team and others, whichever of them was given it.
func TestNodesOfOneTeamTellEachOther(t *testing.T) {
	inWorld(t, 2, func(t *testing.T, w *world) {
		a, b := w.nodes[0], w.nodes[1]
		b2 := w.addOf(b.root, "team 1")
		for _, n := range w.nodes {
			n.add(record.DelegationStatement(b2.delegation))
			for _, of := range w.nodes {
				b2.add(w.word(kindMember, of.root.Team()))
				b2.add(record.DelegationStatement(of.delegation))
			}
		}
		ch, err := record.Between(a.root.Team(), b.root.Team())
		w.check(err)
		elsewhere, err := record.Between(b.root.Team(), identity.TeamID{9})
		w.check(err)
		old := b.write(elsewhere, record.Routine, []byte("with a team that is away")).ID()
		w.start(others(w))
		w.within(10*time.Second, "the other node has the private records", func() bool { return b2.has(old) })
		if a.has(old) {
			t.Error("a third team has them")
		}
		r := a.write(ch, record.Urgent, []byte("to whichever"))
		judged, err := a.mesh.Deliver(t.Context(), b.root.Team(), [][]byte{r.Frame()})
		if err != nil || len(judged) != 1 || judged[0].Verdict != policy.Accept {
			t.Errorf("delivered: %v, %v", judged, err)
		}
		w.within(5*time.Second, "both nodes have it", func() bool { return b.has(r.ID()) && b2.has(r.ID()) })
	})
}

// What one node of a team does not answer for the next one is given.
func TestDeliveryTriesEachNodeOfATeam(t *testing.T) {
	inWorld(t, 2, func(t *testing.T, w *world) {
		a, b := w.nodes[0], w.nodes[1]
		dead := w.addOf(b.root, "team 1")
		for _, n := range w.nodes {
			n.add(record.DelegationStatement(dead.delegation))
		}
		a.run()
		dead.connectRaw(a) // it does not run: its streams are refused
		w.check(a.mesh.AddAddress(b.addr()))
		b.run()
		time.Sleep(5 * time.Second)
		ch, err := record.Between(a.root.Team(), b.root.Team())
		w.check(err)
		for range 5 {
			r := a.write(ch, record.Urgent, []byte("to whoever answers"))
			if _, err := a.mesh.Deliver(t.Context(), b.root.Team(), [][]byte{r.Frame()}); err != nil || !b.has(r.ID()) {
				t.Errorf("not delivered: %v", err)
			}
		}
	})
}

// A node key that was taken back or frozen is nobody's: its peer is sent away, and comes in as a stranger.
func TestBarredNodeKeysAreStrangers(t *testing.T) {
	inWorld(t, 3, func(t *testing.T, w *world) {
		w.start(others(w))
		time.Sleep(10 * time.Second)
		thief := w.nodes[2]
		for _, n := range w.nodes[:2] {
			n.bar(thief.delegation.Node)
			n.mesh.Refresh()
		}
		w.within(5*time.Second, "it is sent away", func() bool {
			for _, p := range w.nodes[0].mesh.Peers() {
				if p.PeerID == thief.mesh.ID() && p.Known {
					return false
				}
			}
			return true
		})
		id := w.nodes[0].publish("not for it")
		w.within(5*time.Second, "the other has it", func() bool { return w.nodes[1].has(id) })
		time.Sleep(2 * time.Minute)
		if thief.has(id) {
			t.Error("it has what was written after its key was barred")
		}
		ch, err := record.Between(thief.root.Team(), w.nodes[0].root.Team())
		w.check(err)
		r := thief.write(ch, record.Routine, []byte("in your name"))
		if judged, err := thief.mesh.Deliver(t.Context(), w.nodes[0].root.Team(), [][]byte{r.Frame()}); err == nil {
			t.Errorf("it could deliver: %v", judged)
		}
		w.nodes[0].hold(key(1))
		thief.want(key(1))
		thief.mesh.AskKeys()
		time.Sleep(time.Minute)
		if thief.holds(key(1)) {
			t.Error("it got a key")
		}
	})
}
