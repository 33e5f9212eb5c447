// Package storetest holds implementations of replica.Store to its contract: each line of the
// contract is a test, and a model test runs random calls against a map.
//
// It is not the place for what one implementation does beyond the contract. Its invariant: a
// replica that runs on one store that passes runs on any other.
package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"tocsin/pkg/replica"
)

// Open makes an empty store. It is closed by the suite, or by t.Cleanup if a test fails before.
type Open func(t *testing.T) replica.Store

// Reopen opens again what s held; s was closed before. For a store in memory it may be a copy.
type Reopen func(t *testing.T, s replica.Store) replica.Store

// Run tests the store that open makes.
func Run(t *testing.T, open Open, reopen Reopen) {
	t.Helper()
	tests := []struct {
		name string
		run  func(t *testing.T, s replica.Store)
	}{
		{"get answers what was written", testGet},
		{"a key without a value has an empty one", testNoValue},
		{"operations happen in order", testOrderOfOps},
		{"a refused write leaves nothing", testRefused},
		{"limits are inclusive", testLimits},
		{"scan is ascending and by prefix", testScanOrder},
		{"scan sees one moment", testScanMoment},
		{"an error of fn ends the scan", testScanError},
		{"no memory is shared", testMemory},
		{"drop removes the prefixes and nothing else", testDrop},
		{"drop spares shorter keys", testDropShorter},
		{"drop of everything and of nothing", testDropAll},
		{"usage grows", testUsage},
		{"a closed store says so", testClosed},
		{"calls may overlap", testConcurrent},
		{"writes are seen whole or not at all", testAtomic},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t)
			tt.run(t, s)
			if err := s.Close(); err != nil && !errors.Is(err, replica.ErrClosed) {
				t.Errorf("close: %v", err)
			}
		})
	}
	t.Run("what was acknowledged is there after reopening", func(t *testing.T) { testReopen(t, open, reopen) })
	t.Run("model", func(t *testing.T) { testModel(t, open, reopen) })
}

func put(key, value string) replica.Op { return replica.Op{Key: []byte(key), Value: []byte(value)} }

func del(key string) replica.Op { return replica.Op{Key: []byte(key), Delete: true} }

func apply(t *testing.T, s replica.Store, ops ...replica.Op) {
	t.Helper()
	if err := s.Apply(ops); err != nil {
		t.Fatalf("apply: %v", err)
	}
}

func wantGet(t *testing.T, s replica.Store, key, want string) {
	t.Helper()
	got, err := s.Get([]byte(key))
	if err != nil || string(got) != want {
		t.Fatalf("get %q: %q, %v; want %q", key, got, err, want)
	}
	if got == nil {
		t.Fatalf("get %q: nil slice", key)
	}
}

func wantAbsent(t *testing.T, s replica.Store, key string) {
	t.Helper()
	if got, err := s.Get([]byte(key)); !errors.Is(err, replica.ErrNotFound) {
		t.Fatalf("get %q: %q, %v; want ErrNotFound", key, got, err)
	}
}

func keysOf(t *testing.T, s replica.Store, prefix string) []string {
	t.Helper()
	var keys []string
	err := s.Scan([]byte(prefix), true, func(k, v []byte) error {
		if v != nil {
			t.Errorf("scan of keys only gave a value to %q", k)
		}
		keys = append(keys, string(k))
		return nil
	})
	if err != nil {
		t.Fatalf("scan %q: %v", prefix, err)
	}
	return keys
}

func wantKeys(t *testing.T, s replica.Store, prefix string, want ...string) {
	t.Helper()
	if got := keysOf(t, s, prefix); !slices.Equal(got, want) {
		t.Fatalf("scan %q: %q, want %q", prefix, got, want)
	}
}

