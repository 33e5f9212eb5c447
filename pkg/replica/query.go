package replica

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// MinPrefix is how many characters of an ID are enough to ask for it, if only one begins with them.
const MinPrefix = 8

// Query chooses records for List. The zero value chooses all.
type Query struct {
	Kinds   []notice.Kind  // empty: every kind, the unknown ones too
	Channel record.Channel // zero: every channel
	Since   time.Time      // by the author's own time
	Limit   int            // 0: no limit
}

// ErrAmbiguous says that a prefix fits several records.
var ErrAmbiguous = errors.New("several records begin so")

// read returns a kept record as the lists show it, with a detached body if it is here. It needs no
// lock: it touches the store and the keyring alone.
func (r *Replica) read(drop Day, id record.ID) (Entry, error) {
	rec, err := r.reopen(drop, id)
	if err != nil {
		return Entry{}, err
	}
	raw, err := r.opt.Store.Get(partKey(drop, partSighting, id))
	if err != nil {
		return Entry{}, fmt.Errorf("read sighting: %w", err)
	}
	e := Entry{Record: rec, Day: drop}
	if e.Sighting, e.Via, err = decodeSighting(raw); err != nil {
		return Entry{}, err
	}
	if !rec.Inline() {
		switch body, err := r.body(drop, rec); {
		case err == nil:
			e.Record = body
		case !errors.Is(err, ErrNotFound):
			return Entry{}, err
		}
	}
	o := r.openingOf(e.Record)
	e.Notice, e.Unread = o.notice, o.unread
	return e, nil
}

// reopen reads a record from the store, without a detached body.
func (r *Replica) reopen(drop Day, id record.ID) (*record.Record, error) {
	frame, err := r.opt.Store.Get(partKey(drop, partRecord, id))
	if err != nil {
		return nil, fmt.Errorf("read record: %w", err)
	}
	rec, err := r.verifier.Reopen(frame)
	if err != nil {
		return nil, fmt.Errorf("read record: %w", err)
	}
	if rec.ID() != id {
		return nil, fmt.Errorf("read record: the store holds another record under %s", id)
	}
	return rec, nil
}

// Entry returns a kept record, or ErrNotFound.
func (r *Replica) Entry(id record.ID) (Entry, error) {
	r.mu.RLock()
	s, ok := r.index.slots[id]
	r.mu.RUnlock()
	if !ok {
		return Entry{}, fmt.Errorf("record %s: %w", id, ErrNotFound)
	}
	e, err := r.read(s.drop, id)
	if err == nil {
		r.mark(&e)
	}
	return e, err
}

// Has reports whether the record is kept.
func (r *Replica) Has(id record.ID) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	_, ok := r.index.slots[id]
	return ok
}

