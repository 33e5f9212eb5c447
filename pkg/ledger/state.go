package ledger

import (
	"time"

	"tocsin/pkg/notice"
)

// State is where a request stands with a team. The zero State is none.
type State uint8

// The states. The first that fits, in this order, is the row's.
const (
	Withdrawn    State = iota + 1 // taken back by the requester; counts for nothing
	Done                          // the team says that it did what was asked
	Declined                      // an answer like any other; the row has the reason
	Closed                        // ended by the requester without either
	Accepted                      // the team will do it
	Acknowledged                  // a human has it (or needs information, or reports progress)
	Unreachable                   // own request: no machine and no human has answered; not the same as silent
	Waiting                       // not due yet
	Silent                        // own request: its machine has it, no human answered, and it is past due
	NoAnswerSeen                  // somebody else's request past due: an answer may exist where we cannot see it
)

// String returns the state in words for people.
func (s State) String() string {
	switch s {
	case Withdrawn:
		return "withdrawn"
	case Done:
		return "done"
	case Declined:
		return "declined"
	case Closed:
		return "closed"
	case Accepted:
		return "accepted"
	case Acknowledged:
		return "acknowledged"
	case Unreachable:
		return "unreachable"
	case Waiting:
		return "waiting"
	case Silent:
		return "silent"
	case NoAnswerSeen:
		return "no answer seen"
	}
	return "unknown"
}

// Timing is how a team's first answer stands to the time asked. It is apart from State: an accepted
// request may have been accepted late. The zero Timing is none.
type Timing uint8

// The timings.
const (
	Exempt   Timing = iota + 1 // voluntary or withdrawn: no time was asked of this team
	InTime                     // a human answered at or before Due
	Late                       // a human answered after Due
	Pending                    // no answer, and not due yet (or not sent yet)
	Overdue                    // no answer, and past due
	Released                   // no answer, and the requester closed it before it was due
	Missed                     // no answer, and the requester closed it after it was due
)

// String returns the timing in words for people.
func (t Timing) String() string {
	switch t {
	case Exempt:
		return "not counted"
	case InTime:
		return "in time"
	case Late:
		return "late"
	case Pending:
		return "not due"
	case Overdue:
		return "overdue"
	case Released:
		return "closed before due"
	case Missed:
		return "never answered"
	}
	return "unknown"
}

// judge fills in what depends on the present.
func (r *Row) judge(now time.Time, grace time.Duration) {
	r.Timing = r.timing(now)
	r.State = r.stateAt(now, grace)
	r.Waited = 0
	if r.Sent.IsZero() {
		return
	}
	end := now
	switch {
	case !r.Acknowledged.IsZero():
		end = r.Acknowledged
	case !r.Withdrawn.IsZero():
		end = r.Withdrawn
	case !r.Closed.IsZero():
		end = r.Closed
	}
	r.Waited = max(end.Sub(r.Sent), 0)
}

func (r *Row) timing(now time.Time) Timing {
	past := func(t time.Time) bool { return !r.Due.IsZero() && t.After(r.Due) }
	switch {
	case !r.Counts():
		return Exempt
	case !r.Acknowledged.IsZero() && past(r.Acknowledged):
		return Late
	case !r.Acknowledged.IsZero():
		return InTime
	case !r.Closed.IsZero() && past(r.Closed):
		return Missed
	case !r.Closed.IsZero():
		return Released
	case past(now):
		return Overdue
	}
	return Pending
}

func (r *Row) stateAt(now time.Time, grace time.Duration) State {
	from := r.Sent
	if from.IsZero() {
		from = r.Created
	}
	switch {
	case !r.Withdrawn.IsZero():
		return Withdrawn
	case r.verdict == notice.Done:
		return Done
	case r.verdict == notice.Declined:
		return Declined
	case !r.Closed.IsZero():
		return Closed
	case r.verdict == notice.Accepted:
		return Accepted
	case !r.Acknowledged.IsZero():
		return Acknowledged
	case r.Own && r.Receipt.IsZero() && (now.Sub(from) >= grace || r.timing(now) == Overdue):
		return Unreachable
	case r.timing(now) == Overdue && r.Own:
		return Silent
	case r.timing(now) == Overdue:
		return NoAnswerSeen
	}
	return Waiting
}
