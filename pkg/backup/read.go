package backup

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"github.com/go-json-experiment/json"
)

// Taker is told what is in a backup, in order: Begin once, then files, then pairs. An error of one ends
// the reading and is returned. The slices are valid during the call. Nothing may be taken for complete
// before Read has returned nil.
type Taker struct {
	Begin func(Manifest) error
	File  func(File) error
	Pair  func(key, value []byte) error
}

// Read reads a backup. Errors wrap ErrWrongKey, ErrNotBackup or ErrDamaged, or are r's or the taker's.
func Read(r io.Reader, with age.Identity, take Taker) (Counts, error) {
	plainText, err := age.Decrypt(r, with)
	if err != nil {
		if wrong := new(age.NoIdentityMatchError); errors.As(err, &wrong) {
			return Counts{}, ErrWrongKey
		}
		return Counts{}, fmt.Errorf("%w: %w", ErrNotBackup, err)
	}
	counts, err := readArchive(plainText, take)
	if err != nil {
		return counts, err
	}
	// The encryption proves its end only to who reads on to it.
	if _, err := io.Copy(io.Discard, io.LimitReader(plainText, 1<<20)); err != nil {
		return counts, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return counts, nil
}

func readArchive(r io.Reader, take Taker) (Counts, error) {
	in := &reading{tar: tar.NewReader(r), take: take}
	for !in.ended {
		if err := in.next(); err != nil {
			return in.counts, err
		}
	}
	return in.counts, nil
}

type reading struct {
	tar    *tar.Reader
	take   Taker
	counts Counts
	begun  bool
	ended  bool
}

// next reads one entry.
func (in *reading) next() error {
	h, err := in.tar.Next()
	switch {
	case err != nil && !in.begun:
		return fmt.Errorf("%w: %w", ErrNotBackup, err)
	case err != nil:
		return fmt.Errorf("%w: it ends too early: %w", ErrDamaged, err)
	case h.Typeflag != tar.TypeReg:
		return fmt.Errorf("%w: %.80q is not a plain file", ErrDamaged, h.Name)
	}
	name, isFile := strings.CutPrefix(h.Name, "files/")
	switch {
	case !in.begun:
		return in.manifest(h)
	case isFile:
		return in.file(name, h)
	case strings.HasPrefix(h.Name, "store/"):
		return in.pairs(h)
	case h.Name == "end.json":
		return in.end(h)
	}
	return fmt.Errorf("%w: %.80q is not known", ErrDamaged, h.Name)
}

func (in *reading) bytes(h *tar.Header, limit int64) ([]byte, error) {
	if h.Size > limit {
		return nil, fmt.Errorf("%w: %.80q has %d bytes, at most %d are taken", ErrDamaged, h.Name, h.Size, limit)
	}
	b, err := io.ReadAll(io.LimitReader(in.tar, limit))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return b, nil
}

func (in *reading) manifest(h *tar.Header) error {
	var m Manifest
	if h.Name != "manifest.json" {
		return fmt.Errorf("%w: it does not begin with a manifest", ErrNotBackup)
	}
	b, err := in.bytes(h, maxManifest)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return fmt.Errorf("%w: %w", ErrNotBackup, err)
	}
	if m.Version != FormatVersion {
		return fmt.Errorf("%w: its format is %d, this release reads %d", ErrNotBackup, m.Version, FormatVersion)
	}
	in.begun = true
	return in.take.Begin(m)
}

func (in *reading) file(name string, h *tar.Header) error {
	if in.counts.Files++; !plain(name) || in.counts.Files > MaxFiles {
		return fmt.Errorf("%w: %.80q is not a name, or one file too many", ErrDamaged, name)
	}
	b, err := in.bytes(h, MaxFile)
	if err != nil {
		return err
	}
	return in.take.File(File{Name: name, Data: b})
}

func (in *reading) pairs(h *tar.Header) error {
	if h.Size > maxPart+MaxPair+64 {
		return fmt.Errorf("%w: %.80q has %d bytes", ErrDamaged, h.Name, h.Size)
	}
	var taker error
	err := ReadPairs(in.tar, func(key, value []byte) error {
		in.counts.Pairs++
		taker = in.take.Pair(key, value)
		return taker
	})
	if err != nil && taker == nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

func (in *reading) end(h *tar.Header) error {
	b, err := in.bytes(h, maxManifest)
	if err != nil {
		return err
	}
	var want Counts
	if err := json.Unmarshal(b, &want); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if want != in.counts {
		return fmt.Errorf("%w: it holds %d files and %d pairs, and says %d and %d", ErrDamaged,
			in.counts.Files, in.counts.Pairs, want.Files, want.Pairs)
	}
	in.ended = true
	return nil
}
