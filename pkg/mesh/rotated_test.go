package mesh_test

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/mesh"
	"tocsin/pkg/record"
)

// A node that was away for weeks knows only delegations that are over; it gets in by the new ones.
func TestAwayNodeMeetsOnlyNewDelegations(t *testing.T) {
	const term = time.Hour // which stands for weeks: every delegation is over, and each has a new one
	inWorldOf(t, 3, term, func(_ *testing.T, w *world) {
		away, peers := w.nodes[0], w.nodes[1:]
		time.Sleep(2 * term)
		for _, n := range peers {
			n.delegate(peers...)
		}
		away.delegate(away) // by its operator, while it was off
		w.start(others(w))
		time.Sleep(5 * time.Second)
		id := peers[1].publish("while you were away")
		w.within(30*time.Second, "the node that was away is in", func() bool { return away.has(id) })
		back := away.publish("back again")
		w.within(10*time.Second, "it is heard", func() bool { return peers[0].has(back) && peers[1].has(back) })
	})
}

// Where the nodes of others have new keys altogether, the peers under the addresses that a node knows are
// not who they were. It says hello to whoever is there, who shows a delegation by a root that it knows.
func TestAwayNodeMeetsOnlyNewKeys(t *testing.T) {
	for _, transport := range []string{tcpLoopback, quicLoopback} {
		t.Run(strings.Split(transport, "/")[3], func(t *testing.T) { meetsOnlyNewKeys(t, transport) })
	}
}

func meetsOnlyNewKeys(t *testing.T, transport string) {
	now := time.Now()
	var roots []*identity.RootKey
	var delegations []*identity.Delegation
	for range 3 {
		root, err := identity.NewRootKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		key, err := identity.NewNodeKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		d, err := root.Delegate(key, "before", now.Add(-30*24*time.Hour), now.Add(-24*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		roots, delegations = append(roots, root), append(delegations, d)
	}
	open := func(i int, listen string) (*peerOf, *identity.Delegation) {
		key, err := identity.NewNodeKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		d, err := roots[i].Delegate(key, "now", now.Add(-time.Hour), now.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		p := &peerOf{key: key, delegation: d, met: make(chan mesh.PeerInfo, 16)}
		p.copyOf = newCopy(d.Team, d.Team, time.Now)
		for _, root := range roots {
			p.roster.join(community, root.Team())
		}
		for _, before := range delegations {
			p.add(record.DelegationStatement(before))
		}
		p.add(record.DelegationStatement(d))
		p.mesh, err = mesh.New(mesh.Options{
			Key: key, Delegation: d, Door: p, Copy: p, Roster: p.Roster, Now: time.Now, Rand: rand.Reader,
			Logger: testLogger(d.Name), Listen: []string{listen}, Events: mesh.Events{OnPeer: func(i mesh.PeerInfo) { p.met <- i }},
		})
		if err != nil {
			t.Fatal(err)
		}
		return p, d
	}
	// The peers as they were, for their addresses.
	var known []string
	var ports []string
	for i := 1; i < 3; i++ {
		was, _ := open(i, transport)
		known = append(known, was.mesh.Addrs()[0])
		at, _, _ := strings.Cut(was.mesh.Addrs()[0], "/p2p/")
		ports = append(ports, at)
		if err := was.mesh.Close(); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	var nodes []*peerOf
	done := make(chan error, 3)
	start := func(i int, listen string) *peerOf {
		p, _ := open(i, listen)
		nodes = append(nodes, p)
		go func() { done <- p.mesh.Run(ctx) }()
		return p
	}
	t.Cleanup(func() {
		stop()
		for range nodes {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		for _, p := range nodes {
			if err := p.mesh.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	start(1, ports[0])
	start(2, ports[1])
	away := start(0, transport)
	for _, addr := range known {
		if err := away.mesh.AddAddress(addr); err != nil {
			t.Fatal(err)
		}
	}
	away.await(t, 2)
}
