package roster

import (
	"iter"
	"maps"
)

// edit is the right to change in place: what was made under an edit is that edit's own, and everything
// else is copied before the first change. With makes one and lets go of it on return; from then on
// nothing that it made changes.
type edit struct{ _ byte }

const shards = 256

// cow is a map that is copied in cheap parts: a change copies one shard in 256, and shares the others. Keys
// are hashes or public keys, of which the first byte chooses the shard; whoever grinds keys into one shard
// makes a change cost a copy of that shard. The zero cow is empty. It is passed by value.
type cow[K ~[32]byte | ~[64]byte, V any] struct {
	parts *[shards]shard[K, V]
	size  int
	owner *edit
}

type shard[K ~[32]byte | ~[64]byte, V any] struct {
	m     map[K]V
	owner *edit
}

func (c *cow[K, V]) get(k K) V {
	if c.parts == nil {
		var none V
		return none
	}
	return c.parts[k[0]].m[k]
}

func (c *cow[K, V]) has(k K) bool {
	if c.parts == nil {
		return false
	}
	_, ok := c.parts[k[0]].m[k]
	return ok
}

func (c *cow[K, V]) put(e *edit, k K, v V) {
	s := c.own(e, k)
	before := len(s.m)
	s.m[k] = v
	c.size += len(s.m) - before
}

func (c *cow[K, V]) drop(e *edit, k K) {
	if !c.has(k) {
		return
	}
	delete(c.own(e, k).m, k)
	c.size--
}

// own returns the shard of k, for e to change.
func (c *cow[K, V]) own(e *edit, k K) *shard[K, V] {
	if c.owner != e || c.parts == nil {
		parts := &[shards]shard[K, V]{}
		if c.parts != nil {
			*parts = *c.parts
		}
		c.parts, c.owner = parts, e
	}
	s := &c.parts[k[0]]
	if s.owner != e {
		m := make(map[K]V, len(s.m)+1)
		maps.Copy(m, s.m)
		s.m, s.owner = m, e
	}
	return s
}

func (c *cow[K, V]) len() int { return c.size }

func (c *cow[K, V]) all() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		if c.parts == nil {
			return
		}
		for i := range c.parts {
			for k, v := range c.parts[i].m {
				if !yield(k, v) {
					return
				}
			}
		}
	}
}

const chunk = 128

// list only grows. A change copies one chunk and the table of chunks. The zero list is empty. It is passed
// by value.
type list[T any] struct {
	chunks [][]T
	size   int
	owner  *edit
}

func (l *list[T]) add(e *edit, v T) {
	if l.owner != e {
		l.chunks, l.owner = append(make([][]T, 0, len(l.chunks)+1), l.chunks...), e
		if last := len(l.chunks) - 1; last >= 0 && len(l.chunks[last]) < chunk {
			l.chunks[last] = append(make([]T, 0, chunk), l.chunks[last]...)
		}
	}
	if l.size%chunk == 0 {
		l.chunks = append(l.chunks, make([]T, 0, min(chunk, l.size+4)))
	}
	last := len(l.chunks) - 1
	l.chunks[last] = append(l.chunks[last], v)
	l.size++
}

func (l *list[T]) at(i int) T { return l.chunks[i/chunk][i%chunk] }

func (l *list[T]) len() int { return l.size }

func (l *list[T]) all() iter.Seq2[int, T] {
	return func(yield func(int, T) bool) {
		i := 0
		for _, c := range l.chunks {
			for _, v := range c {
				if !yield(i, v) {
					return
				}
				i++
			}
		}
	}
}

// wrap returns a list over s, which the caller may go on to fill.
func wrap[T any](s []T) list[T] {
	l := list[T]{size: len(s), chunks: make([][]T, 0, len(s)/chunk+1)}
	for len(s) > 0 {
		n := min(chunk, len(s))
		l.chunks, s = append(l.chunks, s[:n:n]), s[n:]
	}
	return l
}
