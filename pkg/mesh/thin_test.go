package mesh_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/protocol"

	"tocsin/pkg/identity"
	"tocsin/pkg/mesh"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
)

// thinLine is 64 kbit/s.
const thinLine = 64_000 / 8

// kept writes records of so many bytes that the given nodes have, and returns their IDs and how long their
// frames are together.
func (w *world) kept(count, size int, by ...*node) (ids []record.ID, total int) {
	for i := range count {
		body := bytes.Repeat([]byte{byte('a' + i%26)}, size)
		r := by[0].write(record.InCommunity(community), record.Routine, body)
		for _, n := range by[1:] {
			n.ingest(arrivalOf(r))
		}
		ids, total = append(ids, r.ID()), total+len(r.Frame())
	}
	return ids, total
}

func (n *node) hasAll(ids []record.ID) bool { return n.count(ids) == len(ids) }

func (n *node) count(ids []record.ID) (have int) {
	for _, id := range ids {
		if n.has(id) {
			have++
		}
	}
	return have
}

// lineTime is how long a thin line needs for so many bytes.
func lineTime(total int) time.Duration { return time.Duration(total) * time.Second / thinLine }

// last has the last node dial all others, or they it.
func (w *world) last(dials bool) func(int) []int {
	n := len(w.nodes) - 1
	return func(i int) (all []int) {
		switch {
		case i < n && !dials:
			return []int{n}
		case i == n && dials:
			for j := range n {
				all = append(all, j)
			}
		}
		return all
	}
}

// A node behind 64 kbit/s that was away catches up with what several members have: what it receives is
// little more than the records, and it ends; whoever began, and also what only it has.
func TestCatchingUpOverAThinLine(t *testing.T) {
	for name, dials := range map[string]bool{"it dials": true, "it is dialled": false} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, 5, func(t *testing.T, w *world) {
				thin, others := w.nodes[4], w.nodes[:4]
				l := thin.behind(thinLine)
				ids, total := w.kept(100, 2000, others...)
				w.start(w.last(dials))
				least := lineTime(total)
				took := w.within(2*least+20*time.Second, "all records are kept", func() bool { return thin.hasAll(ids) })
				if got := l.received(); got > total*3/2 {
					t.Errorf("%d bytes received for %d bytes of records", got, total)
				}
				t.Logf("%d of %d records kept after %v (the line needs %v), %d bytes received for %d bytes of records",
					thin.count(ids), len(ids), took, least, l.received(), total)
			})
		})
	}
}

// What only the node behind the thin line has reaches the others.
func TestGivingOverAThinLine(t *testing.T) {
	for name, dials := range map[string]bool{"it dials": true, "it is dialled": false} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, 4, func(t *testing.T, w *world) {
				thin, others := w.nodes[3], w.nodes[:3]
				l := thin.behind(thinLine)
				ids, total := w.kept(100, 2000, thin)
				for i, n := range others {
					w.check(n.mesh.AddAddress(others[(i+1)%3].addr()))
				}
				w.start(w.last(dials))
				took := w.within(3*lineTime(total)+time.Minute, "the others have all", func() bool { return w.have(ids...) == 4 })
				if got := l.sent(); got > total*2 {
					t.Errorf("%d bytes sent for %d bytes of records", got, total)
				}
				t.Logf("after %v, %d bytes sent for %d bytes of records", took, l.sent(), total)
			})
		})
	}
}

// A line that breaks again and again costs what was under way and no more.
func TestAnInterruptedLineGoesOnWhereItWas(t *testing.T) {
	inWorld(t, 4, func(t *testing.T, w *world) {
		thin, others := w.nodes[3], w.nodes[:3]
		l := thin.behind(thinLine)
		ids, total := w.kept(100, 2000, others...)
		w.start(w.last(true))
		began, before := time.Now(), 0
		for i := 0; !thin.hasAll(ids) && i < 20; i++ {
			time.Sleep(15 * time.Second)
			now := thin.count(ids)
			if now == before {
				t.Errorf("nothing was kept within 15 s, %d records are here", now)
			}
			before = now
			w.split([]*node{thin}, others, true)
			time.Sleep(2 * time.Second)
			w.split([]*node{thin}, others, false)
		}
		if took := time.Since(began); !thin.hasAll(ids) || took > 3*lineTime(total) {
			t.Errorf("%d of %d records kept after %v", thin.count(ids), len(ids), took)
		}
		if got := l.received(); got > 2*total {
			t.Errorf("%d bytes received for %d bytes of records", got, total)
		}
		t.Logf("%v, %d bytes received for %d", time.Since(began), l.received(), total)
	})
}

