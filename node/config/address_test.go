package config

import (
	"regexp"
	"strings"
	"testing"
)

// peerID is that of some node.
const peerID = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN"

func TestAddresses(t *testing.T) {
	const listen, announce, peers = "mesh.listen", "mesh.announce", "mesh.peers"
	for _, c := range []struct{ key, text, want string }{
		{listen, "/ip4/0.0.0.0/tcp/4733", ""},
		{listen, "/ip4/127.0.0.1/tcp/0", ""},
		{listen, "/ip6/::/udp/4733/quic-v1", ""},
		{listen, "/ip4/127.0.0.1/tcp/99999", "the port \"99999\""},
		{listen, "/ip4/127.0.0.1/tcp/-1", "the port"},
		{listen, "/ip4/127.0.0.1/tcp/http", "the port"},
		{listen, "/ip4/127.0.0.1/tcp/80/http", "/http after the port"},
		{listen, "/ip4/127.0.0.1/tcp/80/ws", "/ws after the port"},
		{listen, "/ip4/127.0.0.1/udp/80", "quic-v1"},
		{listen, "/ip4/127.0.0.1/udp/80/quic", "quic-v1"},
		{listen, "/ip4/127.0.0.1/udp/80/quic-v1/webtransport", "quic-v1"},
		{listen, "/ip4/127.0.0.1", "not followed by"},
		{listen, "/ip4/127.0.0.1/tcp", "not followed by"},
		{listen, "/ip4/127.0.0.1/sctp/1", "not followed by"},
		{listen, "/ip4/127.0.0.256/tcp/1", "IPv4"},
		{listen, "/ip4/::1/tcp/1", "IPv4"},
		{listen, "/ip6/127.0.0.1/tcp/1", "IPv6"},
		{listen, "/ip6/fe80::1%eth0/tcp/1", "IPv6"},
		{listen, "/dns4/x.example/tcp/99", "begins with /dns4"},
		{listen, "/unix/tmp/x", "begins with /unix"},
		{listen, "/ip4/127.0.0.1/tcp/1/p2p/" + peerID, "names a peer"},
		{listen, "127.0.0.1:80", "not a multiaddr"},
		{listen, "", "not a multiaddr"},
		{listen, "/ip4/127.0.0.1/tcp/1/", "empty"},
		{announce, "/dns4/tocsin.csirt.example/tcp/443", ""},
		{announce, "/dns/x.example/udp/443/quic-v1", ""},
		{announce, "/ip6/2001:db8::1/tcp/443", ""},
		{announce, "/dnsaddr/x.example/tcp/443", "begins with /dnsaddr"},
		{announce, "/dns4/x..example/tcp/443", "name of a host"},
		{announce, "/dns4/x y/tcp/443", "name of a host"},
		{announce, "/ip4/192.0.2.1/tcp/0", "port 0"},
		{announce, "/ip4/192.0.2.1/tcp/1/p2p/" + peerID, "names a peer"},
		{peers, "/ip4/192.0.2.1/tcp/1/p2p/" + peerID, ""},
		{peers, "/dns6/x.example/udp/1/quic-v1/p2p/" + peerID, ""},
		{peers, "/dnsaddr/x.example/p2p/" + peerID, ""},
		{peers, "/dns4/x.example/p2p/" + peerID, "not followed by"},
		{peers, "/ip4/192.0.2.1/tcp/1", "does not end in"},
		{peers, "/ip4/192.0.2.1/tcp/1/p2p", "does not end in"},
		{peers, "/ip4/192.0.2.1/tcp/1/p2p/" + peerID[:51], "ID of a node"},
		{peers, "/ip4/192.0.2.1/tcp/1/p2p/0" + peerID[1:], "ID of a node"},
		{peers, "/ip4/192.0.2.1/tcp/1/p2p/" + strings.Repeat("1", 52), "ID of a node"},
		{peers, "/ip4/192.0.2.1/tcp/1/p2p/" + peerID + "/p2p-circuit/p2p/" + peerID, "after the port"},
	} {
		err := placeOf(c.key).check(c.text)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: %v, want %q", c.key, c.text, err, c.want)
		}
	}
}

// FuzzAddress: what passes is short, printable and of one of the few forms there are.
func FuzzAddress(f *testing.F) {
	f.Add("/ip4/0.0.0.0/tcp/1")
	f.Add("/ip6/::ffff:1.2.3.4/udp/1/quic-v1")
	f.Add("/dnsaddr/_x.example./p2p/" + peerID)
	f.Fuzz(func(t *testing.T, text string) {
		for _, key := range []string{"mesh.listen", "mesh.announce", "mesh.peers"} {
			if placeOf(key).check(text) != nil {
				continue
			}
			form := regexp.MustCompile(`^/(ip4|ip6|dns4?|dns6|dnsaddr)/[!-.0-~]+(/tcp/\d+|/udp/\d+/quic-v1)?(/p2p/12D3KooW\w{44})?$`)
			if len(text) > 400 || !form.MatchString(text) || strings.Contains(text, "/p2p/") != (key == "mesh.peers") {
				t.Fatalf("%s %q passes", key, text)
			}
		}
	})
}
