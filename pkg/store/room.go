package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"tocsin/pkg/replica"
)

// How long the figure of what the store uses is trusted. Free space is asked for at each write: others fill
// disks too, and asking costs a thousandth of what the write does.
const (
	staleAfter = time.Second
	staleBytes = 512 << 10
)

// room decides whether a write may go in. Safe for concurrent use.
type room struct {
	dir    string // measured for free space
	db     string // measured for use
	quota  int64
	floor  int64
	statfs func(string) (int64, error)

	mu     sync.Mutex
	free   int64     // at the last measurement, less what was let in since
	used   int64     // at the last measurement, plus what was let in since
	at     time.Time // when used was measured; zero: never
	bytes  int64     // let in since
	logged int64     // let in since the engine began its present log
}

// admit lets a write of n bytes in or answers replica.ErrFull. A write that only deletes is let in
// below the floor and above the quota as long as the reserve is there: it is how room is made.
func (r *room) admit(n int64, deletes bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	free, err := r.statfs(r.dir)
	if err != nil {
		return err
	}
	r.free = free
	fresh := false
	if r.at.IsZero() || r.bytes >= staleBytes || time.Since(r.at) >= staleAfter {
		if err := r.measure(); err != nil {
			return err
		}
		fresh = true
	}
	err = r.judge(n, deletes)
	if err != nil && !fresh { // refuse on figures of now only
		if merr := r.measure(); merr != nil {
			return merr
		}
		err = r.judge(n, deletes)
	}
	if err != nil {
		return err
	}
	r.bytes += n
	r.free -= n
	r.used += n
	r.logged += n
	return nil
}

// newLog is told that the engine has begun a new log.
func (r *room) newLog() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.logged = 0
}

// judge is called with mu held.
func (r *room) judge(n int64, deletes bool) error {
	switch {
	case deletes && r.free >= reserve:
		return nil
	case r.free-n < r.floor:
		return full(r.dir, r.free, r.floor)
	case !deletes && r.quota > 0 && r.used+n > r.quota:
		return fmt.Errorf("%w: %s uses %s of its quota of %s; raise store.quota",
			replica.ErrFull, r.dir, sizeText(r.used), sizeText(r.quota))
	}
	return nil
}

// measure is called with mu held.
func (r *room) measure() error {
	free, err := r.statfs(r.dir)
	if err != nil {
		return err
	}
	used, err := diskUse(r.db)
	if err != nil {
		return err
	}
	r.free, r.used, r.at, r.bytes = free, used+r.logged, time.Now(), 0
	return nil
}

// usage measures now. What could not be measured is as it was last.
func (r *room) usage() (replica.Usage, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.measure()
	return replica.Usage{Used: r.used, Quota: r.quota, Free: r.free, Floor: r.floor}, err
}

func full(dir string, free, floor int64) error {
	return fmt.Errorf("%w: %s has %s free on its disk, and nothing is written below %s (store.floor); "+
		"free space on the disk", replica.ErrFull, dir, sizeText(free), sizeText(floor))
}

// noReserve is full for who would need room that store.floor is meant to keep, and does not set.
func noReserve(dir string, free int64) error {
	return fmt.Errorf("%w: %s has %s free on its disk, and needs %s to be opened for writing; "+
		"free space on the disk, more than store.floor", replica.ErrFull, dir, sizeText(free), sizeText(reserve))
}

// sizeText writes a number of bytes for people, rounded down.
func sizeText(n int64) string {
	const kib = 1 << 10
	n = max(n, 0)
	switch {
	case n >= kib*kib*kib:
		return fmt.Sprintf("%d.%dGiB", n>>30, n%(kib*kib*kib)*10>>30)
	case n >= kib*kib:
		return fmt.Sprintf("%d.%dMiB", n>>20, n%(kib*kib)*10>>20)
	case n >= kib:
		return fmt.Sprintf("%dKiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}

// diskUse sums what the files of a directory without subdirectories occupy, but for logs: they have their room
// from the beginning, so what it says of them is not what is in them. One that is full is counted whole.
func diskUse(dir string) (int64, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, fmt.Errorf("measure store: %w", err)
	}
	var sum int64
	logs := 0
	for _, e := range entries {
		fi, err := os.Lstat(filepath.Join(dir, e.Name())) //nolint:gosec // as listed
		if errors.Is(err, fs.ErrNotExist) {
			continue // compactions remove files at any moment
		}
		if err != nil {
			return 0, fmt.Errorf("measure store: %w", err)
		}
		if !strings.HasSuffix(e.Name(), logSuffix) {
			sum += min(fi.Size(), allocated(fi)) // sparse, or with room set aside
		} else if fi.Size() > 0 {
			logs++
		}
	}
	return sum + int64(max(0, logs-1))*memTableSize, nil
}
