package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// ballast is a file that only takes room, so that there is some to give up. Owner: the Store that
// holds the directory's lock.
type ballast struct {
	path string
	size int64 // not positive: none is kept
}

// drop gives the room up and tells whether there was any.
func (b ballast) drop() (bool, error) {
	err := os.Remove(b.path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("give up ballast: %w", err)
	}
	return true, nil
}

// fetch takes the room again if free leaves it above the floor. A ballast cut short by a crash is
// completed.
func (b ballast) fetch(free, floor int64) error {
	if b.size <= 0 {
		_, err := b.drop()
		return err
	}
	if fi, err := os.Stat(b.path); err == nil && allocated(fi) >= b.size {
		return nil
	}
	if free-b.size < floor {
		return nil // no room for it now; Drop tries again
	}
	f, err := os.OpenFile(b.path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("take ballast: %w", err)
	}
	err = allocate(f, b.size)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		_, _ = b.drop() // a partial ballast is of no use, and the first error says why
		return fmt.Errorf("take ballast: %w", err)
	}
	return nil
}

// fill writes n zeros, for systems that cannot allocate without writing.
func fill(f *os.File, n int64) error {
	_, err := io.CopyN(f, zeros{}, n)
	return err
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
