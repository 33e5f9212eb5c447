package replica

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"tocsin/pkg/identity"
	"tocsin/pkg/ledger"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// departures are the teams of a community whose records may be outside, and a print of what says so.
type departures struct {
	teams map[identity.TeamID]struct{}
	print [32]byte
	in    map[identity.TeamID]struct{} // teams that are in, or were
}

// freeze is a statement that took a node key back without saying from where on.
type freeze struct {
	team      identity.TeamID
	node      identity.NodeID
	statement record.StatementID
}

// departed says who was removed from a community or left it.
func departed(c *roster.Community) departures {
	d := departures{teams: map[identity.TeamID]struct{}{}, in: map[identity.TeamID]struct{}{}}
	for _, t := range c.Members() {
		d.in[t] = struct{}{}
	}
	if !c.AnyRemoved() {
		return d
	}
	h := sha256.New()
	note := func(id record.StatementID, t identity.TeamID) {
		d.teams[t] = struct{}{}
		if c.BeenIn(t) {
			d.in[t] = struct{}{}
		}
		h.Write(id[:])
		in := byte(0)
		if c.Member(t) {
			in = 1
		}
		h.Write([]byte{in})
	}
	for _, p := range c.Proposals() {
		if p.Effective {
			note(p.ID, p.Team)
		}
	}
	for _, l := range c.Departures() {
		if l.Counts {
			note(l.ID, l.Team)
		}
	}
	h.Sum(d.print[:0])
	return d
}

// noteStanding takes in what statements change of who is outside, and reports whether anything may be. It
// looks again at the communities that they are about.
func (r *Replica) noteStanding(statements []*record.Statement) (changed bool) {
	touched := map[identity.CommunityID]struct{}{}
	for _, s := range statements {
		switch s.Kind {
		case roster.KindRevoke, roster.KindRotate:
			r.noteTurned(s)
			changed = true
		default:
			if id, ok := roster.CommunityOf(s); ok {
				touched[id] = struct{}{}
			}
		}
	}
	if changed { // members' statements may stand or fall with their keys
		for _, id := range r.roster.Communities() {
			touched[id] = struct{}{}
		}
	}
	for id := range touched {
		c, ok := r.roster.Community(id)
		if !ok {
			continue
		}
		now := departed(c)
		changed = r.undone(c, now) || changed || now.print != r.departed[id].print
		r.departed[id] = now
	}
	r.learnViews(touched)
	return changed
}

// undone reports whether it turned out that a team never was in a community, although it had been, as far as
// was known, or the other way round: what brought it in is said by others, whose keys may be taken back and
// whose budgets may be used up by what comes later.
func (r *Replica) undone(c *roster.Community, now departures) (changed bool) {
	before := r.departed[c.ID].in
	for t := range before {
		if !c.BeenIn(t) {
			r.strangers, changed = true, true
		}
	}
	for t := range now.in {
		if _, known := before[t]; r.strangers && !known {
			changed = true
		}
	}
	return changed
}

// stranger reports whether a team is not and never was in a community of this node's with a tag.
func (r *Replica) stranger(tags map[[32]byte]*roster.Community, tag [32]byte, t identity.TeamID) bool {
	c := tags[tag]
	return c != nil && !c.BeenIn(t)
}

func (r *Replica) byTag() map[[32]byte]*roster.Community {
	out := map[[32]byte]*roster.Community{}
	for _, id := range r.roster.Communities() {
		if c, ok := r.roster.Community(id); ok {
			out[record.InCommunity(id).Tag()] = c
		}
	}
	return out
}

// noteTurned remembers the teams that took a key back or replaced their root.
func (r *Replica) noteTurned(s *record.Statement) {
	for _, signer := range s.Signers {
		r.turned[signer.Team] = struct{}{}
	}
	if says, err := notice.DecodeRevoke(s.Says); s.Kind == roster.KindRevoke && err == nil && says.Frozen {
		r.freezes = append(r.freezes, freeze{s.Signers[0].Team, says.Node, s.ID()})
	}
}

