package replica

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// Open reads the views from the store and returns the replica. A new store is marked with the node's
// identity; a store of another node is refused. Open writes nothing else.
func Open(opt Options, now time.Time) (*Replica, error) {
	if err := opt.validate(); err != nil {
		return nil, err
	}
	if opt.Parallel == nil {
		opt.Parallel = func(n int, do func(i int)) {
			for i := range n {
				do(i)
			}
		}
	}
	if opt.Bounds == (roster.Bounds{}) {
		opt.Bounds = roster.DefaultBounds()
	}
	r := &Replica{
		opt: opt, self: opt.Delegation.Team,
		roster: roster.New(), index: newIndex(),
		lanes: newLanes(now), step: map[stepKey]time.Time{},
		outbox: map[deliveryKey]Delivery{}, wanted: map[record.ID]struct{}{},
		expected: map[identity.CommunityID]struct{}{},
		today:    newTally(DayOf(now)),
		keys:     newKeyring(),
		waiting:  map[keyRef]map[record.ID]identity.TeamID{},
		badWraps: map[keyRef]map[identity.TeamID]struct{}{},
		sealing:  map[[32]byte]struct{}{},
		heard:    map[record.StatementID]time.Time{},
		departed: map[identity.CommunityID]departures{},
		turned:   map[identity.TeamID]struct{}{},
		said:     map[saidKey]int{},
		weights:  map[roster.Speaker]int64{},
		pace:     pace{map[identity.TeamID]spent{}},
		waitroom: newRoom(),
		reserve:  reserve{drawn: map[identity.TeamID]int64{}},
		handed:   map[record.StatementID]struct{}{},
		texts:    newTextBook(),
	}
	r.clearViews()
	for _, load := range []func() error{
		r.checkOwner, r.loadStatements, r.loadHeard, r.loadKeys, r.loadSealingKeys, r.loadBadWraps,
		r.loadIndex, r.loadTexts, r.loadLanes, r.loadSteps, r.loadOutbox, r.loadDrawn,
	} {
		if err := load(); err != nil {
			return nil, fmt.Errorf("open replica: %w", err)
		}
	}
	return r, nil
}

// floor gives the ledger a community's shortest time to answer. It reads the roster under the lock
// that every use of the ledger holds.
func (r *Replica) floor(ch record.Channel) time.Duration {
	if c, ok := r.roster.Community(ch.Community); ok && !ch.Private() {
		return c.Charter.Floor()
	}
	return notice.DefaultReplyByFloor
}

func (r *Replica) loadStatements() error {
	all := []*record.Statement{record.DelegationStatement(r.opt.Delegation)}
	err := r.opt.Store.Scan([]byte{spaceState}, false, func(_, frame []byte) error {
		s, err := r.verifier.ReopenStatement(frame)
		if err != nil {
			return fmt.Errorf("read statement: %w", err)
		}
		all = append(all, s)
		return nil
	})
	r.roster = r.roster.With(all...)
	r.noteStanding(all)
	r.count(all, 1)
	return err
}

// channels maps tags back to channels: of every community known, of every pair with a known team, and
// of every record that is indexed.
func (r *Replica) channels() map[[32]byte]*record.Channel {
	out := map[[32]byte]*record.Channel{}
	add := func(ch record.Channel) { out[ch.Tag()] = &ch }
	for _, c := range r.roster.Communities() {
		add(record.InCommunity(c))
	}
	for _, t := range r.roster.Teams() {
		if ch, err := record.Between(r.self, t); err == nil {
			add(ch)
		}
	}
	for ch := range r.index.days {
		add(ch)
	}
	return out
}

