package main

import (
	"errors"

	"tocsin/pkg/keyfile"
)

// keyError turns a refusal of the key files into what the user is told; any other error stays as it is.
func keyError(err error) error {
	var refusal *keyfile.Error
	if !errors.As(err, &refusal) {
		return err
	}
	told := &userError{Code: exitFailed, Hint: refusal.Hint, Err: err}
	switch {
	case errors.Is(err, keyfile.ErrExists):
		told.Code = exitRefused
	case errors.Is(err, keyfile.ErrMissing):
		told.Code = exitNotFound
		told.Hint = "make an identity with: tocsin init --team NAME; or name the directory that holds it: --home DIR"
	case errors.Is(err, keyfile.ErrPermissions), errors.Is(err, keyfile.ErrWrongPassphrase), errors.Is(err, keyfile.ErrWrongUnlockKey):
		told.Code = exitDenied
	}
	return told
}
