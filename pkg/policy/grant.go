package policy

import (
	"bytes"
	"slices"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// granted returns the exit as the author's permission lets it be judged, and whether there is one that
// counts. It unlocks what it names: the ways by which content is passed on, for one record, to the
// audience named, under the marking named. The limits that it does not lift and PAP stay.
func (e *Exit) granted() (Exit, bool) {
	p := e.Grant
	switch {
	case p == nil || !p.TLP.Known() || !e.Marking.TLP.Known():
		return Exit{}, false // nobody can widen what is not known
	case e.Action != Send && e.Action != Forward && e.Action != Export:
		return Exit{}, false
	case p.Record == (record.ID{}) || p.Record != e.Record:
		return Exit{}, false
	case e.GrantedBy == (identity.TeamID{}) || e.GrantedBy != e.Author:
		return Exit{}, false
	case !p.Until.IsZero() && (e.Now.IsZero() || !e.Now.Before(p.Until)):
		return Exit{}, false
	}
	m := notice.Marking{TLP: p.TLP, PAP: e.Marking.PAP}
	for _, limit := range e.Marking.Purpose {
		if !slices.Contains(p.Lifts, limit) || !limit.Known() {
			m.Purpose = append(m.Purpose, limit)
		}
	}
	wider := *e
	wider.Marking, wider.Grant, wider.beyond = &m, nil, true
	switch e.Audience {
	case Members:
		if !has(p.Communities, e.Community) {
			return Exit{}, false
		}
	case Named:
		if !has(p.Teams, e.Team) {
			return Exit{}, false
		}
	case OtherTeam:
		if !has(p.Teams, e.Team) && (e.Team != identity.TeamID{} || !has(p.Communities, e.Community)) {
			return Exit{}, false
		}
		wider.Audience = Named
	case Constituents:
		if !p.Constituents {
			return Exit{}, false
		}
		if m.TLP == notice.TLPAmberStrict {
			m.TLP = notice.TLPAmber // they are named, so they are not the clients that STRICT leaves out
		}
	case Public:
		return wider, p.Public && p.TLP == notice.TLPClear
	case Observers, Operator, Desk, Logs:
		return Exit{}, false
	}
	if m.TLP == notice.TLPClear && !p.Public {
		m.TLP = notice.TLPGreen // to those named, and so not in clear over a network
	}
	return wider, true
}

// has reports whether a set of identifiers, ascending, has one that is not zero.
func has[ID ~[32]byte](set []ID, id ID) bool {
	_, found := slices.BinarySearchFunc(set, id, func(a, b ID) int { return bytes.Compare(a[:], b[:]) })
	return found && id != (ID{})
}