// Emergencies and what members are told come first, whatever else differs.
func TestEmergenciesGoFirstOverAThinLine(t *testing.T) {
	inWorld(t, 2, func(t *testing.T, w *world) {
		a, thin := w.nodes[0], w.nodes[1]
		thin.behind(thinLine)
		ids, _ := w.kept(200, 2000, a)
		urgent := []record.ID{
			a.write(record.InCommunity(community), record.Control, []byte("keys")).ID(),
			a.write(record.InCommunity(community), record.Emergency, []byte("act now")).ID(),
		}
		w.start(w.last(true))
		w.within(20*time.Second, "the urgent ones are here", func() bool { return thin.hasAll(urgent) })
		if got := thin.count(ids); got > 0 {
			t.Errorf("%d others came before", got)
		}
		if order := thin.order(); len(order) > 0 && order[0] != urgent[1] {
			t.Error("the emergency was not the first")
		}
	})
}

// A long body comes piece by piece; what came before the line broke is not fetched again.
func TestABodyOverAThinLine(t *testing.T) {
	inWorld(t, 3, func(t *testing.T, w *world) {
		thin, others := w.nodes[2], w.nodes[:2]
		l := thin.behind(thinLine)
		body := bytes.Repeat([]byte("0123456789abcdef"), 40_000) // 640 kB, 3 chunks
		r := others[0].write(record.InCommunity(community), record.Routine, body)
		for _, n := range others {
			n.copyOf.mu.Lock()
			n.bodies[r.ID()] = body
			n.copyOf.mu.Unlock()
		}
		w.start(w.last(true))
		time.Sleep(10 * time.Second)
		before := l.received()
		var part mesh.Partial
		got := make(chan []byte, 1)
		began := time.Now()
		go func() {
			for {
				b, err := thin.mesh.FetchBody(t.Context(), r, &part)
				if err == nil || time.Since(began) > 10*time.Minute {
					got <- b
					return
				}
				time.Sleep(time.Second)
			}
		}()
		for range 3 {
			time.Sleep(25 * time.Second)
			w.split([]*node{thin}, others, true)
			time.Sleep(2 * time.Second)
			w.split([]*node{thin}, others, false)
		}
		if !bytes.Equal(<-got, body) {
			t.Error("another body")
		}
		if took := time.Since(began); took > 2*lineTime(len(body)) {
			t.Errorf("it took %v, the line needs %v", took, lineTime(len(body)))
		}
		if n := l.received() - before; n > len(body)*3/2 {
			t.Errorf("%d bytes received for %d", n, len(body))
		}
		t.Logf("%v, %d bytes received for %d", time.Since(began), l.received()-before, len(body))
	})
}

// Private records go over a thin line, and what is judged is known though the line breaks.
func TestDeliveryOverAThinLine(t *testing.T) {
	inWorld(t, 2, func(t *testing.T, w *world) {
		a, thin := w.nodes[0], w.nodes[1]
		thin.behind(thinLine)
		w.start(w.last(true))
		time.Sleep(10 * time.Second)
		ch, err := record.Between(a.root.Team(), thin.root.Team())
		w.check(err)
		var frames [][]byte
		total := 0
		for i := range 30 {
			r := a.write(ch, record.Urgent, bytes.Repeat([]byte{byte(i)}, 20_000))
			frames, total = append(frames, r.Frame()), total+len(r.Frame())
		}
		began := time.Now()
		time.AfterFunc(30*time.Second, func() { w.split([]*node{a}, []*node{thin}, true) })
		judged, err := a.mesh.Deliver(t.Context(), thin.root.Team(), frames)
		if err == nil || len(judged) < 5 {
			t.Errorf("%d of %d were judged before the line broke, %v", len(judged), len(frames), err)
		}
		w.split([]*node{a}, []*node{thin}, false)
		time.Sleep(15 * time.Second)
		rest, err := a.mesh.Deliver(t.Context(), thin.root.Team(), frames[len(judged):])
		w.check(err)
		for _, j := range append(judged, rest...) {
			if j.Verdict != policy.Accept && j.Reason != policy.Duplicate {
				t.Errorf("judged %v", j)
			}
		}
		if took := time.Since(began); took > 2*lineTime(total)+30*time.Second {
			t.Errorf("%v for %d bytes", took, total)
		}
	})
}

