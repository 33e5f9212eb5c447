package mesh_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"tocsin/pkg/record"
)

// A member that gossips what every node rejects is not listened to any more in gossip, and the others
// go on among themselves.
func TestWhoSendsRejectedFramesLosesGossip(t *testing.T) {
	inWorld(t, 3, func(t *testing.T, w *world) {
		w.start(func(int) []int { return []int{0, 1, 2} })
		time.Sleep(5 * time.Second)
		hostile := w.nodes[0]
		before := hostile.publish("while it behaves")
		w.within(2*time.Second, "a record of the member arrives", func() bool { return w.have(before) == 3 })

		for i := range 5 {
			frame := bytes.Clone(hostile.write(record.InCommunity(community), record.Routine, fmt.Appendf(nil, "broken %d", i)).Frame())
			frame[len(frame)-30] ^= 1 // in the signature
			w.check(hostile.mesh.Publish(t.Context(), record.InCommunity(community), frame))
			time.Sleep(time.Second)
		}
		after := hostile.publish("after that")
		time.Sleep(10 * time.Second)
		if w.have(after) != 1 {
			t.Errorf("%d of 3 have what it gossiped after that", w.have(after))
		}
		other := w.nodes[1].publish("among the others")
		w.within(2*time.Second, "the others' records arrive", func() bool { return w.have(other) >= 2 })
	})
}
