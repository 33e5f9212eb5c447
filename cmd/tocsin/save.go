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

// saveAttachments writes files of a stranger into a directory. Their names are the stranger's too, so a name can only name a
// new file right there: no path, no hidden file, nothing overwritten, no odd characters. The directory is made if need be.
func saveAttachments(ctx context.Context, e *env, d *client.Client, dir string, n *api.Entry) error {
	if len(n.Attachments) == 0 {
		return nil
	}
	if err := makeDir(dir); err != nil {
		return err
	}
	for i := range n.Attachments {
		path := filepath.Join(dir, safeName(n.Attachments[i].Name, i))
		err := saveAttachment(ctx, d, path, n, i)
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

// saveAttachment writes one attachment into a new file as it comes.
func saveAttachment(ctx context.Context, d *client.Client, path string, n *api.Entry, at int) error {
	f, err := newFile(path, 0o600)
	if err != nil {
		return err
	}
	err = copyAttachment(ctx, d, f, n, at)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(path) // made here; half a file is worse than none, and the first error is the one to tell
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// copyAttachment hands the bytes of one attachment on and says whether they were all.
func copyAttachment(ctx context.Context, d *client.Client, w io.Writer, n *api.Entry, at int) error {
	as := ""
	if n.Red != nil {
		as = n.Red.OpenedAs
	}
	r, err := d.Attachment(ctx, n.ID.String(), at, as)
	if err != nil {
		return err
	}
	defer r.Close() //nolint:errcheck // only read from
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(w, sum), r); err != nil {
		return fmt.Errorf("read attachment %d: %w", at+1, err)
	}
	if got := api.Bytes(sum.Sum(nil)); got != n.Attachments[at].Digest {
		return &userError{Code: exitFailed, Msg: fmt.Sprintf("attachment %d did not come as it was listed", at+1), Hint: "try again"}
	}
	return nil
}

// fetchAttachments returns the attachments of an alert with their bytes.
func fetchAttachments(ctx context.Context, e *env, n *api.Entry) ([]notice.Attachment, error) {
	d, err := dial(e)
	if err != nil {
		return nil, err
	}
	var out []notice.Attachment
	for i, a := range n.Attachments {
		var data bytes.Buffer
		if err := copyAttachment(ctx, d, &data, n, i); err != nil {
			return nil, err
		}
		out = append(out, notice.Attachment{Name: a.Name, MediaType: a.MediaType, Data: data.Bytes()})
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
