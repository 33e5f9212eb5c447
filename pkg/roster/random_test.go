package roster_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// tale makes up what teams say: some of it sensible, some out of turn, some by whom it should not, with
// heads that are all there is, some of it, or nothing.
func tale(t *rapid.T, tb testing.TB, parties []*party) *town {
	small := rapid.IntRange(1, 2)
	w := newTown(tb, notice.Admission{
		Sponsors: small.Draw(t, "sponsors"), Witnesses: small.Draw(t, "witnesses"), Window: 60,
		Objections: small.Draw(t, "objections"), Removal: rapid.IntRange(1, 3).Draw(t, "removal"), Budget: small.Draw(t, "budget"),
	}, parties[:4]...)
	any := rapid.SampledFrom(parties)
	var apps, proposals []record.StatementID
	about := map[record.StatementID]*party{}
	sponsored := map[record.StatementID][]record.StatementID{}
	heads := func() []record.StatementID {
		switch rapid.IntRange(0, 5).Draw(t, "view") {
		case 0:
			return nil
		case 1:
			n := rapid.IntRange(1, len(w.all)).Draw(t, "seen")
			return roster.New().With(w.all[:n]...).Heads(w.c)
		case 2:
			return []record.StatementID{rapid.SampledFrom(w.all).Draw(t, "head").ID()}
		}
		return w.now()
	}
	lanes := func(p *party) []notice.LaneHead {
		if rapid.Bool().Draw(t, "lane") {
			return nil
		}
		return []notice.LaneHead{head(p, byte(rapid.IntRange(0, 2).Draw(t, "run")), uint64(rapid.IntRange(1, 3).Draw(t, "seq")))}
	}
	for range rapid.IntRange(5, 45).Draw(t, "length") {
		by := any.Draw(t, "by")
		switch act := rapid.IntRange(0, 15).Draw(t, "act"); {
		case act < 3 || len(apps) == 0:
			a := w.apply(by, rapid.SampledFrom([]string{"", "", "Acme", "acme "}).Draw(t, "parent"), heads())
			apps, about[a] = append(apps, a), by
		case act < 6:
			a := rapid.SampledFrom(apps).Draw(t, "application")
			sponsored[a] = append(sponsored[a], w.sponsor(by, a, heads()))
		case act == 6:
			w.object(by, rapid.SampledFrom(apps).Draw(t, "application"), heads())
		case act < 10:
			a := rapid.SampledFrom(apps).Draw(t, "application")
			if len(sponsored[a]) > 0 {
				named := rapid.SliceOfNDistinct(rapid.SampledFrom(sponsored[a]), 1, min(2, len(sponsored[a])), rapid.ID[record.StatementID]).Draw(t, "named")
				w.admit(by, a, slices.Clone(named), heads())
			}
		case act == 10:
			of := any.Draw(t, "of")
			p := w.propose(by, of, lanes(of), heads())
			proposals, about[p] = append(proposals, p), of
		case act < 13 && len(proposals) > 0:
			p := rapid.SampledFrom(proposals).Draw(t, "proposal")
			w.vote(by, about[p], p, heads())
		case act == 13:
			w.leave(by, lanes(by), heads())
		default:
			keyTale(t, w, by, any, heads())
		}
	}
	return w
}

// keyTale adds something about keys.
func keyTale(t *rapid.T, w *town, by *party, any *rapid.Generator[*party], heads []record.StatementID) {
	other := any.Draw(t, "other")
	switch rapid.IntRange(0, 4).Draw(t, "keys") {
	case 0:
		w.all = append(w.all, rooted(w.t, roster.KindRevoke, &notice.Revoke{Node: by.d.Node}, heads, by.root))
	case 1:
		w.all = append(w.all, rooted(w.t, roster.KindRevoke, &notice.Revoke{Node: by.d.Node, Frozen: true}, nil, by.root))
	case 2:
		if by != other {
			w.all = append(w.all, rooted(w.t, roster.KindRotate, &notice.Rotate{Old: by.team(), New: other.team()}, heads, by.root, other.root))
		}
	case 3:
		if by != other {
			w.all = append(w.all, state(w.t, roster.KindVouch, &notice.Vouch{Team: other.team(), Name: fmt.Sprint("v", len(w.all))}, nil, by))
		}
	default:
		w.all = append(w.all, rooted(w.t, roster.KindSucceed, &notice.Succeed{Old: identity.TeamID{1}, New: by.team()}, nil, by.root))
	}
}

