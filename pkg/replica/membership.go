package replica

import (
	"fmt"
	"time"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// nodes returns the nodes that speak for a team now.
func (r *Replica) nodes(t identity.TeamID, now time.Time) []*identity.Delegation {
	return r.roster.Nodes(t, now)
}

// canonical returns the ID that a team has today.
func (r *Replica) canonical(t identity.TeamID) identity.TeamID { return r.roster.Canonical(t) }

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

// Other returns the team at the other end of a private channel of ours, by the ID that it has today.
func (r *Replica) Other(ch record.Channel) identity.TeamID {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.other(ch)
}

// channelNow returns the private channel that two teams have today in place of one that they had under an
// earlier root of either.
func (r *Replica) channelNow(ch record.Channel) record.Channel {
	if !r.inPair(ch, r.self) {
		return ch
	}
	if now, err := record.Between(r.canonical(r.self), r.other(ch)); err == nil {
		return now
	}
	return ch
}

// frozenRecord reports whether the key of a record was frozen before the record came here, which may be
// anybody's then.
func (r *Replica) frozenRecord(e *Entry) bool {
	if !r.roster.Frozen(e.Record.Team(), e.Record.Node()) {
		return false
	}
	since, known := r.frozenSince(e.Record.Team(), e.Record.Node())
	return !known || e.Sighting.Seen.After(since)
}

// frozenSince returns when this node first held the statement that froze a key.
func (r *Replica) frozenSince(t identity.TeamID, n identity.NodeID) (first time.Time, known bool) {
	for _, f := range r.freezes {
		if at, ok := r.heard[f.statement]; ok && f.node == n && r.canonical(f.team) == r.canonical(t) && (!known || at.Before(first)) {
			first, known = at, true
		}
	}
	return first, known
}

// mayUseKey refuses to sign with a key that its team took back, or whose delegation is over.
func (r *Replica) mayUseKey(now time.Time) error {
	switch d := r.opt.Delegation; {
	case r.roster.Frozen(d.Team, d.Node):
		return &Refusal{
			Reason: policy.Revoked, Detail: "this node's key is frozen: what it signs now would not count",
			Hint: "make another: tocsin key rotate",
		}
	case r.roster.Revoked(d.Team, d.Node):
		return &Refusal{
			Reason: policy.Revoked, Detail: "this node's key is revoked: what it signs now would not count",
			Hint: "make another: tocsin key rotate",
		}
	case r.canonical(d.Team) != d.Team:
		return &Refusal{
			Reason: policy.Revoked, Detail: "the team's root key was replaced, and this node's key is delegated by the old one",
			Hint: "ask the new root key for a delegation: tocsin key request --renew --team " + r.canonical(d.Team).String(),
		}
	case now.Before(d.From):
		return &Refusal{
			Reason: policy.Expired,
			Detail: fmt.Sprintf("the delegation of this node's key begins at %s, and this machine's clock says %s",
				dsse.FormatTime(d.From), dsse.FormatTime(now)),
			Hint: "is the clock of this machine right? if it was wrong when the node was made, wait, or renew: tocsin key request --renew",
		}
	case !d.Covers(now):
		return &Refusal{
			Reason: policy.Expired, Detail: "the delegation of this node's key is not in force at this time",
			Hint: "renew it: tocsin key request --renew",
		}
	}
	return nil
}

// outsideWhy says why a record is not part of the set.
func (r *Replica) outsideWhy(rec *record.Record) string {
	switch r.roster.Place(rec) {
	case roster.BeyondRemoval:
		return "its team was removed from the community or left it, and this is beyond that"
	case roster.BeyondRevocation:
		return "its key was taken back, and this is beyond what still counts of it"
	case roster.AfterEnd:
		return "it says that it was written after the community ended"
	case roster.In, roster.Stranger:
	}
	return "its team is not a member of the community"
}
