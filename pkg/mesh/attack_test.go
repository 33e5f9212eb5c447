package mesh_test

import (
	"testing"
	"time"

	"tocsin/pkg/record"
)

// Strangers that open streams and say nothing keep no member from being served.
func TestStrangersLeaveMembersTheirStreams(t *testing.T) {
	inWorld(t, 2, func(t *testing.T, w *world) {
		a, b := w.nodes[0], w.nodes[1]
		a.run()
		b.connectRaw(a)
		var hostile []*node
		for range 20 {
			s := w.add("stranger")
			_, err := w.net.ConnectPeers(s.host.ID(), a.host.ID())
			w.check(err)
			hostile = append(hostile, s)
		}
		time.Sleep(time.Second)
		for _, s := range hostile {
			for range 8 {
				if stream, err := s.host.NewStream(t.Context(), a.host.ID(), "/tocsin/hello/1"); err == nil {
					_, _ = stream.Write([]byte{0})
				}
			}
		}
		time.Sleep(time.Second)
		if back, _, _ := b.say(a, "/tocsin/hello/1", greeting(record.DelegationStatement(b.delegation).Frame())); back == 0 {
			t.Error("a member's hello was refused: strangers hold every handler")
		}
	})
}
