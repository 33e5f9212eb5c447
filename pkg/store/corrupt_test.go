package store

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tocsin/pkg/replica"
)

// madeStore writes a store with tables, stopped in order.
func madeStore(t *testing.T, records int) string {
	t.Helper()
	dir := t.TempDir()
	s := mustOpen(t, testOptions(dir))
	fillStore(t, s, records)
	mustClose(t, s)
	return dir
}

// copyStore makes a copy to damage.
func copyStore(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

func editFile(t *testing.T, path string, edit func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path) //nolint:gosec // a test's own file
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, edit(b), 0o600); err != nil {
		t.Fatal(err)
	}
}

func glob(t *testing.T, dir, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "db", pattern))
	if err != nil || len(names) == 0 {
		t.Fatalf("no %s in %s: %v", pattern, dir, err)
	}
	return names
}

func flip(at func(n int) int) func([]byte) []byte {
	return func(b []byte) []byte { b[at(len(b))] ^= 0xff; return b }
}

func cut(at func(n int) int) func([]byte) []byte {
	return func(b []byte) []byte { return b[:at(len(b))] }
}

type damage struct {
	name, file string
	edit       func([]byte) []byte // nil removes the file
}

// names is what the error must name: the file, or a table whose data key is gone.
func (d damage) names(path string) string {
	if d.name == "registry without keys" {
		return filepath.Dir(path)
	}
	return path
}

func TestDamage(t *testing.T) {
	dir := madeStore(t, 6000)
	fromEnd := func(k int) func(int) int { return func(n int) int { return n - k } }
	at := func(k int) func(int) int { return func(int) int { return k } }
	for _, tt := range []damage{
		{"manifest gone", "MANIFEST", nil},
		{"manifest empty", "MANIFEST", cut(at(0))},
		{"manifest of a head only", "MANIFEST", cut(at(8))},
		{"manifest cut", "MANIFEST", cut(fromEnd(5))},
		{"manifest flipped in the head", "MANIFEST", flip(at(1))},
		{"manifest flipped", "MANIFEST", flip(fromEnd(3))},
		{"registry gone", "KEYREGISTRY", nil},
		{"registry empty", "KEYREGISTRY", cut(at(0))},
		{"registry without keys", "KEYREGISTRY", cut(at(registryHead))},
		{"registry cut", "KEYREGISTRY", cut(fromEnd(3))},
		{"registry with a huge length", "KEYREGISTRY", flip(at(registryHead))},
		{"registry flipped", "KEYREGISTRY", flip(fromEnd(3))},
		{"table gone", "*.sst", nil},
		{"table empty", "*.sst", cut(at(0))},
		{"table of two bytes", "*.sst", cut(at(2))},
		{"table cut in half", "*.sst", cut(func(n int) int { return n / 2 })},
		{"table cut by one", "*.sst", cut(fromEnd(1))},
		{"table with another checksum length", "*.sst", flip(fromEnd(1))},
		{"table with a huge checksum length", "*.sst", flip(fromEnd(4))},
		{"table with another checksum", "*.sst", flip(fromEnd(6))},
		{"table with another index", "*.sst", flip(fromEnd(60))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := copyStore(t, dir)
			path := glob(t, dir, tt.file)[0]
			if tt.edit == nil {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			} else {
				editFile(t, path, tt.edit)
			}
			_, err := Open(testOptions(dir))
			if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), tt.names(path)) || !strings.Contains(err.Error(), "backup") {
				t.Fatalf("open: %v, want ErrCorrupt with %s", err, tt.names(path))
			}
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("more than one line: %v", err)
			}
		})
	}
}

func TestWrongKey(t *testing.T) {
	dir := madeStore(t, 10)
	o := testOptions(dir)
	o.Key = make([]byte, keySize)
	if _, err := Open(o); !errors.Is(err, ErrWrongKey) || !strings.Contains(err.Error(), dir) {
		t.Fatalf("open: %v, want ErrWrongKey with the directory", err)
	}
	s := mustOpen(t, testOptions(dir))
	if n := checkRecords(t, s, 10); n != 10 {
		t.Fatalf("%d of 10 records after a try with a wrong key", n)
	}
}