// Statements and keys come over a thin line too.
func TestStatementsAndKeysOverAThinLine(t *testing.T) {
	inWorld(t, 2, func(t *testing.T, w *world) {
		a, thin := w.nodes[0], w.nodes[1]
		l := thin.behind(thinLine)
		total := 0
		for i := range 400 {
			s := w.word(kindMember, identity.TeamID{byte(i), byte(i >> 8), 7})
			a.add(s)
			total += len(s.Frame())
		}
		for i := range 40 {
			a.hold(key(byte(i)))
			thin.want(key(byte(i)))
		}
		w.start(w.last(true))
		took := w.within(2*lineTime(total)+time.Minute, "all statements and keys are here", func() bool {
			return len(thin.Statements()) == len(a.Statements()) && len(thin.WantedKeys()) == 0
		})
		if got := l.received(); got > 2*total {
			t.Errorf("%d bytes received for %d", got, total)
		}
		t.Logf("%v, %d bytes received for %d of statements", took, l.received(), total)
	})
}

// A member that gives a byte now and then holds no stream for long, and does not keep others from us.
func TestASlowMemberHoldsNothing(t *testing.T) {
	inWorld(t, 2, func(t *testing.T, w *world) {
		a, hostile := w.nodes[0], w.nodes[1]
		w.start(w.last(true))
		w.within(10*time.Second, "they are met", func() bool { return a.greetedBy(hostile) && hostile.greetedBy(a) })
		for _, proto := range []string{"sync", "keys", "direct", "body", "hello"} {
			g := hostile.greedy(a, protocol.ID("/tocsin/"+proto+"/1"))
			began := time.Now()
			for _, b := range append([]byte{0, 0, 0, 60}, make([]byte, 60)...) { // as long a message as each takes
				if _, err := g.Write([]byte{b}); err != nil {
					break
				}
				time.Sleep(20 * time.Second)
			}
			if took := time.Since(began); took < time.Minute || took > 5*time.Minute {
				t.Errorf("%s: a byte every 20 s holds a stream for %v", proto, took)
			}
		}
	})
}

// A member whose line is thin, or that pretends, does not keep a node that has a good line from what others have.
func TestASlowGiverKeepsNothingFromUs(t *testing.T) {
	inWorld(t, 4, func(t *testing.T, w *world) {
		late, others := w.nodes[3], w.nodes[:3]
		others[0].behind(400)
		others[1].behind(400)
		ids, _ := w.kept(300, 2000, others...)
		for i, n := range w.nodes {
			w.check(late.mesh.AddAddress(n.addr()))
			if i != 2 {
				n.run()
			}
		}
		time.Sleep(30 * time.Second) // with the slow ones alone
		others[2].run()
		took := w.within(3*time.Minute, "all records are here", func() bool { return late.hasAll(ids) })
		t.Logf("after %v", took)
	})
}

// One team, with however many nodes, takes no more than its share of handlers.
func TestATeamLeavesOthersTheirStreams(t *testing.T) {
	inWorld(t, 3, func(t *testing.T, w *world) {
		a, hostile, b := w.nodes[0], w.nodes[1], w.nodes[2]
		a.run()
		w.takeHandlers(a, hostile, 9)
		b.connectRaw(a)
		if back, _, _ := b.say(a, "/tocsin/hello/1", greeting(b)); back == 0 {
			t.Error("a member's hello was refused: another team holds every handler")
		}
	})
}

