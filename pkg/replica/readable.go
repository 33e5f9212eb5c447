package replica

import (
	"slices"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
	"tocsin/pkg/seal"
)

// ReadableUntil returns, for each team that was removed from a community or left it, when this node last
// took in a record sealed with a key that the team could have: until then it could read. A key whose
// readers are not known here counts for all. Records that were dropped with their keys count no more.
func (r *Replica) ReadableUntil(c identity.CommunityID) map[identity.TeamID]time.Time {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := map[identity.TeamID]time.Time{}
	for _, t := range r.formerMembers(c) {
		out[t] = time.Time{}
	}
	type use struct {
		view   [32]byte
		minter identity.TeamID
		used   time.Time
	}
	var uses []use
	r.keys.of(record.InCommunity(c).Tag(), func(_ seal.KeyID, h heldKey) {
		uses = append(uses, use{h.view, h.minter, h.used})
	})
	for _, u := range uses {
		members, known := r.keys.members(u.view)
		for t, until := range out {
			could := !known || r.canonical(u.minter) == t ||
				slices.ContainsFunc(members, func(m identity.TeamID) bool { return r.canonical(m) == t })
			if could && u.used.After(until) {
				out[t] = u.used
			}
		}
	}
	return out
}
