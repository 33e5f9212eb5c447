package store

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/dgraph-io/badger/v4"

	"tocsin/pkg/replica"
)

// Errors of Open (and ErrCorrupt of any call). Test with errors.Is. The text names the directory or
// file and the next step.
var (
	// ErrLocked: another process, or another Store of this one, has the directory open.
	ErrLocked = errors.New("store is in use")
	// ErrCorrupt: a file is damaged, missing or not what was left there.
	ErrCorrupt = errors.New("store is damaged")
	// ErrWrongKey: the store was written with another key.
	ErrWrongKey = errors.New("store key does not fit")
)

// maxKey is the longest key, in bytes; Badger's own limit.
const maxKey = 65000

func corrupt(file, what string) error {
	return fmt.Errorf("%w: %s: %s; stop, keep a copy of the directory, then restore it from a backup "+
		"or start with an empty one and let the peers fill it", ErrCorrupt, file, what)
}

func wrongKey(dir string) error {
	return fmt.Errorf("%w: %s was written with another key (or the head of its KEYREGISTRY is damaged); "+
		"give the key it was made with, or another directory", ErrWrongKey, dir)
}

// explainOpen turns an error of badger.Open into one of ours. What is neither the system's nor the
// key's fault is damage: the options are fixed and tested.
func explainOpen(dir string, err error) error {
	e, system := fromSystem(err)
	switch {
	case errors.Is(err, badger.ErrEncryptionKeyMismatch):
		return wrongKey(dir)
	case strings.Contains(err.Error(), "Cannot acquire directory lock"):
		return fmt.Errorf("%w: %s was not closed in full by this process; start it again", ErrLocked, dir)
	case system: // Badger has logged its whole way to it
		return fmt.Errorf("open store %s: %w", dir, e)
	default:
		return corrupt(dir, oneLine(err.Error()))
	}
}

// fromSystem tells whether the system refused something, and with which error. Badger flattens most errors to text.
func fromSystem(err error) (syscall.Errno, bool) {
	if e, ok := errors.AsType[syscall.Errno](err); ok {
		return e, true
	}
	for _, e := range []syscall.Errno{
		syscall.EACCES, syscall.EPERM, syscall.EROFS, syscall.EIO, syscall.ENFILE, syscall.EMFILE, syscall.ENOMEM,
		syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG, syscall.ENXIO, syscall.ENODEV, syscall.ESTALE, syscall.ETIMEDOUT,
		syscall.EAGAIN, syscall.EBUSY, syscall.ENOLCK,
	} {
		if strings.Contains(err.Error(), e.Error()) {
			return e, true
		}
	}
	return 0, false
}

// noRoom is replica.ErrFull where the system refused room, with its reason: the disk, a quota, a limit on the size of
// files, or no more files. Other errors, and those that say so already, stay as they are.
func noRoom(dir string, err error) error {
	for _, e := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, e) {
			return fmt.Errorf("%w: the system refused room in %s: %w; free space on the disk, or raise the limit",
				replica.ErrFull, dir, err)
		}
	}
	return err
}

// explain turns an error of an open Badger into one of the contract's.
func explain(verb string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, badger.ErrKeyNotFound):
		return replica.ErrNotFound
	case errors.Is(err, badger.ErrTxnTooBig):
		return replica.ErrTooBig
	case errors.Is(err, badger.ErrDBClosed):
		return replica.ErrClosed
	default:
		return fmt.Errorf("%s store: %w", verb, err)
	}
}

// oneLine keeps the first line of a text, and not more of it than a log line bears.
func oneLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	if len(s) > 300 {
		s = s[:300]
	}
	return s
}
