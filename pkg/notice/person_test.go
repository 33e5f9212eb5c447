package notice_test

import (
	"slices"
	"testing"

	"tocsin/pkg/notice"
)

func TestPersonsOfRed(t *testing.T) {
	a := goodAlert()
	a.Marking = notice.Marking{TLP: notice.TLPRed, Persons: []string{" Zoe Ito", "", "Ada Obi", "Zoe Ito"}}
	body, err := notice.Encode(a)
	if err != nil {
		t.Fatal(err)
	}
	n, err := notice.Decode(notice.KindAlert, body)
	if err != nil {
		t.Fatal(err)
	}
	m := n.MarkingOf()
	if want := []string{"Ada Obi", "Zoe Ito"}; !slices.Equal(m.Persons, want) {
		t.Errorf("persons %q, want %q", m.Persons, want)
	}
	for name, want := range map[string]bool{"ada  obi ": true, "ZOE ITO": true, "Ada": false, "": false} {
		if m.Names(name) != want {
			t.Errorf("%q: %t", name, !want)
		}
	}
	p := &notice.Profile{RedDesk: []notice.Person{{Name: "Eve Moe"}}}
	if !p.OnRedDesk("eve moe") || p.OnRedDesk("Ada Obi") || p.OnRedDesk("") {
		t.Error("the desk is not those that it lists")
	}
}
