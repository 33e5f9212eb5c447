//go:build !unix

package keyfile

import (
	"fmt"
	"io/fs"
	"os"
)

// accessKnown: file modes say nothing here; the directory's access list protects the keys.
const accessKnown = false

func checkOwner(fs.FileInfo) error { return nil }

// lockDir takes no lock on these systems: two inits at once are the operator's mistake.
func lockDir(dir string) (*os.File, error) {
	f, err := os.Open(dir) //nolint:gosec // the operator names the directory
	if err != nil {
		return nil, fmt.Errorf("open directory: %w", err)
	}
	return f, nil
}
