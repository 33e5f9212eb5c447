package replica

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tocsin/pkg/dsse"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/seal"
)

// File is what is known of an attachment without its bytes.
type File struct {
	Name      string   `json:"name"`
	MediaType string   `json:"media_type"`
	Length    int64    `json:"length"`
	Digest    [32]byte `json:"digest"` // SHA-256
}

// Describe returns what is known of attachments without their bytes.
func Describe(attached []notice.Attachment) []File {
	var out []File
	for _, a := range attached {
		out = append(out, File{Name: a.Name, MediaType: a.MediaType, Length: int64(len(a.Data)), Digest: sha256.Sum256(a.Data)})
	}
	return out
}

// brief is what lists show of a notice whose body is detached and holds attachments. It is kept beside the body, so that
// a list of many reads none of them: a body has up to 16 MiB.
type brief struct {
	Notice jsontext.Value `json:"notice"` // without its attachments
	Files  []File         `json:"files"`
}

// briefOf parts a notice from the bytes of its attachments. The notice that it returns is a copy where something was taken
// out of it.
func briefOf(n notice.Notice) (notice.Notice, []File) {
	switch n := n.(type) {
	case *notice.Alert:
		if len(n.Attachments) > 0 {
			bare := *n
			bare.Attachments = nil
			return &bare, Describe(n.Attachments)
		}
	case *notice.Request:
		if len(n.Attachments) > 0 {
			bare := *n
			bare.Attachments = nil
			return &bare, Describe(n.Attachments)
		}
	}
	return n, nil
}

// storeBrief keeps the brief of a notice whose body is detached, sealed where the body is. What a crash leaves behind goes
// with its bucket: the first part, without which there is none, is written last.
func (r *Replica) storeBrief(d Day, rec *record.Record, n notice.Notice) error {
	id := rec.ID()
	bare, files := briefOf(n)
	if len(files) == 0 {
		return nil
	}
	text, err := dsse.Encode(bare)
	if err != nil {
		return nil // an odd notice has no brief, and is read whole
	}
	value, err := json.Marshal(brief{Notice: text, Files: files})
	if err != nil {
		return fmt.Errorf("encode brief of %s: %w", id, err)
	}
	if sealed(rec) {
		held, ok := r.keys.get(refOf(rec))
		c, err := briefContext(rec)
		if !ok || err != nil {
			return nil // nothing of it may lie here in clear: it is read whole
		}
		if value, err = seal.Seal(r.opt.Rand, held.key, c, value); err != nil {
			return fmt.Errorf("seal brief of %s: %w", id, err)
		}
	}
	parts := chunks(append(binary.BigEndian.AppendUint32(nil, uint32(len(value))), value...)) //nolint:gosec // of a notice within its limits
	for n, part := range slices.Backward(parts) {
		if err := r.opt.Store.Apply([]Op{{Key: briefKey(d, id, n), Value: part}}); err != nil {
			return err
		}
	}
	return nil
}

// briefContext is what the brief of a sealed record is sealed for: the record, and not its body.
func briefContext(rec *record.Record) (seal.Context, error) {
	c, err := seal.Of(rec)
	c.Binding = append([]byte("tocsin brief v1\x00"), c.Binding...)
	return c, err
}

// openBrief returns a brief as it was before it was sealed.
func (r *Replica) openBrief(rec *record.Record, value []byte) ([]byte, error) {
	if !sealed(rec) {
		return value, nil
	}
	held, ok := r.keys.get(refOf(rec))
	if !ok {
		return nil, errNoKey
	}
	c, err := briefContext(rec)
	if err != nil {
		return nil, err
	}
	return seal.Open(held.key, c, value)
}

// readBrief returns the brief of a notice, or ErrNotFound where there is none that can be read, or no whole body beside it.
func (r *Replica) readBrief(d Day, rec *record.Record) (notice.Notice, []File, error) {
	if _, err := r.opt.Store.Get(partKey(d, partLeaves, rec.ID())); err != nil {
		return nil, nil, err
	}
	value, err := r.opt.Store.Get(briefKey(d, rec.ID(), 0))
	if err != nil {
		return nil, nil, err
	}
	length := briefLength(value)
	for n := 1; n < record.Chunks(int64(length)); n++ {
		part, err := r.opt.Store.Get(briefKey(d, rec.ID(), n))
		if err != nil {
			return nil, nil, fmt.Errorf("read brief of %s: %w", rec.ID(), err)
		}
		value = append(value, part...)
	}
	value, err = r.openBrief(rec, value[min(4, len(value)):])
	var b brief
	if err != nil || json.Unmarshal(value, &b) != nil {
		return nil, nil, ErrNotFound
	}
	n, err := notice.Decode(rec.Header().Kind, b.Notice)
	if err != nil {
		return nil, nil, ErrNotFound
	}
	return n, b.Files, nil
}

// briefLength is how long a brief is, with its length before it.
func briefLength(first []byte) int {
	if len(first) < 4 {
		return 4
	}
	return 4 + int(binary.BigEndian.Uint32(first))
}

// briefDeletes are the writes that remove the brief of a record.
func (r *Replica) briefDeletes(d Day, id record.ID) ([]Op, error) {
	first, err := r.opt.Store.Get(briefKey(d, id, 0))
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read brief of %s: %w", id, err)
	}
	var ops []Op
	for n := range record.Chunks(int64(briefLength(first))) {
		ops = append(ops, Op{Key: briefKey(d, id, n), Delete: true})
	}
	return ops, nil
}
