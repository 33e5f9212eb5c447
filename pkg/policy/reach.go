package policy

import "tocsin/pkg/notice"

// reach is one cell of the table of TLP 2.0: the most that content with a label may go on a way to an
// audience, and why not more. Sealed means: sealed or not at all.
func reach(tlp notice.TLP, way Action, to Audience) (Form, string) {
	switch {
	case way == Log || to == Logs:
		return Header, "logs hold what headers say and never content"
	case !tlp.Known():
		return unmarked(way, to)
	case tlp == notice.TLPClear:
		return Whole, "there is no limit on disclosure"
	}
	switch to {
	case Members:
		return toMembers(tlp, way)
	case Named:
		return toNamed(tlp, way)
	case Observers:
		return Nothing, "a team that has only applied gets TLP:CLEAR and nothing stricter"
	case OtherTeam:
		return toOtherTeam(tlp, way)
	case Constituents:
		return toConstituents(tlp, way)
	case Public:
		return Nothing, string(tlp) + " is not for publicly accessible channels"
	case Operator:
		return toOperator(tlp, way)
	case Desk, Logs: // logs are above
	}
	return toDesk(tlp, way)
}

// unmarked is the row of content whose label is missing or unknown: nobody could say who may see it.
func unmarked(way Action, to Audience) (Form, string) {
	if way == Show && (to == Operator || to == Desk) {
		return Header, "it is held until an operator marks it"
	}
	return Nothing, "nobody can say who may see it; it is held until an operator marks it"
}

func toMembers(tlp notice.TLP, way Action) (Form, string) {
	switch {
	case way == Show:
		return Nothing, "a screen of this node shows it to its own operators"
	case tlp != notice.TLPRed:
		return Sealed, "members of the community may read it, sealed to them"
	case way == Forward || way == Sync:
		return Header, "TLP:RED does not belong in a community; its header goes, so that all members count the same records"
	}
	return Nothing, "TLP:RED is for individual recipients; name the teams"
}

func toNamed(tlp notice.TLP, way Action) (Form, string) {
	switch {
	case way == Show:
		return Nothing, "a screen of this node shows it to its own operators"
	case tlp != notice.TLPRed:
		return Sealed, "the named teams may read it, sealed to them"
	case way == Send || way == Sync:
		return Sealed, "the RED desks of the named teams may read it, sealed to their nodes"
	}
	return Nothing, "TLP:RED goes from its author to those named and from nobody to anybody else"
}

func toOtherTeam(tlp notice.TLP, way Action) (Form, string) {
	switch {
	case tlp != notice.TLPGreen:
		return Nothing, string(tlp) + " is for those it was sent to; ask its author for permission"
	case way == Show || way == Sync:
		return Nothing, "what belongs to a channel is handed out to those in it"
	}
	return Sealed, "TLP:GREEN may go to other CSIRTs, sealed to them, but not where the public can read it"
}

func toConstituents(tlp notice.TLP, way Action) (Form, string) {
	switch {
	case tlp == notice.TLPAmberStrict:
		return Nothing, "TLP:AMBER+STRICT is for the organisation only, not for its clients"
	case tlp == notice.TLPRed:
		return Nothing, "TLP:RED is for individual recipients, not for clients"
	case way == Show || way == Sync:
		return Nothing, "constituents have no part in a channel"
	case way == Export:
		return Whole, "clients who need to know it may have it; that they do, a person decides"
	}
	return Sealed, "clients who need to know it may have it, sealed to them; that they do, a person decides"
}

func toOperator(tlp notice.TLP, way Action) (Form, string) {
	switch way {
	case Show:
		if tlp == notice.TLPRed {
			return Header, "TLP:RED is for the RED desk; others see that it is there"
		}
		return Whole, "people of the organisation that received it may read it"
	case Export:
		if tlp == notice.TLPRed {
			return Nothing, "TLP:RED is never exported"
		}
		return Whole, "people of the organisation that received it may use it"
	case Notify, Escalate:
		return Header, "a message about it leaves the node in clear: it says that there is something, not what"
	case Send, Forward, Sync, Log:
	}
	return Nothing, "operators of this node are shown it; nothing is sent to them"
}

func toDesk(tlp notice.TLP, way Action) (Form, string) {
	switch way {
	case Show:
		return Whole, "the RED desk may read what its team may read"
	case Send:
		return Sealed, "the RED desk of a named team may read it, sealed to its nodes"
	case Export, Notify, Escalate:
		return toOperator(tlp, way)
	case Forward, Sync, Log:
	}
	return Nothing, "a desk gets what is its own from the author"
}