// unlike returns the first lines that differ.
func unlike(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d:\n%s\nwant\n%s", i, a[i], b[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(a), len(b))
}

// script writes down what was said, in short.
func script(w *town, parties []*party) string {
	short := map[string]string{}
	for i, p := range parties {
		short[p.team().String()], short[p.d.Node.String()] = fmt.Sprint("P", i), fmt.Sprint("N", i)
	}
	var b strings.Builder
	for i, s := range w.all {
		short[s.ID().String()] = fmt.Sprint("S", i)
		text := fmt.Sprintf("S%d %s by %v heads %v %s\n", i, s.Kind, s.Signers[0].Team, s.Heads, s.Says)
		for long, to := range short {
			text = strings.ReplaceAll(text, long, to)
		}
		b.WriteString(text)
	}
	return b.String()
}

func parties(t testing.TB, n int) []*party {
	t.Helper()
	var out []*party
	for i := range n {
		out = append(out, newParty(t, uint64(i+100)))
	}
	slices.SortFunc(out, func(a, b *party) int { return slices.Compare(idOf(a), idOf(b)) })
	return out
}

// Any order, any repetition and any partition into calls give the roster of the set.
func TestAnyOrderGivesTheSame(t *testing.T) { rapid.Check(t, anyOrder(t, parties(t, 9))) }

// FuzzAnyOrder lets the fuzzer make up the statements and the order.
func FuzzAnyOrder(f *testing.F) {
	people := parties(f, 9)
	f.Fuzz(func(t *testing.T, seed []byte) { rapid.MakeFuzz(anyOrder(t, people))(t, seed) })
}

func anyOrder(t testing.TB, people []*party) func(*rapid.T) {
	return func(rt *rapid.T) {
		w := tale(rt, t, people)
		want := wholly(w.roster(), w.c, people)
		order := w.all
		if rapid.Bool().Draw(rt, "shuffle") {
			order = rapid.Permutation(w.all).Draw(rt, "order")
			order = append(order, rapid.SliceOfN(rapid.SampledFrom(w.all), 0, 5).Draw(rt, "again")...)
		}
		r, single := roster.New(), rapid.Bool().Draw(rt, "one by one")
		for len(order) > 0 {
			n := 1
			if !single {
				n = rapid.IntRange(1, len(order)).Draw(rt, "part")
			}
			r, order = r.With(order[:n]...), order[n:]
		}
		if got := wholly(r, w.c, people); got != want {
			rt.Fatalf("another order gives another roster:\n%s\n%s", unlike(got, want), script(w, people))
		}
	}
}

// Rosters made from one never change it, nor each other.
func TestWithChangesNothing(t *testing.T) {
	people := parties(t, 8)
	rapid.Check(t, func(rt *rapid.T) {
		w := tale(rt, t, people)
		cut := rapid.IntRange(1, len(w.all)).Draw(rt, "cut")
		base := roster.New().With(w.all[:cut]...)
		was := wholly(base, w.c, people)
		left, right := base, base
		for i, s := range w.all[cut:] {
			if i%2 == 0 {
				left = left.With(s)
			} else {
				right = right.With(s)
			}
		}
		if wholly(base, w.c, people) != was {
			rt.Fatal("With changed the roster it was called on")
		}
		var odd, even []*record.Statement
		for i, s := range w.all[cut:] {
			if i%2 == 0 {
				odd = append(odd, s)
			} else {
				even = append(even, s)
			}
		}
		if wholly(left, w.c, people) != wholly(roster.New().With(w.all[:cut]...).With(odd...), w.c, people) ||
			wholly(right, w.c, people) != wholly(roster.New().With(w.all[:cut]...).With(even...), w.c, people) {
			rt.Fatal("one roster changed the other")
		}
	})
}
