// Package memstore is replica.Store in memory, for simulations: fast, ordered, and able to fail on
// demand, also in the way that breaks replicas, "reported failed but happened".
//
// It is not durable: what it promises to survive is Crash, which keeps exactly what was
// acknowledged or applied. Its invariant: equal calls give equal states and equal answers; it has
// no clock, no goroutine and no randomness of its own.
package memstore

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"

	"tocsin/pkg/replica"
)

// maxKey is the longest key, as in pkg/store.
const maxKey = 65000

// Fault decides what becomes of a call. op is "apply", "drop", "get", "scan" or "usage"; ops are
// those of an apply, else nil, and valid during the call. A nil error lets the call go its way and
// apply is not looked at. With an error the caller gets that error, and with apply true the call is
// carried out all the same: it said that it failed, but it happened. A fault is called without locks
// held and must not call the store that asks.
type Fault func(op string, ops []replica.Op) (apply bool, err error)

// Options says how a Store behaves. The zero value has no limit and no faults.
type Options struct {
	Quota int64 // bytes of keys and values; 0 means none
	Fault Fault // nil means none
}

// Store is a replica.Store in memory. Make one with New.
type Store struct {
	mu     sync.RWMutex
	fault  Fault
	quota  int64
	keys   []string          // ascending
	values map[string][]byte // never changed once in, so clones share them
	used   int64
	closed bool
}

var _ replica.Store = (*Store)(nil)

// New makes an empty store.
func New(o Options) *Store {
	return &Store{fault: o.Fault, quota: o.Quota, values: make(map[string][]byte)}
}

// SetFault replaces the fault hook; nil takes it away.
func (s *Store) SetFault(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Clone gives an independent store with the same contents, quota and fault, open also if s is
// closed: a restart, a backup, or a disk copied by a thief.
func (s *Store) Clone() *Store {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return &Store{
		fault: s.fault, quota: s.quota, used: s.used,
		keys: slices.Clone(s.keys), values: maps.Clone(s.values),
	}
}

// Crash closes s at once, as kill -9 would, and gives what is found at the next start: everything
// that was acknowledged, and what happened though it was said to have failed.
func (s *Store) Crash() *Store {
	next := s.Clone()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return next
}

// Len is the number of keys.
func (s *Store) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.keys)
}

// ask consults the fault hook. go on tells whether the call is to be carried out, err what is to be
// answered then.
func (s *Store) ask(op string, ops []replica.Op) (goOn bool, err error) {
	s.mu.RLock()
	fault, closed := s.fault, s.closed
	s.mu.RUnlock()
	if closed {
		return false, replica.ErrClosed
	}
	if fault == nil {
		return true, nil
	}
	apply, err := fault(op, ops)
	return apply || err == nil, err
}

// Get implements replica.Store.
func (s *Store) Get(key []byte) ([]byte, error) {
	if _, err := s.ask("get", nil); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, replica.ErrClosed
	}
	v, ok := s.values[string(key)]
	if !ok {
		return nil, replica.ErrNotFound
	}
	return append([]byte{}, v...), nil
}

// Scan implements replica.Store. The slices given to fn are overwritten after it returns, so that a
// caller who keeps them is found out here and not on disk.
func (s *Store) Scan(prefix []byte, keysOnly bool, fn func(key, value []byte) error) error {
	if _, err := s.ask("scan", nil); err != nil {
		return err
	}
	s.mu.RLock()
	if s.closed {
		s.mu.RUnlock()
		return replica.ErrClosed
	}
	from, to := s.span(prefix)
	keys := slices.Clone(s.keys[from:to])
	var values [][]byte
	if !keysOnly {
		values = make([][]byte, len(keys))
		for i, k := range keys {
			values[i] = s.values[k]
		}
	}
	s.mu.RUnlock()
	var kbuf, vbuf []byte
	for i, k := range keys {
		kbuf = append(kbuf[:0], k...)
		var v []byte
		if !keysOnly {
			vbuf = append(vbuf[:0], values[i]...)
			if v = vbuf; v == nil {
				v = []byte{}
			}
		}
		err := fn(kbuf, v)
		scribble(kbuf)
		scribble(vbuf)
		if err != nil {
			return err
		}
	}
	return nil
}

