package node

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"tocsin/pkg/identity"
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
