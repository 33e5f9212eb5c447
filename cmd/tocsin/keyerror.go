package main

import (
	"errors"
	"path/filepath"

	"tocsin/pkg/keyfile"
)

// keyError turns a refusal of the key files in home into what the user is told; any other error stays as it is. home is empty
// for a file that was named on the line.
func keyError(home string, err error) error {
	var refusal *keyfile.Error
	if !errors.As(err, &refusal) {
		return err
	}
	told := &userError{Code: exitFailed, Hint: refusal.Hint, Err: err}
	switch {
	case errors.Is(err, keyfile.ErrExists), errors.Is(err, keyfile.ErrForeign), errors.Is(err, keyfile.ErrExpired), errors.Is(err, keyfile.ErrOlder):
		told.Code = exitRefused
	case errors.Is(err, keyfile.ErrMissing):
		told.Code = exitNotFound
		told.Hint = missingKey(home)
	case errors.Is(err, keyfile.ErrPermissions), errors.Is(err, keyfile.ErrWrongPassphrase), errors.Is(err, keyfile.ErrWrongUnlockKey):
		told.Code = exitDenied
	}
	return told
}

// missingKey keeps the owner of an identity that lost a file from making another.
func missingKey(home string) string {
	switch {
	case home == "":
		return "name the file itself, such as --root /media/stick/root.key"
	case len(keyFiles(home)) == 0:
		return noIdentity
	case exists(filepath.Join(home, keyfile.NextFile)) && !nodeKeyHere(home):
		return "this node waits for the root's answer to its request: tocsin key install RESPONSE"
	}
	return "there is an identity in " + home + ": put the file back from your backup, or set keys.unlock (docs/operations.md)"
}
