package replica

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// minText is how long a text must be, in bytes, to be told apart from others: "Phishing" is everybody's.
const minText = 24

// textHash stands for one text of a notice, case and blanks aside.
type textHash [16]byte

// textsIn returns the texts of a notice, and what a reply says beside them.
func textsIn(n notice.Notice) (texts []notice.Text, other []string) {
	switch n := n.(type) {
	case *notice.Alert:
		return n.Texts, nil
	case *notice.Request:
		return n.Texts, nil
	case *notice.Reply:
		return n.Texts, []string{n.Result, n.UseOfData}
	case *notice.Close:
		return n.Texts, nil
	case *notice.Withdraw:
		return n.Texts, nil
	}
	return nil, nil
}

// Says returns every text that a notice has for people.
func Says(n notice.Notice) []string {
	texts, all := textsIn(n)
	for _, t := range texts {
		all = append(all, t.Title, t.Summary, t.Instruction)
	}
	return all
}

// textsOf returns the hashes of the texts of a notice that are long enough to know again.
func textsOf(n notice.Notice) (out []textHash) {
	all := Says(n)
	texts, _ := textsIn(n)
	for _, t := range texts {
		if t.Title != "" && t.Summary != "" {
			all = append(all, t.Title+"\n"+t.Summary) // both may be too short to be known alone
		}
	}
	for _, s := range all {
		plain := plainText(s)
		if len(plain) < minText {
			continue
		}
		sum := sha256.Sum256([]byte("tocsin text v1\x00" + plain))
		out = append(out, textHash(sum[:16]))
	}
	return out
}

// plainText is a text with case and blanks aside.
func plainText(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// sameBlock reports whether two notices have a title and a summary in common that stand together.
func sameBlock(a, b notice.Notice) bool {
	these, _ := textsIn(a)
	those, _ := textsIn(b)
	return slices.ContainsFunc(these, func(t notice.Text) bool {
		return slices.ContainsFunc(those, func(o notice.Text) bool {
			return plainText(t.Title) == plainText(o.Title) && plainText(t.Summary) == plainText(o.Summary)
		})
	})
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

// stripped returns where another team said the same before under a stricter marking, or what a notice refers to that is under
// one. It needs no lock.
func (r *Replica) stripped(e *Entry) *Mark {
	if e.Notice == nil || e.Notice.MarkingOf() == nil {
		return nil
	}
	var worst *Mark
	take := func(about *Entry, detail string) {
		tlp := about.Notice.MarkingOf().TLP
		if r.canonicalNow(about) != r.canonicalNow(e) && tlp.Stricter(e.Notice.MarkingOf().TLP) && (worst == nil || tlp.Stricter(worst.Stricter)) {
			team := about.Record.Team()
			worst = &Mark{MarkStripped, fmt.Sprintf(detail, team, tlp), about.Record.ID(), tlp, team}
		}
	}
	for _, before := range r.sayTheSame(e.Notice, e.Record.ID()) {
		if !before.Sighting.Seen.After(e.Sighting.Seen) {
			take(&before, "team %s sent the same text before, as %s")
		}
	}
	for _, id := range RefersTo(e.Notice) {
		if about, err := r.unmarked(id, r.glance); err == nil && about.Notice != nil && about.Notice.MarkingOf() != nil {
			take(&about, "it is about a record of team %s, which is %s")
		}
	}
	return worst
}

func (r *Replica) canonicalNow(e *Entry) identity.TeamID {
	return r.Roster().Canonical(e.Record.Team())
}

// OriginRecord begins the reference by which a notice names a record of this mesh.
const OriginRecord = "tocsin:record:"

// RefersTo returns the records that a notice is about: the request that it answers or ends, the record that it asks to pass on, those that
// its references name. What an update or a cancel replaces is not among them.
func RefersTo(n notice.Notice) (ids []record.ID) {
	var refs []notice.Reference
	switch n := n.(type) {
	case *notice.Reply:
		return []record.ID{n.Request}
	case *notice.Close:
		return []record.ID{n.Request}
	case *notice.Withdraw:
		return []record.ID{n.Request}
	case *notice.Request:
		if refs = n.References; n.Permission != nil {
			ids = append(ids, n.Permission.Record)
		}
	case *notice.Alert:
		refs = n.References
	}
	for _, ref := range refs {
		if text, ok := strings.CutPrefix(ref.Value, OriginRecord); ok {
			if id, err := record.ParseID(text); err == nil {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// Stricter returns a kept record that says under a stricter marking what a notice is about to say: another team's with one text in
// common, or this team's own with a title and a summary in common, since its own short texts come again and again. exempt are teams whose
// words the notice may repeat so. Without such a record it returns nil.
func (r *Replica) Stricter(n notice.Notice, exempt func(identity.TeamID) bool) *Entry {
	if n.MarkingOf() == nil {
		return nil
	}
	for _, before := range r.sayTheSame(n, record.ID{}) {
		team := r.canonicalNow(&before)
		if !exempt(team) && (team != r.Roster().Canonical(r.self) || sameBlock(before.Notice, n)) {
			return &before
		}
	}
	return nil
}

// sayTheSame returns the kept records that have a text in common with a notice, under a stricter marking than its own.
func (r *Replica) sayTheSame(n notice.Notice, but record.ID) (out []Entry) {
	var suspects []slotted
	r.mu.RLock()
	for _, h := range textsOf(n) {
		for _, id := range r.texts.of(h) {
			if s, ok := r.index.slots[id]; ok && id != but && !slices.Contains(suspects, slotted{id, s.drop}) {
				suspects = append(suspects, slotted{id, s.drop})
			}
		}
	}
	r.mu.RUnlock()
	for _, s := range suspects {
		before, err := r.glance(s.drop, s.id)
		if err == nil && before.Notice != nil && before.Notice.MarkingOf().TLP.Stricter(n.MarkingOf().TLP) {
			out = append(out, before)
		}
	}
	return out
}

// slotted is a record and where it is.
type slotted struct {
	id   record.ID
	drop Day
}
