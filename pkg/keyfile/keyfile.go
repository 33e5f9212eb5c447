// Package keyfile is where keys rest: a few files in a team's home directory, readable with the ordinary
// age tool. It makes, opens and replaces them; it is not a wallet: what a key may do is for pkg/identity.
// Invariant: no key that was made to the end is ever removed, and what is in use is replaced in one step,
// by what a delegation of the same team's root was checked against.
//
//	root.key    age file under a passphrase: the team's root key. It can be moved offline.
//	unlock.key  age identity: opens node.key, so that the daemon starts unattended. It can be kept
//	            elsewhere, e.g. as a systemd credential.
//	node.key    age file for unlock.key: the node's keys, the store's key and the delegation.
//	next.key    age file for unlock.key: a node key that waits for a delegation; usually not there.
//	retired-N.key  a node.key that was replaced: opens what was sealed to it.
package keyfile

import (
	"errors"
	"time"

	"tocsin/pkg/identity"
)

// The names of the files in the home directory.
const (
	RootFile   = "root.key"
	UnlockFile = "unlock.key"
	NodeFile   = "node.key"
	NextFile   = "next.key"
)

// StoreKeySize is the length of the key that the store is encrypted with, in bytes.
const StoreKeySize = 32

// Limits.
const (
	// maxFile bounds a key file; node.key has about 2.5 kB.
	maxFile = 16 << 10
	// maxText bounds what is inside one: a delegation of identity.MaxDelegation bytes fits.
	maxText = 4 << 10
	// DefaultWorkFactor is log2 of scrypt's N for a new root.key: about a second and 256 MiB.
	DefaultWorkFactor = 18
	// maxWorkFactor is what the age tool accepts, and so do we: 4 GiB.
	maxWorkFactor = 22
)

// DefaultValidity is how long a first delegation lasts.
const DefaultValidity = 2 * 365 * 24 * time.Hour

// backdate lets a delegation begin before it is made, so that a clock which is set back a little
// afterwards does not silence the node.
const backdate = time.Hour

// Reasons for a refusal. Test with errors.Is; the error itself is an *Error.
var (
	// ErrExists: there is an identity already. Nothing was changed.
	ErrExists = errors.New("there is an identity already")
	// ErrMissing: a key file is not there.
	ErrMissing = errors.New("there is no such key file")
	// ErrPermissions: others may read or change the file, or it is somebody else's, or it cannot be read.
	ErrPermissions = errors.New("key file has the wrong owner or permissions")
	// ErrWrongPassphrase: the passphrase does not open the file.
	ErrWrongPassphrase = errors.New("wrong passphrase")
	// ErrWrongUnlockKey: the unlock key is sound but another one.
	ErrWrongUnlockKey = errors.New("wrong unlock key")
	// ErrCorrupt: the file is not what it should be; the text says how.
	ErrCorrupt = errors.New("key file is damaged")
	// ErrBusy: somebody else is making an identity in the same directory at this moment.
	ErrBusy = errors.New("an identity is being made there at this moment")
)

// Error is a refusal: what, where, and what to do about it.
type Error struct {
	Reason error  // one of the above
	Path   string // the file; empty for a key that was handed over as bytes
	Hint   string // the next step, for a line of its own; may be empty
	Err    error  // the cause; nil if the reason says it all
}

// Error implements error.
func (e *Error) Error() string {
	s := e.Reason.Error()
	if e.Path != "" {
		s = e.Path + ": " + s
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the reason and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Reason}
	}
	return []error{e.Reason, e.Err}
}

// Created is a new identity.
type Created struct {
	Team       identity.TeamID
	Node       identity.NodeID
	Delegation *identity.Delegation
}

// Node is what the daemon and the commands run with.
type Node struct {
	Key        *identity.NodeKey
	Delegation *identity.Delegation
	StoreKey   []byte // StoreKeySize bytes
}
