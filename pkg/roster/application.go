package roster

import (
	"slices"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// State is how far an application is. Windows run by clocks, and so they are not here.
type State string

// The states.
const (
	StateOpen     State = "open"
	StateOpposed  State = "opposed"  // as many members object as keep a team out
	StateAdmitted State = "admitted" // the team is a member by it
	StatePast     State = "past"     // it was, and was removed or left since
	StateRefused  State = "refused"  // somebody above it answers for too many
	StateVoid     State = "void"     // it does not count; Why says why
)

// Application is a team's wish to belong to a community, and what was said of it. All text is a peer's.
type Application struct {
	ID      record.StatementID
	Team    identity.TeamID // its root now
	Created time.Time
	Name    string
	Parent  string
	Contact string
	Note    string
	State   State
	Why     Why // of a void one
	// Sponsorings, Objections and Admissions are in the order of their IDs, those that do not count among them.
	Sponsorings, Objections, Admissions []Word
}

// Word is what one team said of an application or a proposal.
type Word struct {
	ID       record.StatementID
	By       identity.TeamID // its root now; zero where several signed
	Created  time.Time
	Text     string
	Sponsors []record.StatementID // that an admission names
	Counts   bool
	Why      Why // it does not count
}

// Applications returns all that are here, by ID.
func (c *Community) Applications() []Application {
	words := map[record.StatementID][]*said{}
	var all []*said
	for _, x := range c.graph.all.all() {
		switch x.Kind {
		case KindApply:
			all = append(all, x)
		case KindSponsor, KindObject, KindAdmit:
			words[x.application] = append(words[x.application], x)
		}
	}
	slices.SortFunc(all, func(a, b *said) int { return compareIDs(a.ID(), b.ID()) })
	out := make([]Application, len(all))
	for i, x := range all {
		out[i] = c.application(x, words[x.ID()])
	}
	return out
}

func (c *Community) application(x *said, words []*said) Application {
	a := Application{
		ID: x.ID(), Team: c.keys.canonical(x.team), Created: x.Created, Name: x.name, Parent: x.org, Contact: x.contact,
		Note: x.text, State: StateOpen, Why: c.why(x.ID()),
	}
	slices.SortFunc(words, func(a, b *said) int { return compareIDs(a.ID(), b.ID()) })
	against := map[identity.TeamID]struct{}{}
	for _, y := range words {
		w := c.word(y)
		switch y.Kind {
		case KindSponsor:
			w.Counts = w.Counts && c.Member(w.By)
			a.Sponsorings = append(a.Sponsorings, w)
		case KindObject:
			if w.Counts = w.Counts && c.Member(w.By); w.Counts {
				against[w.By] = struct{}{}
			}
			a.Objections = append(a.Objections, w)
		default:
			a.Admissions = append(a.Admissions, w)
		}
	}
	app := c.apps.get(x.ID())
	switch {
	case app == nil:
		a.State = StateVoid
		if a.Why == Counts {
			a.Why = WhyRule
		}
	case app.refused:
		a.State = StateRefused
	case app.admitted && c.members.get(a.Team) == x.ID():
		a.State = StateAdmitted
	case app.admitted:
		a.State = StatePast
	case len(against) >= c.Charter.Admission.Objections:
		a.State = StateOpposed
	}
	return a
}

// word shows a statement. Of a member that is none any more the words do not count for what is to come.
func (c *Community) word(x *said) Word {
	w := Word{ID: x.ID(), Created: x.Created, Text: x.text, Sponsors: x.sponsors, Why: c.why(x.ID())}
	if len(x.Signers) == 1 {
		w.By = c.keys.canonical(x.Signers[0].Team)
	}
	if w.Why == Counts && x.Kind != KindAdmit && x.Kind != KindRemove && !c.Member(w.By) {
		w.Why = WhyStranger
	}
	w.Counts = w.Why == Counts
	return w
}

// why says why a statement does not count.
func (c *Community) why(id record.StatementID) Why {
	if c.Charter.Admission.Rule != notice.RuleSponsors {
		return WhyRule
	}
	_, i, ok := c.graph.at(id)
	if !ok {
		return WhyWaits
	}
	return c.marks.at(int(i)).why
}

// Observer reports whether a team applied, at least one member sponsors that, fewer members object than keep a
// team out, and it is no member.
func (c *Community) Observer(t identity.TeamID) bool {
	now := c.keys.canonical(t)
	if c.Charter.Admission.Rule != notice.RuleSponsors || c.members.has(now) {
		return false
	}
	of := c.supported.get(now)
	for _, id := range of {
		a := c.apps.get(id)
		if a == nil || a.refused || a.admitted {
			continue
		}
		objections := 0
		for _, o := range a.objections {
			if c.members.has(o.by) {
				objections++
			}
		}
		sponsored := slices.ContainsFunc(a.sponsors, c.members.has)
		if sponsored && objections < c.Charter.Admission.Objections && !c.cutOff(now, a) {
			return true
		}
	}
	return false
}

// cutOff reports whether a removal or a leaving that the application does not know of stands against it.
func (c *Community) cutOff(t identity.TeamID, a *application) bool {
	j := c.judge(nil)
	return slices.ContainsFunc(c.cuts[t], func(q cut) bool { return !j.knew(q, t, a) })
}

// Observer reports whether a team is an observer of a community: see Community.Observer.
func (r *Roster) Observer(id identity.CommunityID, t identity.TeamID) bool {
	c, ok := r.Community(id)
	return ok && c.Observer(t)
}

// ObservedBy returns the communities of which a team is an observer, ascending.
func (r *Roster) ObservedBy(t identity.TeamID) []identity.CommunityID {
	return slices.DeleteFunc(r.Communities(), func(id identity.CommunityID) bool { return !r.Observer(id, t) })
}
