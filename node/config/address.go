package config

import (
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// place is what an address is for, which decides its form.
type place struct {
	hosts []string // what it may begin with
	call  bool     // somebody is to call it, so that port 0 is none
	peer  bool     // it ends in /p2p/ID
	such  string   // an example
}

// placeOf returns what the addresses of a key are for.
func placeOf(key string) place {
	switch key {
	case "mesh.listen":
		return place{hosts: []string{"ip4", "ip6"}, such: "such as /ip4/0.0.0.0/udp/4733/quic-v1"}
	case "mesh.announce":
		return place{hosts: []string{"ip4", "ip6", "dns4", "dns6", "dns"}, call: true, such: "such as /dns4/tocsin.csirt.example/udp/4733/quic-v1"}
	}
	return place{
		hosts: []string{"ip4", "ip6", "dns4", "dns6", "dns", "dnsaddr"}, call: true, peer: true,
		such: "such as /dns4/tocsin.csirt.example/udp/4733/quic-v1/p2p/12D3KooW..., from the other node's: tocsin id",
	}
}

// check holds an address against the part of the multiaddr grammar that a node uses: a host, then TCP
// or QUIC, then the peer. The mesh takes what passes here.
func (p place) check(a string) error {
	parts := strings.Split(a, "/")
	if len(parts) < 3 || parts[0] != "" {
		return errors.New("it is not a multiaddr")
	}
	if slices.Contains(parts[1:], "") {
		return errors.New("a part of it is empty")
	}
	kind, host, rest := parts[1], parts[2], parts[3:]
	if !slices.Contains(p.hosts, kind) {
		return fmt.Errorf("it begins with /%+.20s, not with one of /%s", kind, strings.Join(p.hosts, ", /"))
	}
	if err := checkHost(kind, host); err != nil {
		return err
	}
	if at := slices.Index(rest, "p2p"); !p.peer && at >= 0 {
		return errors.New("it names a peer with /p2p; leave that out")
	}
	if p.peer {
		n := len(rest)
		if n < 2 || rest[n-2] != "p2p" {
			return errors.New("it does not end in /p2p/ and the peer's ID")
		}
		if !isPeerID(rest[n-1]) {
			return errors.New("what follows /p2p/ is not the ID of a node: 52 letters and digits from 12D3KooW on, copied in full")
		}
		rest = rest[:n-2]
	}
	if kind == "dnsaddr" && len(rest) == 0 {
		return nil
	}
	return p.checkTransport(rest)
}

func (p place) checkTransport(rest []string) error {
	if len(rest) < 2 || rest[0] != "tcp" && rest[0] != "udp" {
		return errors.New("the host is not followed by /tcp/PORT or /udp/PORT/quic-v1")
	}
	port, err := strconv.ParseUint(rest[1], 10, 16)
	if err != nil {
		return fmt.Errorf("the port %+.20q is not a number from 0 to 65535", rest[1])
	}
	if port == 0 && p.call {
		return errors.New("nobody can call port 0")
	}
	switch after := strings.Join(rest[2:], "/"); {
	case rest[0] == "tcp" && after != "":
		return fmt.Errorf("/%+.40s after the port is not supported: /tcp/PORT stands alone", after)
	case rest[0] == "udp" && after != "quic-v1":
		return errors.New("/udp/PORT is not followed by /quic-v1 and nothing else")
	}
	return nil
}

func checkHost(kind, host string) error {
	ip, err := netip.ParseAddr(host)
	switch kind {
	case "ip4":
		if err != nil || !ip.Is4() {
			return fmt.Errorf("%+.60q is not an IPv4 address", host)
		}
	case "ip6":
		if err != nil || !ip.Is6() || ip.Zone() != "" {
			return fmt.Errorf("%+.60q is not an IPv6 address", host)
		}
	default:
		if !isName(host) {
			return fmt.Errorf("%+.60q is not the name of a host", host)
		}
	}
	return nil
}

// isName reports whether a text can be looked up as a host: labels of at most 63 ASCII letters, digits,
// - and _, 253 in all.
func isName(s string) bool {
	s = strings.TrimSuffix(s, ".")
	if len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, base58+"0OIl-_") != "" {
			return false
		}
	}
	return true
}

const base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

// isPeerID reports whether a text is the base58 form of an Ed25519 peer ID, which every node has: the
// bytes 00 24 08 01 12 20, then the key.
func isPeerID(s string) bool {
	if len(s) != 52 || s[0] != '1' || strings.Trim(s, base58) != "" {
		return false
	}
	n := new(big.Int)
	for _, c := range []byte(s) {
		n.Mul(n, big.NewInt(58)).Add(n, big.NewInt(int64(strings.IndexByte(base58, c))))
	}
	b := n.Bytes() // less the leading zero
	return len(b) == 37 && strings.HasPrefix(string(b), "\x24\x08\x01\x12\x20")
}