// takeHandlers has a hostile node and so many more of its team open all the streams to a that they may, and say no more.
func (w *world) takeHandlers(a, hostile *node, more int) {
	nodes := []*node{hostile}
	for i := range more {
		n := w.addOf(hostile.root, string(rune('a'+i)))
		a.add(record.DelegationStatement(n.delegation))
		nodes = append(nodes, n)
	}
	for _, n := range nodes {
		n.connectRaw(a)
		for range 8 {
			if g := n.greedy(a, "/tocsin/sync/1"); g != nil {
				_, _ = g.Write([]byte{0})
			}
		}
	}
}

// Nor do several teams together take all.
func TestTeamsTogetherLeaveOthersTheirStreams(t *testing.T) {
	inWorld(t, 5, func(t *testing.T, w *world) {
		a, b := w.nodes[0], w.nodes[4]
		a.run()
		for _, hostile := range w.nodes[1:4] {
			w.takeHandlers(a, hostile, 2)
		}
		b.connectRaw(a)
		if back, _, _ := b.say(a, "/tocsin/hello/1", greeting(b)); back == 0 {
			t.Error("a member's hello was refused: three other teams hold every handler")
		}
	})
}

// Several channels of several peers take turns on a thin line: none waits for the end of another, and all end.
func TestSessionsTakeTurnsOnAThinLine(t *testing.T) {
	inWorld(t, 4, func(t *testing.T, w *world) {
		thin, others := w.nodes[3], w.nodes[:3]
		l := thin.behind(thinLine)
		for _, n := range w.nodes {
			for _, of := range w.nodes {
				n.add(w.wordIn(second, kindMember, of.root.Team()))
			}
		}
		ids := map[identity.CommunityID][]record.ID{}
		total := 0
		for i := range 600 {
			c := []identity.CommunityID{community, second}[i%2]
			r := others[0].write(record.InCommunity(c), record.Routine, bytes.Repeat([]byte{byte(i)}, 2000))
			for _, n := range others[1:] {
				n.ingest(arrivalOf(r))
			}
			ids[c], total = append(ids[c], r.ID()), total+len(r.Frame())
		}
		w.start(w.last(true))
		time.Sleep(lineTime(total) / 2)
		for c, list := range ids {
			if got := thin.count(list); got < 30 {
				t.Errorf("half of the time has passed and %d records of %s are here", got, c)
			}
		}
		took := w.within(2*lineTime(total), "all records are here", func() bool { return thin.hasAll(ids[community]) && thin.hasAll(ids[second]) })
		if got := l.received(); got > total*3/2 {
			t.Errorf("%d bytes received for %d", got, total)
		}
		t.Logf("%v more, the line needs %v; %d bytes received for %d", took, lineTime(total), l.received(), total)
		time.Sleep(5 * time.Minute)
		thin.mu.Lock()
		defer thin.mu.Unlock()
		steps := map[identity.TeamID]int{}
		for _, team := range thin.inStep {
			steps[team]++
		}
		if len(steps) < 3 {
			t.Errorf("five minutes later it is in step with %d teams", len(steps))
		}
	})
}

// A node that lacks few of many statements, which all its neighbours have, gets them over a thin line, and then
// what else it lacks.
func TestManyStatementsOverAThinLine(t *testing.T) {
	inWorld(t, 9, func(t *testing.T, w *world) {
		thin, others := w.nodes[8], w.nodes[:8]
		l := thin.behind(thinLine)
		for i := range 4500 {
			about := identity.TeamID{byte(i), byte(i >> 8), 7}
			s := w.word(kindMember, about)
			for _, n := range w.nodes {
				if n != thin || i%500 != 0 {
					n.statements[s.ID()], n.subject[s.ID()] = s.Frame(), about
				}
			}
		}
		ids, _ := w.kept(1, 2000, others...)
		w.start(w.last(true))
		took := w.within(90*time.Second, "all statements and records are here", func() bool {
			return thin.hasAll(ids) && len(thin.Statements()) == len(others[0].Statements())
		})
		t.Logf("after %v, %d bytes received, %d sent", took, l.received(), l.sent())
	})
}
