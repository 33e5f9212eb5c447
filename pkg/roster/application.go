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
	Open     State = "open"     // Community.Attest says whether members keep the team out
	Admitted State = "admitted" // the team is a member by it
	Past     State = "past"     // it was, and was removed or left since
	Refused  State = "refused"  // somebody above it answers for too many
	Void     State = "void"     // it does not count; Why says why
)

// Application is a team's wish to belong to a community, and what was said of it. All text is a peer's.
type Application struct {
	ID      record.StatementID
	Team    identity.TeamID // its root now
	Created time.Time
	Apply   *notice.Apply // not to be changed
	State   State
	Why     Why // of a void one
	// Sponsors, Objections and Admits are in the order of their IDs, those that do not count among them.
	Sponsors, Objections, Admits []Voice
}

// Voice is what one team said of an application or a proposal.
type Voice struct {
	ID       record.StatementID
	Team     identity.TeamID // its root now; zero where several signed
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
		ID: x.ID(), Team: c.keys.canonical(x.team), Created: x.Created, Apply: x.wish, State: Open, Why: c.why(x.ID()),
	}
	slices.SortFunc(words, func(a, b *said) int { return compareIDs(a.ID(), b.ID()) })
	for _, y := range words {
		w := c.voice(y)
		switch y.Kind {
		case KindSponsor:
			a.Sponsors = append(a.Sponsors, w)
		case KindObject:
			a.Objections = append(a.Objections, w)
		default:
			a.Admits = append(a.Admits, w)
		}
	}
	app := c.apps.get(x.ID())
	switch {
	case app == nil:
		a.State = Void
		if a.Why == Counts {
			a.Why = WhyRule
		}
	case app.refused:
		a.State = Refused
	case app.admitted && c.members.get(a.Team) == x.ID():
		a.State = Admitted
	case app.admitted:
		a.State = Past
	}
	return a
}

// voice shows a statement. Of a member that is none any more the words do not count for what is to come.
func (c *Community) voice(x *said) Voice {
	w := Voice{ID: x.ID(), Created: x.Created, Text: x.text, Sponsors: x.sponsors, Why: c.why(x.ID())}
	if len(x.Signers) == 1 {
		w.Team = c.keys.canonical(x.Signers[0].Team)
	}
	if w.Why == Counts && x.Kind != KindAdmit && x.Kind != KindRemove && !c.Member(w.Team) {
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
		sponsored := slices.ContainsFunc(a.sponsors, c.members.has)
		if sponsored && c.objecting(a) < c.Charter.Admission.Objections && !c.cutOff(now, a) {
			return true
		}
	}
	return false
}

// objecting counts the members that object to an application.
func (c *Community) objecting(a *application) (n int) {
	for _, o := range a.objections {
		if c.members.has(o.by) {
			n++
		}
	}
	return n
}

// cutOff reports whether a removal or a leaving that the application does not know of stands against it.
func (c *Community) cutOff(t identity.TeamID, a *application) bool {
	j := c.judge(nil, c.verdict)
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
