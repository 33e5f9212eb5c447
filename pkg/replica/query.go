package replica

import (
	"cmp"
	"errors"
	"fmt"
	"math"
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
	After   Cursor         // zero: from the newest on
}

// Cursor is a place in a list. It holds where the record that it names is gone, too.
type Cursor struct {
	Created time.Time
	ID      record.ID
}

// CursorAt returns the place of a record.
func CursorAt(e *Entry) Cursor { return Cursor{e.Record.Header().Created, e.Record.ID()} }

// ErrAmbiguous says that a prefix fits several records.
var ErrAmbiguous = errors.New("several records begin so")

// read returns a kept record with its detached body and its attachments, if that is here. It needs no lock: it touches the
// store and the keyring alone.
func (r *Replica) read(drop Day, id record.ID) (Entry, error) {
	e, err := r.sighted(drop, id)
	if err != nil {
		return Entry{}, err
	}
	if !e.Record.Inline() {
		switch body, err := r.body(drop, e.Record); {
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

// glance returns a kept record as the lists show it: its notice has no attachments, and where that saves anything the
// detached body is not read.
func (r *Replica) glance(drop Day, id record.ID) (Entry, error) {
	e, err := r.sighted(drop, id)
	if err != nil {
		return Entry{}, err
	}
	if e.Record.Inline() {
		o := r.openingOf(e.Record)
		e.Unread = o.unread
		e.Notice, e.Files = briefOf(o.notice)
		return e, nil
	}
	if e.Notice, e.Files, err = r.readBrief(drop, e.Record); !errors.Is(err, ErrNotFound) {
		return e, err
	}
	whole, err := r.read(drop, id)
	if err != nil {
		return Entry{}, err
	}
	e.Unread = whole.Unread
	e.Notice, e.Files = briefOf(whole.Notice)
	return e, nil
}

// sighted returns a kept record with when and how it came, and nothing of what it says.
func (r *Replica) sighted(drop Day, id record.ID) (Entry, error) {
	rec, err := r.reopen(drop, id)
	if err != nil {
		return Entry{}, err
	}
	raw, err := r.opt.Store.Get(partKey(drop, partSighting, id))
	if err != nil {
		return Entry{}, fmt.Errorf("read sighting: %w", err)
	}
	e := Entry{Record: rec, Day: drop}
	e.Sighting, e.Via, err = decodeSighting(raw)
	return e, err
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

// Entry returns a kept record with all that it says, or ErrNotFound.
func (r *Replica) Entry(id record.ID) (Entry, error) { return r.entry(id, r.read) }

// Brief returns a kept record as the lists show it: without attachments, which Files describes, and without a detached
// body. ErrNotFound as Entry.
func (r *Replica) Brief(id record.ID) (Entry, error) { return r.entry(id, r.glance) }

func (r *Replica) entry(id record.ID, read func(Day, record.ID) (Entry, error)) (Entry, error) {
	e, err := r.unmarked(id, read)
	if err == nil {
		r.mark(&e)
	}
	return e, err
}

// unmarked is Entry without the marks.
func (r *Replica) unmarked(id record.ID, read func(Day, record.ID) (Entry, error)) (Entry, error) {
	r.mu.RLock()
	s, ok := r.index.slots[id]
	r.mu.RUnlock()
	if !ok {
		return Entry{}, fmt.Errorf("record %s: %w", id, ErrNotFound)
	}
	return read(s.drop, id)
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

// List returns kept records as Brief does, newest first by their authors' times, ties by ID. Records beyond a removal are
// not listed.
func (r *Replica) List(q Query) ([]Entry, error) {
	var out []Entry
	err := r.Each(q, func(e *Entry) (more bool, err error) {
		out = append(out, *e)
		return true, nil
	})
	return out, err
}

// Each calls fn for each record that List would return, and holds none of them. It ends where fn wants no more.
func (r *Replica) Each(q Query, fn func(*Entry) (more bool, err error)) error {
	n := 0
	for _, p := range r.choose(q) {
		if q.Limit > 0 && n == q.Limit {
			break
		}
		e, err := r.glance(p.drop, p.id)
		if errors.Is(err, ErrNotFound) {
			continue // dropped since
		}
		if err != nil {
			return err
		}
		r.mark(&e)
		n++
		if more, err := fn(&e); err != nil || !more {
			return err
		}
	}
	return nil
}

// place is what List orders by, and where to read.
type place struct {
	created millis
	drop    Day
	id      record.ID
}

func (r *Replica) choose(q Query) []place {
	since := millisOf(q.Since)
	after := place{created: millisOf(q.After.Created), id: q.After.ID}
	var out []place
	r.mu.RLock()
	for id, s := range r.index.slots {
		p := place{s.created, s.drop, id}
		if !s.outside && s.created >= since && (q.Channel.IsZero() || *s.channel == q.Channel) &&
			(len(q.Kinds) == 0 || slices.Contains(q.Kinds, s.code.kind())) && (q.After == Cursor{} || p.compare(after) > 0) {
			out = append(out, p)
		}
	}
	r.mu.RUnlock()
	slices.SortFunc(out, place.compare)
	return out
}

// compare orders the newest first.
func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(q.created, p.created), compareIDs(p.id, q.id))
}

// older is the order of List turned round.
func older(a, b Entry) int {
	return cmp.Or(a.Record.Header().Created.Compare(b.Record.Header().Created), compareIDs(b.Record.ID(), a.Record.ID()))
}

// What Answers, AnswersOf and Revisions return at most.
const (
	MaxAnswers     = 1000
	MaxAnswerBytes = 8 << 20 // of bodies
	MaxRevisions   = 64
)

// Answers returns the replies, closings and withdrawals that refer to a request, oldest first. Of more than MaxAnswers or
// MaxAnswerBytes the newest of each team come first, so that nobody can push out what another says. Who may answer is not
// judged here: the ledger does.
func (r *Replica) Answers(request record.ID) ([]Entry, error) { return r.AnswersOf(request, anybody) }

// CountAnswers returns how many answers to a request are here.
func (r *Replica) CountAnswers(request record.ID) int {
	return len(r.mentioned(func() []mention { return r.index.answered[request] }, anybody))
}

// AnswersOf returns the answers of those teams that by chooses, as Answers does.
func (r *Replica) AnswersOf(request record.ID, by func(identity.TeamID) bool) ([]Entry, error) {
	all := r.mentioned(func() []mention { return r.index.answered[request] }, by)
	return r.glances(all, MaxAnswers, MaxAnswerBytes)
}

// Revisions returns the updates and cancels that name the alert and are by the team that wrote it, under
// whatever root, oldest first, the newest MaxRevisions of them. Nobody else can change what a team said.
func (r *Replica) Revisions(alert record.ID) ([]Entry, error) {
	r.mu.RLock()
	s, ok := r.index.slots[alert]
	r.mu.RUnlock()
	if !ok {
		return nil, fmt.Errorf("record %s: %w", alert, ErrNotFound)
	}
	original, err := r.reopen(s.drop, alert)
	if err != nil {
		return nil, err
	}
	now := r.Roster()
	author, ch := now.Canonical(original.Team()), original.Header().Channel
	all := r.mentioned(func() []mention { return r.index.revised[alert] }, func(t identity.TeamID) bool { return now.Canonical(t) == author })
	all = slices.DeleteFunc(all, func(m mentionedAt) bool { return *m.channel != ch })
	return r.glances(all, MaxRevisions, math.MaxInt64)
}

// mentionedAt is a mention and where it is.
type mentionedAt struct {
	place
	team    identity.TeamID
	channel *record.Channel
}

func anybody(identity.TeamID) bool { return true }

// mentioned returns those mentions that are kept and by teams that by chooses, which is asked without the lock.
func (r *Replica) mentioned(pick func() []mention, by func(identity.TeamID) bool) []mentionedAt {
	r.mu.RLock()
	all := slices.Clone(pick())
	r.mu.RUnlock()
	all = slices.DeleteFunc(all, func(m mention) bool { return !by(m.team) })
	var out []mentionedAt
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, m := range all {
		if s, ok := r.index.slots[m.id]; ok {
			out = append(out, mentionedAt{place{s.created, s.drop, m.id}, m.team, s.channel})
		}
	}
	return out
}

// glances reads mentions, at most limit, and bodies of so many bytes together, and returns them oldest first. The newest of
// each team come before a second of any.
func (r *Replica) glances(all []mentionedAt, limit int, size int64) ([]Entry, error) {
	slices.SortFunc(all, func(a, b mentionedAt) int { return a.compare(b.place) })
	turns, turn := map[identity.TeamID]int{}, map[record.ID]int{}
	for _, m := range all {
		turn[m.id] = turns[m.team]
		turns[m.team]++
	}
	slices.SortStableFunc(all, func(a, b mentionedAt) int { return cmp.Compare(turn[a.id], turn[b.id]) })
	var out []Entry
	for _, m := range all[:min(len(all), limit)] {
		e, err := r.glance(m.drop, m.id)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if size -= e.Record.Header().Body.Length; size < 0 && len(out) > 0 {
			break
		}
		r.mark(&e)
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
	Lanes      int // of this node, in all channels, of which a record is kept
	Beside     int // of them, those more than one for each channel
	// Equivocations counts, by team, the records that prove it said two things in one place.
	Equivocations map[identity.TeamID]int
	Store         Usage
	LastRoom      bool // only the last room of the store is left, of which each team has a share
}

// Stats returns counts as of now.
func (r *Replica) Stats() (Stats, error) {
	r.mu.RLock()
	st := Stats{Records: map[notice.Kind]int{}, Statements: len(r.roster.Statements()), Bodies: len(r.wanted), Lanes: len(r.lanes.runs), Beside: r.lanes.beside(), Equivocations: map[identity.TeamID]int{}}
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
