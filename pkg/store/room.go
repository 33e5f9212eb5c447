package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"tocsin/pkg/replica"
)

// How long a measurement is trusted, counted in what was let in since. Both are far below what the
// floor leaves, so that no clock is needed.
const (
	staleCalls = 32
	staleBytes = 512 << 10
)

// room decides whether a write may go in. Safe for concurrent use.
type room struct {
	dir    string // measured for free space
	db     string // measured for use
	quota  int64
	floor  int64
	statfs func(string) (int64, error)

	mu    sync.Mutex
	free  int64 // at the last measurement, less what was let in since
	used  int64 // at the last measurement, plus what was let in since
	calls int   // let in since; negative before the first measurement
	bytes int64 // let in since
}

// admit lets a write of n bytes in or answers replica.ErrFull. A write that only deletes is let in
// below the floor and above the quota as long as the reserve is there: it is how room is made.
func (r *room) admit(n int64, deletes bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	fresh := false
	if r.calls < 0 || r.calls >= staleCalls || r.bytes >= staleBytes {
		if err := r.measure(); err != nil {
			return err
		}
		fresh = true
	}
	err := r.judge(n, deletes)
	if err != nil && !fresh { // refuse on figures of now only
		if merr := r.measure(); merr != nil {
			return merr
		}
		err = r.judge(n, deletes)
	}
	if err != nil {
		return err
	}
	r.calls++
	r.bytes += n
	r.free -= n
	r.used += n
	return nil
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
	r.free, r.used, r.calls, r.bytes = free, used, 0, 0
	return nil
}

// usage measures now.
func (r *room) usage() (replica.Usage, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.measure(); err != nil {
		return replica.Usage{}, err
	}
	return replica.Usage{Used: r.used, Quota: r.quota, Free: r.free, Floor: r.floor}, nil
}

func full(dir string, free, floor int64) error {
	return fmt.Errorf("%w: %s has %s free on its disk, and nothing is written below %s (store.floor); "+
		"free space on the disk", replica.ErrFull, dir, sizeText(free), sizeText(floor))
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

// diskUse sums what the files of a directory without subdirectories occupy.
func diskUse(dir string) (int64, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, fmt.Errorf("measure store: %w", err)
	}
	var sum int64
	for _, e := range entries {
		fi, err := os.Lstat(filepath.Join(dir, e.Name())) //nolint:gosec // as listed
		if errors.Is(err, fs.ErrNotExist) {
			continue // compactions remove files at any moment
		}
		if err != nil {
			return 0, fmt.Errorf("measure store: %w", err)
		}
		sum += allocated(fi)
	}
	return sum, nil
}
