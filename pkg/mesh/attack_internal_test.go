package mesh

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/test"
	mocknet "github.com/libp2p/go-libp2p/p2p/net/mock"

	"tocsin/pkg/identity"
	"tocsin/pkg/reconcile"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// A session cannot be held open by batches of nothing.
func TestEmptyBatchMustBeTheLast(t *testing.T) {
	if _, err := decodeBatch((batch{}).encode()); err == nil {
		t.Error("an empty batch that is not the last was read")
	}
	if _, err := decodeBatch((batch{last: true}).encode()); err != nil {
		t.Errorf("an empty last batch: %v", err)
	}
}

// A team with many nodes does not keep this one from dialling others, nor takes every sync.
func TestManyNodesOfOneTeamAreFewPeers(t *testing.T) {
	c, many, other := identity.CommunityID{1}, identity.TeamID{1}, identity.TeamID{2}
	m := &Mesh{links: map[peer.ID]*link{}, syncing: map[syncKey]bool{}}
	for i := range 20 {
		l := &link{standing: standing{team: many, known: true, shared: []identity.CommunityID{c}}}
		m.links[peer.ID(fmt.Sprint(i))] = l
	}
	m.links["other"] = &link{standing: standing{team: other, known: true, shared: []identity.CommunityID{c}}}
	_, in := m.linked()
	if in[c] != wantPerTeam+1 {
		t.Errorf("%d peers count in the community", in[c])
	}
	m.syncing[syncKey{peer: "1"}], m.syncing[syncKey{peer: "2"}] = true, true
	if got := m.syncingWith("3"); got < maxSyncsTeam {
		t.Errorf("%d sessions with the team", got)
	}
	if got := m.syncingWith("other"); got != 0 {
		t.Errorf("%d sessions with the other", got)
	}
}

// Whoever shouts in the local network takes little room, has no names looked up, and cannot bury where a
// peer is.
func TestLocalNetworkIsNotBelievedMuch(t *testing.T) {
	net := mocknet.New()
	defer net.Close()
	h, err := net.GenPeer()
	if err != nil {
		t.Fatal(err)
	}
	m := &Mesh{host: h, candidates: map[peer.ID]*candidate{}, wake: make(chan struct{}, 1)}
	shout := func(p peer.ID, addr string) { m.found(addr + "/p2p/" + p.String()) }
	for range 2 * lanPeers {
		p, err := test.RandPeerID()
		if err != nil {
			t.Fatal(err)
		}
		shout(p, "/ip4/192.0.2.1/tcp/4001")
	}
	if len(m.candidates) != lanPeers {
		t.Errorf("%d candidates", len(m.candidates))
	}
	member, err := test.RandPeerID()
	if err != nil {
		t.Fatal(err)
	}
	m.addCandidate(member)
	for i := range 200 {
		shout(member, fmt.Sprintf("/ip4/192.0.2.1/tcp/%d", 5000+i))
		shout(member, fmt.Sprintf("/dns4/%d.example.org/tcp/4001", i))
	}
	addrs := h.Peerstore().Addrs(member)
	if len(addrs) != lanAddrs || m.candidates[member] == nil || m.candidates[member].nearby {
		t.Errorf("%d addresses: %v", len(addrs), addrs)
	}
}

// wanting holds no key and wants many.
type wanting struct {
	Copy
	keys []replica.KeyAsk
}

func (w wanting) WantedKeys() []replica.KeyAsk               { return w.keys }
func (wanting) MissingSealingKeys() [][32]byte               { return [][32]byte{{1}} }
func (wanting) MayRead(identity.TeamID, record.Channel) bool { return true }

// Whoever writes records under keys that nobody has makes us ask few for few of them, and remember little.
func TestManyUnknownKeysAskForFewSessions(t *testing.T) {
	c := identity.CommunityID{1}
	var w wanting
	for i := range 100 * maxKeys {
		w.keys = append(w.keys, replica.KeyAsk{Channel: record.InCommunity(c), Key: [32]byte{byte(i), byte(i >> 8), 1}})
	}
	m := &Mesh{
		opt: Options{Copy: w}, links: map[peer.ID]*link{}, keys: newKeysPlan(),
		rand: rand.New(rand.NewPCG(1, 2)), //nolint:gosec // nothing secret
	}
	for i := range 100 {
		m.links[peer.ID(fmt.Sprint(i))] = &link{
			greeted: true, standing: standing{team: identity.TeamID{byte(i + 1)}, known: true, shared: []identity.CommunityID{c}},
		}
	}
	now := time.Now()
	for range 300 {
		errands, next := m.errands(now)
		if len(errands) > maxKeySessions || len(m.keys.running) > maxKeySessions {
			t.Fatalf("%d sessions begin, %d run", len(errands), len(m.keys.running))
		}
		for p, e := range errands {
			if len(e.asks) > maxKeys || len(e.wanted) > maxKeys {
				t.Fatalf("%d keys are asked of one peer", len(e.asks)+len(e.wanted))
			}
			delete(m.keys.running, p)
			m.links[p].keys.next = now.Add(keysEvery)
		}
		if len(m.keys.tries) > maxKeyTries {
			t.Fatalf("%d tries are remembered", len(m.keys.tries))
		}
		if next.Before(now) {
			t.Fatalf("the next look is %v ago", now.Sub(next))
		}
		now = now.Add(keysSettle)
	}
}

// An author who writes records with predecessors that nobody has does not make nodes compare all the time.
func TestGapsAskForFewSessions(t *testing.T) {
	ch := record.InCommunity(identity.CommunityID{1})
	ended := time.Now()
	m := &Mesh{
		links: map[peer.ID]*link{"busy": {compared: map[record.Channel]time.Time{ch: ended}}, "rested": {}},
		syncs: map[syncKey]time.Time{}, wake: make(chan struct{}, 1),
	}
	for range 3 {
		m.wantSyncAgain(syncKey{"busy", ch})
		m.wantSyncAgain(syncKey{"rested", ch})
	}
	if due := m.syncs[syncKey{"busy", ch}]; due.Sub(ended) < syncRest {
		t.Errorf("another session after %v", due.Sub(ended))
	}
	if due := m.syncs[syncKey{"rested", ch}]; due.Sub(ended) > time.Second {
		t.Errorf("the first session after %v", due.Sub(ended))
	}
}

// days has a day with that many records.
type days int

func (d days) Days() []reconcile.DayDigest {
	return []reconcile.DayDigest{{Day: 1, Count: uint32(d), Digest: reconcile.DigestOf(d.IDs(1))}} //nolint:gosec // small
}

func (d days) IDs(reconcile.Day) []record.ID {
	ids := make([]record.ID, d)
	for i := range ids {
		ids[i] = record.ID{byte(i >> 16), byte(i >> 8), byte(i)}
	}
	return ids
}

// Whoever compares on and takes nothing makes us hold no more than one session may find.
func TestComparingOnAndTakingNothingEnds(t *testing.T) {
	x := &exchange{session: reconcile.Respond(days(2 * reconcile.MaxFound)), owed: map[record.ID]int{}}
	theirs, out := reconcile.Initiate(reconcile.Memory{})
	var err error
	for over := false; err == nil && !over; {
		var back []byte
		if back, _, err = x.session.Step(out); err != nil {
			break
		}
		if err = x.found(); err == nil {
			out, over, err = theirs.Step(back)
			theirs.Take()
		}
	}
	if !errors.Is(err, errNotOwed) || len(x.owed) > reconcile.MaxFound+2048 {
		t.Errorf("%d records are owed, %v", len(x.owed), err)
	}
}
