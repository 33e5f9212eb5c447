package ledger

import (
	"bytes"
	"maps"
	"slices"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// Filter chooses rows. The zero Filter is every actual request with every team in every channel.
type Filter struct {
	Team      identity.TeamID      // by any ID it had; zero: all
	Community identity.CommunityID // zero: all, and the private channels too
	Drills    bool                 // exercises and tests instead of actual requests; never both
	Since     time.Time            // requests sent (or, if not sent yet, written) at or after; zero: all
	// Horizon tells until when the observer is in step with a channel. Open requests there are judged
	// as of then, if it is before now, so that an observer who has just come back does not call its
	// peers overdue before it has heard them. Nil: in step with everything, now.
	Horizon func(record.Channel) time.Time
}

func (f *Filter) chooses(r *Row) bool {
	if r.Drill() != f.Drills {
		return false
	}
	if f.Community != (identity.CommunityID{}) && r.Channel.Community != f.Community {
		return false
	}
	if f.Since.IsZero() {
		return true
	}
	if r.Sent.IsZero() {
		return !r.Created.Before(f.Since)
	}
	return !r.Sent.Before(f.Since)
}

// asOf is the moment as of which an open row of the channel is judged.
func (f *Filter) asOf(now time.Time, ch record.Channel) time.Time {
	if f.Horizon == nil {
		return now
	}
	if h := f.Horizon(ch); h.Before(now) {
		return h
	}
	return now
}

// Rows returns the chosen rows as they stand at now, oldest request first.
func (l *Ledger) Rows(now time.Time, f Filter) []Row {
	var rows []Row
	for _, name := range l.names(f.Team) {
		for _, e := range l.teams[name].rows {
			if r := l.row(e, now, &f); f.chooses(&r) {
				rows = append(rows, r)
			}
		}
	}
	slices.SortFunc(rows, older)
	return rows
}

// Request returns the rows of one request, drill or not, by team.
func (l *Ledger) Request(now time.Time, id record.ID) []Row {
	th := l.threads[id]
	if th == nil {
		return nil
	}
	var rows []Row
	for _, e := range th.rows {
		rows = append(rows, l.row(e, now, &Filter{}))
	}
	slices.SortFunc(rows, older)
	return rows
}

func (l *Ledger) row(e *entry, now time.Time, f *Filter) Row {
	e.refresh(l)
	r := e.row
	r.judge(f.asOf(now, r.Channel), l.opt.ReceiptGrace)
	return r
}

// names returns the team asked for, or all, ascending by the bytes of their IDs. The order says
// nothing about the teams, and must not: a caller who knows their names sorts by name.
func (l *Ledger) names(only identity.TeamID) []identity.TeamID {
	if only == (identity.TeamID{}) {
		return slices.SortedFunc(maps.Keys(l.teams), func(a, b identity.TeamID) int { return bytes.Compare(a[:], b[:]) })
	}
	if only = l.today(only); l.teams[only] == nil {
		return nil
	}
	return []identity.TeamID{only}
}
