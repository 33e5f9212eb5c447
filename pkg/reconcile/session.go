package reconcile

import (
	"errors"
	"fmt"
	"slices"
	"sort"

	"tocsin/pkg/record"
)

// ErrOver is the error of Step after the session ended.
var ErrOver = errors.New("the session is over")

// Session is one end of a reconciliation. The ends take turns: what one Step returns is the next
// Step's input at the other. It is not safe for concurrent use.
//
// Both ends walk the days from the newest to the oldest, so that a session which is cut off has found
// the newest differences. They keep the same cursor, which is therefore never sent: days from above
// on are dealt with but for those in open, and of open[0] the IDs below from are.
type Session struct {
	set       Set
	days      []DayDigest // ascending, the set's at the beginning
	initiator bool

	above uint64 // one more than the newest day not yet compared; 0 when all are
	open  []Day  // days that differ and are not yet dealt with, descending
	from  record.ID

	expect byte // the initiator's: the kind that answers its last message
	down   Day  // the initiator's: how far its last page of digests went
	asked  []span

	cachedDay Day // the day of cached
	cached    []record.ID

	need, have []record.ID
	rounds     int
	partial    bool
	over       bool
}

// Initiate begins a session and returns the first message.
func Initiate(set Set) (*Session, []byte) {
	s := newSession(set)
	s.initiator = true
	first, _ := s.next()
	return s, first
}

// Respond returns the other end of a session, which waits for the first message.
func Respond(set Set) *Session { return newSession(set) }

func newSession(set Set) *Session { return &Session{set: set, days: set.Days(), above: 1 << 32} }

// Step takes a message of the peer. It returns the message to send back, which may be there also
// where done is set, and is empty only where there is none. After done, or an error, the session is
// over. Errors wrap ErrMessage, or are ErrOver.
func (s *Session) Step(in []byte) (out []byte, done bool, err error) {
	if s.over {
		return nil, true, ErrOver
	}
	if s.rounds++; s.rounds > MaxRounds {
		s.over, s.partial = true, true
		return nil, true, fmt.Errorf("%w: more than %d of them", ErrMessage, MaxRounds)
	}
	if s.initiator {
		out, done, err = s.answered(in)
	} else {
		out, done, err = s.respond(in)
	}
	if err != nil {
		s.over, s.partial = true, true
		return nil, true, err
	}
	s.over = done
	return out, done, nil
}

// Need returns the IDs that the other end has and this one lacks: all where Complete is true, else
// those found so far, of the newest days, less what Take returned. The caller may keep it.
func (s *Session) Need() []record.ID { return slices.Clip(s.need) }

// Have returns the IDs that this end has and the other lacks, as Need does.
func (s *Session) Have() []record.ID { return slices.Clip(s.have) }

// Take returns what Need and Have would and forgets it, so that a session may be used before it is over.
func (s *Session) Take() (need, have []record.ID) {
	need, have = s.Need(), s.Have()
	s.need, s.have = nil, nil
	return need, have
}

// Complete reports whether the session is over and found everything. If it is over and did not, a
// limit was met, or an error: fetch what it found, then run another.
func (s *Session) Complete() bool { return s.over && !s.partial }

// next returns the initiator's next message.
func (s *Session) next() (out []byte, done bool) {
	switch {
	case s.partial || s.rounds >= MaxRounds-1:
		s.partial = true
		return begin(kindEnd), true
	case len(s.open) > 0:
		s.expect, s.asked = kindLacking, s.ask()
		return encodeSpans(s.asked), false
	case s.above > 0:
		page := digests{days: s.between(0, s.above)}
		if len(page.days) > maxDigests {
			page.days = page.days[:maxDigests]
			page.down = page.days[maxDigests-1].Day
		}
		s.expect, s.down = kindDiffering, page.down
		return page.encode(), false
	default:
		return begin(kindEnd), true
	}
}

// between returns the set's days from down up to but not including above, descending.
func (s *Session) between(down Day, above uint64) []DayDigest {
	lo := sort.Search(len(s.days), func(i int) bool { return s.days[i].Day >= down })
	hi := sort.Search(len(s.days), func(i int) bool { return uint64(s.days[i].Day) >= above })
	days := slices.Clone(s.days[lo:max(lo, hi)])
	slices.Reverse(days)
	return days
}