func scribble(b []byte) {
	for i := range b {
		b[i] = 0xdb
	}
}

// span is the range of keys with a prefix. Called with mu held.
func (s *Store) span(prefix []byte) (from, to int) {
	p := string(prefix)
	from, _ = slices.BinarySearch(s.keys, p)
	n, _ := slices.BinarySearchFunc(s.keys[from:], p, func(k, p string) int {
		if strings.HasPrefix(k, p) {
			return -1
		}
		return 1
	})
	return from, from + n
}

// Apply implements replica.Store.
func (s *Store) Apply(ops []replica.Op) error {
	if err := weigh(ops); err != nil {
		return err
	}
	goOn, said := s.ask("apply", ops)
	if !goOn {
		return said
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return replica.ErrClosed
	}
	last := make(map[string]replica.Op, len(ops))
	for _, op := range ops {
		last[string(op.Key)] = op
	}
	used := s.used
	deletes := true
	for k, op := range last {
		if old, ok := s.values[k]; ok {
			used -= int64(len(k) + len(old))
		}
		if !op.Delete {
			used += int64(len(k) + len(op.Value))
			deletes = false
		}
	}
	if s.quota > 0 && used > s.quota && !deletes {
		return fmt.Errorf("%w: %d bytes would be more than the quota of %d", replica.ErrFull, used, s.quota)
	}
	s.used = used
	s.put(last)
	return said
}

// put carries out one operation for each key. Called with mu held.
func (s *Store) put(last map[string]replica.Op) {
	var born, gone []string
	for k, op := range last {
		_, had := s.values[k]
		switch {
		case op.Delete && had:
			delete(s.values, k)
			gone = append(gone, k)
		case op.Delete:
		default:
			s.values[k] = bytes.Clone(op.Value)
			if !had {
				born = append(born, k)
			}
		}
	}
	slices.Sort(gone)
	slices.Sort(born)
	if len(gone) > 0 {
		s.keys = slices.DeleteFunc(s.keys, func(k string) bool {
			_, ok := slices.BinarySearch(gone, k)
			return ok
		})
	}
	s.keys = merge(s.keys, born)
}

// merge puts the ascending, new keys into the ascending old ones, in place from the end.
func merge(old, born []string) []string {
	i, j := len(old)-1, len(born)-1
	old = append(old, born...)
	for k := len(old) - 1; j >= 0; k-- {
		if i >= 0 && old[i] > born[j] {
			old[k] = old[i]
			i--
		} else {
			old[k] = born[j]
			j--
		}
	}
	return old
}

// weigh refuses what pkg/store refuses.
func weigh(ops []replica.Op) error {
	if len(ops) > replica.MaxApplyOps {
		return fmt.Errorf("%w: %d operations, at most %d", replica.ErrTooBig, len(ops), replica.MaxApplyOps)
	}
	size := 0
	for _, op := range ops {
		if len(op.Key) == 0 || len(op.Key) > maxKey {
			return fmt.Errorf("write store: key of %d bytes, want 1 to %d", len(op.Key), maxKey)
		}
		size += len(op.Key)
		if !op.Delete {
			size += len(op.Value)
		}
	}
	if size > replica.MaxApplyBytes {
		return fmt.Errorf("%w: %d bytes, at most %d", replica.ErrTooBig, size, replica.MaxApplyBytes)
	}
	return nil
}

// Drop implements replica.Store.
func (s *Store) Drop(prefixes ...[]byte) error {
	goOn, said := s.ask("drop", nil)
	if !goOn {
		return said
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return replica.ErrClosed
	}
	for _, p := range prefixes {
		from, to := s.span(p)
		for _, k := range s.keys[from:to] {
			s.used -= int64(len(k) + len(s.values[k]))
			delete(s.values, k)
		}
		s.keys = slices.Delete(s.keys, from, to)
	}
	return said
}

// Usage implements replica.Store. There is always room but for the quota.
func (s *Store) Usage() (replica.Usage, error) {
	if _, err := s.ask("usage", nil); err != nil {
		return replica.Usage{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return replica.Usage{}, replica.ErrClosed
	}
	return replica.Usage{Used: s.used, Quota: s.quota, Free: math.MaxInt64}, nil
}

// Close implements replica.Store.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return replica.ErrClosed
	}
	s.closed = true
	return nil
}
