package keyfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"tocsin/pkg/identity"
)

// RootOptions say how a root key rests.
type RootOptions struct {
	Passphrase string // must not be empty
	// ScryptWorkFactor is log2 of scrypt's N; zero means DefaultWorkFactor.
	ScryptWorkFactor int
}

// WriteRoot writes a root key to a new file. It is on stable storage when WriteRoot returns nil.
func WriteRoot(path string, root *identity.RootKey, o RootOptions) error {
	to, err := passphraseRecipient(o.Passphrase, o.ScryptWorkFactor)
	if err != nil {
		return err
	}
	file, err := seal(rootText(root), to)
	if err != nil {
		return err
	}
	err = writeSynced(path, file)
	if errors.Is(err, fs.ErrExist) {
		return &Error{Reason: ErrExists, Path: path, Hint: "nothing was changed; name another file"}
	}
	if err != nil {
		_ = os.Remove(path) // half a key is worse than none, and the first error is the one to tell
		return err
	}
	return syncDir(filepath.Dir(path))
}
