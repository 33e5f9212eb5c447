package replica

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
)

// spaceHeld holds documents that nobody may share yet. See keys.go for the other spaces.
//
//	h m ID      what is known of a held document
//	h d ID N    chunk N of it
const (
	spaceHeld    = 'h'
	heldMeta     = 'm'
	heldDocument = 'd'
)

// What is held is for a person to look through.
const (
	MaxHeld      = 1000      // documents that wait
	MaxHeldBytes = 256 << 20 // of them together
	// maxReleased is how many released ones are remembered; the oldest go first.
	maxReleased = 1000
	maxHeldText = 4 << 10 // of what is known of one, in words
)

// HeldID is the SHA-256 of a held document, so that one that comes again is known.
type HeldID [32]byte

// HeldIDOf returns the ID that a document has.
func HeldIDOf(document []byte) HeldID { return sha256.Sum256(document) }

// String returns the ID in hexadecimal digits.
func (id HeldID) String() string { return hex.EncodeToString(id[:]) }

// Held is a document that was brought in and is not shared: no record, in no set, offered to nobody.
type Held struct {
	ID     HeldID          `json:"-"`
	Name   string          `json:"name"`            // of the file
	Source string          `json:"source"`          // its form
	Title  string          `json:"title,omitzero"`  // a claim
	Labels []string        `json:"labels,omitzero"` // its own words on who may see it
	TLP    notice.TLP      `json:"tlp,omitzero"`    // what those come to; absent: nobody can say who may see it
	Author identity.TeamID `json:"author,omitzero"` // of a record in a file
	Record record.ID       `json:"record,omitzero"` // of a record in a file
	Size   int             `json:"size"`
	At     time.Time       `json:"at"`
	By     string          `json:"by"` // the local user who brought it in
	// Released says what became of it; the document itself is gone then.
	Released *Release `json:"released,omitzero"`
}

// Release is who let a held document out, and as what.
type Release struct {
	By        string               `json:"by"` // the local user
	At        time.Time            `json:"at"`
	TLP       notice.TLP           `json:"tlp"`
	Community identity.CommunityID `json:"community,omitzero"`
	Team      identity.TeamID      `json:"team,omitzero"`
	Record    record.ID            `json:"record"` // the alert that it became
}

// ErrHeld says that a document is held already.
var ErrHeld = errors.New("it is held already")

func documentKey(part byte, id HeldID) []byte { return append([]byte{spaceHeld, part}, id[:]...) }

func heldChunk(id HeldID, n int) []byte {
	return binary.BigEndian.AppendUint16(documentKey(heldDocument, id), uint16(n)) //nolint:gosec // bounded by MaxHeldBytes over a chunk
}

