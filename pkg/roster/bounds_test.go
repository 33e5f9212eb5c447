package roster_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// stays is a set of statements of which not all stay, as docs/spec/vectors/README.md describes it.
type stays struct {
	Name       string               `json:"name"`
	Bounds     bounds               `json:"bounds"`
	Community  identity.CommunityID `json:"community"`
	Statements []string             `json:"statements"`
	Stays      []record.StatementID `json:"stays"`
}

type bounds struct {
	Key   int64 `json:"key"`
	Brief int64 `json:"brief"`
	Keys  int64 `json:"keys"`
	Loose int64 `json:"loose"`
}

// staying returns what stays of statements that come in one order, each kept or not before the next comes.
func staying(t testing.TB, b roster.Bounds, id identity.CommunityID, all ...[]*record.Statement) []record.StatementID {
	t.Helper()
	kept := []*record.Statement{}
	for _, batch := range all {
		r := roster.New().With(kept...).With(batch...)
		c, known := r.Community(id)
		if !known {
			t.Fatal("no charter")
		}
		fresh := map[record.StatementID]struct{}{}
		for _, s := range batch {
			fresh[s.ID()] = struct{}{}
		}
		gone := c.Surplus(&b, fresh, func(s *record.Statement) bool { return c.BeenIn(s.Signers[0].Team) })
		kept = slices.DeleteFunc(append(kept, batch...), func(s *record.Statement) bool {
			return slices.Contains(gone, s.ID()) || !c.Complete(s.ID())
		})
	}
	var out []record.StatementID
	for _, s := range kept {
		out = append(out, s.ID())
	}
	slices.SortFunc(out, func(a, b record.StatementID) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(out)
}

// crowds are towns in which too much is said, with bounds for each.
func crowds(t testing.TB) (out []stays, towns []*town) {
	t.Helper()
	p := parties(t, 8)
	b := roster.Bounds{Key: 8 << 10, Brief: 6 << 10, Keys: 2, Loose: 24 << 10}
	tell := func(name string, act func(w *town)) {
		w := newTown(t, usual(), p[:4]...)
		act(w)
		v := stays{Name: name, Bounds: bounds{b.Key, b.Brief, b.Keys, b.Loose}, Community: w.c}
		for _, s := range w.all {
			v.Statements = append(v.Statements, base64.StdEncoding.EncodeToString(s.Frame()))
		}
		v.Stays = staying(t, b, w.c, w.all)
		out, towns = append(out, v), append(towns, w)
	}
	note := func(w *town, by *party, i int, at ...record.StatementID) record.StatementID {
		says := &notice.Remove{Community: w.c, Team: p[0].team(), Reason: fmt.Sprintf("%02d", i)}
		return w.say(by, roster.KindRemove, says, at).ID()
	}
	tell("all stays", func(w *town) { w.bring(p[6], p[2], p[0], p[1]) })
	tell("a chain of one author", func(w *town) {
		at := record.StatementID(w.c)
		for i := range 10 {
			at = note(w, p[3], i, at)
		}
	})
	tell("forks of one author", func(w *town) {
		for i := range 10 {
			note(w, p[3], i, record.StatementID(w.c))
		}
	})
	tell("another's word rests on what is beyond", func(w *town) {
		var last record.StatementID
		for i := range 10 {
			last = note(w, p[3], i, record.StatementID(w.c))
			if i == 4 || i == 8 {
				note(w, p[1], i, last)
			}
		}
	})
	tell("two refer to each other", func(w *town) {
		at := record.StatementID(w.c)
		for i := range 20 {
			at = note(w, p[2+i%2], i, at)
		}
	})
	tell("a stranger's words and application", func(w *town) {
		a := w.apply(p[6], "")
		note(w, p[6], 1, a)
		w.sponsor(p[0], a)
		w.apply(p[7], "")
	})
	tell("more that is loose than one word may bring", func(w *town) {
		at := record.StatementID(w.c)
		for i := range 12 {
			says := &notice.Apply{Community: w.c, Name: fmt.Sprint(i), Note: strings.Repeat("x", 1000)}
			at = w.say(p[6], roster.KindApply, says, []record.StatementID{at}).ID()
			if i%4 == 3 {
				note(w, p[3], i, at)
			}
		}
	})
	return out, towns
}

func TestWhatStays(t *testing.T) {
	made, towns := crowds(t)
	path := filepath.Join("..", "..", "docs", "spec", "vectors", "stays.json")
	text, err := json.Marshal(made, jsontext.WithIndent("\t"), json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if *update {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text, kept) {
		t.Error("the vectors are not what the code makes")
	}
	for i, w := range towns {
		v := made[i]
		b := roster.Bounds{Key: v.Bounds.Key, Brief: v.Bounds.Brief, Keys: v.Bounds.Keys, Loose: v.Bounds.Loose}
		if all := len(v.Stays) == len(w.all); all != (i == 0) {
			t.Errorf("%s: %d of %d stay", v.Name, len(v.Stays), len(w.all))
		}
		// In two parts, the second first, and what did not stay is offered once more.
		for cut := 1; cut < len(w.all); cut++ {
			first, second := w.all[:cut], w.all[cut:]
			if got := staying(t, b, w.c, append(slices.Clone(second), w.genes), first, w.all); !slices.Equal(got, v.Stays) {
				t.Errorf("%s: %d stay where it is cut at %d, not %d", v.Name, len(got), cut, len(v.Stays))
			}
		}
	}
}
