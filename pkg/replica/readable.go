package replica

import (
	"slices"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/seal"
)

// ReadableUntil returns, for each team that was removed from a community or left it, when this node last
// took in a record sealed with a key that the team could have: until then it could read. A key whose
// readers are not known here counts for all, and so does each that was here before the end of the membership,
// where new members get what was sealed before them. Records that were dropped with their keys count no more.
func (r *Replica) ReadableUntil(c identity.CommunityID) map[identity.TeamID]time.Time {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := map[identity.TeamID]time.Time{}
	ended := map[identity.TeamID]time.Time{}
	for _, t := range r.formerMembers(c) {
		out[t], ended[t] = time.Time{}, r.endHeard(c, t)
	}
	type use struct {
		view       [32]byte
		minter     identity.TeamID
		seen, used time.Time
	}
	var uses []use
	r.keys.of(record.InCommunity(c).Tag(), func(_ seal.KeyID, h heldKey) {
		uses = append(uses, use{h.view, h.minter, h.seen, h.used})
	})
	for _, u := range uses {
		members, known := r.keys.members(u.view)
		for t, until := range out {
			could := !known || r.canonical(u.minter) == t || u.seen.Before(ended[t]) ||
				slices.ContainsFunc(members, func(m identity.TeamID) bool { return r.canonical(m) == t })
			if could && u.used.After(until) {
				out[t] = u.used
			}
		}
	}
	return out
}

// endHeard returns when this node had all that ended a team's membership, or the zero time where new members
// get nothing of what was sealed before them. The caller holds the lock.
func (r *Replica) endHeard(id identity.CommunityID, t identity.TeamID) (at time.Time) {
	c, ok := r.roster.Community(id)
	if !ok || c.Charter.History == notice.HistoryAdmission {
		return at
	}
	heard := func(s record.StatementID) {
		if h := r.heard[s]; h.After(at) {
			at = h
		}
	}
	for _, p := range c.Proposals() {
		if p.Effective && p.Team == t {
			heard(p.ID)
			for _, v := range p.Votes {
				heard(v.ID)
			}
		}
	}
	for _, d := range c.Departures() {
		if d.Counts && d.Team == t {
			heard(d.ID)
		}
	}
	return at
}
