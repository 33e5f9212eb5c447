package roster

import (
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// laneKey is a lane of a channel that is given otherwise.
type laneKey struct {
	node identity.NodeID
	run  record.Run
}

// tail is where a lane ends.
type tail struct {
	seq  uint64
	id   record.ID
	torn bool // two name different records at seq: neither counts
	by   int  // how many name the lane
}

// holds reports whether the record at that place counts.
func (t tail) holds(seq uint64, id record.ID) bool {
	return seq < t.seq || seq == t.seq && !t.torn && id == t.id
}

// strictest joins two tails of one lane. It commutes, and no tail weakens another.
func strictest(a, b tail) tail {
	by := a.by + b.by
	switch {
	case b.seq < a.seq:
		a = b
	case b.seq == a.seq:
		a.torn = a.torn || b.torn || a.id != b.id
	}
	a.by = by
	return a
}

// tails are where the lanes of a team end, as the statements of by say.
type tails struct {
	lanes map[laneKey]tail
	by    []record.StatementID
}

// holds reports whether a record counts: beyond none of the tails and, while the team is out, in a lane that
// all of them name.
func (t *tails) holds(out bool, lane laneKey, place record.ID, seq uint64) bool {
	at, named := t.lanes[lane]
	if out && at.by < len(t.by) {
		return false
	}
	return !named || at.holds(seq, place)
}

// join adds what one more statement says.
func (t *tails) join(by record.StatementID, heads []notice.LaneHead) {
	t.by = append(t.by, by)
	for _, h := range heads {
		lane, at := laneKey{h.Node, record.Run(h.Run)}, tail{seq: h.Seq, id: h.ID, by: 1}
		if was, ok := t.lanes[lane]; ok {
			at = strictest(was, at)
		}
		t.lanes[lane] = at
	}
}