// A MANIFEST cut short after a crash: Badger would delete the tables that it no longer names.
func TestOrphansAreKept(t *testing.T) {
	dir := madeStore(t, 6000)
	tables := len(glob(t, dir, "*.sst"))
	if err := os.Remove(filepath.Join(dir, "clean")); err != nil {
		t.Fatal(err)
	}
	editFile(t, glob(t, dir, "MANIFEST")[0], cut(func(int) int { return 8 }))
	mustClose(t, mustOpen(t, testOptions(dir)))
	kept, err := os.ReadDir(filepath.Join(dir, "orphans"))
	if err != nil || len(kept) != tables {
		t.Fatalf("%d of %d tables kept, %v", len(kept), tables, err)
	}
	mustOpen(t, testOptions(dir))
	if kept, err := os.ReadDir(filepath.Join(dir, "orphans")); err != nil || len(kept) != 0 {
		t.Fatalf("%d orphans after an orderly run, %v", len(kept), err)
	}
}

// crashedStore writes some records and is killed, so that they are in a log only.
func crashedStore(t *testing.T) (dir, log string, acked int) {
	t.Helper()
	dir = t.TempDir()
	acked = killWriter(t, dir, 100)
	return dir, glob(t, dir, "*.mem")[0], acked
}

func TestDamagedLog(t *testing.T) {
	dir, log, acked := crashedStore(t)
	last := 0 // offset of the end of what was written
	editFile(t, log, func(b []byte) []byte {
		for i, c := range b {
			if c != 0 {
				last = i + 1
			}
		}
		return b
	})
	rel, err := filepath.Rel(dir, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("in the middle", func(t *testing.T) {
		dir := copyStore(t, dir)
		editFile(t, filepath.Join(dir, rel), flip(func(int) int { return last / 2 }))
		if _, err := Open(testOptions(dir)); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), rel) {
			t.Fatalf("open: %v, want ErrCorrupt with %s", err, rel)
		}
	})
	t.Run("torn end", func(t *testing.T) {
		dir := copyStore(t, dir)
		editFile(t, filepath.Join(dir, rel), func(b []byte) []byte { clear(b[last-10:]); return b })
		s := mustOpen(t, testOptions(dir))
		if n := checkRecords(t, s, acked); n < acked-1 {
			t.Fatalf("%d of %d records before the torn one", n, acked)
		}
	})
	t.Run("empty logs of a crash", func(t *testing.T) {
		dir := copyStore(t, dir)
		for _, name := range []string{"00099.mem", "000099.vlog"} {
			if err := os.WriteFile(filepath.Join(dir, "db", name), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s := mustOpen(t, testOptions(dir))
		if n := checkRecords(t, s, acked); n != acked {
			t.Fatalf("%d of %d records", n, acked)
		}
	})
}

// Random damage anywhere: an error or a store that works, never a panic, and nothing is missing
// without an error.
func TestRandomDamage(t *testing.T) {
	seed := rand.Uint64() //nolint:gosec // printed
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // repeatable
	dir := madeStore(t, 1500)
	for range 40 {
		dir := copyStore(t, dir)
		var names []string
		for _, n := range glob(t, dir, "*") {
			if fi, err := os.Stat(n); err == nil && fi.Size() > 0 {
				names = append(names, n)
			}
		}
		name := names[rnd.IntN(len(names))]
		editFile(t, name, flip(rnd.IntN))
		s, err := Open(testOptions(dir))
		if err != nil {
			if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrWrongKey) {
				t.Fatalf("%s: open: %v", name, err)
			}
			continue
		}
		if n := checkRecords(t, s, 1500); n != 1500 {
			t.Fatalf("%s: %d of 1500 records and no error", name, n)
		}
		mustClose(t, s)
	}
}

// A damaged block is seen by Open, and by Verify if Open was told not to look.
func TestDamagedBlock(t *testing.T) {
	dir := madeStore(t, 20)
	for k := range 64 {
		dir := copyStore(t, dir)
		editFile(t, glob(t, dir, "*.sst")[0], flip(func(int) int { return 40_000 + k*13 }))
		if _, err := Open(testOptions(dir)); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("open: %v, want ErrCorrupt", err)
		}
		o := testOptions(dir)
		o.SkipVerify = true
		s, err := Open(o)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatalf("open: %v", err)
			}
			continue
		}
		for i := range 20 { // not found, damaged, or right; never another value
			k, want := record(i)
			got, err := s.Get(k)
			if err == nil && string(got) != string(want) {
				t.Fatalf("record %d: wrong value", i)
			}
			if err != nil && !errors.Is(err, replica.ErrNotFound) && !errors.Is(err, ErrCorrupt) {
				t.Logf("record %d: %v", i, err)
			}
		}
		if err := s.Verify(); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("verify: %v, want ErrCorrupt", err)
		}
		if _, err := s.Get([]byte("d")); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("get after verify: %v, want ErrCorrupt", err)
		}
		mustClose(t, s)
	}
}
