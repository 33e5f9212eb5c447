package keyfile

import (
	"errors"
	"fmt"
	"path/filepath"

	"filippo.io/age"

	"tocsin/pkg/identity"
)

// UnlockSource says where the unlock key is. The zero value means UnlockFile in the home directory.
type UnlockSource struct {
	// Path is another file; its owner and permissions are checked.
	Path string
	// Identity is the content of such a file, e.g. of a systemd credential. It goes before Path.
	Identity []byte
}

// Load opens the node's keys. The error is an *Error.
func Load(dir string, unlock UnlockSource) (*Node, error) {
	id, where, err := unlock.open(dir)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, NodeFile)
	file, err := readKeyFile(path)
	if err != nil {
		return nil, err
	}
	text, err := unseal(file, id)
	if err != nil {
		if wrong := new(age.NoIdentityMatchError); errors.As(err, &wrong) {
			return nil, &Error{
				Reason: ErrWrongUnlockKey, Path: path, Err: fmt.Errorf("%s does not open it", where),
				Hint: "use the unlock key that was made together with " + path,
			}
		}
		return nil, damaged(path, err)
	}
	n, err := parseNodeText(text)
	if err != nil {
		return nil, damaged(path, err)
	}
	return n, nil
}

func (u UnlockSource) open(dir string) (id *age.X25519Identity, where string, err error) {
	text, path := u.Identity, u.Path
	where = "the unlock key handed over"
	if text == nil {
		if path == "" {
			path = filepath.Join(dir, UnlockFile)
		}
		where = path
		if text, err = readKeyFile(path); err != nil {
			return nil, where, err
		}
	} else {
		path = ""
		if len(text) > maxFile {
			return nil, where, damaged("", fmt.Errorf("%s is longer than %d bytes", where, maxFile))
		}
	}
	if id, err = parseUnlock(text); err != nil {
		if path == "" {
			err = fmt.Errorf("%s: %w", where, err)
		}
		return nil, where, damaged(path, err)
	}
	return id, where, nil
}

// OpenRoot opens a team's root key. The error is an *Error.
func OpenRoot(path, passphrase string) (*identity.RootKey, error) {
	file, err := readKeyFile(path)
	if err != nil {
		return nil, err
	}
	id, err := age.NewScryptIdentity(passphrase)
	if err != nil { // an empty passphrase is never the one
		return nil, wrongPassphrase(path)
	}
	id.SetMaxWorkFactor(maxWorkFactor)
	text, err := unseal(file, id)
	if err != nil {
		wrong := new(age.NoIdentityMatchError)
		if errors.As(err, &wrong) && len(wrong.StanzaTypes) == 1 && wrong.StanzaTypes[0] == "scrypt" {
			return nil, wrongPassphrase(path)
		}
		return nil, damaged(path, err)
	}
	k, err := parseRootText(text)
	if err != nil {
		return nil, damaged(path, err)
	}
	return k, nil
}

func wrongPassphrase(path string) error {
	return &Error{Reason: ErrWrongPassphrase, Path: path, Hint: "try again; nobody can recover a forgotten passphrase"}
}

func damaged(path string, err error) error {
	return &Error{Reason: ErrCorrupt, Path: path, Err: err, Hint: "restore the file from a backup"}
}
