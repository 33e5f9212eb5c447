package roster

import (
	"cmp"
	"slices"

	"tocsin/pkg/record"
)

// node is a statement of a community that has everything it refers to, as far back as the charter. Its
// past is what its references reach. It is immutable.
type node struct {
	*said
	refs  []int32 // places of what it refers to, all less than its own
	depth int32   // longest way to the charter
}

// graph is what is said about a community, and which of it is complete. Cycles cannot be: a statement's ID
// is a hash of what it refers to.
type graph struct {
	all     list[*said]
	nodes   list[*node]
	index   cow[record.StatementID, int32]
	waiting cow[record.StatementID, list[*said]] // by the first reference that is missing
}

// add takes a statement, and completes by it what waited for it.
func (g *graph) add(e *edit, x *said) {
	g.all.add(e, x)
	for queue := []*said{x}; len(queue) > 0; {
		y := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if !g.complete(e, y) {
			continue
		}
		freed := g.waiting.get(y.ID())
		for _, z := range freed.all() {
			queue = append(queue, z)
		}
		g.waiting.drop(e, y.ID())
	}
}

// complete makes a statement a node if all that it refers to is one.
func (g *graph) complete(e *edit, x *said) bool {
	if x.Kind == KindCharter && x.charter == nil {
		return false // it never will be
	}
	refs := x.refers()
	n := &node{said: x, refs: make([]int32, len(refs))}
	for i, id := range refs {
		if !g.index.has(id) {
			put(e, &g.waiting, id, x)
			return false
		}
		n.refs[i] = g.index.get(id)
		n.depth = max(n.depth, g.nodes.at(int(n.refs[i])).depth+1)
	}
	g.index.put(e, x.ID(), int32(g.nodes.len())) //nolint:gosec // a roster has no 2^31 statements
	g.nodes.add(e, n)
	return true
}

// at returns the node of a statement, if it is complete.
func (g *graph) at(id record.StatementID) (*node, int32, bool) {
	if !g.index.has(id) {
		return nil, 0, false
	}
	i := g.index.get(id)
	return g.nodes.at(int(i)), i, true
}

// earlier is the one order in which statements are judged: references first, and the same for everybody.
func earlier(a, b *node) int {
	return cmp.Or(cmp.Compare(a.depth, b.depth), compareIDs(a.ID(), b.ID()))
}

// group is one question of a sweep: what do these reach?
type group struct {
	from []int32
	of   []int32 // the nodes that are asked about
	in   map[int32]struct{}
}

// sweep answers, for each group, which of its nodes are among its sources or in their past. It walks all
// references once for each 64 groups.
func (g *graph) sweep(groups []*group) {
	for len(groups) > 0 {
		part := groups[:min(64, len(groups))]
		groups = groups[len(part):]
		mask := make([]uint64, g.nodes.len())
		for bit, q := range part {
			for _, i := range q.from {
				mask[i] |= 1 << bit
			}
		}
		for i, bits := range slices.Backward(mask) {
			if bits == 0 {
				continue
			}
			for _, ref := range g.nodes.at(i).refs {
				mask[ref] |= mask[i]
			}
		}
		for bit, q := range part {
			q.in = map[int32]struct{}{}
			for _, i := range q.of {
				if mask[i]&(1<<bit) != 0 {
					q.in[i] = struct{}{}
				}
			}
		}
	}
}
