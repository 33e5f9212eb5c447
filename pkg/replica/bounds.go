package replica

import (
	"fmt"
	"slices"

	"tocsin/pkg/identity"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// fate is what becomes of fresh statements about one community that governs itself, and of those that were here.
type fate struct {
	stay map[record.StatementID]struct{}
	slow map[record.StatementID]struct{} // would stay, but their author said much lately: they are offered again
	gone []record.StatementID            // were here, and must make room for what goes before them
}

// settle decides, once for all fresh statements about a community, which of them stay. It does not depend on the
// order in which they came, but for the pace, which only delays.
func (v *sieve) settle(c *roster.Community) *fate {
	if f := v.fates[c.ID]; f != nil {
		return f
	}
	f := &fate{stay: map[record.StatementID]struct{}{}, slow: map[record.StatementID]struct{}{}}
	v.fates[c.ID] = f
	fresh := map[record.StatementID]*record.Statement{}
	for _, s := range v.fresh {
		if id, about := roster.CommunityOf(s); about && id == c.ID && c.Complete(s.ID()) {
			fresh[s.ID()] = s
		}
	}
	root := v.root(c, fresh)
	for id, s := range fresh {
		t := v.r.canonical(s.Signers[0].Team)
		if !root(s) || v.join || v.r.isSelf(t) {
			continue
		}
		if !v.r.pace.may(t, v.now) || !v.r.roomFor(t).May(record.Control, roster.Weight(s)) {
			f.slow[id] = struct{}{}
		}
	}
	stays := func(s *record.Statement) bool {
		_, slow := f.slow[s.ID()]
		return !slow && root(s)
	}
	if v.surelyWithin(c.ID, fresh) {
		v.follow(f, fresh, stays)
		f.hurry()
		return f
	}
	v.crowd(c, f, fresh, stays)
	for f.hurry() { // what others rest on stays whatever the pace, and counts
		v.crowd(c, f, fresh, stays)
	}
	return f
}

// hurry has what stays for others' sake not wait, and reports whether there was such.
func (f *fate) hurry() bool {
	before := len(f.slow)
	for id := range f.stay {
		delete(f.slow, id)
	}
	return len(f.slow) < before
}

// root returns what tells whether a statement stays without another that rests on it: a word of a member, of now or
// before, and an application that is ours, or that the operator handed over since the start.
func (v *sieve) root(c *roster.Community, fresh map[record.StatementID]*record.Statement) func(*record.Statement) bool {
	return func(s *record.Statement) bool {
		switch {
		case len(s.Signers) == 1 && v.signedByMember(c, s):
			return true
		case s.Kind != roster.KindApply:
			return false
		case v.r.isSelf(s.Signers[0].Team):
			return true
		case fresh[s.ID()] != nil:
			return v.join
		}
		_, handed := v.r.handed[s.ID()]
		return handed
	}
}

// surelyWithin reports whether all fresh statements are within the bounds wherever they come in the order.
func (v *sieve) surelyWithin(id identity.CommunityID, fresh map[record.StatementID]*record.Statement) bool {
	b, more, all := &v.r.opt.Bounds, map[roster.Speaker]int64{}, v.r.weights[roster.Speaker{Community: id, All: true}]
	for _, s := range fresh {
		for _, k := range speakers(s, id) {
			more[k] += roster.Weight(s)
		}
		all += roster.Weight(s)
	}
	for _, s := range fresh {
		key, team := roster.SpeakersOf(s, id)
		if !b.Within(s.Kind, v.r.weights[key]+more[key], v.r.weights[team]+more[team]) {
			return false
		}
	}
	return all <= b.Loose
}

// follow has stay what stays by itself, and what that rests on among the fresh: of what is here all is here.
func (v *sieve) follow(f *fate, fresh map[record.StatementID]*record.Statement, root func(*record.Statement) bool) {
	var queue []*record.Statement
	for _, s := range fresh {
		if root(s) || s.Kind == roster.KindCharter {
			queue = append(queue, s)
		}
	}
	for len(queue) > 0 {
		s := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if _, again := f.stay[s.ID()]; again {
			continue
		}
		f.stay[s.ID()] = struct{}{}
		for _, id := range roster.Refers(s) {
			if below := fresh[id]; below != nil {
				queue = append(queue, below)
			}
		}
	}
}

// crowd decides where there is more than surely stays.
func (v *sieve) crowd(c *roster.Community, f *fate, fresh map[record.StatementID]*record.Statement, root func(*record.Statement) bool) {
	f.gone = nil
	ids := make(map[record.StatementID]struct{}, len(fresh))
	for id := range fresh {
		ids[id], f.stay[id] = struct{}{}, struct{}{}
	}
	for _, id := range c.Surplus(&v.r.opt.Bounds, ids, root) {
		delete(f.stay, id)
		if fresh[id] == nil {
			f.gone = append(f.gone, id)
		}
	}
}

// governed says whether a fresh statement stays that is about a community which governs itself.
func (v *sieve) governed(c *roster.Community, s *record.Statement) policy.Judgement {
	f := v.settle(c)
	_, stays := f.stay[s.ID()]
	_, slow := f.slow[s.ID()]
	switch {
	case stays:
		return policy.Judgement{Verdict: policy.Accept, Reason: policy.OK}
	case !c.Complete(s.ID()):
		return policy.Judgement{Verdict: policy.Ignore, Reason: policy.Waits, Detail: "it refers to statements that are not here"}
	case slow:
		return policy.Judgement{Verdict: policy.Ignore, Reason: policy.Waits, Detail: "the team signed much lately: it is taken when it is offered again later"}
	case v.signedByMember(c, s):
		return policy.Judgement{Verdict: policy.Ignore, Reason: policy.Quota, Detail: "the team signed more of these than anybody keeps"}
	}
	return notAboutOurs()
}

func notAboutOurs() policy.Judgement {
	return policy.Judgement{Verdict: policy.Ignore, Reason: policy.NotOurs, Detail: "the statement is not about a community of this team"}
}

// speakers returns what a statement about a community counts for.
func speakers(s *record.Statement, id identity.CommunityID) []roster.Speaker {
	key, team := roster.SpeakersOf(s, id)
	return []roster.Speaker{key, team}
}

// forget drops statements that make room for others, and makes anew what was read from them. What rests on them
// is among them.
func (r *Replica) forget(ids []record.StatementID) error {
	if len(ids) == 0 {
		return nil
	}
	gone := make(map[record.StatementID]struct{}, len(ids))
	for part := range slices.Chunk(ids, MaxApplyOps/2) {
		var ops []Op
		for _, id := range part {
			gone[id] = struct{}{}
			ops = append(ops, Op{Key: idKey(spaceState, id), Delete: true}, Op{Key: idKey(spaceHeard, id), Delete: true})
		}
		if err := r.opt.Store.Apply(ops); err != nil {
			return fmt.Errorf("drop statements: %w", err)
		}
		for _, id := range part {
			delete(r.heard, id)
		}
	}
	var rest, dropped []*record.Statement
	for _, id := range r.roster.Statements() {
		s, _ := r.roster.Statement(id)
		if _, out := gone[id]; out {
			dropped = append(dropped, s)
		} else {
			rest = append(rest, s)
		}
	}
	r.roster = roster.New().With(rest...)
	r.count(dropped, -1)
	r.astray = r.noteStanding(dropped) || r.astray
	return nil
}
