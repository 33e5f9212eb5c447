package sim

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
	"tocsin/pkg/roster"
)

// oracle knows from outside what must be true. It trusts nothing that a replica says of itself.
type oracle struct {
	verifier  *record.Verifier
	verified  map[[sha256.Size]byte]bool // frames whose signature was checked here
	retention map[identity.CommunityID]time.Duration

	kept   map[*Team][]promise
	known  map[*Team]map[record.ID]bool
	recent []place // promises not looked at yet

	signed map[record.Lane]map[uint64]*record.Record // by honest nodes
	// ghosts are records whose publishing failed for all that their author knew, and which were on its
	// disk at the next start.
	ghosts     map[record.ID]bool
	statements map[*Team][]record.StatementID
	// forged are records that no honest software made, in whosever name.
	forged  map[record.ID]bool
	crooked map[*Team]bool // teams whose clock was ever wrong
	keys    keyLaw
	forms   [][]byte        // of the canary
	folded  map[string]bool // sets of statements that were folded again

	failures []error
}

// promise is a record that a team said it keeps, and the last day on which it must.
type promise struct {
	id  record.ID
	day replica.Day
}

type place struct {
	team *Team
	id   record.ID
}

func newOracle() oracle {
	return oracle{
		verifier: &record.Verifier{}, verified: map[[sha256.Size]byte]bool{},
		retention: map[identity.CommunityID]time.Duration{},
		kept:      map[*Team][]promise{}, known: map[*Team]map[record.ID]bool{},
		signed: map[record.Lane]map[uint64]*record.Record{}, ghosts: map[record.ID]bool{},
		statements: map[*Team][]record.StatementID{},
		forged:     map[record.ID]bool{}, crooked: map[*Team]bool{}, keys: newKeyLaw(), forms: forms(), folded: map[string]bool{},
	}
}

// broken notes a broken promise.
func (o *oracle) broken(format string, args ...any) {
	o.failures = append(o.failures, fmt.Errorf(format, args...))
}

func (o *oracle) charter(c identity.CommunityID, days int) {
	if days == 0 {
		days = notice.DefaultRetentionDays
	}
	o.retention[c] = time.Duration(days) * 24 * time.Hour
}

// acknowledged is told that a team said it keeps a record.
func (o *oracle) acknowledged(t *Team, r *record.Record) {
	o.saw(t.w, r)
	if o.known[t] == nil {
		o.known[t] = map[record.ID]bool{}
	}
	if o.known[t][r.ID()] {
		o.broken("%s took %s twice", t.Name, t.w.label(r))
		return
	}
	o.known[t][r.ID()] = true
	retention := privateRetention
	if ch := r.Header().Channel; !ch.Private() {
		retention = o.retention[ch.Community]
	}
	o.kept[t] = append(o.kept[t], promise{r.ID(), replica.DayOf(policy.Drops(r.Header(), retention)) + 1})
	o.recent = append(o.recent, place{t, r.ID()})
}

// found is told of a record that is in the store at a start.
func (o *oracle) found(t *Team, r *record.Record) {
	if o.known[t][r.ID()] {
		return
	}
	if t.w.ids[r.Team()] == t {
		o.ghosts[r.ID()] = true
	}
	o.acknowledged(t, r)
}

func (o *oracle) learnt(t *Team, id record.StatementID) {
	o.statements[t] = append(o.statements[t], id)
}

// saw holds what a node signed to the rules of a lane: one record in one place, each naming the one
// before.
func (o *oracle) saw(w *World, r *record.Record) {
	author := w.ids[r.Team()]
	if author == nil || author.Hostile || o.forged[r.ID()] {
		return
	}
	lane := o.signed[r.Lane()]
	if lane == nil {
		lane = map[uint64]*record.Record{}
		o.signed[r.Lane()] = lane
	}
	h := r.Header()
	if was := lane[h.Seq]; was != nil {
		if was.ID() != r.ID() {
			o.broken("%s signed %s and %s in one place", author.Name, w.label(was), w.label(r))
		}
		return
	}
	lane[h.Seq] = r
	if before := lane[h.Seq-1]; before != nil && h.Prev != before.ID() {
		o.broken("%s signed %s after something else than %s", author.Name, w.label(r), w.label(before))
	}
	if next := lane[h.Seq+1]; next != nil && next.Header().Prev != r.ID() {
		o.broken("%s signed %s after something else than %s", author.Name, w.label(next), w.label(r))
	}
}

// checkRecent looks at what was promised since the last call.
func (w *World) checkRecent() error {
	o := &w.oracle
	recent := o.recent
	o.recent = nil
	for _, p := range recent {
		if p.team.Up() {
			w.checkFrame(p.team, p.id)
		}
	}
	return w.verdict()
}

// verdict returns what was found broken, and keeps returning it.
func (w *World) verdict() error {
	if len(w.oracle.failures) == 0 {
		return nil
	}
	return fmt.Errorf("at %s: %w", clock(w.now), errors.Join(w.oracle.failures...))
}

