//go:build unix

package keyfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// accessKnown: file modes say who may read a file.
const accessKnown = true

func checkOwner(info fs.FileInfo) error {
	if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Geteuid() {
		return fmt.Errorf("it belongs to user %d, and this is user %d", st.Uid, os.Geteuid())
	}
	return nil
}

// lockDir takes a directory for the time until the file is closed or the process ends.
func lockDir(dir string) (*os.File, error) {
	f, err := os.Open(dir) //nolint:gosec // the operator names the directory
	if err != nil {
		return nil, fmt.Errorf("open directory: %w", err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		return f, nil
	}
	_ = f.Close() // nothing was written through it
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, &Error{Reason: ErrBusy, Path: dir}
	}
	return nil, fmt.Errorf("lock directory %s: %w", dir, err)
}
