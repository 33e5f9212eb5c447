package replica

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// minText is how long a text must be, in bytes, to be told apart from others: "Phishing" is everybody's.
const minText = 24

// textHash stands for one text of a notice, case and blanks aside.
type textHash [16]byte

// stricter is where a text stands under a marking other than TLP:CLEAR.
type stricter struct {
	id   record.ID
	team identity.TeamID
	tlp  notice.TLP
	seen time.Time
}

// textsOf returns the hashes of the texts of a notice that are long enough to know again.
func textsOf(n notice.Notice) (out []textHash) {
	var texts []notice.Text
	switch n := n.(type) {
	case *notice.Alert:
		texts = n.Texts
	case *notice.Request:
		texts = n.Texts
	case *notice.Reply:
		texts = n.Texts
	default:
		return nil
	}
	for _, t := range texts {
		for _, s := range []string{t.Title, t.Summary, t.Instruction} {
			plain := strings.ToLower(strings.Join(strings.Fields(s), " "))
			if len(plain) < minText {
				continue
			}
			sum := sha256.Sum256([]byte("tocsin text v1\x00" + plain))
			out = append(out, textHash(sum[:16]))
		}
	}
	return out
}

// textOps are the writes that remember the texts of a strict notice, so that they are known again where
// somebody republishes them under a looser marking.
func (r *Replica) textOps(e *Entry) []Op {
	if e.Notice == nil || !mustSeal(e.Notice) {
		return nil
	}
	hashes := textsOf(e.Notice)
	if len(hashes) == 0 {
		return nil
	}
	team := e.Record.Team()
	v := append([]byte{tlpByte(e.Notice.MarkingOf().TLP)}, team[:]...)
	for _, h := range hashes {
		v = append(v, h[:]...)
	}
	return []Op{{Key: partKey(e.Day, partTexts, e.Record.ID()), Value: v}}
}

// noteTexts takes the texts of a strict notice in.
func (r *Replica) noteTexts(e *Entry) {
	if e.Notice == nil || !mustSeal(e.Notice) {
		return
	}
	at := stricter{e.Record.ID(), e.Record.Team(), e.Notice.MarkingOf().TLP, e.Sighting.Seen}
	for _, h := range textsOf(e.Notice) {
		r.addText(h, at)
	}
}

func (r *Replica) addText(h textHash, at stricter) {
	const enough = 4 // to say that a text was there before
	if known := r.texts[h]; len(known) < enough {
		r.texts[h] = append(known, at)
	}
}

func (r *Replica) loadTexts() error {
	days := map[Day]struct{}{}
	for _, s := range r.index.slots {
		days[s.drop] = struct{}{}
	}
	for d := range days {
		if err := r.loadTextsOf(d); err != nil && !errors.Is(err, ErrNotFound) {
			return fmt.Errorf("read texts: %w", err)
		}
	}
	return nil
}

func (r *Replica) loadTextsOf(d Day) error {
	prefix := append(dayPrefix(spaceBucket, d), partTexts)
	type row struct {
		id     record.ID
		hashes []byte
	}
	var rows []row
	err := r.opt.Store.Scan(prefix, false, func(key, v []byte) error {
		if len(key) != len(prefix)+32 || len(v) < 33 || (len(v)-33)%len(textHash{}) != 0 {
			return fmt.Errorf("texts have %d and %d bytes", len(key), len(v))
		}
		rows = append(rows, row{record.ID(key[len(prefix):]), bytes.Clone(v)})
		return nil
	})
	if err != nil {
		return err
	}
	for _, w := range rows {
		raw, err := r.opt.Store.Get(partKey(d, partSighting, w.id))
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		s, _, err := decodeSighting(raw)
		if err != nil {
			return err
		}
		at := stricter{w.id, identity.TeamID(w.hashes[1:33]), tlpOf(w.hashes[0]), s.Seen}
		for v := w.hashes[33:]; len(v) > 0; v = v[len(textHash{}):] {
			r.addText(textHash(v), at)
		}
	}
	return nil
}

// forgetTexts drops the texts of records that are gone.
func (r *Replica) forgetTexts() {
	for h, known := range r.texts {
		kept := known[:0]
		for _, at := range known {
			if _, ok := r.index.slots[at.id]; ok {
				kept = append(kept, at)
			}
		}
		if r.texts[h] = kept; len(kept) == 0 {
			delete(r.texts, h)
		}
	}
}

// stripped returns where another team said the same before under a stricter marking.
func (r *Replica) stripped(e *Entry) (stricter, bool) {
	if e.Notice == nil || e.Notice.MarkingOf() == nil {
		return stricter{}, false
	}
	tlp := e.Notice.MarkingOf().TLP
	for _, h := range textsOf(e.Notice) {
		for _, at := range r.texts[h] {
			if at.tlp.Stricter(tlp) && r.canonical(at.team) != r.canonical(e.Record.Team()) && !at.seen.After(e.Sighting.Seen) {
				return at, true
			}
		}
	}
	return stricter{}, false
}

func tlpByte(t notice.TLP) byte {
	for i, known := range notice.TLPs() {
		if t == known {
			return byte(i)
		}
	}
	return byte(len(notice.TLPs()))
}

func tlpOf(b byte) notice.TLP {
	if all := notice.TLPs(); int(b) < len(all) {
		return all[b]
	}
	return ""
}
