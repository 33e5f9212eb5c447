package roster_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

var update = flag.Bool("update", false, "write docs/spec/vectors/roster.json anew")

// vector is a set of statements and the roster that they give, as docs/spec/vectors/README.md describes it.
type vector struct {
	Name       string               `json:"name"`
	Statements []string             `json:"statements"` // frames in base64
	Community  identity.CommunityID `json:"community"`
	Members    []identity.TeamID    `json:"members"`
	Removed    []identity.TeamID    `json:"removed,omitempty"`
	Left       []identity.TeamID    `json:"left,omitempty"`
	View       string               `json:"view"`
	Fates      []fate               `json:"fates,omitempty"`
}

// fate is what became of a statement that does not count.
type fate struct {
	ID  record.StatementID `json:"id"`
	Why roster.Why         `json:"why"`
}

func vectorOf(name string, w *town, people []*party) vector {
	r := w.roster()
	c, _ := r.Community(w.c)
	view := r.View(w.c)
	v := vector{Name: name, Community: w.c, Members: c.Members(), View: hex.EncodeToString(view[:])}
	for _, s := range w.all {
		v.Statements = append(v.Statements, base64.StdEncoding.EncodeToString(s.Frame()))
	}
	for _, p := range people {
		if c.Removed(p.team()) {
			v.Removed = append(v.Removed, p.team())
		}
		if c.Left(p.team()) {
			v.Left = append(v.Left, p.team())
		}
	}
	note := func(voices []roster.Voice) {
		for _, x := range voices {
			if !x.Counts {
				v.Fates = append(v.Fates, fate{x.ID, x.Why})
			}
		}
	}
	for _, a := range c.Applications() {
		if a.State == roster.Void {
			v.Fates = append(v.Fates, fate{a.ID, a.Why})
		}
		note(a.Sponsors)
		note(a.Objections)
		note(a.Admits)
	}
	for _, p := range c.Proposals() {
		note(p.Votes)
	}
	return v
}

// tales are the decisions of docs/spec/roster.md, one after another.
func tales(t *testing.T) []vector {
	p := parties(t, 10)
	rule := notice.Admission{Sponsors: 2, Witnesses: 1, Window: 60, Objections: 1, Removal: 3, Budget: 1}
	var out []vector
	tell := func(name string, act func(w *town)) {
		w := newTown(t, rule, p[:6]...)
		act(w)
		out = append(out, vectorOf(name, w, p))
	}
	tell("admitted", func(w *town) { w.bring(p[6], p[2], p[0], p[1]) })
	tell("opposed", func(w *town) {
		a := w.apply(p[6], "")
		w.object(p[3], a)
		w.through(a, p[2], p[0], p[1])
	})
	tell("waits for a head that is not here", func(w *town) {
		a := w.apply(p[6], "")
		s1, s2 := w.sponsor(p[0], a), w.sponsor(p[1], a, []record.StatementID{{1}})
		w.admit(p[2], a, []record.StatementID{s1, s2}, []record.StatementID{s1})
	})
	tell("removed by three", func(w *town) {
		w.bring(p[6], p[2], p[0], p[1])
		w.removeBy(p[6], []notice.LaneHead{head(p[6], 1, 4)}, p[0], p[1], p[2])
	})
	tell("removals of each other, as many votes each", func(w *town) { duel(w, p, 2, 2) })
	tell("removals of each other, more votes on one", func(w *town) { duel(w, p, 3, 2) })
	tell("a sponsor removed, the witness not knowing", func(w *town) { midway(w, p, false) })
	tell("a sponsor removed, the witness knowing", func(w *town) { midway(w, p, true) })
	tell("removed and admitted again", func(w *town) {
		w.bring(p[6], p[2], p[0], p[1])
		w.removeBy(p[6], nil, p[0], p[1], p[2])
		w.bring(p[6], p[2], p[0], p[1])
	})
	tell("over the budget", func(w *town) {
		w.bring(p[6], p[2], p[0], p[1])
		w.bring(p[7], p[2], p[6], p[1])
		w.bring(p[8], p[2], p[6], p[1])
	})
	tell("left", func(w *town) {
		w.bring(p[6], p[2], p[0], p[1])
		w.leave(p[6], nil)
		w.leave(p[5], nil)
	})
	tell("a rotated root", func(w *town) {
		w.all = append(w.all, rooted(t, roster.KindRotate, &notice.Rotate{Old: p[0].team(), New: p[9].team()}, w.now(), p[0].root, p[9].root))
		w.bring(p[6], p[2], p[9], p[1])
	})
	tell("a disputed rotation", func(w *town) {
		for _, to := range p[8:10] {
			w.all = append(w.all, rooted(t, roster.KindRotate, &notice.Rotate{Old: p[0].team(), New: to.team()}, nil, p[0].root, to.root))
		}
	})
	tell("a revoked key", func(w *town) {
		before := w.now()
		w.bring(p[6], p[2], p[0], p[1])
		w.all = append(w.all, rooted(t, roster.KindRevoke, &notice.Revoke{Node: p[0].d.Node}, before, p[0].root))
	})
	return out
}

// duel has one half of the founders remove one of the other, and the other way round.
func duel(w *town, p []*party, left, right int) {
	at := w.now()
	one, two := w.propose(p[0], p[3], nil, at), w.propose(p[3], p[0], nil, at)
	voters := []*party{p[1], p[2], p[5], p[4]}
	for _, v := range voters[:left] {
		w.vote(v, p[3], one, []record.StatementID{one})
	}
	for _, v := range []*party{p[4], p[5]}[:right] {
		w.vote(v, p[0], two, []record.StatementID{two})
	}
}

// midway removes a sponsor between its sponsoring and the witness's word.
func midway(w *town, p []*party, knew bool) {
	a := w.apply(p[6], "")
	s := []record.StatementID{w.sponsor(p[0], a), w.sponsor(p[1], a)}
	at := w.now()
	w.removeBy(p[1], nil, p[2], p[3], p[4])
	if knew {
		at = w.now()
	}
	w.admit(p[5], a, s, at)
}

func TestVectors(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "spec", "vectors", "roster.json")
	made, err := json.Marshal(tales(t), jsontext.WithIndent("\t"), json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	made = append(made, '\n')
	if *update {
		if err := os.WriteFile(path, made, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(made, kept) {
		t.Error("the vectors are not what the code makes")
	}
	var vectors []vector
	if err := json.Unmarshal(kept, &vectors); err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors {
		var verifier record.Verifier
		r := roster.New()
		for _, text := range v.Statements {
			frame, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				t.Fatal(err)
			}
			s, err := verifier.OpenStatement(frame)
			if err != nil {
				t.Fatalf("%s: %v", v.Name, err)
			}
			r = r.With(s)
		}
		view := r.View(v.Community)
		if got := r.Members(v.Community); !slices.Equal(got, v.Members) || hex.EncodeToString(view[:]) != v.View {
			t.Errorf("%s: members %v", v.Name, got)
		}
	}
}
