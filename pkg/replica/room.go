package replica

import (
	"bytes"
	"maps"
	"slices"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// What waits in memory, in bytes: of one team, of all teams that are no members together, and of all.
const (
	roomOfTeam = 1 << 20
	roomOfAll  = 16 << 20
)

// room holds statements about communities that cannot be kept yet: something that they rest on is not here, nothing
// here rests on them, or their author said much lately. Nothing is known by them. Who holds them offers them again,
// so that what has no place here, or is lost with a restart, only comes later.
type room struct {
	all   map[record.StatementID]waiter
	above map[record.StatementID]map[record.StatementID]struct{} // which of these refer to a statement
	sizes map[identity.TeamID]int
	size  int
	slow  map[record.StatementID]struct{} // that wait for the pace alone
}

type waiter struct {
	*record.Statement
	host identity.TeamID // whose room it takes; zero: that of all who are no members
}

func newRoom() room {
	return room{
		all: map[record.StatementID]waiter{}, above: map[record.StatementID]map[record.StatementID]struct{}{},
		sizes: map[identity.TeamID]int{}, slow: map[record.StatementID]struct{}{},
	}
}

func sizeInRoom(s *record.Statement) int { return len(s.Payload()) + 512 }

// put takes a statement in, if there is room for what its host says.
func (r *room) put(s *record.Statement, host identity.TeamID) {
	size := sizeInRoom(s)
	if _, here := r.all[s.ID()]; here || r.sizes[host]+size > roomOfTeam {
		return
	}
	for r.size+size > roomOfAll {
		if !r.crowdOut(r.sizes[host] + size) {
			return
		}
	}
	r.all[s.ID()] = waiter{s, host}
	for _, id := range roster.Refers(s) {
		if r.above[id] == nil {
			r.above[id] = map[record.StatementID]struct{}{}
		}
		r.above[id][s.ID()] = struct{}{}
	}
	r.sizes[host] += size
	r.size += size
}

// crowdOut drops what waits of the team with the most, if that is more than another would have.
func (r *room) crowdOut(than int) bool {
	var most identity.TeamID
	for t, n := range r.sizes {
		if n > r.sizes[most] || n == r.sizes[most] && bytes.Compare(t[:], most[:]) < 0 {
			most = t
		}
	}
	if r.sizes[most] <= than {
		return false
	}
	for id, w := range r.all {
		if w.host == most {
			r.drop(id)
		}
	}
	return true
}

func (r *room) drop(id record.StatementID) {
	w, here := r.all[id]
	if !here {
		return
	}
	delete(r.all, id)
	delete(r.slow, id)
	for _, ref := range roster.Refers(w.Statement) {
		delete(r.above[ref], id)
		if len(r.above[ref]) == 0 {
			delete(r.above, ref)
		}
	}
	size := sizeInRoom(w.Statement)
	if r.sizes[w.host] -= size; r.sizes[w.host] == 0 {
		delete(r.sizes, w.host)
	}
	r.size -= size
}

// maxHurried is how many statements that waited for the pace are looked at in one call.
const maxHurried = 256

// due returns statements that waited for the pace and need not any more.
func (r *Replica) due(now time.Time) (out []*record.Statement) {
	for _, id := range slices.SortedFunc(maps.Keys(r.waitroom.slow), compareIDs) {
		if w := r.waitroom.all[id]; r.pace.may(r.canonical(w.Signers[0].Team), now) && len(out) < maxHurried {
			out = append(out, w.Statement)
		}
	}
	return out
}

// with returns statements, and those that wait which rest on them or on which they rest.
func (r *room) with(fresh []*record.Statement) []*record.Statement {
	if len(r.all) == 0 {
		return fresh
	}
	known := map[record.StatementID]struct{}{}
	for _, s := range fresh {
		known[s.ID()] = struct{}{}
	}
	out := slices.Clip(fresh)
	take := func(id record.StatementID) {
		w, here := r.all[id]
		if _, again := known[id]; here && !again {
			known[id] = struct{}{}
			out = append(out, w.Statement)
		}
	}
	for i := 0; i < len(out); i++ {
		for _, id := range roster.Refers(out[i]) {
			take(id)
		}
		for _, id := range slices.SortedFunc(maps.Keys(r.above[out[i].ID()]), compareIDs) {
			take(id)
		}
	}
	return out
}

// isSlow reports whether a statement waits for the pace alone.
func (v *sieve) isSlow(s *record.Statement) bool {
	id, _ := roster.CommunityOf(s)
	f := v.fates[id]
	if f == nil {
		return false
	}
	_, slow := f.slow[s.ID()]
	return slow
}

// admit has those of the fresh statements wait that were not kept and may be later: a member's, of now or before, and
// what such refer to.
func (v *sieve) admit(kept map[record.StatementID]struct{}) {
	r := &v.r.waitroom
	for id := range kept {
		r.drop(id)
	}
	type late struct {
		s      *record.Statement
		member bool
	}
	left := map[record.StatementID]late{}
	var queue []record.StatementID
	for _, s := range v.fresh {
		id, about := roster.CommunityOf(s)
		c, known := v.next.Community(id)
		if _, in := kept[s.ID()]; in || !about || !known || !sponsors(c) || s.Kind == roster.KindCharter || !v.ours(id) {
			continue
		}
		l := late{s, len(s.Signers) == 1 && v.signedByMember(c, s)}
		left[s.ID()] = l
		if l.member || len(r.above[s.ID()]) > 0 {
			queue = append(queue, s.ID())
		}
	}
	done := map[record.StatementID]struct{}{}
	for len(queue) > 0 {
		id := queue[0]
		queue = queue[1:]
		l, here := left[id]
		if _, again := done[id]; again || !here {
			continue
		}
		done[id] = struct{}{}
		host := identity.TeamID{}
		if l.member {
			host = v.r.canonical(l.s.Signers[0].Team)
		}
		r.put(l.s, host)
		if _, waits := r.all[id]; waits && v.isSlow(l.s) {
			r.slow[id] = struct{}{}
		}
		queue = append(queue, roster.Refers(l.s)...)
	}
}