// ask returns the initiator's IDs of the open days, as many as one message holds.
func (s *Session) ask() []span {
	var spans []span
	room, from := maxIDs, s.from
	for _, day := range s.open {
		if room == 0 {
			break
		}
		ids := s.idsOf(day, from, nil)
		if len(ids) > room {
			until := ids[room]
			return append(spans, span{until: &until, ids: ids[:room]})
		}
		spans = append(spans, span{ids: ids})
		room -= len(ids)
		from = record.ID{}
	}
	return spans
}

// idsOf returns the set's IDs of a day from from on and below until.
func (s *Session) idsOf(day Day, from record.ID, until *record.ID) []record.ID {
	if s.cached == nil || s.cachedDay != day {
		s.cachedDay, s.cached = day, s.set.IDs(day)
	}
	lo, _ := slices.BinarySearchFunc(s.cached, from, compareIDs)
	hi := len(s.cached)
	if until != nil {
		hi, _ = slices.BinarySearchFunc(s.cached, *until, compareIDs)
	}
	return s.cached[lo:max(lo, hi)]
}

// answered takes the responder's answer and goes on.
func (s *Session) answered(in []byte) ([]byte, bool, error) {
	kind, r := open(in)
	if r.err == nil && kind != s.expect {
		r.fail("kind %d, want %d", kind, s.expect)
	}
	if r.err != nil {
		return nil, false, r.err
	}
	if kind == kindDiffering {
		m, err := r.differing()
		if err != nil {
			return nil, false, err
		}
		if m.down < s.down || uint64(m.down) >= s.above || len(m.days) > 0 && uint64(m.days[0]) >= s.above {
			return nil, false, fmt.Errorf("%w: days outside the page", ErrMessage)
		}
		s.open, s.above = m.days, uint64(m.down)
	} else {
		answers, err := r.answers(s.asked)
		if err != nil {
			return nil, false, err
		}
		for i := range answers {
			if err := s.learn(s.asked[i], answers[i]); err != nil {
				return nil, false, err
			}
		}
	}
	out, done := s.next()
	return out, done, nil
}

// learn notes what the responder said of one span, and moves the cursor.
func (s *Session) learn(asked span, a answer) error {
	until := asked.until
	if a.until != nil {
		if compareIDs(*a.until, s.from) <= 0 || until != nil && compareIDs(*a.until, *until) >= 0 {
			return fmt.Errorf("%w: an answer that gets nowhere or too far", ErrMessage)
		}
		until = a.until
	}
	if !within(a.extra, s.from, until) {
		return fmt.Errorf("%w: IDs outside what was asked", ErrMessage)
	}
	for _, id := range a.extra {
		if _, ours := slices.BinarySearchFunc(asked.ids, id, compareIDs); ours {
			return fmt.Errorf("%w: an ID that was sent comes back", ErrMessage)
		}
		s.note(&s.need, id)
	}
	for i, lacks := range a.lacking {
		switch {
		case !lacks:
		case until != nil && compareIDs(asked.ids[i], *until) >= 0:
			return fmt.Errorf("%w: an answer beyond its own end", ErrMessage)
		default:
			s.note(&s.have, asked.ids[i])
		}
	}
	s.advance(until)
	return nil
}

// within reports whether ascending IDs lie from from on and below until.
func within(ids []record.ID, from record.ID, until *record.ID) bool {
	return len(ids) == 0 ||
		compareIDs(ids[0], from) >= 0 && (until == nil || compareIDs(ids[len(ids)-1], *until) < 0)
}

func (s *Session) note(list *[]record.ID, id record.ID) {
	if len(*list) >= MaxFound {
		s.partial = true
		return
	}
	*list = append(*list, id)
}

// advance moves the cursor to until in the first open day, or past that day if until is nil.
func (s *Session) advance(until *record.ID) {
	if until != nil {
		s.from = *until
		return
	}
	s.open, s.from = s.open[1:], record.ID{}
}

