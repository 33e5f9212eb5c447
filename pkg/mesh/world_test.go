package mesh_test

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	mocknet "github.com/libp2p/go-libp2p/p2p/net/mock"
	ma "github.com/multiformats/go-multiaddr"

	"tocsin/pkg/identity"
	"tocsin/pkg/mesh"
	"tocsin/pkg/record"
)

// epoch is when worlds begin: a bubble's clock starts in 2000, before any delegation.
var epoch = time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)

// world is a simulated network of nodes in virtual time. Node 0 is the founder's.
type world struct {
	t     *testing.T
	net   mocknet.Mocknet
	seed  uint64
	rand  *rand.ChaCha8
	nodes []*node
	runs  int
	// linked is how many of the first nodes a new one is linked to.
	linked int
	// crowdAt, if set, is the one address of all nodes that are added.
	crowdAt string
	term    time.Duration // of delegations
}

type node struct {
	*copyOf
	world      *world
	name       string
	root       *identity.RootKey
	key        *identity.NodeKey
	delegation *identity.Delegation
	host       host.Host
	mesh       *mesh.Mesh
	stop       context.CancelFunc
	done       chan error

	mu     sync.Mutex
	inStep []identity.TeamID
	peers  []mesh.PeerInfo
	gone   []mesh.PeerInfo
}

// inWorld runs a test in a bubble and takes everything down at the end.
func inWorld(t *testing.T, members int, test func(t *testing.T, w *world)) {
	t.Helper()
	inWorldOf(t, members, 366*24*time.Hour, test)
}

// inWorldOf is inWorld where delegations are for that long.
func inWorldOf(t *testing.T, members int, term time.Duration, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(epoch))
		seed := uint64(os.Getpid())
		var raw [32]byte
		raw[0], raw[1], raw[2] = byte(seed), byte(seed>>8), byte(seed>>16)
		t.Logf("seed %d", seed)
		w := &world{t: t, net: mocknet.New(), seed: seed, rand: rand.NewChaCha8(raw), linked: math.MaxInt, term: term}
		defer w.close()
		for i := range members {
			w.add(fmt.Sprintf("team %d", i))
		}
		for _, n := range w.nodes {
			for _, of := range w.nodes {
				n.add(w.word(kindMember, of.root.Team()))
				n.add(record.DelegationStatement(of.delegation))
			}
		}
		test(t, w)
	})
}

func (w *world) close() {
	for _, n := range w.nodes {
		n.shut()
	}
	_ = w.net.Close()
	time.Sleep(time.Minute) // for goroutines of libp2p that end on timers
}

func (n *node) shut() {
	if n.stop != nil {
		n.stop()
		if err := <-n.done; err != nil {
			n.world.t.Errorf("%s: %v", n.name, err)
		}
		n.stop = nil
	}
	if err := n.mesh.Close(); err != nil {
		n.world.t.Errorf("%s: %v", n.name, err)
	}
}

// add makes a node that knows the founder and itself, and is known to nobody.
func (w *world) add(name string) *node {
	w.t.Helper()
	root, err := identity.NewRootKey(w.rand)
	w.check(err)
	return w.addOf(root, name)
}

// addOf makes one more node of a team.
func (w *world) addOf(root *identity.RootKey, name string) *node {
	w.t.Helper()
	key, err := identity.NewNodeKey(w.rand)
	w.check(err)
	d, err := root.Delegate(key, name, epoch.Add(-time.Hour), epoch.Add(w.term))
	w.check(err)
	n := &node{world: w, name: name, root: root, key: key, delegation: d}
	founder := d
	if len(w.nodes) > 0 {
		founder = w.nodes[0].delegation
	}
	n.copyOf = newCopy(root.Team(), founder.Team, time.Now)
	n.add(record.DelegationStatement(d))
	n.add(record.DelegationStatement(founder))
	priv, err := crypto.UnmarshalEd25519PrivateKey(key.Transport())
	w.check(err)
	addr := ma.StringCast(fmt.Sprintf("/ip4/11.0.%d.%d/tcp/4001", len(w.nodes)/256, len(w.nodes)%256))
	if w.crowdAt != "" {
		addr = ma.StringCast(fmt.Sprintf("/ip4/%s/tcp/%d", w.crowdAt, 5000+len(w.nodes)))
	}
	n.host, err = w.net.AddPeer(priv, addr)
	w.check(err)
	for _, other := range w.nodes[:min(len(w.nodes), w.linked)] {
		_, err := w.net.LinkPeers(n.host.ID(), other.host.ID())
		w.check(err)
	}
	n.mesh, err = mesh.NewWithHost(n.host, n.options())
	w.check(err)
	w.nodes = append(w.nodes, n)
	return n
}

// delegate gives a node that does not run a new delegation of its keys, from now on, and tells those given.
func (n *node) delegate(tell ...*node) {
	d, err := n.root.Delegate(n.key, n.name, time.Now().Add(-time.Hour), time.Now().Add(n.world.term))
	n.world.check(err)
	n.delegation = d
	n.mesh, err = mesh.NewWithHost(n.host, n.options())
	n.world.check(err)
	for _, other := range tell {
		other.add(record.DelegationStatement(d))
	}
}

