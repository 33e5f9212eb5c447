//go:build unix

package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"tocsin/pkg/replica"
)

// leastFiles is how many files more a file system must be able to hold: logs and tables are made before the ones
// that they replace are removed.
const leastFiles = 64

// freeBytes tells how much an unprivileged process may still write on dir's file system. It answers
// replica.ErrFull where bytes are left and files are not.
func freeBytes(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, fmt.Errorf("ask free space of %s: %w", dir, err)
	}
	if st.Files > 0 && int64(st.Ffree) < leastFiles { //nolint:gosec // far below 2^63; 0 files: it does not count them
		return 0, fmt.Errorf("%w: the disk of %s has room for %d more files (inodes), and %d are needed; remove files from it",
			replica.ErrFull, dir, st.Ffree, leastFiles)
	}
	//nolint:gosec,unconvert // the types differ between systems; the product is below 2^63
	return int64(st.Bavail) * int64(st.Bsize), nil
}

// allocated is what a file occupies; Badger's logs are sparse, their length says nothing.
func allocated(fi fs.FileInfo) int64 {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return st.Blocks * 512
	}
	return fi.Size()
}

// lockDir takes the directory for this Store alone. The lock goes with the process, however it ends.
func lockDir(dir string) (*os.File, error) {
	f, err := os.Open(dir) //nolint:gosec // the operator names the directory
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		return f, nil
	}
	_ = f.Close() // nothing was written through it
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, ErrLocked
	}
	return nil, fmt.Errorf("lock store %s: %w", dir, err)
}
