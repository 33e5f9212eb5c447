package store

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dgraph-io/badger/v4"

	"tocsin/pkg/replica"
)

// badDisk performs commits and, when told so, says that the sync failed, as a disk does that has no room below its file
// system: the log has the bytes in memory, and nobody knows what is on the disk.
type badDisk struct{ fails bool }

func (d *badDisk) commit(txn *badger.Txn, done func(error)) {
	txn.CommitWith(func(err error) {
		if err == nil && d.fails {
			err = fmt.Errorf("msync: %w", syscall.EIO)
		}
		done(err)
	})
}

func wantBroken(t *testing.T, s *Store, what string, err error) {
	t.Helper()
	if !errors.Is(err, replica.ErrBroken) || !strings.Contains(err.Error(), "input/output error") || !strings.Contains(err.Error(), s.dir) ||
		strings.Contains(err.Error(), "damaged") {
		t.Fatalf("%s: %v, want ErrBroken with the cause and the directory", what, err)
	}
}

// Nothing is acknowledged behind a write that failed, until the store has flushed what it has into tables and opened itself
// again. Reads go on, and what was acknowledged is there.
func TestNothingIsAcknowledgedBehindAFailedWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &badDisk{}
		o := testOptions(t.TempDir())
		o.commit = d.commit
		s := mustOpen(t, o)
		fillStore(t, s, 10)
		before := logHeads(t, s.dir)

		d.fails = true
		wantBroken(t, s, "the write that failed", s.Apply(one("half")))
		d.fails = false
		wantBroken(t, s, "a write behind it", s.Apply(one("behind")))
		wantBroken(t, s, "a drop behind it", s.Drop([]byte("d/")))
		if n := checkRecords(t, s, 10); n != 10 {
			t.Fatalf("%d of 10 records in a broken store", n)
		}
		u, err := s.Usage()
		if err != nil || !u.Failure.Broken || !u.Failure.Lasts || u.Failure.At.IsZero() || !strings.Contains(u.Failure.Cause, "input/output error") {
			t.Fatalf("usage of a broken store: %+v, %v", u, err)
		}

		time.Sleep(mendFirst)
		synctest.Wait()
		if err := s.Apply(one("after")); err != nil {
			t.Fatalf("write after mending: %v", err)
		}
		if n := checkRecords(t, s, 10); n != 10 {
			t.Fatalf("%d of 10 records after mending", n)
		}
		if _, err := s.Get([]byte("behind")); !errors.Is(err, replica.ErrNotFound) {
			t.Fatalf("what was refused: %v, want ErrNotFound", err)
		}
		if still := slices.ContainsFunc(logHeads(t, s.dir), func(head string) bool { return slices.Contains(before, head) }); still {
			t.Fatal("the log with the hole is still there")
		}
		u, err = s.Usage()
		if err != nil || u.Failure.Broken || u.Failure.Lasts || u.Failure.At.IsZero() {
			t.Fatalf("usage after mending: %+v, %v", u, err)
		}
		mustClose(t, s)
	})
}

// Of writes that are under way together, none is acknowledged behind the one that failed.
func TestConcurrentWritesBehindAFailedOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		failed, behind := false, 0
		o := testOptions(t.TempDir())
		n := 0
		o.commit = func(txn *badger.Txn, done func(error)) {
			mu.Lock()
			n++
			if failed {
				behind++
			}
			fails := n == 20
			failed = failed || fails
			mu.Unlock()
			txn.CommitWith(func(err error) {
				if fails {
					err = syscall.EIO
				}
				done(err)
			})
		}
		s := mustOpen(t, o)
		var all sync.WaitGroup
		for w := range 8 {
			all.Go(func() {
				for i := range 10 {
					_ = s.Apply(one(fmt.Sprintf("%d/%d", w, i)))
				}
			})
		}
		all.Wait()
		if !failed || behind != 0 {
			t.Fatalf("a write failed: %v; %d went on behind it", failed, behind)
		}
		mustClose(t, s)
	})
}

// What Badger's own goroutines fail to write breaks the store too, and no caller waits for them.
func TestABackgroundFailureBreaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := make(chan func(error), 1)
		o := testOptions(t.TempDir())
		o.commit = func(_ *badger.Txn, done func(error)) { stuck <- done } // it waits for a memtable to be flushed
		s := mustOpen(t, o)
		answered := make(chan error, 1)
		go func() { answered <- s.Apply(one("k")) }()
		done := <-stuck
		synctest.Wait()
		s.db.Opts().Logger.Warningf("[Compactor: %d] LOG Compact FAILED with error: %v", 1, syscall.EIO)
		select {
		case err := <-answered:
			wantBroken(t, s, "the writer who waited", err)
		case <-time.After(time.Minute):
			t.Error("the writer waits for as long as the disk refuses")
		}
		done(nil)
		time.Sleep(mendFirst)
		synctest.Wait()
		if err := s.health.refuses(); err != nil {
			t.Fatalf("not mended: %v", err)
		}
		s.db.Opts().Logger.Errorf("%s", "CHECKSUM_MISMATCH: a block is damaged")
		if err := s.health.refuses(); err != nil {
			t.Fatalf("damage is not a failed write: %v", err)
		}
		mustClose(t, s)
	})
}

