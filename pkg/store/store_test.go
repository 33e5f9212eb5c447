package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"tocsin/pkg/replica"
	"tocsin/pkg/store/storetest"
)

func testKey() []byte { return bytes.Repeat([]byte("k"), keySize) }

// testOptions keep no ballast and see a disk that is never full, so that tests say what they fill.
func testOptions(dir string) Options {
	return Options{
		Dir: dir, Key: testKey(), Ballast: -1,
		statfs: func(string) (int64, error) { return 1 << 40, nil },
	}
}

func mustOpen(t testing.TB, o Options) *Store {
	t.Helper()
	s, err := Open(o)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil && !errors.Is(err, replica.ErrClosed) {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func mustClose(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
}

// record is the n-th of a row of 2 kB records that do not compress, and its key.
func record(n int) (key, value []byte) {
	key = fmt.Appendf(nil, "d/%08d", n)
	value = make([]byte, 2000)
	x := uint32(n)*2654435761 + 1 //nolint:gosec // any number will do
	for i := range value {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		value[i] = byte(x) //nolint:gosec // the low byte
	}
	return key, value
}

// fillStore writes the first n records in batches.
func fillStore(t testing.TB, s *Store, n int) {
	t.Helper()
	for i := 0; i < n; {
		var ops []replica.Op
		for ; i < n && len(ops) < 300; i++ {
			k, v := record(i)
			ops = append(ops, replica.Op{Key: k, Value: v})
		}
		if err := s.Apply(ops); err != nil {
			t.Fatalf("apply: %v", err)
		}
	}
}

// checkRecords tells how many of the first n records are there, each whole.
func checkRecords(t testing.TB, s *Store, n int) int {
	t.Helper()
	there := 0
	for i := range n {
		k, want := record(i)
		got, err := s.Get(k)
		if errors.Is(err, replica.ErrNotFound) {
			continue
		}
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("record %d: %d bytes, %v", i, len(got), err)
		}
		there++
	}
	return there
}

func TestConformance(t *testing.T) {
	storetest.Run(t,
		func(t *testing.T) replica.Store {
			t.Helper()
			return mustOpen(t, testOptions(filepath.Join(t.TempDir(), "store")))
		},
		func(t *testing.T, s replica.Store) replica.Store {
			t.Helper()
			return mustOpen(t, testOptions(s.(*Store).dir)) //nolint:forcetypeassert // as made above
		})
}

func TestOptions(t *testing.T) {
	for _, tt := range []struct {
		name string
		edit func(*Options)
		want string
	}{
		{"no directory", func(o *Options) { o.Dir = "" }, "no directory"},
		{"no key", func(o *Options) { o.Key = nil }, "key has 0 bytes"},
		{"short key", func(o *Options) { o.Key = o.Key[:16] }, "key has 16 bytes"},
		{"negative quota", func(o *Options) { o.Quota = -1 }, "quota"},
		{"negative floor", func(o *Options) { o.Floor = -1 }, "floor"},
		{"floor below what badger needs", func(o *Options) { o.Floor = 1 << 20 }, "floor"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := testOptions(filepath.Join(t.TempDir(), "s"))
			tt.edit(&o)
			if _, err := Open(o); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("open: %v, want %q", err, tt.want)
			}
		})
	}
}

func TestDirectoryIsPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	mustOpen(t, testOptions(dir))
	for _, d := range []string{dir, filepath.Join(dir, "db")} {
		if fi, err := os.Stat(d); err != nil || fi.Mode().Perm() != 0o700 {
			t.Fatalf("mode of %s: %v, %v", d, fi.Mode(), err)
		}
	}
}

func TestLocked(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, testOptions(dir))
	_, err := Open(testOptions(dir))
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), dir) {
		t.Fatalf("second open: %v, want ErrLocked with the directory", err)
	}
	mustClose(t, s)
	mustOpen(t, testOptions(dir))
}

func TestEncrypted(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, testOptions(dir))
	secret := bytes.Repeat([]byte("very secret text "), 20)
	if err := s.Apply([]replica.Op{{Key: []byte("secret key"), Value: secret}}); err != nil {
		t.Fatal(err)
	}
	look := func(when string) {
		t.Helper()
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path) //nolint:gosec // a test's own file
			if bytes.Contains(b, []byte("secret")) {
				t.Errorf("%s: %s has the text in clear", when, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	look("while open")
	mustClose(t, s)
	look("after close")
}

// Close waits for all of Badger's goroutines: a bubble with one left does not end.
func TestCloseStopsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(testOptions(t.TempDir()))
		if err != nil {
			t.Fatal(err)
		}
		fillStore(t, s, 100)
		mustClose(t, s)
	})
}

func TestDropGivesSpaceBack(t *testing.T) {
	s := mustOpen(t, testOptions(t.TempDir()))
	fillStore(t, s, 20_000)
	before, err := s.Usage()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Drop([]byte("d/0000"), []byte("d/00010")); err != nil {
		t.Fatal(err)
	}
	after, err := s.Usage()
	if err != nil {
		t.Fatal(err)
	}
	if after.Used > before.Used/2 {
		t.Fatalf("used %d before and %d after", before.Used, after.Used)
	}
	if got := checkRecords(t, s, 20_000); got != 9_000 && got != 0 {
		t.Logf("%d records left", got)
	}
}
