package replica

import (
	"bytes"
	"cmp"
	"maps"
	"slices"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// NodeCuts returns where the lanes of node keys of this team end in all channels, as this node has them,
// for a revocation or a rotation of the root to name; see LaneHeads. The nodes come in ascending order;
// together they and their lanes are as many as a statement can name, those with most records first. left is how many
// lanes it cannot: a statement ends them before their first record.
func (r *Replica) NodeCuts(nodes ...identity.NodeID) (named []notice.NodeCuts, left int, err error) {
	// By node, then by channel: a lane is both and a run.
	found := map[identity.NodeID]map[[32]byte][]*record.Record{}
	for _, n := range nodes {
		found[n] = map[[32]byte][]*record.Record{}
	}
	err = r.writtenBy(r.self, func(*indexRow) bool { return true }, func(row *indexRow, rec *record.Record) {
		if lanes := found[rec.Header().Delegation.Node]; lanes != nil {
			lanes[row.tag] = append(lanes[row.tag], rec)
		}
	})
	if err != nil {
		return nil, 0, err
	}
	room := notice.MaxCuts
	if len(found) > 1 {
		room -= len(found) // in a rotation each node counts as well
	}
	for _, n := range slices.SortedFunc(maps.Keys(found), compareIDs) {
		cuts, more := nodeCuts(found[n], room/max(1, len(found)))
		named, left = append(named, notice.NodeCuts{Node: n, Heads: cuts}), left+more
	}
	return named, left, nil
}

// nodeCuts returns the cuts of one node, at most room of them, and how many are left out.
func nodeCuts(channels map[[32]byte][]*record.Record, room int) (out []notice.Cut, left int) {
	type counted struct {
		notice.Cut
		records int
	}
	var all []counted
	for tag, records := range channels {
		of := map[record.Run]int{}
		for _, rec := range records {
			of[rec.Header().Run]++
		}
		for _, h := range laneHeads(records, len(records)) {
			all = append(all, counted{notice.Cut{Channel: tag, Run: h.Run, Seq: h.Seq, ID: h.ID}, of[record.Run(h.Run)]})
		}
	}
	slices.SortFunc(all, func(a, b counted) int {
		return cmp.Or(cmp.Compare(b.records, a.records), bytes.Compare(a.ID[:], b.ID[:]))
	})
	for _, c := range all[:min(len(all), max(0, room))] {
		out = append(out, c.Cut)
	}
	slices.SortFunc(out, func(a, b notice.Cut) int {
		return cmp.Or(bytes.Compare(a.Channel[:], b.Channel[:]), bytes.Compare(a.Run[:], b.Run[:]))
	})
	return out, len(all) - len(out)
}

// Stated returns the statement heads that a revocation or rotation of our keys is to name, so that what they
// stated goes on to count: our profile and our vouches, then the heads of our communities in turn, our own last words first, ascending.
func (r *Replica) Stated() []record.StatementID {
	known, self := r.Roster(), r.self
	var out []record.StatementID
	if profile, ok := known.Profile(self); ok {
		out = append(out, profile.ID())
	}
	for _, id := range known.Statements() {
		s, ok := known.Statement(id)
		if !ok || s.Kind != roster.KindVouch && s.Kind != roster.KindWithdrawVouch {
			continue
		}
		if known.Canonical(s.Signers[0].Team) == known.Canonical(self) { // an earlier root's word goes on to count too
			out = append(out, id)
		}
	}
	out = out[:min(len(out), record.MaxHeads/2)]
	var heads [][]record.StatementID
	for _, c := range known.CommunitiesOf(self) {
		named := known.HeadsOf(c, self)
		if own, any := known.LastWord(c, self); any {
			named = append([]record.StatementID{own}, named...)
		}
		heads = append(heads, named)
	}
	for i := 0; len(heads) > 0; i++ {
		heads = slices.DeleteFunc(heads, func(h []record.StatementID) bool { return len(h) <= i })
		for _, h := range heads {
			out = append(out, h[i])
		}
	}
	out = out[:min(len(out), record.MaxHeads)]
	slices.SortFunc(out, compareIDs)
	return slices.Compact(out)
}
