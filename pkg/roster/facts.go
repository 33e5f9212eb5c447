package roster

import "slices"

// facts is a set of small numbers, one for each thing in a statement's past that membership depends on:
// that a member admitted, objected, voted, left. It is immutable, so that statements with the same past share
// one.
type facts []uint64

func (f facts) has(bit int) bool { return bit >= 0 && bit/64 < len(f) && f[bit/64]&(1<<(bit%64)) != 0 }

// with returns f and one more.
func (f facts) with(bit int) facts {
	if bit < 0 || f.has(bit) {
		return f
	}
	out := make(facts, max(len(f), bit/64+1))
	copy(out, f)
	out[bit/64] |= 1 << (bit % 64)
	return out
}

// holds reports whether g is a part of f.
func (f facts) holds(g facts) bool {
	if len(g) > len(f) {
		return false
	}
	for i, w := range g {
		if w&^f[i] != 0 {
			return false
		}
	}
	return true
}

// join returns what is in either; one of them where it holds the other.
func join(f, g facts) facts {
	switch {
	case len(f) > 0 && len(f) == len(g) && &f[0] == &g[0], f.holds(g):
		return f
	case g.holds(f):
		return g
	}
	if len(f) < len(g) {
		f, g = g, f
	}
	out := slices.Clone(f)
	for i, w := range g {
		out[i] |= w
	}
	return out
}