// Find returns the record that a text names: its whole ID, or the first MinPrefix or more characters
// if no other kept record begins with them. Errors are ErrNotFound, ErrAmbiguous, or say what is
// wrong with the text.
func (r *Replica) Find(text string) (record.ID, error) {
	if len(text) >= identity.TextLen {
		id, err := record.ParseID(text)
		if err != nil {
			return id, err
		}
		if !r.Has(id) {
			return id, fmt.Errorf("record %s: %w", id, ErrNotFound)
		}
		return id, nil
	}
	prefix := strings.ToLower(text)
	if len(prefix) < MinPrefix {
		return record.ID{}, fmt.Errorf("%q is too short for a record ID: give at least %d characters", text, MinPrefix)
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	var found []record.ID
	for id := range r.index.slots {
		if strings.HasPrefix(id.String(), prefix) {
			found = append(found, id)
		}
	}
	switch len(found) {
	case 0:
		return record.ID{}, fmt.Errorf("a record that begins with %s: %w", prefix, ErrNotFound)
	case 1:
		return found[0], nil
	}
	return record.ID{}, fmt.Errorf("%s: %w", prefix, ErrAmbiguous)
}

// List returns kept records, newest first by their authors' times, ties by ID. Records beyond a
// removal are not listed.
func (r *Replica) List(q Query) ([]Entry, error) {
	var out []Entry
	for _, p := range r.choose(q) {
		if q.Limit > 0 && len(out) == q.Limit {
			break
		}
		e, err := r.read(p.drop, p.id)
		if errors.Is(err, ErrNotFound) {
			continue // dropped since
		}
		if err != nil {
			return nil, err
		}
		r.mark(&e)
		out = append(out, e)
	}
	return out, nil
}

// place is what List orders by, and where to read.
type place struct {
	created millis
	drop    Day
	id      record.ID
}

func (r *Replica) choose(q Query) []place {
	since := millisOf(q.Since)
	var out []place
	r.mu.RLock()
	for id, s := range r.index.slots {
		if !s.outside && s.created >= since && (q.Channel.IsZero() || *s.channel == q.Channel) &&
			(len(q.Kinds) == 0 || slices.Contains(q.Kinds, s.code.kind())) {
			out = append(out, place{s.created, s.drop, id})
		}
	}
	r.mu.RUnlock()
	slices.SortFunc(out, func(a, b place) int {
		return cmp.Or(cmp.Compare(b.created, a.created), compareIDs(a.id, b.id))
	})
	return out
}

// older is the order of List turned round.
func older(a, b Entry) int {
	return cmp.Or(a.Record.Header().Created.Compare(b.Record.Header().Created), compareIDs(b.Record.ID(), a.Record.ID()))
}

// Answers returns the replies, closings and withdrawals that refer to a request, oldest first. Who
// may answer is not judged here: the ledger does.
func (r *Replica) Answers(request record.ID) ([]Entry, error) {
	return r.entries(func() []record.ID { return r.index.answered[request] })
}

// Revisions returns the updates and cancels that name the alert and are by the team that wrote it, under
// whatever root, oldest first. Nobody else can change what a team said.
func (r *Replica) Revisions(alert record.ID) ([]Entry, error) {
	original, err := r.Entry(alert)
	if err != nil {
		return nil, err
	}
	all, err := r.entries(func() []record.ID { return r.index.revised[alert] })
	now, author := r.Roster(), original.Record.Team()
	return slices.DeleteFunc(all, func(e Entry) bool {
		return now.Canonical(e.Record.Team()) != now.Canonical(author) || e.Record.Header().Channel != original.Record.Header().Channel
	}), err
}

func (r *Replica) entries(pick func() []record.ID) ([]Entry, error) {
	r.mu.RLock()
	ids := slices.Clone(pick())
	r.mu.RUnlock()
	var out []Entry
	for _, id := range ids {
		e, err := r.Entry(id)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	slices.SortFunc(out, older)
	return out, nil
}

// Frame returns a kept record's frame as it is here, or ErrNotFound. It is for this node's own use: what
// goes to others comes from FrameFor.
func (r *Replica) Frame(id record.ID) ([]byte, error) {
	r.mu.RLock()
	s, ok := r.index.slots[id]
	r.mu.RUnlock()
	if !ok {
		return nil, fmt.Errorf("record %s: %w", id, ErrNotFound)
	}
	return r.opt.Store.Get(partKey(s.drop, partRecord, id))
}

// ChannelOf returns the channel and the class rank (0 routine to 3 control) of a kept record.
func (r *Replica) ChannelOf(id record.ID) (ch record.Channel, class int, ok bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	s, ok := r.index.slots[id]
	if !ok {
		return ch, 0, false
	}
	return *s.channel, int(s.class & classMask), true
}

// Stats counts what is here.
type Stats struct {
	Records    map[notice.Kind]int // "" for kinds that this release does not know
	Statements int
	Waiting    int // deliveries not made yet
	Bodies     int // detached bodies that are not here
	Outside    int // records beyond a removal, a revocation or a community's end
	Closed     int // records whose bodies wait for a key
	// Equivocations counts, by team, the records that prove it said two things in one place.
	Equivocations map[identity.TeamID]int
	Store         Usage
	LastRoom      bool // only the last room of the store is left, of which each team has a share
}

// Stats returns counts as of now.
func (r *Replica) Stats() (Stats, error) {
	r.mu.RLock()
	st := Stats{Records: map[notice.Kind]int{}, Statements: len(r.roster.Statements()), Bodies: len(r.wanted), Equivocations: map[identity.TeamID]int{}}
	for _, s := range r.index.slots {
		st.Records[s.code.kind()]++
		if s.outside {
			st.Outside++
		}
		if s.code.closed() {
			st.Closed++
		}
	}
	for _, f := range r.index.forks {
		if f.second {
			st.Equivocations[f.team]++
		}
	}
	for _, d := range r.outbox {
		if d.Delivered.IsZero() {
			st.Waiting++
		}
	}
	st.LastRoom = r.reserve.tight
	r.mu.RUnlock()
	var err error
	st.Store, err = r.opt.Store.Usage()
	return st, err
}
