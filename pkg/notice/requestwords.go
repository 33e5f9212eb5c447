package notice

import "github.com/go-json-experiment/json/jsontext"

// Action is what a request asks for. A reader takes an unknown action as ActionOther.
type Action string

// The words.
const (
	ActionTakedown           Action = "takedown"            // remove or disable what is hosted
	ActionInformation        Action = "information"         // tell what you know
	ActionVictimNotification Action = "victim-notification" // tell the affected parties
	ActionLogPreservation    Action = "log-preservation"    // keep logs that would expire
	ActionSinkhole           Action = "sinkhole"            // redirect a name or address under control
	ActionContact            Action = "contact"             // name or reach the right person
	ActionAssistance         Action = "assistance"          // help with handling
	ActionPermission         Action = "permission"          // may we pass this record on, beyond its marking
	ActionOther              Action = "other"               // as the text says
)

// Actions returns all actions.
func Actions() []Action {
	return []Action{ActionTakedown, ActionInformation, ActionVictimNotification, ActionLogPreservation, ActionSinkhole, ActionContact, ActionAssistance, ActionPermission, ActionOther}
}

func actions() vocabulary[Action] {
	return vocabulary[Action]{"action", Actions(), nil}
}

// ParseAction reads a word in any case.
func ParseAction(s string) (Action, error) { return actions().parse(s) }

// String returns the word.
func (a Action) String() string { return string(a) }

// Known reports whether a is one of Actions.
func (a Action) Known() bool { return actions().has(a) }

// MarshalText returns the word.
func (a Action) MarshalText() ([]byte, error) { return write(a) }

// UnmarshalText reads a word as ParseAction does.
func (a *Action) UnmarshalText(b []byte) (err error) {
	*a, err = ParseAction(string(b))
	return err
}

// UnmarshalJSONFrom is UnmarshalText that keeps an unknown word.
func (a *Action) UnmarshalJSONFrom(dec *jsontext.Decoder) (err error) {
	*a, err = actions().read(dec)
	return err
}

// Priority is how much the requester depends on the answer. A reader takes an unknown or missing
// priority as PriorityNormal.
type Priority string

// The words.
const (
	PriorityLow    Priority = "low"
	PriorityNormal Priority = "normal"
	PriorityHigh   Priority = "high"
	PriorityUrgent Priority = "urgent"
)

// Priorities returns all priorities, the lowest first.
func Priorities() []Priority {
	return []Priority{PriorityLow, PriorityNormal, PriorityHigh, PriorityUrgent}
}

func priorities() vocabulary[Priority] {
	return vocabulary[Priority]{"priority", Priorities(), nil}
}

// ParsePriority reads a word in any case.
func ParsePriority(s string) (Priority, error) { return priorities().parse(s) }

// String returns the word.
func (p Priority) String() string { return string(p) }

// Known reports whether p is one of Priorities.
func (p Priority) Known() bool { return priorities().has(p) }

// Higher reports whether p ranks above other.
func (p Priority) Higher(other Priority) bool { return p.rank() > other.rank() }

func (p Priority) rank() int {
	if r := priorities().rank(p); r >= 0 {
		return r
	}
	return priorities().rank(PriorityNormal)
}

// MarshalText returns the word.
func (p Priority) MarshalText() ([]byte, error) { return write(p) }

// UnmarshalText reads a word as ParsePriority does.
func (p *Priority) UnmarshalText(b []byte) (err error) {
	*p, err = ParsePriority(string(b))
	return err
}

// UnmarshalJSONFrom is UnmarshalText that keeps an unknown word.
func (p *Priority) UnmarshalJSONFrom(dec *jsontext.Decoder) (err error) {
	*p, err = priorities().read(dec)
	return err
}

// ReplyState is what a human said about a request. A reader takes an unknown state as
// Acknowledged: a human has answered, and more is not known.
type ReplyState string

// The words.
const (
	Acknowledged ReplyState = "acknowledged" // a human has read it
	Accepted     ReplyState = "accepted"     // we will do it
	Declined     ReplyState = "declined"     // we will not; Reason says why
	NeedInfo     ReplyState = "need-info"    // we cannot go on without an answer
	Progress     ReplyState = "progress"     // under way
	Done         ReplyState = "done"         // finished; Result says what was done
)

// ReplyStates returns all states, in the order in which a request usually meets them.
func ReplyStates() []ReplyState {
	return []ReplyState{Acknowledged, Accepted, Declined, NeedInfo, Progress, Done}
}

func replyStates() vocabulary[ReplyState] {
	return vocabulary[ReplyState]{"reply state", ReplyStates(), func(lower string) ReplyState {
		switch lower {
		case "ack", "acknowledge":
			return Acknowledged
		case "accept":
			return Accepted
		case "decline", "reject", "rejected":
			return Declined
		case "info", "needinfo", "need_info":
			return NeedInfo
		case "in-progress":
			return Progress
		case "finished", "resolved":
			return Done
		}
		return ""
	}}
}

