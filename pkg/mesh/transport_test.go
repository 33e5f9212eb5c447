package mesh_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/mesh"
)

// A peer that is given by a DNS name is looked up and reached.
func TestPeerByName(t *testing.T) {
	nodes := onLoopback(t, 2, tcpLoopback)
	named := strings.Replace(nodes[0].mesh.Addrs()[0], "/ip4/127.0.0.1/", "/dns4/localhost/", 1)
	if err := nodes[1].mesh.AddAddress(named); err != nil {
		t.Fatal(err)
	}
	nodes[1].await(t, 1)
}

// Nothing but TCP and QUIC is listened on: each other transport is more code that strangers can reach.
func TestOtherTransportsAreOff(t *testing.T) {
	root, err := identity.NewRootKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := identity.NewNodeKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	d, err := root.Delegate(key, "A", now, now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	c := newCopy(d.Team, d.Team, time.Now)
	for _, listen := range []string{
		"/ip4/127.0.0.1/udp/0/quic-v1/webtransport", "/ip4/127.0.0.1/udp/0/webrtc-direct", "/ip4/127.0.0.1/tcp/0/ws",
	} {
		m, err := mesh.New(mesh.Options{
			Key: key, Delegation: d, Door: &peerOf{copyOf: c}, Copy: c, Roster: c.Roster, Now: time.Now,
			Rand: rand.Reader, Logger: testLogger("A"), Listen: []string{listen},
		})
		if err == nil {
			t.Errorf("%s: listens on %q", listen, m.Addrs())
			if err := m.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}
