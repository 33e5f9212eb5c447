package notice

import (
	"slices"
	"strings"
)

// SamePerson reports whether two names are the same as far as a reader of TLP:RED is told by one: without
// case, and with single blanks. It identifies nobody.
func SamePerson(a, b string) bool {
	return strings.EqualFold(strings.Join(strings.Fields(a), " "), strings.Join(strings.Fields(b), " "))
}

// Names reports whether the marking names a person.
func (m *Marking) Names(person string) bool {
	return slices.ContainsFunc(m.Persons, func(p string) bool { return SamePerson(p, person) })
}

// OnRedDesk reports whether a person is of the team's RED desk.
func (p *Profile) OnRedDesk(person string) bool {
	return slices.ContainsFunc(p.RedDesk, func(d Person) bool { return SamePerson(d.Name, person) })
}
