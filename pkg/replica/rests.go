package replica

import (
	"slices"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// isReferred reports whether a statement of another team, which is or was a member, rests on this one: it refers
// to it, or to one of the same author that rests on it. Without it that one could not count here.
func (v *sieve) isReferred(s *record.Statement) bool {
	if v.referred == nil {
		v.referred = v.rests()
	}
	_, ok := v.referred[s.ID()]
	return ok
}

// rests returns the statements that what other members said rests on. It walks only if that can be any of the
// fresh ones: a stranger could have everything walked again and again.
func (v *sieve) rests() map[record.StatementID]struct{} {
	out := map[record.StatementID]struct{}{}
	fresh := map[record.StatementID]*record.Statement{}
	for _, s := range v.fresh {
		fresh[s.ID()] = s
	}
	all, some := slices.DeleteFunc(slices.Clone(v.fresh), func(s *record.Statement) bool { return len(s.Heads) == 0 }), false
	for _, id := range v.r.roster.Statements() {
		if kept, ok := v.r.roster.Statement(id); ok && len(kept.Heads) > 0 {
			all = append(all, kept)
		}
	}
	for _, s := range all {
		some = some || slices.ContainsFunc(s.Heads, func(head record.StatementID) bool { return fresh[head] != nil })
	}
	if !some {
		return out
	}
	var queue []*record.Statement
	follow := func(s *record.Statement, own bool) {
		by := s.Signers[0].Team
		for _, head := range s.Heads {
			below := fresh[head]
			if below == nil {
				below, _ = v.r.roster.Statement(head)
			}
			if below == nil || below.SignedBy(by) != own {
				continue
			}
			if _, again := out[head]; !again {
				out[head] = struct{}{}
				queue = append(queue, below)
			}
		}
	}
	members := map[identity.TeamID]bool{}
	for _, s := range all {
		by := s.Signers[0].Team
		if _, known := members[by]; !known {
			members[by] = v.everMember(by)
		}
		if members[by] {
			follow(s, false)
		}
	}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		follow(s, true)
	}
	return out
}

// everMember reports whether a team is or was a member of any community known here.
func (v *sieve) everMember(t identity.TeamID) bool {
	return slices.ContainsFunc(v.next.Communities(), func(id identity.CommunityID) bool {
		c, _ := v.next.Community(id)
		return c.Member(t) || c.Removed(t) || c.Left(t)
	})
}
