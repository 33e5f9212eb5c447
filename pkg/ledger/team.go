package ledger

import (
	"time"

	"tocsin/pkg/identity"
)

// FewRequests is the sample size below which a summary is marked Small: its numbers are shown, but
// the sentence gives no median, since one request more could turn it round.
const FewRequests = 5

// Summary is what a set of requests says about one team. The requests asked fall into exactly one
// of InTime, Late, Open, Overdue, Missed and Released. Waiting, Silent, Unreachable and Unseen tell
// the unanswered apart by what is known of them.
type Summary struct {
	Asked    int // sent to the team by name and not withdrawn
	InTime   int // a human answered in the time asked; declining is an answer
	Late     int // a human answered after it
	Open     int // no answer, not due
	Overdue  int // no answer, past due, not closed
	Missed   int // no answer, closed by the requester after it was due
	Released int // no answer, closed by the requester before it was due: says nothing of the team

	Declined int // of InTime and Late

	Waiting     int // not due, nothing to worry about
	Silent      int // its machine has it, no human answered, past due
	Unreachable int // nothing came back, with Unsent
	Unseen      int // somebody else's request, past due, no answer where we could see it

	Unsent    int // never left this node: not asked, and in none of the above but Unreachable
	Withdrawn int // in none of the above

	Requesters int // how many teams stand behind Asked
	MostByOne  int // how many of Asked came from the one that asked most

	// The time to the first human answer, estimated with the unanswered counted for as long as they
	// have been waited for. Reached is false while more than half would be unanswered.
	Median  time.Duration
	Reached bool
	Sample  int // requests behind the estimate: Asked
	Small   bool
}

// Settled is the number of requests whose outcome can be held against the time asked: answered, or
// due and not answered.
func (s *Summary) Settled() int { return s.InTime + s.Late + s.Overdue + s.Missed }

// Empty reports whether there is nothing to say.
func (s *Summary) Empty() bool { return s.Asked+s.Unsent+s.Withdrawn == 0 }

func (s *Summary) count(r *Row) {
	switch r.State {
	case Unreachable:
		s.Unreachable++
	case Silent:
		s.Silent++
	case NoAnswerSeen:
		s.Unseen++
	case Waiting:
		if !r.Sent.IsZero() {
			s.Waiting++
		}
	case Declined:
		s.Declined++
	case Withdrawn, Done, Closed, Accepted, Acknowledged:
	}
	if r.Sent.IsZero() {
		s.Unsent++
		return
	}
	s.Asked++
	switch r.Timing {
	case InTime:
		s.InTime++
	case Late:
		s.Late++
	case Pending:
		s.Open++
	case Overdue:
		s.Overdue++
	case Released:
		s.Released++
	case Missed:
		s.Missed++
	case Exempt:
	}
}

func (s *Summary) estimate(sorted []Observation) {
	c := estimate(sorted)
	s.Median, s.Reached = c.Median()
	s.Sample, s.Small = c.N, c.N < FewRequests
}

// Team is the picture of one team. What the observer asked and what it saw others ask stay apart:
// of its own requests it knows all, of others' only what passed its eyes, and a requester who asks
// much cannot drown the observer's own experience. Within Others one requester may still dominate;
// Requesters and MostByOne show it.
type Team struct {
	Team      identity.TeamID
	Own       Summary
	Others    Summary
	Voluntary int // answers, other than declining, to requests that did not ask it by name
}

// Teams returns the picture of each team that the filter leaves anything of, ascending by ID. There
// is deliberately no other order and no total.
func (l *Ledger) Teams(now time.Time, f Filter) []Team {
	var teams []Team
	for _, name := range l.names(f.Team) {
		d := l.digest(l.teams[name], &f)
		own, ownObs := d.own.at(l, now, &f)
		others, othersObs := d.others.at(l, now, &f)
		own.estimate(ownObs)
		others.estimate(othersObs)
		t := Team{Team: name, Own: own, Others: others, Voluntary: d.voluntary}
		if !own.Empty() || !others.Empty() || t.Voluntary > 0 {
			teams = append(teams, t)
		}
	}
	return teams
}

// Curves returns the response curves behind the summaries of one team, for own and others' requests.
func (l *Ledger) Curves(now time.Time, f Filter) (own, others Curve) {
	t := l.teams[l.today(f.Team)]
	if t == nil {
		return Curve{}, Curve{}
	}
	d := l.digest(t, &f)
	_, ownObs := d.own.at(l, now, &f)
	_, othersObs := d.others.at(l, now, &f)
	return estimate(ownObs), estimate(othersObs)
}
