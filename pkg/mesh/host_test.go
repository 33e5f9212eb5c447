package mesh_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"testing"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/mesh"
	"tocsin/pkg/record"
)

// peerOf is a node with a real host on loopback.
type peerOf struct {
	*copyOf
	key        *identity.NodeKey
	delegation *identity.Delegation
	mesh       *mesh.Mesh
	met        chan mesh.PeerInfo
}

// onLoopback opens n members of one community that know each other's delegations, and runs them.
func onLoopback(tb testing.TB, n int, transport string) []*peerOf {
	tb.Helper()
	nodes := make([]*peerOf, n)
	for i := range nodes {
		root, err := identity.NewRootKey(rand.Reader)
		if err != nil {
			tb.Fatal(err)
		}
		key, err := identity.NewNodeKey(rand.Reader)
		if err != nil {
			tb.Fatal(err)
		}
		now := time.Now()
		d, err := root.Delegate(key, fmt.Sprint("team ", i), now.Add(-time.Hour), now.Add(time.Hour))
		if err != nil {
			tb.Fatal(err)
		}
		nodes[i] = &peerOf{key: key, delegation: d, met: make(chan mesh.PeerInfo, 4*n)}
		nodes[i].copyOf = newCopy(d.Team, d.Team, time.Now)
	}
	ctx, stop := context.WithCancel(tb.Context())
	var running sync.WaitGroup
	tb.Cleanup(func() {
		stop()
		running.Wait()
		for _, p := range nodes {
			if err := p.mesh.Close(); err != nil {
				tb.Error(err)
			}
		}
	})
	for _, p := range nodes {
		for _, of := range nodes {
			p.roster.join(community, of.delegation.Team)
			p.add(record.DelegationStatement(of.delegation))
		}
		var err error
		p.mesh, err = mesh.New(mesh.Options{
			Key: p.key, Delegation: p.delegation, Door: p, Copy: p, Roster: p.Roster, Now: time.Now,
			Rand: rand.Reader, Logger: testLogger(p.delegation.Name),
			Listen: []string{transport},
			Events: mesh.Events{OnPeer: func(i mesh.PeerInfo) { p.met <- i }},
		})
		if err != nil {
			tb.Fatal(err)
		}
		running.Go(func() {
			if err := p.mesh.Run(ctx); err != nil {
				tb.Error(err)
			}
		})
	}
	return nodes
}

// await waits until n others were met. One may be met twice: where both dial at once, one connection ends.
func (p *peerOf) await(tb testing.TB, n int) (last mesh.PeerInfo) {
	tb.Helper()
	for met := map[identity.NodeID]bool{}; len(met) < n; {
		select {
		case last = <-p.met:
			met[last.Node] = true
		case <-time.After(3 * time.Minute):
			tb.Fatal("no peer in three minutes")
		}
	}
	return last
}

const (
	tcpLoopback  = "/ip4/127.0.0.1/tcp/0"
	quicLoopback = "/ip4/127.0.0.1/udp/0/quic-v1"
)

// Two nodes know a third; it tells them of each other, and they connect by the signed address.
func TestMembersFindEachOther(t *testing.T) {
	for name, transport := range map[string]string{"tcp": tcpLoopback, "quic": quicLoopback} {
		t.Run(name, func(t *testing.T) {
			nodes := onLoopback(t, 3, transport)
			for _, p := range nodes[1:] {
				if err := p.mesh.AddAddress(nodes[0].mesh.Addrs()[0]); err != nil {
					t.Fatal(err)
				}
			}
			info := nodes[0].await(t, 2)
			if info.Transport != name || len(info.Communities) != 1 || len(info.Addrs) == 0 {
				t.Errorf("met %+v", info)
			}
			nodes[1].await(t, 2)
			nodes[2].await(t, 2)
			for _, p := range nodes[1:] {
				if len(p.addresses) != 2 {
					t.Errorf("it keeps %d addresses", len(p.addresses))
				}
			}
		})
	}
}

func TestAddressesAreChecked(t *testing.T) {
	p := onLoopback(t, 1, tcpLoopback)[0]
	for _, addr := range []string{"", "nonsense", "/ip4/127.0.0.1/tcp/4001", "/ip4/127.0.0.1/tcp/4001/p2p/nonsense"} {
		if err := p.mesh.AddAddress(addr); err == nil {
			t.Errorf("%q was taken", addr)
		}
	}
	for _, addr := range []string{
		p.mesh.Addrs()[0],
		"/dnsaddr/node.example.org/p2p/12D3KooWLiZSpA1Seq3mvG32inY4jkPKVcRhNqZpfCSQXRSr1XZm",
		"/dns4/node.example.org/tcp/443/p2p/12D3KooWLiZSpA1Seq3mvG32inY4jkPKVcRhNqZpfCSQXRSr1XZm",
	} {
		if err := p.mesh.AddAddress(addr); err != nil {
			t.Errorf("%q: %v", addr, err)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	if _, err := mesh.New(mesh.Options{}); err == nil {
		t.Error("no options at all were enough")
	}
}

// BenchmarkGossip measures what one record costs ten nodes in one process until all have it.
func BenchmarkGossip(b *testing.B) {
	const n = 10
	nodes := onLoopback(b, n, tcpLoopback)
	for i, p := range nodes {
		for _, of := range nodes[:i] {
			if err := p.mesh.AddAddress(of.mesh.Addrs()[0]); err != nil {
				b.Fatal(err)
			}
		}
	}
	for _, p := range nodes {
		p.await(b, n-1)
	}
	time.Sleep(2 * time.Second)
	ch := record.InCommunity(community)
	run := 0
	for b.Loop() {
		from := nodes[run%n]
		run++
		r, err := record.Sign(from.key, record.Header{
			Kind: "alert", Channel: ch, Class: record.Routine, Delegation: from.delegation, Seq: 1,
			Run: record.Run{byte(run), byte(run >> 8), byte(run >> 16)}, Created: time.Now(),
			Body: record.Body{MediaType: "text/plain"},
		}, make([]byte, 1500))
		if err != nil {
			b.Fatal(err)
		}
		from.ingest(arrivalOf(r))
		if err := from.mesh.Publish(b.Context(), ch, r.Frame()); err != nil {
			b.Fatal(err)
		}
		for _, p := range nodes {
			for !p.has(r.ID()) {
				time.Sleep(50 * time.Microsecond)
			}
		}
	}
}