// setAside takes the records that lie beyond a removal, a revocation or a rotation out of the set and out
// of every view, and brings back those that do no longer. They stay in the store as evidence. After an
// error some may still be in the views; the next statements or the next Prune try again. The caller holds
// the lock.
func (r *Replica) setAside() error {
	again := r.astray
	r.astray = true
	changed, err := r.exile()
	if err == nil && (changed || again) {
		err = r.rebuild()
	}
	if err == nil {
		err = r.forgetBare()
	}
	if err != nil {
		return fmt.Errorf("set records aside: %w", err)
	}
	r.astray = false
	return nil
}

// exile marks the records that are outside, and no others, and reports whether any mark changed. The
// caller holds the lock, or is the only user yet.
func (r *Replica) exile() (changed bool, err error) {
	departed := map[[32]byte]map[identity.TeamID]struct{}{}
	for id, d := range r.departed {
		if len(d.teams) > 0 {
			departed[record.InCommunity(id).Tag()] = d.teams
		}
	}
	turned := map[identity.TeamID]struct{}{}
	for t := range r.turned {
		turned[r.canonical(t)] = struct{}{}
	}
	if len(departed) == 0 && len(turned) == 0 && !r.strangers && !r.anyOutside() {
		return false, nil
	}
	tags := r.byTag()
	suspects, err := r.rows(func(row *indexRow) bool {
		author := r.canonical(row.author)
		_, gone := departed[row.tag][author]
		_, turned := turned[author]
		return gone || turned || r.index.slots[row.id].outside || r.strangers && r.stranger(tags, row.tag, row.author)
	})
	if err != nil {
		return false, err
	}
	for _, row := range suspects {
		rec, err := r.reopen(row.drop, row.id)
		if err != nil {
			return changed, err
		}
		s := r.index.slots[row.id]
		if outside := r.roster.Place(rec) != roster.In; outside != s.outside {
			s.outside, changed = outside, true
			r.index.slots[row.id] = s
		}
	}
	return changed, nil
}

func (r *Replica) anyOutside() bool {
	for _, s := range r.index.slots {
		if s.outside {
			return true
		}
	}
	return false
}

// rows returns the index rows that keep chooses, of records that the views know. The store may hold
// others, whose write was reported as failed or that a Prune could not finish with.
func (r *Replica) rows(keep func(*indexRow) bool) ([]indexRow, error) {
	var out []indexRow
	err := r.opt.Store.Scan([]byte{spaceIndex}, true, func(key, _ []byte) error {
		row, err := parseIndex(key)
		if err != nil {
			return err
		}
		if _, ok := r.index.slots[row.id]; ok && keep(&row) {
			out = append(out, row)
		}
		return nil
	})
	return out, err
}

// rebuild makes the ledger and the references anew from the store. After an error they are as before.
func (r *Replica) rebuild() error {
	rows, err := r.rows(func(row *indexRow) bool { return row.code.viewed() })
	if err != nil {
		return err
	}
	detached, err := r.rows(func(row *indexRow) bool { return row.code.detached() })
	if err != nil {
		return err
	}
	book, before, wanted := r.ledger, r.index, r.wanted
	r.clearViews()
	for _, load := range []func() error{
		func() error { return r.loadViews(rows) },
		func() error { return r.loadWanted(detached) }, // what erased a body may be outside now, or back
		r.loadErased,
	} {
		if err := load(); err != nil {
			r.ledger, r.index, r.wanted = book, before, wanted
			return err
		}
	}
	return nil
}

func (r *Replica) clearViews() {
	r.ledger = ledger.New(r.self, ledger.Options{Floor: r.floor, Canonical: r.canonical, ReceiptGrace: r.opt.ReceiptGrace})
	r.index.revised, r.index.answered = map[record.ID][]mention{}, map[record.ID][]mention{}
	r.wanted = map[record.ID]struct{}{}
	r.index.erased, r.index.gone = map[record.ID][]mention{}, map[record.ID][]mention{}
	r.index.granted = map[record.ID][]mention{}
}

// formerMembers returns the teams that were members of a community and are no more.
func (r *Replica) formerMembers(id identity.CommunityID) (out []identity.TeamID) {
	for t := range r.departed[id].teams {
		if !r.roster.Member(id, t) {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b identity.TeamID) int { return slices.Compare(a[:], b[:]) })
	return out
}
