package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"
)

// The clean marker says what MANIFEST an orderly stop left. While it is there, a MANIFEST that
// differs was damaged, not cut off by a crash.

// markClean is called after Badger was closed.
func markClean(dir string) error {
	sum, err := manifestSum(dir)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(dir, "clean"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // below the operator's directory
	if err != nil {
		return fmt.Errorf("mark store clean: %w", err)
	}
	_, err = f.WriteString(sum + "\n")
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("mark store clean: %w", err)
	}
	return syncDir(dir)
}

// wasClean tells whether the store was stopped in order; a MANIFEST changed since is ErrCorrupt.
// A marker cut short by a crash in markClean counts as none.
func wasClean(dir string) (bool, error) {
	mark, err := os.ReadFile(filepath.Join(dir, "clean")) //nolint:gosec // below the operator's directory
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(mark) != 2*sha256.Size+1 {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("open store: %w", err)
	}
	sum, err := manifestSum(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, corrupt(filepath.Join(dir, "db", badger.ManifestFilename), "the file is missing")
	}
	if err != nil {
		return false, err
	}
	if sum+"\n" != string(mark) {
		return false, corrupt(filepath.Join(dir, "db", badger.ManifestFilename), "not the one that was left at the last stop")
	}
	return true, nil
}

// unmarkClean is durable before Badger may change the MANIFEST.
func unmarkClean(dir string) error {
	err := os.Remove(filepath.Join(dir, "clean"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	return syncDir(dir)
}

func manifestSum(dir string) (string, error) {
	b, err := os.ReadFile(filepath.Join(dir, "db", badger.ManifestFilename)) //nolint:gosec // below the operator's directory
	if err != nil {
		return "", fmt.Errorf("read store: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// syncDir makes creations, removals and renames in dir durable.
func syncDir(dir string) error {
	f, err := os.Open(dir) //nolint:gosec // the operator names the directory
	if err != nil {
		return fmt.Errorf("sync store: %w", err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("sync store: %w", err)
	}
	return nil
}
