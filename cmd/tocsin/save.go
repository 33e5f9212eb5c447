package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"tocsin/pkg/api"
	"tocsin/pkg/client"
	"tocsin/pkg/notice"
)

// attached is how the attachments of a record are fetched.
type attached struct {
	d *client.Client
	n *api.Entry
}

// save writes files of a stranger into a directory. Their names are the stranger's too, so a name can only name a new file
// right there: no path, no hidden file, nothing overwritten, no odd characters. The directory is made if need be.
func (a attached) save(ctx context.Context, e *env, dir string) error {
	if len(a.n.Attachments) == 0 {
		return nil
	}
	if err := makeDir(dir); err != nil {
		return err
	}
	for i := range a.n.Attachments {
		path := filepath.Join(dir, safeName(a.n.Attachments[i].Name, i))
		err := a.saveOne(ctx, path, i)
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

// saveOne writes one attachment into a new file as it comes.
func (a attached) saveOne(ctx context.Context, path string, at int) error {
	f, err := newFile(path, 0o600)
	if err != nil {
		return err
	}
	err = a.copy(ctx, f, at)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(path) // made here; half a file is worse than none, and the first error is the one to tell
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// copy hands the bytes of one attachment on and says whether they were all.
func (a attached) copy(ctx context.Context, w io.Writer, at int) error {
	as := ""
	if a.n.Red != nil {
		as = a.n.Red.OpenedAs
	}
	r, err := a.d.Attachment(ctx, a.n.ID.String(), at, as)
	if err != nil {
		return err
	}
	defer r.Close() //nolint:errcheck // only read from
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(w, sum), r); err != nil {
		return fmt.Errorf("read attachment %d: %w", at+1, err)
	}
	if got := api.Bytes(sum.Sum(nil)); got != a.n.Attachments[at].Digest {
		return &userError{Code: exitFailed, Msg: fmt.Sprintf("attachment %d did not come as it was listed", at+1), Hint: "try again"}
	}
	return nil
}

// all returns the attachments with their bytes.
func (a attached) all(ctx context.Context) ([]notice.Attachment, error) {
	var out []notice.Attachment
	for i, f := range a.n.Attachments {
		var data bytes.Buffer
		if err := a.copy(ctx, &data, i); err != nil {
			return nil, err
		}
		out = append(out, notice.Attachment{Name: f.Name, MediaType: f.MediaType, Data: data.Bytes()})
	}
	return out, nil
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
