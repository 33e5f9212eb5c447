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

// manyLanes is from how many lanes on the operator is told: half of what a removal or a revocation can name.
const manyLanes = notice.MaxLaneHeads / 2

func laneWarnings(lanes int) []string {
	if lanes < manyLanes {
		return nil
	}
	return []string{fmt.Sprintf("this node's records stand in %d lanes, and a removal or revocation can name %d: "+
		"a node that is put back, or publishes before it has met a member, begins one more; replace its key (tocsin key rotate) before they are too many",
		lanes, notice.MaxLaneHeads)}
}