func (n *node) options() mesh.Options {
	return mesh.Options{
		Key: n.key, Delegation: n.delegation, Door: n.copyOf, Copy: n.copyOf, Roster: n.Roster,
		Now: time.Now, Rand: n.world.rand, Logger: testLogger(n.name),
		Events: mesh.Events{
			OnPeer: func(p mesh.PeerInfo) { n.mu.Lock(); n.peers = append(n.peers, p); n.mu.Unlock() },
			OnGone: func(p mesh.PeerInfo) { n.mu.Lock(); n.gone = append(n.gone, p); n.mu.Unlock() },
			OnInStep: func(_ record.Channel, t identity.TeamID, _ time.Time) {
				n.mu.Lock()
				n.inStep = append(n.inStep, t)
				n.mu.Unlock()
			},
		},
	}
}

// testLogger is silent unless MESH_LOG is set.
func testLogger(name string) *slog.Logger {
	if os.Getenv("MESH_LOG") == "" {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})).With(slog.String("node", name))
}

func (n *node) run() {
	ctx, stop := context.WithCancel(n.world.t.Context())
	n.stop, n.done = stop, make(chan error, 1)
	go func() { n.done <- n.mesh.Run(ctx) }()
}

// start runs all nodes, each told to keep connected to those of its neighbours.
func (w *world) start(neighbours func(i int) []int) {
	for i, n := range w.nodes {
		for _, j := range neighbours(i) {
			w.check(n.mesh.AddAddress(w.nodes[j].addr()))
		}
		n.run()
	}
}

func (n *node) addr() string { return n.mesh.Addrs()[0] }

func (w *world) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Error(err) // Fatal would hide its message behind the bubble's own panic
		panic(err)
	}
}

// within waits, in virtual time, until cond holds.
func (w *world) within(d time.Duration, what string, cond func() bool) time.Duration {
	w.t.Helper()
	began := time.Now()
	for !cond() {
		if time.Since(began) > d {
			w.t.Errorf("not within %v: %s", d, what)
			for _, n := range w.nodes {
				w.t.Logf("%s: %d statements, %d records, peers %+v", n.name, len(n.Statements()), len(n.order()), n.mesh.Peers())
			}
			return d
		}
		time.Sleep(20 * time.Millisecond)
	}
	return time.Since(began)
}

// word is a statement of the founder about a team.
func (w *world) word(kind string, about identity.TeamID) *record.Statement {
	w.t.Helper()
	return w.wordIn(community, kind, about)
}

func (w *world) wordIn(c identity.CommunityID, kind string, about identity.TeamID) *record.Statement {
	w.t.Helper()
	f := w.nodes[0]
	b, err := json.Marshal(says{Community: c, Team: about})
	w.check(err)
	payload, err := record.DraftStatement(record.Draft{
		Kind: kind, Created: epoch, Signers: []record.Signer{{Team: f.delegation.Team, Delegation: f.delegation}}, Says: b,
	})
	w.check(err)
	sig := f.key.Sign(identity.StatementType, payload)
	var v record.Verifier
	s, err := v.AssembleStatement(payload, []signature{sig})
	w.check(err)
	return s
}

// write makes a record of the node and keeps it there.
func (n *node) write(ch record.Channel, class record.Class, body []byte) *record.Record {
	n.world.t.Helper()
	n.world.runs++ // a lane for each record
	r, err := record.Sign(n.key, record.Header{
		Kind: "alert", Channel: ch, Class: class, Delegation: n.delegation, Seq: 1,
		Run: record.Run{byte(n.world.runs), byte(n.world.runs >> 8)}, Created: time.Now(), Body: record.Body{MediaType: "text/plain"},
	}, body)
	n.world.check(err)
	if got := n.ingest(arrivalOf(r)); got.Reason != "ok" {
		n.world.t.Errorf("%s cannot keep its own record: %s", n.name, got.Reason)
	}
	return r
}

func (n *node) publish(body string) record.ID {
	n.world.t.Helper()
	return n.publishIn(community, body)
}

func (n *node) publishIn(c identity.CommunityID, body string) record.ID {
	n.world.t.Helper()
	r := n.write(record.InCommunity(c), record.Routine, []byte(body))
	n.world.check(n.mesh.Publish(n.world.t.Context(), r.Header().Channel, r.Frame()))
	return r.ID()
}

// have counts the nodes that have all the records.
func (w *world) have(ids ...record.ID) (count int) {
	for _, n := range w.nodes {
		all := true
		for _, id := range ids {
			all = all && n.has(id)
		}
		if all {
			count++
		}
	}
	return count
}

func (n *node) connectedTo(other *node) bool {
	for _, p := range n.host.Network().Peers() {
		if p == other.host.ID() {
			return true
		}
	}
	return false
}

func (w *world) split(a, b []*node, apart bool) {
	for _, x := range a {
		for _, y := range b {
			if apart {
				w.check(w.net.UnlinkPeers(x.host.ID(), y.host.ID()))
				_ = w.net.DisconnectPeers(x.host.ID(), y.host.ID())
				_ = y.host.Network().ClosePeer(x.host.ID())
			} else {
				_, err := w.net.LinkPeers(x.host.ID(), y.host.ID())
				w.check(err)
			}
		}
	}
}
