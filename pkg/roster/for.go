package roster

import (
	"slices"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// For returns the statements that a team may have, ascending by ID. A member of a community may have all that
// is said about it, and what its members say of themselves and of others: delegations, profiles, vouches,
// revocations, rotations; the last two of former members too. An applicant may have the charter, what is said of its application, with all that the
// members among those who say it refer to, and what tells the members' keys. A team that was removed may have
// what removed it. Whatever a team signed is its own.
func (r *Roster) For(t identity.TeamID) []record.StatementID {
	f := audience{roster: r, team: r.keys.canonical(t), near: map[identity.TeamID]bool{}, former: map[identity.TeamID]bool{}, may: map[record.StatementID]struct{}{}}
	for _, c := range r.communities.all() {
		if c.Charter != nil {
			f.community(c)
		}
	}
	for id, s := range r.statements.all() {
		if s.SignedBy(t) || s.SignedBy(f.team) || f.fact(s) {
			f.may[id] = struct{}{}
		}
	}
	out := make([]record.StatementID, 0, len(f.may))
	for id := range f.may {
		out = append(out, id)
	}
	slices.SortFunc(out, compareIDs)
	return out
}

// audience is who asks what it may have.
type audience struct {
	roster *Roster
	team   identity.TeamID
	near   map[identity.TeamID]bool // teams of which it may have what they say of themselves
	former map[identity.TeamID]bool // teams of which it may have what became of their keys
	may    map[record.StatementID]struct{}
}

// community adds what the team may have of what is said about one.
func (f *audience) community(c *Community) {
	if c.members.has(f.team) {
		for _, x := range c.graph.all.all() {
			f.may[x.ID()] = struct{}{}
		}
		f.members(c)
		return
	}
	var own []record.StatementID
	for _, x := range c.graph.all.all() {
		if x.Kind == KindApply && c.keys.canonical(x.team) == f.team {
			own = append(own, x.ID())
		}
	}
	if len(own) == 0 && !c.ends.has(f.team) {
		return
	}
	var shown []record.StatementID
	for _, x := range c.graph.all.all() {
		switch {
		case slices.Contains(own, x.application):
			f.may[x.ID()] = struct{}{}
			if c.why(x.ID()) == Counts { // a stranger's word opens nothing
				shown = append(shown, x.ID())
			}
		case x.Kind == KindCharter && len(own) > 0:
			f.may[x.ID()] = struct{}{}
		case x.Kind == KindRemove && c.keys.canonical(x.team) == f.team:
			f.may[x.ID()] = struct{}{}
			shown = append(shown, x.ID())
		}
	}
	if len(own) > 0 {
		f.members(c)
	}
	if c.Charter.Admission.Rule == notice.RuleSponsors && (len(own) > 0 || c.was(f.team) && c.ends.has(f.team)) {
		f.past(c, shown)
	}
}

// past adds what statements need in order to count. Of removals the team had most of it, as a member; without
// that of what is said of its application it could not tell that it is an observer.
func (f *audience) past(c *Community, of []record.StatementID) {
	seen := make([]bool, c.graph.nodes.len())
	var queue []int32
	for _, id := range of {
		if _, i, ok := c.graph.at(id); ok {
			queue = append(queue, i)
		}
	}
	for len(queue) > 0 {
		i := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if seen[i] {
			continue
		}
		seen[i] = true
		n := c.graph.nodes.at(int(i))
		f.may[n.ID()] = struct{}{}
		queue = append(queue, n.refs...)
	}
}

func (f *audience) members(c *Community) {
	for t := range c.members.all() {
		for _, root := range f.roster.keys.class(t) {
			f.near[root] = true
		}
	}
	// A removal names the root that its team had: who knows another one must learn that they are one team's.
	for t := range c.ends.all() {
		for _, root := range f.roster.keys.class(t) {
			f.former[root] = true
		}
	}
}

// fact reports whether a statement about no community is a near team's.
func (f *audience) fact(s *record.Statement) bool {
	switch s.Kind {
	case identity.KindDelegate, KindProfile, KindVouch, KindWithdrawVouch, KindRevoke, KindRotate, KindSucceed:
	default:
		return false
	}
	keys := s.Kind == KindRevoke || s.Kind == KindRotate
	return slices.ContainsFunc(s.Signers, func(s record.Signer) bool { return f.near[s.Team] || keys && f.former[s.Team] })
}