// respond answers a message of the initiator.
func (s *Session) respond(in []byte) ([]byte, bool, error) {
	kind, r := open(in)
	switch {
	case r.err != nil:
		return nil, false, r.err
	case kind == kindEnd:
		s.partial = s.partial || s.above > 0 || len(s.open) > 0
		return nil, true, r.end()
	case kind == kindDigests && len(s.open) == 0 && s.above > 0:
		m, err := r.digests()
		if err != nil {
			return nil, false, err
		}
		if uint64(m.down) >= s.above || len(m.days) > 0 && uint64(m.days[0].Day) >= s.above {
			return nil, false, fmt.Errorf("%w: days that were dealt with", ErrMessage)
		}
		return s.compare(m).encode(), false, nil
	case kind == kindIDs && s.partial:
		return nil, false, fmt.Errorf("%w: more IDs after %d were found", ErrMessage, MaxFound)
	case kind == kindIDs && len(s.open) > 0:
		spans, err := r.spans(len(s.open))
		if err != nil {
			return nil, false, err
		}
		answers, err := s.lookUp(spans)
		if err != nil {
			return nil, false, err
		}
		return encodeAnswers(answers), false, nil
	}
	return nil, false, fmt.Errorf("%w: kind %d is not one to send now", ErrMessage, kind)
}

// compare finds the days of a page that differ, and moves the cursor past what it answers.
func (s *Session) compare(page digests) differing {
	ours, theirs := s.between(page.down, s.above), page.days
	m := differing{down: page.down}
	for len(ours) > 0 || len(theirs) > 0 {
		var day Day
		switch {
		case len(theirs) == 0 || len(ours) > 0 && ours[0].Day > theirs[0].Day:
			day, ours = ours[0].Day, ours[1:]
		case len(ours) == 0 || theirs[0].Day > ours[0].Day:
			day, theirs = theirs[0].Day, theirs[1:]
		case ours[0] == theirs[0]:
			ours, theirs = ours[1:], theirs[1:]
			continue
		default:
			day, ours, theirs = ours[0].Day, ours[1:], theirs[1:]
		}
		m.days = append(m.days, day)
		if len(m.days) == maxDiffering {
			m.down = day
			break
		}
	}
	s.open, s.above = slices.Clone(m.days), uint64(m.down)
	return m
}

// lookUp compares the initiator's IDs with the set's, and moves the cursor past what it answers.
func (s *Session) lookUp(spans []span) ([]answer, error) {
	var answers []answer
	room := maxIDs
	for _, asked := range spans {
		if room == 0 {
			break
		}
		if asked.until != nil && compareIDs(*asked.until, s.from) <= 0 || !within(asked.ids, s.from, asked.until) {
			return nil, fmt.Errorf("%w: IDs that were dealt with", ErrMessage)
		}
		a := s.lookUpSpan(asked, room)
		answers = append(answers, a)
		room -= len(a.extra)
		if a.until != nil {
			s.advance(a.until)
			break
		}
		s.advance(asked.until)
	}
	return answers, nil
}

// lookUpSpan compares one span, and ends early where there is no room for an ID to send.
func (s *Session) lookUpSpan(asked span, room int) answer {
	a := answer{lacking: make([]bool, len(asked.ids))}
	ours := s.idsOf(s.open[0], s.from, asked.until)
	theirs := asked.ids
	for len(ours) > 0 || len(theirs) > 0 {
		order := -1
		switch {
		case len(ours) == 0:
			order = 1
		case len(theirs) > 0:
			order = compareIDs(ours[0], theirs[0])
		}
		switch {
		case order == 0:
			ours, theirs = ours[1:], theirs[1:]
		case order > 0:
			a.lacking[len(asked.ids)-len(theirs)] = true
			s.note(&s.need, theirs[0])
			theirs = theirs[1:]
		case len(a.extra) == room:
			until := ours[0]
			a.until = &until
			return a
		default:
			a.extra = append(a.extra, ours[0])
			s.note(&s.have, ours[0])
			ours = ours[1:]
		}
	}
	return a
}
