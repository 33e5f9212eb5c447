package policy

import (
	"fmt"
	"slices"

	"tocsin/pkg/notice"
)

// MayLeave decides what of a record may leave, to whom, in which form. It is the only way out: what
// sends, forwards, syncs, exports, notifies, escalates, shows and logs asks it each time. It decides by
// TLP 2.0, by what the author granted, and, where no person decides, by PAP and the limits of purpose.
func MayLeave(e Exit) Decision {
	switch {
	case !slices.Contains(Actions(), e.Action):
		return refused(Nothing, Marking, "it is no known way out")
	case !slices.Contains(Audiences(), e.Audience):
		return refused(Nothing, Marking, "it is no known audience")
	case e.Unread, e.Marking == nil && e.Sealed:
		return e.unread()
	case e.Marking == nil:
		return e.bare()
	}
	d := e.decide(*e.Marking)
	if granted, ok := e.granted(); ok {
		if wider := granted.decide(*granted.Marking); wider.Form >= d.Form {
			return wider
		}
	}
	return d
}

// decide judges the exit of content with a marking.
func (e *Exit) decide(m notice.Marking) Decision {
	form, why := reach(m.TLP, e.Action, e.Audience)
	reason := Marking
	if m.TLP == "" {
		reason, why = MarkingAbsent, "there is no TLP marking: "+why
	} else {
		why = fmt.Sprintf("%s, %s to %s: %s", m.TLP, e.Action, e.Audience, why)
	}
	if form == Sealed && !e.Sealed {
		return refused(e.instead(), reason, why+", and its body is not sealed to them")
	}
	if limit, why := e.unasked(&m); limit != OK && form >= Sealed {
		return refused(e.instead(), limit, why)
	}
	switch {
	case form >= Sealed:
		return Decision{form, m.Purpose, Judgement{Verdict: Accept, Reason: OK}}
	case e.Action == Log || e.Audience == Logs:
		return Decision{form, nil, Judgement{Verdict: Accept, Reason: OK}}
	}
	return refused(form, reason, why)
}

// unasked says which limit stops an exit on which no person decides. Anything that a person reads
// first, and what members carry to members, passes.
func (e *Exit) unasked(m *notice.Marking) (Reason, string) {
	if !e.Automatic || e.Action == Show || e.Action == Log || e.carries() {
		return OK, ""
	}
	people := e.Action == Notify || e.Action == Escalate
	switch {
	case m.PAP != "" && !m.PAP.Known():
		return PAPLimit, "its PAP label is not one that this release knows, so nothing uses it unasked"
	case m.PAP == notice.PAPRed:
		return PAPLimit, "PAP:RED allows nothing that could be noticed, so nothing passes it on unasked"
	case m.PAP == notice.PAPAmber && !people:
		return PAPLimit, "PAP:AMBER allows passive checks only, and what goes out unasked may be acted on"
	case e.Audience == Constituents && m.TLP != notice.TLPClear:
		return Marking, string(m.TLP) + " goes to clients who need to know it, and that a person decides"
	}
	for _, p := range m.Purpose {
		switch {
		case !p.Known():
			return PurposeLimit, "it has a limit of purpose that this release does not know, so nothing uses it unasked"
		case p == notice.NoPublication && e.Audience == Public, p == notice.NoVictimContact && e.Audience == Constituents:
			return PurposeLimit, fmt.Sprintf("%s: %s", p, p.Contract())
		}
	}
	return OK, ""
}

// carries reports whether the exit moves a record within its own channel.
func (e *Exit) carries() bool {
	if e.beyond {
		return false
	}
	switch e.Action {
	case Send, Forward, Sync:
		return e.Audience == Members || e.Audience == Named || e.Audience == Observers || e.Audience == Desk
	case Export, Notify, Escalate, Show, Log:
	}
	return false
}

// instead is what may go where the content may not: in its channel, and to those who are told of it,
// that there is a record.
func (e *Exit) instead() Form {
	switch {
	case e.carries() && e.Action != Send && (e.Audience == Members || e.Audience == Named),
		e.inside() && (e.Action == Notify || e.Action == Escalate):
		return Header
	}
	return Nothing
}

// inside reports whether the audience is people of this team.
func (e *Exit) inside() bool { return e.Audience == Operator || e.Audience == Desk }

// unread decides on a record whose content this node cannot read. In its channel it is carried as it
// came: its author decided on the form. Anywhere else nobody can say who may see it.
func (e *Exit) unread() Decision {
	const why = "this node cannot read it, and so cannot say who may"
	form := Whole
	if e.Sealed {
		form = Sealed
	}
	switch {
	case e.Action == Log, e.Audience == Logs:
		return Decision{Header, nil, Judgement{Verdict: Accept, Reason: OK}}
	case e.inside() && (e.Action == Show || e.Action == Notify || e.Action == Escalate):
		return refused(Header, Marking, why)
	case e.Audience != Members && e.Audience != Named:
		return refused(Nothing, Marking, why)
	case e.Action == Forward, e.Action == Sync, e.Action == Export && e.Sealed:
		return Decision{form, nil, Judgement{Verdict: Accept, Reason: OK}}
	}
	return refused(Nothing, Marking, why)
}

// bare decides on a record that says nothing but what headers say.
func (e *Exit) bare() Decision {
	form := Whole
	if e.Action == Log || e.Audience == Logs {
		form = Header
	}
	return Decision{form, nil, Judgement{Verdict: Accept, Reason: OK}}
}

func refused(form Form, reason Reason, why string) Decision {
	return Decision{form, nil, Judgement{Reject, reason, why}}
}
