package backup

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"time"

	"filippo.io/age"
	"github.com/go-json-experiment/json"
)

// Content is what goes into a backup. The version of its manifest is filled in.
type Content struct {
	Manifest Manifest
	Files    []File
	Pairs    Pairs
}

// Write writes a backup for the recipients. It does not sync w. When it returns nil the archive is whole.
func Write(w io.Writer, to []age.Recipient, c Content) (counts Counts, err error) {
	sealed, err := age.Encrypt(w, to...)
	if err != nil {
		return counts, fmt.Errorf("encrypt backup: %w", err)
	}
	c.Manifest.Version = FormatVersion
	a := &archive{tar: tar.NewWriter(sealed), at: c.Manifest.Created}
	for _, step := range []func() error{
		func() error { return a.json("manifest.json", c.Manifest) },
		func() error { return a.files(c.Files) },
		func() error { return a.store(c.Pairs) },
		func() error { return a.json("end.json", a.counts) },
		a.tar.Close, sealed.Close,
	} {
		if err := step(); err != nil {
			return a.counts, fmt.Errorf("write backup: %w", err)
		}
	}
	return a.counts, nil
}

type archive struct {
	tar    *tar.Writer
	at     time.Time
	counts Counts
	parts  int
}

func (a *archive) entry(name string, b []byte) error {
	h := &tar.Header{Name: name, Mode: 0o600, Size: int64(len(b)), ModTime: a.at, Format: tar.FormatPAX, Typeflag: tar.TypeReg}
	if err := a.tar.WriteHeader(h); err != nil {
		return err //nolint:wrapcheck // Write says what failed
	}
	_, err := a.tar.Write(b)
	return err //nolint:wrapcheck // see above
}

func (a *archive) json(name string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err //nolint:wrapcheck // see above
	}
	return a.entry(name, b)
}

func (a *archive) files(files []File) error {
	if len(files) > MaxFiles {
		return fmt.Errorf("%d files, at most %d fit", len(files), MaxFiles)
	}
	for _, f := range files {
		if len(f.Data) > MaxFile {
			return fmt.Errorf("%s has %d bytes, at most %d fit", f.Name, len(f.Data), MaxFile)
		}
		if !plain(f.Name) {
			return fmt.Errorf("%q is not a name for a file in a backup", f.Name)
		}
		if err := a.entry("files/"+f.Name, f.Data); err != nil {
			return err
		}
		a.counts.Files++
	}
	return nil
}

func (a *archive) store(pairs Pairs) error {
	var part []byte
	flush := func() error {
		a.parts++
		err := a.entry(fmt.Sprintf("store/%08d", a.parts), part)
		part = part[:0]
		return err
	}
	if err := pairs(func(key, value []byte) error {
		if len(key)+len(value) > MaxPair {
			return errors.New("a value of the store is too long for a backup")
		}
		part = AppendPair(part, key, value)
		a.counts.Pairs++
		if len(part) >= maxPart {
			return flush()
		}
		return nil
	}); err != nil {
		return err
	}
	if len(part) > 0 {
		return flush()
	}
	return nil
}

// plain reports whether a name is that of a file beside others: no path, not hidden, no odd characters.
func plain(name string) bool {
	if name == "" || len(name) > MaxName || name[0] == '.' {
		return false
	}
	for _, r := range name {
		if r != '.' && r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return true
}
