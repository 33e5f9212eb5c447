package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"tocsin/pkg/notice"
)

// saveAttachments writes files of a stranger into a directory. Their names are the stranger's too, so a name can only name a
// new file right there: no path, no hidden file, nothing overwritten, no odd characters. The directory is made if need be.
func saveAttachments(e *env, dir string, files []notice.Attachment) error {
	if len(files) == 0 {
		return nil
	}
	if err := makeDir(dir); err != nil {
		return err
	}
	for i, f := range files {
		path := filepath.Join(dir, safeName(f.Name, i))
		err := createFile(path, f.Data, 0o600)
		if exists, ok := errors.AsType[*userError](err); ok {
			exists.Hint = "name another directory"
		}
		if err != nil {
			return err
		}
		complain(e.Stderr, "", "wrote "+path)
	}
	return nil
}

func safeName(name string, i int) string {
	clean := strings.Map(func(r rune) rune {
		if r < 0x80 && (strings.ContainsRune("._-+", r) || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9') {
			return r
		}
		return '_'
	}, name)
	clean = strings.TrimLeft(clean, ".-")
	if len(clean) > 120 {
		clean = clean[len(clean)-120:]
	}
	if clean == "" {
		return fmt.Sprintf("attachment-%d", i+1)
	}
	return clean
}

// createFile writes a new file and refuses to replace one. A file that could not be written whole is taken away again.
func createFile(path string, data []byte, mode fs.FileMode) error {
	f, err := newFile(path, mode)
	if err != nil {
		return err
	}
	return fillFile(f, data)
}

// newFile opens a file that was not there.
func newFile(path string, mode fs.FileMode) (*os.File, error) {
	if err := noDash(path, "the file to write"); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode) //nolint:gosec // the operator named it
	if errors.Is(err, fs.ErrExist) {
		return nil, &userError{Code: exitFailed, Msg: path + " exists already, and is left as it is", Hint: "name another file, or move that one away"}
	}
	if err != nil {
		return nil, fmt.Errorf("create file: %w", err)
	}
	return f, nil
}

func fillFile(f *os.File, data []byte) error {
	_, err := f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(f.Name()) //nolint:gosec // made here; half a file is worse than none, and the first error is the one to tell
		return fmt.Errorf("write %s: %w", f.Name(), err)
	}
	return nil
}
