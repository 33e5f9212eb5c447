package replica

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// minText is how long a text must be, in bytes, to be told apart from others: "Phishing" is everybody's.
const minText = 24

// textHash stands for one text of a notice, case and blanks aside.
type textHash [16]byte

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

// textBook knows which strict notices hold a text: nearly always one, so that only what is more is a list.
type textBook struct {
	first map[textHash]record.ID
	more  map[textHash][]record.ID
}

func newTextBook() textBook {
	return textBook{first: map[textHash]record.ID{}, more: map[textHash][]record.ID{}}
}

func (b *textBook) add(h textHash, id record.ID) {
	const enough = 4 // to say that a text was there before
	switch first, taken := b.first[h]; {
	case !taken:
		b.first[h] = id
	case first != id && len(b.more[h]) < enough && !slices.Contains(b.more[h], id):
		b.more[h] = append(b.more[h], id)
	}
}

func (b *textBook) of(h textHash) []record.ID {
	first, ok := b.first[h]
	if !ok {
		return nil
	}
	return append([]record.ID{first}, b.more[h]...)
}

// forget drops the records that gone chooses.
func (b *textBook) forget(gone func(record.ID) bool) {
	for h := range b.first {
		b.drop(h, gone)
	}
}

// drop is forget for one text.
func (b *textBook) drop(h textHash, gone func(record.ID) bool) {
	kept := slices.DeleteFunc(b.of(h), gone)
	delete(b.first, h)
	delete(b.more, h)
	if len(kept) > 0 {
		b.first[h] = kept[0]
	}
	if len(kept) > 1 {
		b.more[h] = kept[1:]
	}
}

// textOps are the writes that remember the texts of a strict notice, so that they are known again where
// somebody republishes them under a looser marking.
func (r *Replica) textOps(e *Entry) []Op {
	if e.Notice == nil || !mustSeal(e.Notice) {
		return nil
	}
	var v []byte
	for _, h := range textsOf(e.Notice) {
		v = append(v, h[:]...)
	}
	if v == nil {
		return nil
	}
	return []Op{{Key: partKey(e.Day, partTexts, e.Record.ID()), Value: v}}
}

// noteTexts takes the texts of a strict notice in.
func (r *Replica) noteTexts(e *Entry) {
	if e.Notice == nil || !mustSeal(e.Notice) {
		return
	}
	for _, h := range textsOf(e.Notice) {
		r.texts.add(h, e.Record.ID())
	}
}

func (r *Replica) loadTexts() error {
	days := map[Day]struct{}{}
	for _, s := range r.index.slots {
		days[s.drop] = struct{}{}
	}
	for d := range days {
		prefix := append(dayPrefix(spaceBucket, d), partTexts)
		err := r.opt.Store.Scan(prefix, false, func(key, v []byte) error {
			if len(key) != len(prefix)+32 || len(v)%len(textHash{}) != 0 {
				return fmt.Errorf("texts have %d and %d bytes", len(key), len(v))
			}
			id := record.ID(key[len(prefix):])
			if _, ok := r.index.slots[id]; !ok {
				return nil
			}
			for ; len(v) > 0; v = v[len(textHash{}):] {
				r.texts.add(textHash(v), id)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("read texts: %w", err)
		}
	}
	return nil
}

// stripped returns where another team said the same before under a stricter marking. It needs no lock.
func (r *Replica) stripped(e *Entry) *Mark {
	if e.Notice == nil || e.Notice.MarkingOf() == nil {
		return nil
	}
	var suspects []slotted
	r.mu.RLock()
	for _, h := range textsOf(e.Notice) {
		for _, id := range r.texts.of(h) {
			if s, ok := r.index.slots[id]; ok && id != e.Record.ID() {
				suspects = append(suspects, slotted{id, s.drop})
			}
		}
	}
	now := r.roster
	r.mu.RUnlock()
	for _, s := range suspects {
		before, err := r.glance(s.drop, s.id)
		if err != nil || before.Notice == nil {
			continue
		}
		team, tlp := before.Record.Team(), before.Notice.MarkingOf().TLP
		if tlp.Stricter(e.Notice.MarkingOf().TLP) && now.Canonical(team) != now.Canonical(e.Record.Team()) && !before.Sighting.Seen.After(e.Sighting.Seen) {
			return &Mark{MarkStripped, fmt.Sprintf("team %s sent the same text before, as %s", team, tlp), s.id}
		}
	}
	return nil
}

// slotted is a record and where it is.
type slotted struct {
	id   record.ID
	drop Day
}
