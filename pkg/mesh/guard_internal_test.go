package mesh

import (
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/test"
	ma "github.com/multiformats/go-multiaddr"

	"tocsin/pkg/identity"
)

// guarded runs a test with a guard before a real resource manager.
func guarded(t *testing.T, run func(t *testing.T, g *guard)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		rm, err := resourceManager()
		if err != nil {
			t.Fatal(err)
		}
		run(t, newGuard(rm))
		if err := rm.Close(); err != nil {
			t.Error(err)
		}
	})
}

func somebody(t *testing.T) peer.ID {
	t.Helper()
	p, err := test.RandPeerID()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func remote(host, port int) ma.Multiaddr {
	return ma.StringCast(fmt.Sprintf("/ip4/192.0.2.%d/tcp/%d", host, 1024+port))
}

// closing is a socket whose end ends its handshake, as libp2p does it.
type closing struct{ scope network.ConnManagementScope }

func (c *closing) Close() error {
	c.scope.Done()
	return nil
}

// fill opens connections from addresses 1 to n, each as fast as one address may, until it was tried rounds times, and
// says whom each is of; an empty peer shows no key.
func (g *guard) fill(n, rounds int, of func() peer.ID) (open int) {
	port := 0
	for range rounds {
		for host := 1; host <= n; host++ {
			port++
			addr := remote(host, port)
			socket := &closing{}
			g.accepted[addr.String()] = socket
			c, err := g.OpenConnection(network.DirInbound, true, addr)
			if err != nil {
				continue
			}
			socket.scope = c
			p := of()
			if p == "" {
				open++
				continue
			}
			if err := c.SetPeer(p); err != nil {
				c.Done()
				continue
			}
			open++
		}
		time.Sleep(time.Second / connRate)
	}
	return open
}

// enter has one peer connect from elsewhere.
func (g *guard) enter(p peer.ID, host int) error {
	c, err := g.OpenConnection(network.DirInbound, true, remote(host, 1))
	if err != nil {
		return err
	}
	return c.SetPeer(p)
}

// Strangers from eight addresses, or from two hundred, leave their places to members and to what this node dials.
func TestMembersPlacesAreKept(t *testing.T) {
	for _, addresses := range []int{8, 200} {
		guarded(t, func(t *testing.T, g *guard) {
			member := somebody(t)
			g.know(func(p peer.ID) []identity.TeamID {
				if p == member {
					return []identity.TeamID{{1}}
				}
				return nil
			}, func(peer.ID) {})
			open := g.fill(addresses, 300, func() peer.ID { return somebody(t) })
			if open == 0 || open > strangeConns {
				t.Errorf("strangers of %d addresses have %d connections", addresses, open)
			}
			if err := g.enter(member, 250); err != nil {
				t.Errorf("%d addresses keep a member out: %v", addresses, err)
			}
			if err := g.enter(member, 1); err != nil {
				t.Errorf("%d addresses keep a member out that shares one: %v", addresses, err)
			}
			if c, err := g.OpenConnection(network.DirOutbound, true, remote(251, 1)); err != nil {
				t.Errorf("%d addresses keep this node from dialling: %v", addresses, err)
			} else if err := c.SetPeer(somebody(t)); err != nil {
				t.Error(err)
			}
		})
	}
}

// Connections that show no key do not keep out who shows one, from as many addresses as there are places for them.
func TestUnfinishedHandshakesKeepNobodyOut(t *testing.T) {
	for _, addresses := range []int{8, 90} {
		guarded(t, func(t *testing.T, g *guard) {
			g.fill(addresses, 100, func() peer.ID { return "" })
			if n := len(g.inbound); n > maxHandshakes {
				t.Errorf("%d handshakes are under way", n)
			}
			if err := g.enter(somebody(t), 250); err != nil {
				t.Errorf("%d addresses that show no key keep others out: %v", addresses, err)
			}
		})
	}
}

// Handshakes over QUIC, which cannot be ended from here, keep nobody out that calls over TCP; an address has few of
// them, and before they are many each caller must show that its address is its own.
func TestQUICHandshakesHaveTheirOwnPlaces(t *testing.T) {
	for _, c := range []struct{ addresses, each int }{{12, 8}, {200, 1}} {
		guarded(t, func(t *testing.T, g *guard) {
			over := func(host, port int) ma.Multiaddr {
				return ma.StringCast(fmt.Sprintf("/ip4/198.51.100.%d/udp/%d/quic-v1", host, 1024+port))
			}
			asked := 0
			var scopes []network.ConnManagementScope
			for port := range c.each {
				for host := 1; host <= c.addresses; host++ {
					if g.VerifySourceAddress(&net.UDPAddr{IP: net.IPv4(198, 51, 100, byte(host)), Port: 1024 + port}) {
						asked++
					}
					if s, err := g.OpenConnection(network.DirInbound, false, over(host, port)); err == nil {
						scopes = append(scopes, s)
					}
				}
			}
			if n := len(scopes); n == 0 || n > maxQUICHandshakes || n > c.addresses*quicOrigin {
				t.Errorf("%d handshakes over QUIC from %d addresses are under way", n, c.addresses)
			}
			if all := c.addresses * c.each; asked != all-quicUnverified {
				t.Errorf("%d of %d callers had to prove their address", asked, all)
			}
			for host := 1; host <= maxHandshakes; host++ {
				if _, err := g.OpenConnection(network.DirInbound, true, remote(host, 1)); err != nil {
					t.Fatalf("%d addresses over QUIC keep the caller %d over TCP out: %v", c.addresses, host, err)
				}
			}
			for _, s := range scopes {
				s.Done()
			}
			if s, err := g.OpenConnection(network.DirInbound, false, over(250, 1)); err != nil {
				t.Errorf("when they have ended there is no place over QUIC: %v", err)
			} else if err := s.SetPeer(somebody(t)); err != nil {
				t.Error(err)
			}
		})
	}
}

// A member with many node keys has a team's places and no more, and who becomes known leaves the strangers' places.
func TestPlacesFollowWhoIsWho(t *testing.T) {
	guarded(t, func(t *testing.T, g *guard) {
		known := map[peer.ID]identity.TeamID{}
		g.know(func(p peer.ID) []identity.TeamID {
			if team, ok := known[p]; ok {
				return []identity.TeamID{team}
			}
			return nil
		}, func(peer.ID) {})
		open := g.fill(200, 3, func() peer.ID {
			p := somebody(t)
			known[p] = identity.TeamID{1}
			return p
		})
		if open > connsTeam+strangeConns {
			t.Errorf("one team has %d connections", open)
		}
		if err := g.enter(somebody(t), 250); err == nil {
			t.Fatal("there is room for strangers: the test does not say what it means")
		}
		n := byte(2)
		for p := range known {
			known[p] = identity.TeamID{n} // each is of a team of its own, as is known now
			n++
		}
		if err := g.enter(somebody(t), 251); err != nil {
			t.Errorf("teams that became known keep a stranger out: %v", err)
		}
	})
}

// Streams that a peer opens and resets are refused beyond its pace, unseen by everything above, and then its connection ends.
func TestStreamsHaveAPace(t *testing.T) {
	guarded(t, func(t *testing.T, g *guard) {
		stranger, member := somebody(t), somebody(t)
		over := map[peer.ID]int{}
		g.know(func(p peer.ID) []identity.TeamID {
			if p == member {
				return []identity.TeamID{{1}}
			}
			return nil
		}, func(p peer.ID) { over[p]++ })
		open := func(p peer.ID, n int) (opened int) {
			for range n {
				if s, err := g.OpenStream(p, network.DirInbound); err == nil {
					opened++
					s.Done()
				}
				time.Sleep(100 * time.Microsecond)
			}
			return opened
		}
		if got := open(stranger, 10_000); got > streamBurstStranger+2*streamRateStranger || over[stranger] == 0 {
			t.Errorf("of 10000 streams of a stranger in a second %d were opened, and its connection had to end %d times", got, over[stranger])
		}
		if got := open(member, 2000); got != 2000 || over[member] != 0 {
			t.Errorf("of 2000 streams of a member %d were opened", got)
		}
		for range 100 {
			open(member, 100)
			time.Sleep(100 * time.Millisecond)
		}
		if over[member] != 0 {
			t.Error("a member that fetches bodies was told to go")
		}
		if got := open(member, 50_000); got > 2*streamBurst+6*streamRate || over[member] == 0 {
			t.Errorf("of 50000 streams of a member %d were opened", got)
		}
		if s, err := g.OpenStream(stranger, network.DirOutbound); err != nil {
			t.Errorf("our own stream to it is refused: %v", err)
		} else {
			s.Done()
		}
		for range 3 * maxPaces {
			open(somebody(t), 1)
		}
		if len(g.paces) > maxPaces {
			t.Errorf("%d peers are remembered", len(g.paces))
		}
	})
}
