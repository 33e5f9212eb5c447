package mesh_test

import (
	"bytes"
	"testing"
	"time"

	"tocsin/pkg/record"
)

// thinLine is 64 kbit/s.
const thinLine = 64_000 / 8

// kept writes records of so many bytes that the given nodes have, and returns their IDs and how long their
// frames are together.
func (w *world) kept(count, size int, by ...*node) (ids []record.ID, total int) {
	for i := range count {
		body := bytes.Repeat([]byte{byte('a' + i%26)}, size)
		r := by[0].write(record.InCommunity(community), record.Routine, body)
		for _, n := range by[1:] {
			n.ingest(arrivalOf(r))
		}
		ids, total = append(ids, r.ID()), total+len(r.Frame())
	}
	return ids, total
}

func (n *node) hasAll(ids []record.ID) bool { return n.count(ids) == len(ids) }

func (n *node) count(ids []record.ID) (have int) {
	for _, id := range ids {
		if n.has(id) {
			have++
		}
	}
	return have
}

// A node behind 64 kbit/s that was away catches up with what several members have: what it receives is
// little more than the records, and it ends.
func TestCatchingUpOverAThinLine(t *testing.T) {
	inWorld(t, 5, func(t *testing.T, w *world) {
		thin := w.nodes[4]
		l := thin.behind(thinLine)
		ids, total := w.kept(100, 2000, w.nodes[:4]...)
		w.start(func(i int) []int {
			if i == 4 {
				return []int{0, 1, 2, 3}
			}
			return nil
		})
		least := time.Duration(total) * time.Second / thinLine
		took := w.within(2*least+20*time.Second, "all records are kept", func() bool { return thin.hasAll(ids) })
		if got := l.received(); got > total*3/2 {
			t.Errorf("%d bytes received for %d bytes of records", got, total)
		}
		t.Logf("%d of %d records kept after %v (the line needs %v), %d bytes received for %d bytes of records",
			thin.count(ids), len(ids), took, least, l.received(), total)
	})
}