func (r *Replica) loadIndex() error {
	channels, tags := r.channels(), r.byTag()
	var strays, detached, view, closed []indexRow
	err := r.opt.Store.Scan([]byte{spaceIndex}, true, func(key, _ []byte) error {
		row, err := parseIndex(key)
		if err != nil {
			return err
		}
		if ch := channels[row.tag]; ch != nil {
			r.index.add(row.id, row.author, row.slot(ch))
		} else {
			strays = append(strays, row)
		}
		r.strangers = r.strangers || r.stranger(tags, row.tag, row.author)
		if row.code.viewed() {
			view = append(view, row)
		}
		if row.code.detached() {
			detached = append(detached, row)
		}
		if row.code.closed() {
			closed = append(closed, row)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read index: %w", err)
	}
	for _, load := range []func() error{
		func() error { return r.loadStrays(strays) },
		func() error { return r.loadWanted(detached) },
		func() error { return r.loadWaiting(closed) },
		func() error { _, err := r.exile(); return err }, // before the views: what is outside is in none
		func() error { return r.loadViews(view) },
		r.loadErased, r.forgetBare,
	} {
		if err := load(); err != nil {
			return err
		}
	}
	return nil
}

func (x *indexRow) slot(ch *record.Channel) slot {
	return slot{drop: x.drop, created: x.created, code: x.code, class: x.class, channel: ch, place: x.place}
}

// loadStrays indexes records in channels that no statement names: it reads them off the records.
func (r *Replica) loadStrays(rows []indexRow) error {
	channels := map[[32]byte]*record.Channel{}
	for i := range rows {
		row := &rows[i]
		if channels[row.tag] == nil {
			rec, err := r.reopen(row.drop, row.id)
			if err != nil {
				return err
			}
			named := rec.Header().Channel
			channels[row.tag] = &named
		}
		r.index.add(row.id, row.author, row.slot(channels[row.tag]))
	}
	return nil
}

// loadWanted finds the detached bodies that are not here.
func (r *Replica) loadWanted(rows []indexRow) error {
	for _, row := range rows {
		if row.class&classBare != 0 {
			continue // it is not to be had
		}
		_, err := r.opt.Store.Get(partKey(row.drop, partLeaves, row.id))
		switch {
		case errors.Is(err, ErrNotFound):
			r.wanted[row.id] = struct{}{}
		case err != nil:
			return fmt.Errorf("read body of %s: %w", row.id, err)
		}
	}
	return nil
}

// viewBatch is how many records in frames are held in memory while the views are read: 13 MiB at worst.
const viewBatch = 256

// loadViews reads the notices that the ledger and the references need: those in frames many at a time,
// and detached bodies, each of which can be large, one by one.
func (r *Replica) loadViews(rows []indexRow) error {
	var inline []indexRow
	for i := range rows {
		if !rows[i].code.detached() {
			inline = append(inline, rows[i])
		} else if err := r.loadView(rows[i : i+1]); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(inline, viewBatch) {
		if err := r.loadView(part); err != nil {
			return err
		}
	}
	return nil
}

func (r *Replica) loadView(rows []indexRow) error {
	entries, errs := make([]Entry, len(rows)), make([]error, len(rows))
	r.opt.Parallel(len(rows), func(i int) {
		entries[i], errs[i] = r.glance(rows[i].drop, rows[i].id)
	})
	for i := range entries {
		if errs[i] != nil {
			return fmt.Errorf("read record %s: %w", rows[i].id, errs[i])
		}
		r.view(&entries[i])
	}
	return nil
}

func (r *Replica) loadSteps() error {
	channels := r.channels()
	return r.opt.Store.Scan([]byte{spaceStep}, false, func(key, value []byte) error {
		if len(key) != 65 || len(value) != 8 {
			return fmt.Errorf("in-step mark has %d and %d bytes, want 65 and 8", len(key), len(value))
		}
		if ch := channels[[32]byte(key[1:33])]; ch != nil {
			at := fromNanos(int64(binary.BigEndian.Uint64(value))) //nolint:gosec // see encodeSighting
			r.step[stepKey{*ch, identity.TeamID(key[33:])}] = at
		}
		return nil
	})
}
