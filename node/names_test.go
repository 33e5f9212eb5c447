package node

import "testing"

// A team that calls itself by the beginning of another's ID is not taken for it.
func TestANameIsNoID(t *testing.T) {
	list := []named[int]{{1, "tabcdefghijk", "Alpha"}, {2, "tzzzzzzzzzzz", "tabcdefgh"}, {3, "tyyyyyyyyyyy", "Gamma"}}
	for text, want := range map[string]int{
		"Alpha": 1, "gamma": 3, "tabcdefghi": 1, "tabcdefghijk": 1, "tyyyyyyy": 3, "tabcdefgh": 0, "": 0, "nobody": 0,
	} {
		got, err := choose("team", text, list)
		if got != want || (err == nil) != (want != 0) {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
}
