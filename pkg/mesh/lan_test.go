package mesh

import (
	"slices"
	"strings"
	"testing"
)

func TestLocalNetworkPackets(t *testing.T) {
	q, err := lanQuestion()
	if err != nil {
		t.Fatal(err)
	}
	if asks, addrs := readLAN(q); !asks || len(addrs) > 0 {
		t.Errorf("a question was read as %v %v", asks, addrs)
	}
	want := []string{"/ip4/192.0.2.1/tcp/4001/p2p/x", "/ip6/2001:db8::1/udp/4001/quic-v1/p2p/x"}
	a, err := lanResponse(append(slices.Clone(want), strings.Repeat("long", 100)))
	if err != nil {
		t.Fatal(err)
	}
	if asks, addrs := readLAN(a); asks || !slices.Equal(addrs, want) {
		t.Errorf("an answer was read as %v %v", asks, addrs)
	}
}

func FuzzLocalNetwork(f *testing.F) {
	q, err := lanQuestion()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(q)
	a, err := lanResponse([]string{"/ip4/192.0.2.1/tcp/4001/p2p/x"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(a)
	f.Fuzz(func(t *testing.T, packet []byte) {
		if _, addrs := readLAN(packet); len(addrs) > lanAddrs {
			t.Errorf("%d addresses", len(addrs))
		}
	})
}
