package roster

import (
	"slices"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// Pins are whom one node trusts by its own check. The zero Pins pin nobody.
type Pins struct {
	Self  identity.TeamID
	Teams map[identity.TeamID]struct{}
}

// Level is what one node's pins and the vouches make of a team. It is nobody else's business.
type Level uint8

// The levels, least first.
const (
	Unknown Level = iota // nothing is here about the team
	Known                // it signed something, or somebody spoke of it
	Vouched              // teams that are pinned here vouch for it
	Pinned               // its key was compared here
	Self                 // it is this team
)

// Trust is a level and what leads to it.
type Trust struct {
	Level Level
	// Vouchers are the pinned teams that vouch, ascending; Parents counts their different parent
	// organisations. How many are enough is for the caller to say.
	Vouchers []identity.TeamID
	Parents  int
	Path     []Step
}

// Step is one reason: From says something of To by a statement.
type Step struct {
	Kind      string // a kind of statement, or "pin"
	From, To  identity.TeamID
	Statement record.StatementID // zero for a pin
}

// Trust says what a team is to somebody with these pins. A pin follows the team's rotations; it does not
// follow a succession.
func (r *Roster) Trust(t identity.TeamID, p Pins) Trust {
	now := r.keys.canonical(t)
	if p.Self != (identity.TeamID{}) && now == r.keys.canonical(p.Self) {
		return Trust{Level: Self}
	}
	pins := map[identity.TeamID]identity.TeamID{}
	for pin := range p.Teams {
		c := r.keys.canonical(pin)
		if was, ok := pins[c]; !ok || compareIDs(pin, was) < 0 {
			pins[c] = pin
		}
	}
	if _, exactly := p.Teams[t]; exactly {
		return Trust{Level: Pinned, Path: []Step{{Kind: "pin", From: p.Self, To: t}}}
	}
	if pin, ok := pins[now]; ok {
		return Trust{Level: Pinned, Path: append([]Step{{Kind: "pin", From: p.Self, To: pin}}, r.rotationSteps(pin, now)...)}
	}
	out := Trust{Level: Unknown}
	parents := map[string]struct{}{}
	all := r.Vouches(now)
	for _, v := range all {
		by := r.keys.canonical(v.By)
		pin, ok := pins[by]
		if !ok || v.Withdrawn {
			continue
		}
		out.Level = Vouched
		out.Vouchers = append(out.Vouchers, by)
		parents[r.parent(by)] = struct{}{}
		out.Path = append(out.Path, Step{"pin", p.Self, pin, record.StatementID{}}, Step{KindVouch, v.By, v.For, v.ID})
	}
	slices.SortFunc(out.Vouchers, compareIDs)
	out.Parents = len(parents)
	of := r.delegations.get(t)
	if out.Level == Unknown && (len(all) > 0 || of.len() > 0 || len(r.CommunitiesOf(t)) > 0) {
		out.Level = Known
	}
	return out
}

func (r *Roster) rotationSteps(from, to identity.TeamID) (out []Step) {
	r.keys.chain(from, func(t identity.TeamID) {
		if next := r.keys.rotations.get(t); t != to && next != nil {
			out = append(out, Step{KindRotate, t, next.to, next.all[0].ID()})
		}
	})
	return out
}

// parent returns what tells a team's parent organisation from others: its name as the first community says
// that names one, else the team itself.
func (r *Roster) parent(t identity.TeamID) string {
	for _, id := range r.CommunitiesOf(t) {
		if p := r.communities.get(id).Parent(t); p != "" {
			return p
		}
	}
	return t.String()
}
