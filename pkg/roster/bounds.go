package roster

import (
	"cmp"
	"slices"
	"sort"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// Bounds say how much of what is said about a community that governs itself stays. They are counted in the
// weights of statements, so that many small ones and few long ones are bounded alike. docs/spec/roster.md has the
// rule under "What stays"; all nodes have the same bounds, or they keep other sets.
type Bounds struct {
	Key   int64 // weight of what one key says
	Brief int64 // weight of its applications, and of its leavings: of these nobody has cause for many
	Keys  int64 // how many keys' weight a team has
	Loose int64 // weight of loose statements in one past, and in all pasts of a team's words together
}

// DefaultBounds returns the bounds of the specification. A statement of usual length weighs 2 kB.
func DefaultBounds() Bounds {
	return Bounds{Key: 4 << 20, Brief: 128 << 10, Keys: 4, Loose: 32 << 20}
}

// weightBase is what a statement weighs beside its bytes: what it takes to hold and to judge.
const weightBase = 1024

// Weight is what a statement counts for.
func Weight(s *record.Statement) int64 { return weightBase + int64(len(s.Payload())) }

func (b *Bounds) limit(kind string) int64 {
	if kind == KindApply || kind == KindLeave {
		return b.Brief
	}
	return b.Key
}

// Speaker is what statements are counted by: a key and what sort of word it is. With the zero key it is a team.
type Speaker struct {
	Community identity.CommunityID
	Team      identity.TeamID
	Key       [32]byte // zero: the root, or all keys
	All       bool     // of all keys
	Sort      string   // the kinds that are counted apart by their names, "" for the others
}

// SpeakersOf returns what a statement about a community counts for: its key, and its team.
func SpeakersOf(s *record.Statement, id identity.CommunityID) (key, team Speaker) {
	key = Speaker{Community: id, Team: s.Signers[0].Team, Key: signingKey(s.Signers[0])}
	if s.Kind == KindApply || s.Kind == KindLeave {
		key.Sort = s.Kind
	}
	team = key
	team.Key, team.All = [32]byte{}, true
	return key, team
}

// Within reports whether so much of a key and of its team is surely within bounds.
func (b *Bounds) Within(kind string, key, team int64) bool {
	return key <= b.limit(kind) && team <= b.Keys*b.limit(kind)
}

// tally counts words in the order of judging.
type tally struct {
	bounds *Bounds
	said   map[Speaker]int64
}

// add counts a word, and reports whether it was beyond what its key, or its team, may say.
func (t *tally) add(n *node) (beyond bool) {
	if len(n.Signers) != 1 {
		return true // it counts for nothing
	}
	limit := t.bounds.limit(n.Kind)
	key, team := SpeakersOf(n.Statement, n.community)
	beyond = t.said[key] >= limit || t.said[team] >= t.bounds.Keys*limit
	// Of one key no more than its own bound counts against the others of the team.
	t.said[team] += max(0, min(Weight(n.Statement), limit-t.said[key]))
	t.said[key] += Weight(n.Statement)
	return beyond
}

// Surplus decides what stays of what is said about a community under RuleSponsors, where some of it is fresh. root
// says of a word whether it stays without another that rests on it: it is a member's, of now or before. Surplus returns
// the complete statements that do not stay, which may be fresh ones or such as stayed until now. What stays depends
// on the set alone, and is the same if the set lacks what did not stay before.
func (c *Community) Surplus(b *Bounds, fresh map[record.StatementID]struct{}, root func(*record.Statement) bool) []record.StatementID {
	s, size := c.sorting(b)
	var roots []int32
	teams := map[identity.TeamID]struct{}{}
	t := tally{b, map[Speaker]int64{}}
	for _, i := range s.order {
		n := c.graph.nodes.at(int(i))
		if n.Kind == KindCharter {
			roots = append(roots, i)
			continue
		}
		if !root(n.Statement) {
			continue
		}
		// What can never stay by itself must not count against what can: who meets it later would keep others.
		if _, isFresh := fresh[n.ID()]; isFresh && size > b.Loose {
			if s.loose(s.past(i)) > b.Loose {
				continue
			}
			teams[n.Signers[0].Team] = struct{}{}
		}
		if !t.add(n) {
			roots = append(roots, i)
		}
	}
	for team := range teams {
		roots = s.together(roots, team)
	}
	stays := s.past(roots...)
	var out []record.StatementID
	for i, n := range c.graph.nodes.all() {
		if !stays[i] {
			out = append(out, n.ID())
		}
	}
	return out
}

// sorting is one look at what stays.
type sorting struct {
	c      *Community
	bounds *Bounds
	order  []int32 // all nodes, in the order of judging
}

// sorting returns all statements of a community in order, and what they weigh.
func (c *Community) sorting(b *Bounds) (s sorting, size int64) {
	s = sorting{c, b, make([]int32, 0, c.graph.nodes.len())}
	for i, n := range c.graph.nodes.all() {
		size += Weight(n.Statement)
		s.order = append(s.order, int32(i)) //nolint:gosec // see graph.complete
	}
	slices.SortFunc(s.order, func(a, b int32) int { return earlier(c.graph.nodes.at(int(a)), c.graph.nodes.at(int(b))) })
	return s, size
}

// together has no more words of a team stay by themselves than bring the bound of loose statements with them: those
// that are first in the order of judging, which roots are in.
func (s *sorting) together(roots []int32, team identity.TeamID) []int32 {
	c := s.c
	isOf := func(i int32) bool {
		n := c.graph.nodes.at(int(i))
		return n.Kind != KindCharter && n.Signers[0].Team == team
	}
	words := slices.DeleteFunc(slices.Clone(roots), func(i int32) bool { return !isOf(i) })
	full := func(n int) bool { return s.loose(s.past(words[:n]...)) >= s.bounds.Loose }
	if !full(len(words)) {
		return roots
	}
	beyond := words[sort.Search(len(words), full):]
	return slices.DeleteFunc(roots, func(i int32) bool { return slices.Contains(beyond, i) })
}

// past returns which statements are among some or in their past.
func (s *sorting) past(of ...int32) []bool {
	seen := make([]bool, len(s.order))
	queue := slices.Clone(of)
	for len(queue) > 0 {
		i := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if !seen[i] {
			seen[i] = true
			queue = append(queue, s.c.graph.nodes.at(int(i)).refs...)
		}
	}
	return seen
}

// loose weighs the loose statements of a past: those beyond what their keys may say within it, and those of teams
// that are not established in it. It knows no key that was taken back and no vote: it must be the same for ever.
func (s *sorting) loose(past []bool) (weight int64) {
	established := s.established(past)
	t := tally{s.bounds, map[Speaker]int64{}}
	for _, i := range s.order {
		n := s.c.graph.nodes.at(int(i))
		if !past[i] || n.Kind == KindCharter {
			continue
		}
		if t.add(n) || !established[n.Signers[0].Team] {
			weight += Weight(n.Statement)
		}
	}
	return weight
}

// established returns the founders, and the teams of which as many established ones as the charter asks for attest an
// application, in a past.
func (s *sorting) established(past []bool) map[identity.TeamID]bool {
	c, out := s.c, map[identity.TeamID]bool{}
	for _, f := range c.Charter.Founders {
		out[f] = true
	}
	by := map[record.StatementID]map[identity.TeamID]struct{}{}
	for _, i := range s.order {
		n := c.graph.nodes.at(int(i))
		if !past[i] || n.Kind != KindAdmit || len(n.Signers) != 1 || !out[n.Signers[0].Team] {
			continue
		}
		app, _, ok := c.graph.at(n.application)
		if !ok || app.Kind != KindApply || app.Signers[0].Team == n.Signers[0].Team {
			continue
		}
		if by[app.ID()] == nil {
			by[app.ID()] = map[identity.TeamID]struct{}{}
		}
		by[app.ID()][n.Signers[0].Team] = struct{}{}
		if len(by[app.ID()]) >= c.Charter.Admission.Witnesses {
			out[app.Signers[0].Team] = true
		}
	}
	return out
}

// Complete reports whether a statement is here with all that it rests on.
func (c *Community) Complete(id record.StatementID) bool {
	_, _, ok := c.graph.at(id)
	return ok
}

// Depth returns the longest way from a statement to the charter, or 0 for one that is not complete.
func (c *Community) Depth(id record.StatementID) int {
	if n, _, ok := c.graph.at(id); ok {
		return int(n.depth)
	}
	return 0
}

// Refers returns what a statement about a community refers to.
func Refers(s *record.Statement) []record.StatementID {
	if x := read(s); x != nil {
		return x.refers()
	}
	return nil
}

// Lean returns those of the heads of a community that a word should name so that what it rests on stays well within the
// bound of loose statements, whatever others write: the ones that bring the least of these first.
func (c *Community) Lean(b *Bounds, heads []record.StatementID) []record.StatementID {
	s, size := c.sorting(b)
	if size <= b.Loose/2 || c.Charter.Admission.Rule != notice.RuleSponsors {
		return heads
	}
	type head struct {
		id    record.StatementID
		at    int32
		loose int64
	}
	var all []head
	for _, id := range heads {
		if _, i, ok := c.graph.at(id); ok {
			all = append(all, head{id, i, s.loose(s.past(i))})
		}
	}
	slices.SortFunc(all, func(x, y head) int { return cmp.Or(cmp.Compare(x.loose, y.loose), compareIDs(x.id, y.id)) })
	var out []record.StatementID
	var named []int32
	for _, h := range all {
		if s.loose(s.past(append(slices.Clip(named), h.at)...)) <= b.Loose/2 {
			out, named = append(out, h.id), append(named, h.at)
		}
	}
	slices.SortFunc(out, compareIDs)
	return out
}