// It tries again for as long as the disk refuses, and Close does not wait for it.
func TestMendingTriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &badDisk{}
		o := testOptions(t.TempDir())
		o.commit = d.commit
		var free atomic.Int64 // mending asks in a goroutine of its own
		free.Store(1 << 40)
		o.statfs = func(string) (int64, error) { return free.Load(), nil }
		s := mustOpen(t, o)
		fillStore(t, s, 10)
		d.fails = true
		wantBroken(t, s, "write", s.Apply(one("half")))
		d.fails = false
		free.Store(reserve - 1)
		time.Sleep(time.Minute)
		synctest.Wait()
		wantBroken(t, s, "write while there is no room", s.Apply(one("behind")))
		free.Store(1 << 40)
		time.Sleep(mendMost)
		synctest.Wait()
		if err := s.Apply(one("after")); err != nil {
			t.Fatalf("write after mending: %v", err)
		}

		d.fails = true
		wantBroken(t, s, "write", s.Apply(one("half again")))
		mustClose(t, s) // at once: the disk can be written
		o.commit = nil
		s = mustOpen(t, o)
		if n := checkRecords(t, s, 10); n != 10 {
			t.Fatalf("%d of 10 records", n)
		}
		mustClose(t, s)
	})
}

// What a crash left in a log is in tables when Open returns: a part of it may be in the page cache only, and whatever is
// built on it must not outlive it.
func TestOpenFlushesWhatACrashLeft(t *testing.T) {
	dir, _, acked := crashedStore(t)
	before := logHeads(t, dir)
	s := mustOpen(t, testOptions(dir))
	if still := slices.ContainsFunc(logHeads(t, dir), func(head string) bool { return slices.Contains(before, head) }); still {
		t.Fatal("the log of before the crash is still there")
	}
	if n := checkRecords(t, s, acked); n != acked {
		t.Fatalf("%d of %d records", n, acked)
	}
}

// A store that cannot be written when it is opened is opened for reading, and for writing as soon as that can be done.
func TestOpenToRead(t *testing.T) {
	for _, crashed := range []bool{false, true} {
		t.Run(fmt.Sprintf("crashed=%v", crashed), func(t *testing.T) {
			var dir string
			n := 100
			if crashed {
				dir, _, n = crashedStore(t)
			} else {
				dir = madeStore(t, n)
			}
			synctest.Test(t, func(t *testing.T) {
				d := newDisk(dir, 0)
				s := mustOpen(t, d.options())
				if got := checkRecords(t, s, n); got < n {
					t.Fatalf("%d of %d records on a full disk", got, n)
				}
				err := s.Apply(one("new"))
				if !errors.Is(err, replica.ErrFull) || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "0 bytes free") {
					t.Fatalf("write to a full disk: %v, want ErrFull with the directory", err)
				}
				if u, err := s.Usage(); err != nil || u.Free != 0 || !u.Failure.Broken || !strings.Contains(u.Failure.Cause, "store.floor") {
					t.Fatalf("usage: %+v, %v", u, err)
				}
				d.free.Store(1 << 30)
				time.Sleep(mendMost)
				synctest.Wait()
				if err := s.Apply(one("new")); err != nil {
					t.Fatalf("write when there is room: %v", err)
				}
				if got := checkRecords(t, s, n); got < n {
					t.Fatalf("%d of %d records when there is room", got, n)
				}
				mustClose(t, s)
			})
			s := mustOpen(t, testOptions(dir))
			if got := checkRecords(t, s, n); got < n {
				t.Fatalf("%d of %d records afterwards", got, n)
			}
		})
	}
}

// The system's limits are not damage.
func TestLimitsAreNotDamage(t *testing.T) {
	for _, e := range []syscall.Errno{syscall.EDQUOT, syscall.EFBIG, syscall.ENOSPC, syscall.EROFS, syscall.EIO, syscall.ENFILE} {
		err := explainOpen("here", fmt.Errorf("while opening fid: 1: %v", e)) //nolint:errorlint // Badger flattens it so
		if errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), e.Error()) {
			t.Errorf("%v", err)
		}
	}
	for _, e := range []syscall.Errno{syscall.EDQUOT, syscall.EFBIG, syscall.ENOSPC} {
		if err := noRoom("here", fmt.Errorf("set room aside: %w", e)); !errors.Is(err, replica.ErrFull) || !strings.Contains(err.Error(), e.Error()) {
			t.Errorf("%v", err)
		}
	}
}

// logHeads returns what the logs begin with: random, in each another.
func logHeads(t *testing.T, dir string) (heads []string) {
	t.Helper()
	for _, name := range glob(t, dir, "*"+logSuffix) {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(b) >= logHead {
			heads = append(heads, string(b[:logHead]))
		}
	}
	return heads
}
