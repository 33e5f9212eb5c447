package store

import (
	"os"

	"golang.org/x/sys/unix"
)

// allocate gives f n bytes of real room.
func allocate(f *os.File, n int64) error {
	err := unix.Fallocate(int(f.Fd()), 0, 0, n) //nolint:gosec // a descriptor is small
	if err == unix.EOPNOTSUPP {                 //nolint:errorlint // a bare errno
		return fill(f, n)
	}
	return err
}
