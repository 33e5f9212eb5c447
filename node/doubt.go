package node

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
)

// doubleTalk says of which teams it is proven that one of their nodes signed different things in one place.
func (n *Node) doubleTalk(of map[identity.TeamID]int) []string {
	teams := slices.SortedFunc(maps.Keys(of), func(a, b identity.TeamID) int { return bytes.Compare(a[:], b[:]) })
	out := make([]string, 0, len(teams))
	for _, t := range teams {
		out = append(out, fmt.Sprintf("team %s signed different records at %d places where it can have signed one: somebody may have its key",
			nameOf(n.team(t)), of[t]))
	}
	return out
}

// manyLanes is from how many lanes on, more than one for each channel, the operator is told: half of what a removal, in
// one channel, or a revocation, in all, can name.
const manyLanes = notice.MaxLaneHeads / 2

func laneWarnings(lanes, beside int) []string {
	if beside < manyLanes {
		return nil
	}
	return []string{fmt.Sprintf("this node's records stand in %d lanes, %d more than one for each channel, and a removal or revocation can name %d: "+
		"a node that is put back, or publishes before it has met a member, begins one more; replace its key (tocsin key rotate) before they are too many",
		lanes, beside, notice.MaxLaneHeads)}
}
