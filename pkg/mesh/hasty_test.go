package mesh_test

import (
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/test"
	libp2ptls "github.com/libp2p/go-libp2p/p2p/security/tls"
	ma "github.com/multiformats/go-multiaddr"
)

// A stranger that opens streams and resets them loses its connection, over either transport, and members are heard.
func TestStreamResetsEndTheConnection(t *testing.T) {
	for name, transport := range map[string]string{"tcp": tcpLoopback, "quic": quicLoopback} {
		t.Run(name, func(t *testing.T) {
			nodes := onLoopback(t, 2, transport)
			target := nodes[0].mesh.Addrs()[0]
			h, err := libp2p.New(libp2p.NoListenAddrs, libp2p.Security(libp2ptls.ID, libp2ptls.New), libp2p.DisableRelay(), libp2p.DisableMetrics())
			if err != nil {
				t.Fatal(err)
			}
			defer h.Close()
			gone := make(chan struct{}, 1) // one connection
			h.Network().Notify(&network.NotifyBundle{DisconnectedF: func(network.Network, network.Conn) { gone <- struct{}{} }})
			info, err := peer.AddrInfoFromString(target)
			if err != nil {
				t.Fatal(err)
			}
			h.Peerstore().AddAddrs(info.ID, info.Addrs, time.Hour)
			conn, err := h.Network().DialPeer(t.Context(), info.ID)
			if err != nil {
				t.Fatal(err)
			}
			opened := 0
			for ; opened < 100_000; opened++ {
				s, err := conn.NewStream(t.Context())
				if err != nil {
					break
				}
				_, _ = s.Write([]byte{1}) // QUIC tells of a stream by what is written
				_ = s.Reset()
			}
			select {
			case <-gone:
			case <-time.After(20 * time.Second):
				t.Errorf("after %d streams it is still connected", opened)
			}
			if opened == 100_000 {
				t.Error("every stream was taken")
			}
			if err := nodes[1].mesh.AddAddress(target); err != nil {
				t.Fatal(err)
			}
			nodes[1].await(t, 1)
		})
	}
}

// Whom a node tries to reach, when next, and in few words why it failed last, is there to be read.
func TestDialsSayWhyTheyFailed(t *testing.T) {
	nodes := onLoopback(t, 2, tcpLoopback)
	p, other := nodes[0], nodes[1]
	var ids []string
	for range 2 {
		id, err := test.RandPeerID()
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id.String())
	}
	there, _ := ma.SplitLast(ma.StringCast(other.mesh.Addrs()[0]))
	want := map[string]string{ids[0]: "connection refused", ids[1]: "another node answers there"}
	for id, addr := range map[string]string{ids[0]: "/ip4/127.0.0.1/tcp/1", ids[1]: there.String()} {
		if err := p.mesh.AddAddress(addr + "/p2p/" + id); err != nil {
			t.Fatal(err)
		}
	}
	deadline := time.After(20 * time.Second)
	for len(want) > 0 {
		for _, d := range p.mesh.Dials() {
			if d.Why != "" && d.Why == want[d.PeerID] && d.Failed > 0 && strings.HasPrefix(d.Addr, "/ip4/127.0.0.1/tcp/") {
				delete(want, d.PeerID)
			}
		}
		select {
		case <-deadline:
			t.Fatalf("not told: %v of %+v", want, p.mesh.Dials())
		case <-time.After(10 * time.Millisecond):
		}
	}
	for _, d := range p.mesh.Dials() {
		if wait := time.Until(d.Next); wait > time.Minute {
			t.Errorf("the next try is in %v", wait)
		}
	}
}
