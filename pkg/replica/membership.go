package replica

import (
	"crypto/sha256"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// membership returns what an epoch key of a community is made for now.
func (r *Replica) membership(c identity.CommunityID) [32]byte {
	h := sha256.New()
	h.Write(c[:])
	for _, t := range r.roster.Members(c) {
		h.Write(t[:])
	}
	return [32]byte(h.Sum(nil))
}

// nodes returns the nodes that speak for a team now: one delegation each, the newest.
func (r *Replica) nodes(t identity.TeamID, now time.Time) []*identity.Delegation {
	var out []*identity.Delegation
	newest := map[identity.NodeID]int{}
	for _, d := range r.roster.Delegations(t) {
		if !d.Covers(now) {
			continue
		}
		if at, ok := newest[d.Node]; ok {
			out[at] = d
			continue
		}
		newest[d.Node] = len(out)
		out = append(out, d)
	}
	return out
}

// canonical returns the ID that a team has today.
func (r *Replica) canonical(t identity.TeamID) identity.TeamID { return t }

// isSelf reports whether a team is ours, by whatever ID it had.
func (r *Replica) isSelf(t identity.TeamID) bool { return r.canonical(t) == r.canonical(r.self) }

// inPair reports whether a private channel is one of the team's.
func (r *Replica) inPair(ch record.Channel, t identity.TeamID) bool {
	t = r.canonical(t)
	return ch.Private() && (r.canonical(ch.Pair[0]) == t || r.canonical(ch.Pair[1]) == t)
}

// other returns the team at the other end of a private channel of ours.
func (r *Replica) other(ch record.Channel) identity.TeamID {
	if r.isSelf(ch.Pair[0]) {
		return r.canonical(ch.Pair[1])
	}
	return r.canonical(ch.Pair[0])
}

// observes reports whether a team may read what a community shows to those whose application is open.
func (r *Replica) observes(identity.CommunityID, identity.TeamID) bool { return false }

// frozenRecord reports whether a record's key was frozen before the record came here.
func (r *Replica) frozenRecord(*Entry) bool { return false }

// outsideWhy says why a record is not part of the set.
func (r *Replica) outsideWhy(*record.Record) string {
	return "its author was removed from the community, and this is beyond that"
}

// formerMembers returns the teams that were members of a community and are no more.
func (r *Replica) formerMembers(id identity.CommunityID) (out []identity.TeamID) {
	c, ok := r.roster.Community(id)
	if !ok {
		return nil
	}
	for _, t := range r.roster.Teams() {
		if c.Removed(t) && !c.Member(t) {
			out = append(out, t)
		}
	}
	return out
}