// ParseReplyState reads a word in any case, or its imperative as a command line has it (ack, accept, decline).
func ParseReplyState(s string) (ReplyState, error) { return replyStates().parse(s) }

// String returns the word.
func (r ReplyState) String() string { return string(r) }

// Known reports whether r is one of ReplyStates.
func (r ReplyState) Known() bool { return replyStates().has(r) }

// Decision reports whether the state decides the request: accepted, declined or done.
func (r ReplyState) Decision() bool {
	return r == Accepted || r == Declined || r == Done
}

// MarshalText returns the word.
func (r ReplyState) MarshalText() ([]byte, error) { return write(r) }

// UnmarshalText reads a word as ParseReplyState does.
func (r *ReplyState) UnmarshalText(b []byte) (err error) {
	*r, err = ParseReplyState(string(b))
	return err
}

// UnmarshalJSONFrom is UnmarshalText that keeps an unknown word.
func (r *ReplyState) UnmarshalJSONFrom(dec *jsontext.Decoder) (err error) {
	*r, err = replyStates().read(dec)
	return err
}

// Reason is why a request is declined (compare Justification in RFC 6545; docs/spec/notice.md has
// the mapping). A reader takes an unknown reason as ReasonOther.
type Reason string

// The words.
const (
	ReasonOutOfConstituency Reason = "out-of-constituency" // not ours to act on
	ReasonLegal             Reason = "legal"               // the law does not let us
	ReasonPolitical         Reason = "political"           // above our level
	ReasonCapacity          Reason = "capacity"            // nobody has the time or means
	ReasonUnclear           Reason = "unclear"             // we do not understand what is asked, or why
	ReasonUnverified        Reason = "unverified"          // we cannot tell that it is true, or who asks
	ReasonDuplicate         Reason = "duplicate"           // already asked elsewhere
	ReasonResolved          Reason = "resolved"            // no longer there
	ReasonOther             Reason = "other"               // as the text says
)

// Reasons returns all reasons.
func Reasons() []Reason {
	return []Reason{ReasonOutOfConstituency, ReasonLegal, ReasonPolitical, ReasonCapacity, ReasonUnclear, ReasonUnverified, ReasonDuplicate, ReasonResolved, ReasonOther}
}

func reasons() vocabulary[Reason] {
	return vocabulary[Reason]{"reason", Reasons(), func(lower string) Reason {
		switch lower {
		case "constituency":
			return ReasonOutOfConstituency
		}
		return ""
	}}
}

// ParseReason reads a word in any case.
func ParseReason(s string) (Reason, error) { return reasons().parse(s) }

// String returns the word.
func (r Reason) String() string { return string(r) }

// Known reports whether r is one of Reasons.
func (r Reason) Known() bool { return reasons().has(r) }

// MarshalText returns the word.
func (r Reason) MarshalText() ([]byte, error) { return write(r) }

// UnmarshalText reads a word as ParseReason does.
func (r *Reason) UnmarshalText(b []byte) (err error) {
	*r, err = ParseReason(string(b))
	return err
}

// UnmarshalJSONFrom is UnmarshalText that keeps an unknown word.
func (r *Reason) UnmarshalJSONFrom(dec *jsontext.Decoder) (err error) {
	*r, err = reasons().read(dec)
	return err
}

// Opinion is the requester's last word on the help received. The zero Opinion was not said.
type Opinion string

// The words.
const (
	OpinionHelped       Opinion = "helped"
	OpinionPartlyHelped Opinion = "partly-helped"
	OpinionNotHelped    Opinion = "not-helped"
	OpinionNotNeeded    Opinion = "not-needed" // it was solved in another way
)

// Opinions returns all opinions.
func Opinions() []Opinion {
	return []Opinion{OpinionHelped, OpinionPartlyHelped, OpinionNotHelped, OpinionNotNeeded}
}

func opinions() vocabulary[Opinion] {
	return vocabulary[Opinion]{"opinion", Opinions(), nil}
}

// ParseOpinion reads a word in any case.
func ParseOpinion(s string) (Opinion, error) { return opinions().parse(s) }

// String returns the word.
func (o Opinion) String() string { return string(o) }

// Known reports whether o is one of Opinions.
func (o Opinion) Known() bool { return opinions().has(o) }

// MarshalText returns the word.
func (o Opinion) MarshalText() ([]byte, error) { return write(o) }

// UnmarshalText reads a word as ParseOpinion does.
func (o *Opinion) UnmarshalText(b []byte) (err error) {
	*o, err = ParseOpinion(string(b))
	return err
}

// UnmarshalJSONFrom is UnmarshalText that keeps an unknown word.
func (o *Opinion) UnmarshalJSONFrom(dec *jsontext.Decoder) (err error) {
	*o, err = opinions().read(dec)
	return err
}
