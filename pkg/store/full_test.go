package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"tocsin/pkg/replica"
)

// disk is a file system whose free space the test sets; the ballast file, if there, takes its part.
type disk struct {
	dir  string
	free atomic.Int64 // mending asks in a goroutine of its own
}

func newDisk(dir string, free int64) *disk {
	d := &disk{dir: dir}
	d.free.Store(free)
	return d
}

func (d *disk) statfs(string) (int64, error) {
	free := d.free.Load()
	if fi, err := os.Stat(filepath.Join(d.dir, "ballast")); err == nil {
		free -= fi.Size()
	}
	return free, nil
}

func (d *disk) options() Options {
	o := testOptions(d.dir)
	o.statfs = d.statfs
	o.Ballast = 0
	return o
}

func one(key string) []replica.Op { return []replica.Op{{Key: []byte(key), Value: []byte("v")}} }

func TestFullDisk(t *testing.T) {
	d := newDisk(t.TempDir(), 1<<30)
	s := mustOpen(t, d.options())
	fillStore(t, s, 100)
	wantBallast(t, d, true)

	d.free.Store(DefaultBallast + DefaultFloor - 1)
	err := s.Apply(one("new"))
	if !errors.Is(err, replica.ErrFull) || !strings.Contains(err.Error(), d.dir) || !strings.Contains(err.Error(), "floor") {
		t.Fatalf("write below the floor: %v, want ErrFull with the directory", err)
	}
	if err := s.Apply([]replica.Op{{Key: []byte("new"), Delete: true}}); err != nil {
		t.Fatalf("deleting below the floor: %v", err)
	}

	// Others fill the disk; the store is stopped, opened and pruned all the same.
	d.free.Store(DefaultBallast + 1<<20)
	if err := s.Apply([]replica.Op{{Key: []byte("new"), Delete: true}}); !errors.Is(err, replica.ErrFull) {
		t.Fatalf("deleting without a reserve: %v, want ErrFull", err)
	}
	mustClose(t, s)
	wantBallast(t, d, false)
	s = mustOpen(t, d.options())
	if n := checkRecords(t, s, 100); n != 100 {
		t.Fatalf("%d of 100 records on a full disk", n)
	}
	if err := s.Apply(one("new")); !errors.Is(err, replica.ErrFull) {
		t.Fatalf("write to a full disk: %v, want ErrFull", err)
	}
	if err := s.Drop([]byte("d/")); err != nil {
		t.Fatalf("drop on a full disk: %v", err)
	}

	d.free.Store(1 << 30)
	if err := s.Apply(one("new")); err != nil {
		t.Fatalf("write after room was made: %v", err)
	}
	if err := s.Drop([]byte("new")); err != nil {
		t.Fatal(err)
	}
	wantBallast(t, d, true)
}

func wantBallast(t *testing.T, d *disk, want bool) {
	t.Helper()
	fi, err := os.Stat(filepath.Join(d.dir, "ballast"))
	if got := err == nil; got != want {
		t.Fatalf("ballast is there: %v, want %v", got, want)
	}
	if want && allocated(fi) < DefaultBallast {
		t.Fatalf("ballast occupies %d bytes", allocated(fi))
	}
}

func TestOpenOnFullDisk(t *testing.T) {
	d := newDisk(t.TempDir(), reserve-1)
	if _, err := Open(d.options()); !errors.Is(err, replica.ErrFull) || !strings.Contains(err.Error(), d.dir) {
		t.Fatalf("open: %v, want ErrFull with the directory", err)
	}
	if entries, err := os.ReadDir(filepath.Join(d.dir, "db")); err != nil || len(entries) != 0 {
		t.Fatalf("a refused open left %v, %v", entries, err)
	}
	d.free.Store(1 << 30)
	mustOpen(t, d.options())
}

func TestQuota(t *testing.T) {
	o := testOptions(t.TempDir())
	o.Quota = 4 << 20
	s := mustOpen(t, o)
	var err error
	n := 0
	for ; err == nil && n < 4000; n++ {
		k, v := record(n)
		err = s.Apply([]replica.Op{{Key: k, Value: v}})
	}
	if !errors.Is(err, replica.ErrFull) || !strings.Contains(err.Error(), "quota") {
		t.Fatalf("write %d: %v, want ErrFull with the quota", n, err)
	}
	if n < 1000 {
		t.Fatalf("full after %d records of 2 kB, with a quota of 4 MiB", n)
	}
	if got := checkRecords(t, s, n); got != n-1 {
		t.Fatalf("%d records, want the %d that were acknowledged", got, n-1)
	}
	if err := s.Drop([]byte("d/")); err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(one("again")); err != nil {
		t.Fatalf("write after drop: %v", err)
	}
}

func TestFullSaysWhatHelps(t *testing.T) {
	r := &room{dir: "here", quota: 4 << 20, floor: 192 << 20, statfs: func(string) (int64, error) { return 1 << 40, nil }}
	r.free, r.used = 1<<40, 4<<20-1
	if err := r.judge(2, false); err == nil || !strings.Contains(err.Error(), "here uses 3.9MiB of its quota of 4.0MiB; raise store.quota") {
		t.Errorf("quota: %v", err)
	}
	r.free = 1500 << 10
	if err := r.judge(2, false); err == nil || !strings.Contains(err.Error(), "here has 1.4MiB free on its disk, and nothing is written below 192.0MiB (store.floor); free space on the disk") {
		t.Errorf("floor: %v", err)
	}
	for n, want := range map[int64]string{-1: "0 bytes", 1023: "1023 bytes", 2048: "2KiB", 1 << 30: "1.0GiB", 3<<40 + 1<<39: "3584.0GiB", 1<<63 - 1: "8589934591.9GiB"} {
		if got := sizeText(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}
