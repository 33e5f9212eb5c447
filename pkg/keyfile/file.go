package keyfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// readKeyFile reads a file that only its owner, who must be us, may read or change.
func readKeyFile(path string) ([]byte, error) {
	// Asked before opening too, since opening a pipe would wait for its writer.
	info, err := os.Stat(path)
	if err != nil {
		return nil, cannotRead(path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, damaged(path, errors.New("it is not a regular file"))
	}
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, cannotRead(path, err)
	}
	defer func() { _ = f.Close() }() // nothing was written through it
	if info, err = f.Stat(); err != nil {
		return nil, cannotRead(path, err)
	}
	if err := checkAccess(path, info); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, cannotRead(path, err)
	}
	if len(b) > maxFile {
		return nil, damaged(path, fmt.Errorf("it is longer than %d bytes", maxFile))
	}
	return b, nil
}

func checkAccess(path string, info fs.FileInfo) error {
	if err := checkOwner(info); err != nil {
		return &Error{Reason: ErrPermissions, Path: path, Err: err, Hint: "run as the user that owns the file, or chown it"}
	}
	if perm := info.Mode().Perm(); accessKnown && perm&0o077 != 0 {
		return &Error{
			Reason: ErrPermissions, Path: path, Err: fmt.Errorf("its mode is %04o: others may read or change it", perm),
			Hint: "chmod 600 " + path,
		}
	}
	return nil
}

func cannotRead(path string, err error) error {
	if cause, ok := errors.AsType[*fs.PathError](err); ok {
		err = cause.Err // Error names the path
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Error{Reason: ErrMissing, Path: path, Hint: "make an identity first, or name the directory that holds it"}
	case errors.Is(err, fs.ErrPermission):
		return &Error{
			Reason: ErrPermissions, Path: path, Err: errors.New("it cannot be read"),
			Hint: "run as the user that owns the file, and chmod 600 " + path,
		}
	}
	return damaged(path, fmt.Errorf("it cannot be read: %w", err))
}

// writeSynced makes a file that must not exist and returns when it is on stable storage.
func writeSynced(path string, b []byte) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator names the directory
	if err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(b); err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	return nil
}

// syncDir makes the names in a directory durable.
func syncDir(dir string) (err error) {
	f, err := os.Open(dir) //nolint:gosec // the operator names the directory
	if err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	return nil
}