func testGet(t *testing.T, s replica.Store) {
	wantAbsent(t, s, "a")
	apply(t, s, put("a", "1"), put("b", "2"))
	wantGet(t, s, "a", "1")
	wantGet(t, s, "b", "2")
	apply(t, s, put("a", "3"), del("b"), del("never was"))
	wantGet(t, s, "a", "3")
	wantAbsent(t, s, "b")
	if _, err := s.Get(nil); !errors.Is(err, replica.ErrNotFound) {
		t.Fatalf("get of no key: %v, want ErrNotFound", err)
	}
}

func testNoValue(t *testing.T, s replica.Store) {
	apply(t, s, replica.Op{Key: []byte("nil")}, put("empty", ""))
	wantGet(t, s, "nil", "")
	wantGet(t, s, "empty", "")
	n := 0
	err := s.Scan(nil, false, func(k, v []byte) error {
		n++
		if v == nil || len(v) != 0 {
			t.Errorf("scan gave %q the value %v, want empty and not nil", k, v)
		}
		return nil
	})
	if err != nil || n != 2 {
		t.Fatalf("scan: %d keys, %v", n, err)
	}
}

func testOrderOfOps(t *testing.T, s replica.Store) {
	apply(t, s, put("k", "1"), put("k", "2"), put("gone", "x"), del("gone"), del("k2"), put("k2", "y"))
	wantGet(t, s, "k", "2")
	wantGet(t, s, "k2", "y")
	wantAbsent(t, s, "gone")
	apply(t, s)
	wantKeys(t, s, "", "k", "k2")
}

func testRefused(t *testing.T, s replica.Store) {
	if err := s.Apply([]replica.Op{put("a", "1"), put("", "2")}); err == nil {
		t.Fatal("a write with an empty key was taken")
	}
	wantKeys(t, s, "")
}

func testLimits(t *testing.T, s replica.Store) {
	big := bytes.Repeat([]byte("x"), replica.MaxApplyBytes-1)
	apply(t, s, replica.Op{Key: []byte("k"), Value: big})
	if got, err := s.Get([]byte("k")); err != nil || !bytes.Equal(got, big) {
		t.Fatalf("get of the greatest value: %d bytes, %v", len(got), err)
	}
	err := s.Apply([]replica.Op{put("a", "1"), {Key: []byte("kk"), Value: big}})
	if !errors.Is(err, replica.ErrTooBig) {
		t.Fatalf("one byte too many: %v, want ErrTooBig", err)
	}
	wantAbsent(t, s, "a")
	ops := make([]replica.Op, replica.MaxApplyOps+1)
	for i := range ops {
		ops[i] = put(fmt.Sprintf("n%06d", i), "v")
	}
	if err := s.Apply(ops); !errors.Is(err, replica.ErrTooBig) {
		t.Fatalf("one operation too many: %v, want ErrTooBig", err)
	}
	wantKeys(t, s, "n")
	apply(t, s, ops[:replica.MaxApplyOps]...)
	if n := len(keysOf(t, s, "n")); n != replica.MaxApplyOps {
		t.Fatalf("%d keys, want %d", n, replica.MaxApplyOps)
	}
	long := bytes.Repeat([]byte("k"), 1024)
	apply(t, s, replica.Op{Key: long})
	wantGet(t, s, string(long), "")
}

func testScanOrder(t *testing.T, s replica.Store) {
	apply(t, s, put("b\xff", "4"), put("b", "1"), put("a", "0"), put("c", "5"), put("b\x00", "2"), put("ba", "3"))
	wantKeys(t, s, "b", "b", "b\x00", "ba", "b\xff")
	wantKeys(t, s, "", "a", "b", "b\x00", "ba", "b\xff", "c")
	wantKeys(t, s, "\xff")
	var got string
	if err := s.Scan([]byte("b"), false, func(_, v []byte) error { got += string(v); return nil }); err != nil || got != "1234" {
		t.Fatalf("values in order: %q, %v", got, err)
	}
}