// checkFrame opens a record as a stranger would: from its own bytes.
func (w *World) checkFrame(t *Team, id record.ID) {
	o := &w.oracle
	frame, err := t.rep.Frame(id)
	if err != nil {
		o.broken("%s keeps %s no more: %w", t.Name, w.labels[id], err)
		return
	}
	key := sha256.Sum256(frame)
	if o.verified[key] {
		return
	}
	r, err := o.verifier.Open(frame)
	switch {
	case err != nil:
		o.broken("%s keeps %s, which is not genuine: %w", t.Name, w.labels[id], err)
	case r.ID() != id:
		o.broken("%s keeps another record as %s", t.Name, w.labels[id])
	default:
		o.verified[key] = true
	}
}

// Check holds every team that is up to every promise. It returns all that are broken.
func (w *World) Check() error {
	if err := w.checkRecent(); err != nil {
		return err
	}
	for _, t := range w.teams {
		if t.Up() {
			w.checkTeam(t)
		}
	}
	w.checkRosters()
	return w.verdict()
}

func (w *World) checkTeam(t *Team) {
	list, err := t.rep.List(replica.Query{})
	if err != nil {
		w.oracle.broken("%s cannot list its records: %w", t.Name, err)
		return
	}
	w.checkKept(t)
	for i := range list {
		w.checkEntry(t, &list[i])
		w.checkSecrets(t, &list[i])
	}
	w.checkKeys(t)
	w.checkSets(t, list)
	w.checkLedger(t, list)
	w.checkRestart(t, list)
}

// checkKept looks for records that were promised and are gone before their day.
func (w *World) checkKept(t *Team) {
	o := &w.oracle
	today := replica.DayOf(t.now())
	left := o.kept[t][:0]
	for _, p := range o.kept[t] {
		switch {
		case t.rep.Has(p.id):
			w.checkFrame(t, p.id)
		case p.day < today:
			continue // past its time
		default:
			o.broken("%s lost %s", t.Name, w.labels[p.id])
		}
		left = append(left, p)
	}
	o.kept[t] = left
	for _, id := range o.statements[t] {
		if !t.rep.Roster().Has(id) {
			o.broken("%s lost statement %s", t.Name, id)
		}
	}
}

// checkEntry holds one record to what its sighting may say. The clocks of this world are right, so
// that no honest claim may lie before the moment at which the observer says it had everything.
func (w *World) checkEntry(t *Team, e *replica.Entry) {
	o := &w.oracle
	o.saw(w, e.Record)
	author := w.ids[e.Record.Team()]
	if author == nil || author.Hostile || o.ghosts[e.Record.ID()] || o.forged[e.Record.ID()] || o.crooked[t] || o.crooked[author] {
		return
	}
	created, s := e.Record.Header().Created, e.Sighting
	if s.Seen.Before(created) {
		o.broken("%s saw %s before it was written", t.Name, w.label(e.Record))
	}
	if author != t && s.InStep.After(created) {
		o.broken("%s charges %s for its own absence: %s is of %s, and it says it had all of %s",
			t.Name, author.Name, w.label(e.Record), clock(created), clock(s.InStep))
	}
	if !s.Left.IsZero() && (author != t || s.Left.Before(created)) {
		o.broken("%s says that %s left at %s", t.Name, w.label(e.Record), clock(s.Left))
	}
}

// checkSets holds what a team would hand out to who may speak.
func (w *World) checkSets(t *Team, list []replica.Entry) {
	o := &w.oracle
	entries := map[record.ID]*replica.Entry{}
	for i := range list {
		entries[list[i].Record.ID()] = &list[i]
	}
	for _, name := range w.regions {
		id := w.communities[name]
		if _, ok := t.rep.Roster().Community(id); !ok {
			continue
		}
		for _, r := range w.set(t, record.InCommunity(id)) {
			e := entries[r]
			if e == nil {
				o.broken("%s hands out %s and does not list it", t.Name, w.labels[r])
				continue
			}
			if p := t.rep.Roster().Place(e.Record); p != roster.In {
				o.broken("%s hands out %s of %s, which is %s", t.Name, w.labels[r], w.nameOf(e.Record.Team()), p)
			}
		}
	}
}

// latest returns the time by the clock that is ahead of the others: whatever any node may have dropped is
// past its time then.
func (w *World) latest() time.Time {
	at := w.now
	for _, t := range w.teams {
		if t.now().After(at) {
			at = t.now()
		}
	}
	return at
}

// set returns the IDs that a team has in a channel, by day and then ascending.
func (w *World) set(t *Team, ch record.Channel) []record.ID {
	var out []record.ID
	s := t.rep.Set(ch, w.latest())
	var last uint32
	for i, d := range s.Days() {
		ids := s.IDs(d.Day)
		if len(ids) != int(d.Count) || i > 0 && d.Day <= last {
			w.oracle.broken("%s miscounts day %d %s", t.Name, d.Day, w.channelName(ch))
		}
		last = d.Day
		for j := range ids {
			if j > 0 && bytes.Compare(ids[j-1][:], ids[j][:]) >= 0 {
				w.oracle.broken("%s has day %d %s out of order", t.Name, d.Day, w.channelName(ch))
			}
		}
		out = append(out, ids...)
	}
	return out
}
