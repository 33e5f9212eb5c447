package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// manifestRoom is set aside for Badger's MANIFEST, which would be torn by a disk that is full: several times what it
// grows to before Badger writes it anew.
const manifestRoom = 1 << 20

// What trials leave behind when they are killed.
const (
	trialDir  = "trial"
	probeFile = "probe"
)

// tryRoom takes the reserve in files as long as a log, below dir, and gives it back.
func tryRoom(dir string) (err error) {
	dir = filepath.Join(dir, trialDir)
	if err := os.MkdirAll(dir, 0o700); err != nil { //nolint:gosec // below the operator's directory
		return fmt.Errorf("try room: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }() //nolint:gosec // as above
	for n := range reserve / logSize {
		if err := keepRoom(filepath.Join(dir, strconv.Itoa(n)), logSize, os.O_CREATE); err != nil {
			return err
		}
	}
	return nil
}

// tryWriting writes as much as Badger does when it flushes, and syncs it.
func tryWriting(dir string) (err error) {
	path := filepath.Join(dir, probeFile)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // below the operator's directory
	if err != nil {
		return fmt.Errorf("try writing: %w", err)
	}
	defer func() { err = errors.Join(err, os.Remove(path)) }()
	err = fill(f, logSize)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// keepRoom has room for the first n bytes of a file, whose length stays as it is.
func keepRoom(path string, n int64, flag int) (err error) {
	f, err := os.OpenFile(path, flag|os.O_WRONLY, 0o600) //nolint:gosec // below the operator's directory
	if err != nil {
		return fmt.Errorf("set room aside: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := setRoomAside(f, n); err != nil {
		return fmt.Errorf("set room aside: %s: %w", path, err)
	}
	return nil
}

// nextLog returns the path of the log that Badger will begin next.
func nextLog(db string) (string, error) {
	entries, err := os.ReadDir(db)
	if err != nil {
		return "", fmt.Errorf("look for logs: %w", err)
	}
	last := 0
	for _, e := range entries {
		name, isLog := strings.CutSuffix(e.Name(), logSuffix)
		if n, err := strconv.Atoi(name); isLog && err == nil {
			last = max(last, n)
		}
	}
	return filepath.Join(db, fmt.Sprintf("%05d%s", last+1, logSuffix)), nil
}

// rewriteInPlace writes a file over itself and syncs it. Its pages may be marked clean and not be on the disk, if a
// sync of it failed in this process or in one before.
func rewriteInPlace(path string) (err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0) //nolint:gosec // below the operator's directory
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("rewrite: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b, err := io.ReadAll(f)
	if err != nil {
		return fmt.Errorf("rewrite: %w", err)
	}
	if _, err := f.WriteAt(b, 0); err != nil {
		return fmt.Errorf("rewrite: %w", err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("rewrite: %w", err)
	}
	return nil
}