func testScanMoment(t *testing.T, s replica.Store) {
	apply(t, s, put("a", "1"), put("b", "1"), put("c", "1"))
	started, written := make(chan struct{}), make(chan error, 1)
	go func() {
		<-started
		written <- s.Apply([]replica.Op{put("b", "2"), del("c"), put("d", "2")})
	}()
	var got []string
	err := s.Scan(nil, false, func(k, v []byte) error {
		if len(got) == 0 {
			close(started) // the write may wait for the scan or not; it must not be seen
		}
		got = append(got, string(k)+string(v))
		return nil
	})
	if err != nil || !slices.Equal(got, []string{"a1", "b1", "c1"}) {
		t.Fatalf("scan: %q, %v", got, err)
	}
	if err := <-written; err != nil {
		t.Fatalf("apply beside a scan: %v", err)
	}
	wantKeys(t, s, "", "a", "b", "d")
}

func testScanError(t *testing.T, s replica.Store) {
	apply(t, s, put("a", "1"), put("b", "1"))
	stop := errors.New("stop")
	n := 0
	//nolint:errorlint // the very error, not one that wraps it
	if err := s.Scan(nil, false, func(_, _ []byte) error { n++; return stop }); err != stop || n != 1 {
		t.Fatalf("scan: %v after %d calls, want the error of fn after 1", err, n)
	}
	apply(t, s, put("c", "1")) // the store goes on
}

func testMemory(t *testing.T, s replica.Store) {
	key, value := []byte("key"), []byte("value")
	apply(t, s, replica.Op{Key: key, Value: value})
	copy(key, "XXX")
	copy(value, "XXXXX")
	wantGet(t, s, "key", "value")
	got, err := s.Get([]byte("key"))
	if err != nil {
		t.Fatal(err)
	}
	copy(got, "YYYYY")
	wantGet(t, s, "key", "value")
	apply(t, s, put("key", "other"))
	if string(got) != "YYYYY" {
		t.Fatalf("a value handed out changed to %q", got)
	}
	if key := []byte("key"); true {
		apply(t, s, replica.Op{Key: key[:2:3], Value: []byte("v")})
		if string(key) != "key" {
			t.Fatalf("apply wrote beyond the key it was given: %q", key)
		}
	}
}

func testDrop(t *testing.T, s replica.Store) {
	apply(t, s, put("d1/a", "1"), put("d1/b", "2"), put("d10", "3"), put("d2/a", "4"), put("d3/a", "5"), put("e", "6"))
	if err := s.Drop([]byte("d1/"), []byte("d3/")); err != nil {
		t.Fatalf("drop: %v", err)
	}
	wantKeys(t, s, "", "d10", "d2/a", "e")
	wantAbsent(t, s, "d1/a")
	apply(t, s, put("d1/a", "again"))
	wantGet(t, s, "d1/a", "again")
	if err := s.Drop([]byte("d1/")); err != nil {
		t.Fatalf("drop again: %v", err)
	}
	if err := s.Drop([]byte("d1/")); err != nil {
		t.Fatalf("drop of nothing left: %v", err)
	}
	wantKeys(t, s, "d", "d10", "d2/a")
}

func testDropShorter(t *testing.T, s replica.Store) {
	apply(t, s, put("k", "1"), put("k\xff", "2"), put("k\xff\xff\xffx", "3"), put("k\xfe", "4"))
	if err := s.Drop([]byte("k\xff\xff")); err != nil {
		t.Fatalf("drop: %v", err)
	}
	wantKeys(t, s, "", "k", "k\xfe", "k\xff")
	if err := s.Drop([]byte("k\xff")); err != nil {
		t.Fatalf("drop: %v", err)
	}
	wantKeys(t, s, "", "k", "k\xfe")
	apply(t, s, put("k1", "5"), put("x", "6"))
	if err := s.Drop([]byte("x")); err != nil { // moves everything down a level in some stores
		t.Fatalf("drop: %v", err)
	}
	apply(t, s, put("k1", "6"), del("k"))
	if err := s.Drop([]byte("k1")); err != nil {
		t.Fatalf("drop: %v", err)
	}
	wantKeys(t, s, "", "k\xfe")
}

