package replica

import (
	"cmp"
	"slices"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// Statements returns the IDs of all statements that are here, ascending: those kept, and those that wait, which
// nobody needs to bring again.
func (r *Replica) Statements() []record.StatementID {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := r.roster.Statements()
	for id := range r.waitroom.all {
		out = append(out, id)
	}
	slices.SortFunc(out, compareIDs)
	return out
}

// StatementFrames returns those of the named statements that are kept and that a team may have; see roster.For.
// A caller that can hand over only some takes the first: each team has its turn, so that a flood by one hides nobody
// else's word, and what a word rests on goes before it.
func (r *Replica) StatementFrames(ids []record.StatementID, to identity.TeamID) [][]byte {
	now := r.Roster()
	asked := map[record.StatementID]struct{}{}
	for _, id := range ids {
		asked[id] = struct{}{}
	}
	var all []*record.Statement
	for _, id := range now.For(to) {
		if _, ok := asked[id]; !ok {
			continue
		}
		if s, ok := now.Statement(id); ok {
			all = append(all, s)
		}
	}
	out := make([][]byte, 0, len(all))
	for _, s := range inTurn(now, all) {
		out = append(out, s.Frame())
	}
	return out
}

// maxBrought bounds, in bytes, what goes before a word because the word rests on it. What rests on more goes alone, and
// waits for the rest.
const maxBrought = 64 << 10

// inTurn orders statements.
func inTurn(now *roster.Roster, all []*record.Statement) []*record.Statement {
	type turn struct {
		*record.Statement
		stranger, depth, at int
	}
	list, known := make([]turn, 0, len(all)), map[record.StatementID]*record.Statement{}
	for _, s := range all {
		known[s.ID()] = s
		t := turn{Statement: s}
		if id, about := roster.CommunityOf(s); about {
			if c, ok := now.Community(id); ok {
				t.depth = c.Depth(s.ID())
				if !c.BeenIn(s.Signers[0].Team) {
					t.stranger = 1
				}
			}
		}
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b turn) int {
		return cmp.Or(cmp.Compare(a.depth, b.depth), compareIDs(a.ID(), b.ID()))
	})
	turns := map[identity.TeamID]int{}
	for i := range list {
		by := list[i].Signers[0].Team
		list[i].at = turns[by]
		turns[by]++
	}
	slices.SortStableFunc(list, func(a, b turn) int { return cmp.Or(cmp.Compare(a.stranger, b.stranger), cmp.Compare(a.at, b.at)) })
	out, done := make([]*record.Statement, 0, len(all)), map[record.StatementID]struct{}{}
	for _, t := range list {
		for _, s := range brought(t.Statement, known, done) {
			out = append(out, s)
			done[s.ID()] = struct{}{}
		}
	}
	return out
}

// brought returns a statement after those of the known ones that it rests on, less what is done; alone where these
// are too many.
func brought(s *record.Statement, known map[record.StatementID]*record.Statement, done map[record.StatementID]struct{}) (out []*record.Statement) {
	size, seen := 0, map[record.StatementID]struct{}{}
	var visit func(*record.Statement)
	visit = func(s *record.Statement) {
		_, again := seen[s.ID()]
		if _, is := done[s.ID()]; is || again || size > maxBrought {
			return
		}
		seen[s.ID()] = struct{}{}
		size += len(s.Payload())
		for _, id := range roster.Refers(s) {
			if below := known[id]; below != nil {
				visit(below)
			}
		}
		out = append(out, s)
	}
	if visit(s); size > maxBrought {
		return []*record.Statement{s}
	}
	return out
}
