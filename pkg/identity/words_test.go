package identity_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"tocsin/pkg/identity"
)

func TestWords(t *testing.T) {
	a, b := identity.TeamID{1}, identity.TeamID{2}
	words := identity.Words(a)
	if len(words) != identity.WordCount || slices.Equal(words, identity.Words(b)) {
		t.Fatalf("got %v", words)
	}
	if got, want := strings.Join(words, " "), wordsOfOne; got != want {
		t.Errorf("got %q, want %q: the words of a team never change", got, want)
	}
	joined := strings.Join(words, " ")
	wrong := strings.Join(identity.Words(b), " ")
	for _, c := range []struct {
		typed string
		same  bool
		err   bool
	}{
		{joined, true, false},
		{" " + strings.ToUpper(strings.ReplaceAll(joined, " ", "-")) + ",", true, false},
		{wrong, false, false},
		{strings.Join(words[:15], " "), false, true},
		{joined + " acorn", false, true},
		{strings.Replace(joined, words[3], "xylem", 1), false, true},
		{a.String(), true, false},
		{identity.Groups(strings.ToUpper(a.String())), true, false},
		{b.String(), false, false},
		{a.String()[:55] + "z", false, true},
		{"", false, true},
		{strings.Repeat("acorn ", 1000), false, true},
	} {
		same, err := identity.SameTeam(a, c.typed)
		if same != c.same || (err != nil) != c.err {
			t.Errorf("%q: got %v, %v", c.typed, same, err)
		}
	}
}

// wordsOfOne are the words of the team ID 01 00 00 ... in the specification too.
const wordsOfOne = "frost amber mirror guitar harbour voyage squash tennis zebra koala lasso lagoon panda river epoch daisy"

func TestWordsAreTold(t *testing.T) {
	spec, err := os.ReadFile("../../docs/spec/record.md")
	if err != nil {
		t.Fatal(err)
	}
	told := strings.Join(strings.Fields(string(spec)), " ")
	all := map[string]bool{}
	first := map[string]string{}
	for i := range 4000 {
		for _, w := range identity.Words(identity.TeamID{byte(i), byte(i >> 8)}) {
			all[w] = true
			if other, ok := first[w[:3]]; ok && other != w {
				t.Errorf("%s and %s begin alike", w, other)
			}
			first[w[:3]] = w
		}
	}
	if len(all) != 256 {
		t.Errorf("%d words are used", len(all))
	}
	if !strings.Contains(told, wordsOfOne) {
		t.Error("the specification has not the words of the example")
	}
	var list []string
	for w := range all {
		list = append(list, w)
	}
	slices.Sort(list)
	if !strings.Contains(told, strings.Join(list, " ")) {
		t.Error("the specification has not the list of words")
	}
}

func FuzzSameTeam(f *testing.F) {
	f.Add(strings.Join(identity.Words(identity.TeamID{1}), " "))
	f.Add(identity.TeamID{1}.String())
	f.Fuzz(func(t *testing.T, s string) {
		same, err := identity.SameTeam(identity.TeamID{1}, s)
		if same && err != nil {
			t.Fatal("both")
		}
		if other, _ := identity.SameTeam(identity.TeamID{9}, s); same && other {
			t.Fatal("two teams are the same")
		}
	})
}
