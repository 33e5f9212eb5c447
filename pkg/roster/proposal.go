package roster

import (
	"slices"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// Proposal is a removal that members vote on, or under RuleFounders one that a founder ordered.
type Proposal struct {
	ID        record.StatementID
	Team      identity.TeamID // its root now
	Created   time.Time
	Reason    string
	Votes     []Voice // its own first, then by ID; those that do not count among them
	Counting  int     // teams whose votes count
	Needed    int
	Effective bool
}

// Departure is a team's own word that it left.
type Departure struct {
	ID      record.StatementID
	Team    identity.TeamID
	Created time.Time
	Reason  string
	Counts  bool
}

// Proposals returns all that are here, by ID.
func (c *Community) Proposals() []Proposal {
	votes := map[record.StatementID][]*said{}
	var all []*said
	for _, x := range c.graph.all.all() {
		if x.Kind != KindRemove {
			continue
		}
		if x.proposal == (record.StatementID{}) {
			all = append(all, x)
			continue
		}
		votes[x.proposal] = append(votes[x.proposal], x)
	}
	slices.SortFunc(all, func(a, b *said) int { return compareIDs(a.ID(), b.ID()) })
	out := make([]Proposal, len(all))
	for i, x := range all {
		out[i] = c.proposal(x, votes[x.ID()])
	}
	return out
}

func (c *Community) proposal(x *said, votes []*said) Proposal {
	p := Proposal{ID: x.ID(), Team: c.keys.canonical(x.team), Created: x.Created, Reason: x.text, Needed: 1}
	if c.Charter.Admission.Rule != notice.RuleSponsors {
		w := c.voice(x)
		if w.Counts = c.FounderSigned(x.Statement) && !c.IsFounder(p.Team); w.Counts {
			w.Why, p.Counting, p.Effective = Counts, 1, true
		}
		p.Votes = []Voice{w}
		return p
	}
	p.Needed = c.Charter.Admission.Removal
	slices.SortFunc(votes, func(a, b *said) int { return compareIDs(a.ID(), b.ID()) })
	for _, y := range append([]*said{x}, votes...) {
		p.Votes = append(p.Votes, c.voice(y))
	}
	if pr := c.proposals.get(x.ID()); pr != nil {
		p.Counting, p.Effective = len(pr.votes), pr.fix != nil
	}
	return p
}

// Departures returns the leavings that are here, by ID.
func (c *Community) Departures() []Departure {
	var out []Departure
	for _, x := range c.graph.all.all() {
		if x.Kind != KindLeave {
			continue
		}
		d := Departure{ID: x.ID(), Team: c.keys.canonical(x.team), Created: x.Created, Reason: x.text}
		why := c.why(x.ID())
		d.Counts = why == Counts || why == WhyRule && c.ends.has(d.Team)
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b Departure) int { return compareIDs(a.ID, b.ID) })
	return out
}
