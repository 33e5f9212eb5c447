// Package backup is the file that brings a node back after its machine is lost: the key files, the
// settings and every key and value of the store, in one age file for a passphrase or for age
// recipients. It is a format, not a policy: what goes in and where it comes out is for who calls it. Inside the encryption it is a tar archive, so that it can be
// looked into with ordinary tools: age -d FILE | tar t.
// Invariant: Read returns nil only for a backup that is whole; everything before its end is checked by
// the encryption as it is handed out, and the end says how much there must have been.
//
//	manifest.json       what this is; first
//	files/NAME          a file of the home directory
//	store/NNNNNNNN      pairs of the store, one after the other: length, key, length, value
//	end.json            how many files and pairs there are; last
package backup

import (
	"errors"
	"time"
)

// FormatVersion is of the archive.
const FormatVersion = 1

// Limits. A backup is read with the care of any file from outside: who knows the recipient can make one.
const (
	// MaxFile bounds a file of the home directory.
	MaxFile = 1 << 20
	// MaxFiles bounds their number.
	MaxFiles = 64
	// MaxName bounds a file's name.
	MaxName = 64
	// MaxPair bounds a key with its value: far above what one write of the store can be.
	MaxPair = 1 << 20
	// maxPart is when a part of the store is closed and another begun.
	maxPart = 2 << 20
	// maxManifest bounds manifest and end.
	maxManifest = 16 << 10
)

// Manifest says what a backup is of.
type Manifest struct {
	Version int       `json:"version"` // FormatVersion
	Created time.Time `json:"created"`
	Program string    `json:"program"` // the release that wrote it
	Team    string    `json:"team"`    // text form of the ID
	Node    string    `json:"node"`
}

// Counts are what is in a backup.
type Counts struct {
	Files int `json:"files"`
	Pairs int `json:"pairs"`
}

// File is one file of the home directory.
type File struct {
	Name string // without directories
	Data []byte
}

// Errors. Test with errors.Is.
var (
	// ErrWrongKey: the passphrase or the identity does not open the file.
	ErrWrongKey = errors.New("it does not open the backup")
	// ErrNotBackup: the file is none, or one of another format.
	ErrNotBackup = errors.New("it is not a backup that this release can read")
	// ErrDamaged: it is a backup, and not whole. What came before may be sound and is not to be used.
	ErrDamaged = errors.New("the backup is damaged")
)

// Pairs calls fn for each key and value of a store, as of one moment. The slices are valid during the
// call. An error of fn ends it and is returned.
type Pairs func(fn func(key, value []byte) error) error