func testDropAll(t *testing.T, s replica.Store) {
	apply(t, s, put("a", "1"), put("b", "2"))
	if err := s.Drop(); err != nil {
		t.Fatalf("drop of no prefix: %v", err)
	}
	wantKeys(t, s, "", "a", "b")
	if err := s.Drop([]byte{}); err != nil {
		t.Fatalf("drop of the empty prefix: %v", err)
	}
	wantKeys(t, s, "")
	apply(t, s, put("c", "3"))
	wantKeys(t, s, "", "c")
}

func testUsage(t *testing.T, s replica.Store) {
	before, err := s.Usage()
	if err != nil {
		t.Fatal(err)
	}
	apply(t, s, replica.Op{Key: []byte("k"), Value: make([]byte, 512<<10)})
	after, err := s.Usage()
	if err != nil {
		t.Fatal(err)
	}
	if before.Used < 0 || after.Used <= before.Used || after.Free <= 0 {
		t.Fatalf("usage before %+v, after %+v", before, after)
	}
}

func testClosed(t *testing.T, s replica.Store) {
	apply(t, s, put("a", "1"))
	if err := s.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	_, getErr := s.Get([]byte("a"))
	_, usageErr := s.Usage()
	for call, err := range map[string]error{
		"get":   getErr,
		"usage": usageErr,
		"scan":  s.Scan(nil, true, func(_, _ []byte) error { return nil }),
		"apply": s.Apply([]replica.Op{put("b", "2")}),
		"drop":  s.Drop([]byte("a")),
		"close": s.Close(),
	} {
		if !errors.Is(err, replica.ErrClosed) {
			t.Errorf("%s after close: %v, want ErrClosed", call, err)
		}
	}
}

func testConcurrent(t *testing.T, s replica.Store) {
	const writers, each = 4, 25
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				key := fmt.Sprintf("k/%d/%02d", w, i)
				if err := s.Apply([]replica.Op{put(key, key), put("shared", key)}); err != nil {
					t.Errorf("apply: %v", err)
					return
				}
				if got, err := s.Get([]byte(key)); err != nil || string(got) != key {
					t.Errorf("get of one's own write: %q, %v", got, err)
				}
			}
		})
	}
	wg.Go(func() {
		for range each {
			if err := s.Scan([]byte("k/"), false, func(k, v []byte) error {
				if !bytes.Equal(k, v) {
					return fmt.Errorf("key %q has value %q", k, v)
				}
				return nil
			}); err != nil {
				t.Errorf("scan: %v", err)
			}
			if err := s.Drop([]byte("x/")); err != nil {
				t.Errorf("drop: %v", err)
			}
		}
	})
	wg.Wait()
	if n := len(keysOf(t, s, "k/")); n != writers*each {
		t.Fatalf("%d keys, want %d", n, writers*each)
	}
}

func testAtomic(t *testing.T, s replica.Store) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 20 {
			v := fmt.Sprintf("%d", i)
			if err := s.Apply([]replica.Op{put("a", v), put("m", v), put("z", v)}); err != nil {
				t.Errorf("apply: %v", err)
				return
			}
		}
	}()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		seen := make(map[string]int)
		if err := s.Scan(nil, false, func(_, v []byte) error { seen[string(v)]++; return nil }); err != nil {
			t.Fatal(err)
		}
		for v, n := range seen {
			if n != 3 || len(seen) != 1 {
				t.Fatalf("half a write seen: %q has %d keys of 3, all seen: %v", v, n, seen)
			}
		}
	}
}

func testReopen(t *testing.T, open Open, reopen Reopen) {
	s := open(t)
	apply(t, s, put("a", "1"), put("b", "2"), replica.Op{Key: []byte("c")}, put("x/1", "9"))
	apply(t, s, del("b"))
	if err := s.Drop([]byte("x/")); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = reopen(t, s)
		wantKeys(t, s, "", "a", "c")
		wantGet(t, s, "a", "1")
		wantGet(t, s, "c", "")
		wantAbsent(t, s, "b")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