// Hold keeps a document unshared. It is on stable storage when Hold returns nil. Errors are ErrHeld, or a
// *Refusal.
func (r *Replica) Hold(h Held, document []byte) (HeldID, error) {
	h.ID, h.Size, h.Released = HeldIDOf(document), len(document), nil
	h.At = h.At.UTC().Truncate(time.Millisecond)
	meta, err := json.Marshal(h)
	if err != nil {
		return h.ID, fmt.Errorf("encode held document: %w", err)
	}
	if len(meta) > maxHeldText {
		return h.ID, &Refusal{Reason: policy.Malformed, Detail: "what is known of the document is too long to be kept with it"}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	all, err := r.held()
	if err != nil {
		return h.ID, err
	}
	waiting, size := 0, 0
	for i := range all {
		switch {
		case all[i].Released != nil:
		case all[i].ID == h.ID:
			return h.ID, fmt.Errorf("hold document %s: %w", h.ID, ErrHeld)
		default:
			waiting, size = waiting+1, size+all[i].Size
		}
	}
	if waiting >= MaxHeld || size+h.Size > MaxHeldBytes {
		return h.ID, &Refusal{
			Reason: policy.Quota, Detail: fmt.Sprintf("%d documents with %d bytes are held, at most %d with %d may be", waiting, size, MaxHeld, MaxHeldBytes),
			Hint: "mark or drop some: tocsin alert held list",
		}
	}
	ops := []Op{}
	for n, chunk := range chunks(document) {
		if ops = append(ops, Op{Key: heldChunk(h.ID, n), Value: chunk}); len(ops) == 2 { // within MaxApplyBytes
			if err := r.opt.Store.Apply(ops); err != nil {
				return h.ID, storeRefusal(fmt.Errorf("hold document: %w", err))
			}
			ops = nil
		}
	}
	// The word that it is whole comes last: chunks without it are no document, and are written over.
	if err := r.opt.Store.Apply(append(ops, Op{Key: documentKey(heldMeta, h.ID), Value: meta})); err != nil {
		return h.ID, storeRefusal(fmt.Errorf("hold document: %w", err))
	}
	return h.ID, nil
}

// Held returns the documents that are held, and what became of those released, oldest first.
func (r *Replica) Held() ([]Held, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.held()
}

func (r *Replica) held() ([]Held, error) {
	var out []Held
	err := r.opt.Store.Scan([]byte{spaceHeld, heldMeta}, false, func(key, value []byte) error {
		var h Held
		if len(key) != 2+len(HeldID{}) || json.Unmarshal(value, &h) != nil {
			return fmt.Errorf("held document %x is unreadable", key)
		}
		h.ID = HeldID(key[2:])
		out = append(out, h)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read held documents: %w", err)
	}
	slices.SortFunc(out, func(a, b Held) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		return slices.Compare(a.ID[:], b.ID[:])
	})
	return out, nil
}

// HeldDocument returns a held document as it came, or ErrNotFound.
func (r *Replica) HeldDocument(id HeldID) ([]byte, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	h, err := r.heldOne(id)
	if err != nil {
		return nil, err
	}
	document := make([]byte, 0, h.Size)
	for n := 0; len(document) < h.Size; n++ {
		chunk, err := r.opt.Store.Get(heldChunk(id, n))
		if err != nil {
			return nil, fmt.Errorf("read held document %s: %w", id, err)
		}
		document = append(document, chunk...)
	}
	if HeldIDOf(document) != id {
		return nil, fmt.Errorf("read held document %s: the store holds another under it", id)
	}
	return document, nil
}

// heldOne returns what is known of a document that waits.
func (r *Replica) heldOne(id HeldID) (Held, error) {
	value, err := r.opt.Store.Get(documentKey(heldMeta, id))
	if err != nil {
		return Held{}, fmt.Errorf("held document %s: %w", id, err)
	}
	var h Held
	if err := json.Unmarshal(value, &h); err != nil {
		return Held{}, fmt.Errorf("held document %s is unreadable: %w", id, err)
	}
	if h.ID = id; h.Released != nil {
		return Held{}, fmt.Errorf("held document %s: %w", id, ErrNotFound)
	}
	return h, nil
}

// ReleaseHeld notes who let a document out and removes the document. The oldest of such notes go where there
// are many.
func (r *Replica) ReleaseHeld(id HeldID, as Release) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	h, err := r.heldOne(id)
	if err != nil {
		return err
	}
	as.At = as.At.UTC().Truncate(time.Millisecond)
	h.Released = &as
	meta, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("encode held document: %w", err)
	}
	ops := append(heldDeletes(&h), Op{Key: documentKey(heldMeta, id), Value: meta})
	all, err := r.held()
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(h Held) bool { return h.Released == nil })
	for i := range max(0, len(all)+1-maxReleased) {
		ops = append(ops, Op{Key: documentKey(heldMeta, all[i].ID), Delete: true})
	}
	if err := r.opt.Store.Apply(ops); err != nil {
		return storeRefusal(fmt.Errorf("release held document: %w", err))
	}
	return nil
}

// DropHeld removes a document that waits, or ErrNotFound.
func (r *Replica) DropHeld(id HeldID) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	h, err := r.heldOne(id)
	if err != nil {
		return err
	}
	if err := r.opt.Store.Apply(append(heldDeletes(&h), Op{Key: documentKey(heldMeta, id), Delete: true})); err != nil {
		return fmt.Errorf("drop held document: %w", err)
	}
	return nil
}

func heldDeletes(h *Held) (ops []Op) {
	for n := range record.Chunks(int64(h.Size)) {
		ops = append(ops, Op{Key: heldChunk(h.ID, n), Delete: true})
	}
	return ops
}
