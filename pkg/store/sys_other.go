//go:build !unix

package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Systems without flock and statfs cannot keep this package's promises; Open says so.

func freeBytes(dir string) (int64, error) {
	return 0, fmt.Errorf("ask free space of %s: %w", dir, errors.ErrUnsupported)
}

func allocated(fi fs.FileInfo) int64 { return fi.Size() }

func lockDir(dir string) (*os.File, error) {
	return nil, fmt.Errorf("lock store %s: %w", dir, errors.ErrUnsupported)
}
