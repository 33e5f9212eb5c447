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
	opt := alone(t)
	for _, listen := range []string{
		"/ip4/127.0.0.1/udp/0/quic-v1/webtransport", "/ip4/127.0.0.1/udp/0/webrtc-direct", "/ip4/127.0.0.1/tcp/0/ws",
	} {
		opt.Listen = []string{listen}
		m, err := mesh.New(opt)
		if err == nil {
			t.Errorf("%s: listens on %q", listen, m.Addrs())
			if err := m.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// An address that is taken is an error that names it: of the port, and of the daemon that sits there.
func TestATakenAddressIsNamed(t *testing.T) {
	for _, listen := range []string{tcpLoopback, quicLoopback} {
		first := alone(t)
		first.Listen = []string{listen}
		m, err := mesh.New(first)
		if err != nil {
			t.Fatal(err)
		}
		taken, _, _ := strings.Cut(m.Addrs()[0], "/p2p/")
		second := alone(t)
		second.Listen = []string{tcpLoopback, taken}
		if other, err := mesh.New(second); err == nil {
			t.Errorf("two nodes listen on %s", taken)
			_ = other.Close()
		} else if !strings.Contains(err.Error(), "listen on "+taken) || !strings.Contains(err.Error(), "address already in use") {
			t.Errorf("%v; it does not say that %s is taken", err, taken)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A node behind a router that forwards a port tells others where the port is, before what it sees.
func TestAnnouncedAddressesGoFirst(t *testing.T) {
	opt := alone(t)
	opt.Listen, opt.Announce = []string{tcpLoopback}, []string{"/dns4/csirt.example/tcp/443"}
	m, err := mesh.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	if addrs := m.Addrs(); len(addrs) != 2 || addrs[0] != "/dns4/csirt.example/tcp/443/p2p/"+m.ID() {
		t.Errorf("it tells %q", addrs)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	opt.AnnounceOnly = true
	if m, err = mesh.New(opt); err != nil {
		t.Fatal(err)
	}
	if addrs := m.Addrs(); len(addrs) != 1 || addrs[0] != "/dns4/csirt.example/tcp/443/p2p/"+m.ID() {
		t.Errorf("told to announce alone, it tells %q", addrs)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	opt.Announce = []string{"csirt.example:443"}
	if _, err := mesh.New(opt); err == nil {
		t.Error("an address that is none was taken")
	}
}

// alone returns what a node of a team without any community is made of.
func alone(t *testing.T) mesh.Options {
	t.Helper()
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
	return mesh.Options{
		Key: key, Delegation: d, Door: &peerOf{copyOf: c}, Copy: c, Roster: c.Roster, Now: time.Now,
		Rand: rand.Reader, Logger: testLogger("A"),
	}
}
