package roster

import (
	"crypto/sha256"
	"slices"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// Place says whether a record is in the set of its channel, and if not, why. It depends on the record and
// on statements, never on when either came.
type Place uint8

// The places.
const (
	In               Place = iota // it counts, everywhere
	Stranger                      // its team is not and never was a member, or the charter is not here
	BeyondRemoval                 // it lies beyond what the team's removal or leaving names
	BeyondRevocation              // it lies beyond what the revocation of its key or the rotation of its root names
	AfterEnd                      // it says that it was made after the community ended
)

// String returns the place in a word.
func (p Place) String() string {
	switch p {
	case In:
		return "in"
	case Stranger:
		return "stranger"
	case BeyondRemoval:
		return "beyond-removal"
	case BeyondRevocation:
		return "beyond-revocation"
	case AfterEnd:
		return "after-end"
	}
	return "unknown"
}

// Place returns where a record stands. Of a private channel it knows only what became of the key: whom a
// node hears privately is not the roster's business.
func (r *Roster) Place(rec *record.Record) Place {
	h, lane := rec.Header(), rec.Lane()
	if !h.Channel.Private() {
		c, ok := r.Community(h.Channel.Community)
		if !ok {
			return Stranger
		}
		if ends := c.Charter.Ends; !ends.IsZero() && h.Created.After(ends) {
			return AfterEnd
		}
		if p := c.place(rec.Team(), laneKey{lane.Node, lane.Run}, h.Seq, rec.ID()); p != In {
			return p
		}
	}
	if !r.keys.holds(rec.Team(), lane, h.Seq, rec.ID()) {
		return BeyondRevocation
	}
	return In
}

// Canonical returns the newest root of a team: its ID now. A rotation of which there are two different ones
// is not followed.
func (r *Roster) Canonical(t identity.TeamID) identity.TeamID { return r.keys.canonical(t) }

// Rotated is what the rotations of a team say.
type Rotated struct {
	Formers  []identity.TeamID // the roots before this one, the newest first
	Disputed bool              // two rotations of this root name different new ones: neither is followed
}

// Rotations says how a team came to its root.
func (r *Roster) Rotations(t identity.TeamID) Rotated {
	now := r.keys.canonical(t)
	last := r.keys.rotations.get(now)
	return Rotated{Formers: r.keys.class(now)[1:], Disputed: last != nil && last.disputed}
}

// Frozen reports whether a node key of the team is revoked by a statement that names no heads, and by none
// that names them.
func (r *Roster) Frozen(t identity.TeamID, n identity.NodeID) bool {
	frozen, _ := r.keys.revoked(t, n)
	return frozen
}

// Revoked reports whether a node key of the team is revoked with heads.
func (r *Roster) Revoked(t identity.TeamID, n identity.NodeID) bool {
	_, sharp := r.keys.revoked(t, n)
	return sharp
}

// stale reports whether a delegation's root was replaced or its key revoked or frozen.
func (r *Roster) stale(d *identity.Delegation) bool {
	frozen, sharp := r.keys.revoked(d.Team, d.Node)
	return frozen || sharp || r.keys.canonical(d.Team) != d.Team
}

// Nodes returns a team's delegations in force at at, under its newest root, of keys neither revoked nor
// frozen: the newest of each node, ascending by node.
func (r *Roster) Nodes(t identity.TeamID, at time.Time) []*identity.Delegation {
	newest := map[identity.NodeID]*identity.Delegation{}
	for _, d := range r.Delegations(r.keys.canonical(t)) {
		if d.Covers(at) && !r.stale(d) {
			newest[d.Node] = d
		}
	}
	out := make([]*identity.Delegation, 0, len(newest))
	for _, d := range newest {
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b *identity.Delegation) int { return compareIDs(a.Node, b.Node) })
	return out
}

// View names the membership of a community, how it came about, and the state of its members' keys: what an
// epoch key is minted for. Whoever has the same statements has the same view. Each removal and each leaving is
// part of it for good: a membership that comes about again by one is not the view that it was before, whose
// keys a team may have had that is out now.
func (r *Roster) View(id identity.CommunityID) (view [32]byte) {
	h := sha256.New()
	h.Write([]byte("tocsin view v1\x00"))
	h.Write(id[:])
	c, ok := r.Community(id)
	if !ok {
		h.Sum(view[:0])
		return view
	}
	members := c.Members()
	is := make(map[identity.TeamID]struct{}, len(members))
	for _, t := range members {
		h.Write(t[:])
		is[t] = struct{}{}
	}
	var gone [][64]byte
	for k, rev := range r.keys.revocations.all() {
		t := r.keys.canonical(identity.TeamID(k[:32]))
		if _, ours := is[t]; ours && (rev.frozen || len(rev.sharp) > 0) {
			gone = append(gone, pairKey(t, [32]byte(k[32:])))
		}
	}
	slices.SortFunc(gone, func(a, b [64]byte) int { return slices.Compare(a[:], b[:]) })
	h.Write(make([]byte, 32)) // no team has this ID: it parts the two lists
	for _, k := range slices.Compact(gone) {
		h.Write(k[:])
	}
	var ends []record.StatementID
	for _, of := range c.ends.all() {
		ends = append(ends, of.by...)
	}
	slices.SortFunc(ends, compareIDs)
	h.Write(make([]byte, 32))
	for _, id := range ends {
		h.Write(id[:])
	}
	h.Sum(view[:0])
	return view
}
