package node

import (
	"strings"
	"testing"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
)

// A team that calls itself by the beginning of another's ID is not taken for it.
func TestANameIsNoID(t *testing.T) {
	list := []named[int]{{1, "tabcdefghijk", "Alpha"}, {2, "tzzzzzzzzzzz", "tabcdefgh"}, {3, "tyyyyyyyyyyy", "Gamma"}}
	for text, want := range map[string]int{
		"Alpha": 1, "gamma": 3, "tabcdefghi": 1, "tabcdefghijk": 1, "tyyyyyyy": 3, "tabcdefgh": 0, "": 0, "nobody": 0,
	} {
		got, err := choose(identity.KindTeam, text, list)
		if got != want || (err == nil) != (want != 0) {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
}

// What is wrong with a name or an ID is said.
func TestNamesSayWhatIsWrong(t *testing.T) {
	id := identity.Format(identity.KindCommunity, [32]byte{1})
	other := identity.Format(identity.KindCommunity, [32]byte{2})
	list := []named[int]{{1, id, "Drill"}, {2, other, "drill"}}
	mistyped := []byte(id)
	mistyped[20] = 'z'
	for _, c := range []struct{ text, want string }{
		{"DRILL", "one of 2 communities"},
		{other[:7], "too short: at least 8 characters"},
		{"c", "too short: at least 8 characters"},
		{string(mistyped), "mistyped: its checksum does not match"},
		{identity.Groups(string(mistyped)), "mistyped: its checksum does not match"},
		{identity.Format(identity.KindTeam, [32]byte{1}), "this is the ID of a team, want the ID of a community"},
		{identity.Format(identity.KindCommunity, [32]byte{3}), "no community here"},
		{"nobody", "no community here"},
	} {
		_, err := choose(identity.KindCommunity, c.text, list)
		if err == nil || !strings.Contains(err.Error(), c.want) || api.Is(err, api.Ambiguous) != (c.text == "DRILL") {
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		}
	}
}
