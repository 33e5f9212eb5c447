package api

import (
	"time"

	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// RequestDraft is the body of POST of PathRequests. It goes one of two ways: in a community, where
// all members see it and its answers, to everybody or to the teams named; or privately, to each of
// the teams named in a record of its own, joined by the case.
type RequestDraft struct {
	Community string         `json:"community,omitzero"` // empty for private
	To        []string       `json:"to,omitempty"`       // teams by name, ID or prefix
	Class     record.Class   `json:"class,omitzero"`     // default: urgent for priority urgent, else routine
	Expires   time.Time      `json:"expires,omitzero"`
	Request   notice.Request `json:"request"` // its to is filled in; its case too, where it is empty
	// DespiteDuty sends a private request although a recipient has a duty to hand on what it is told; see
	// DutyUnasked.
	DespiteDuty bool `json:"despite_duty,omitzero"`
	// Relabel is as in an AlertDraft.
	Relabel bool `json:"relabel,omitzero"`
}

// RequestsPublished is the answer of POST of PathRequests: status 201 if all were published, 207 if
// some. If none was the answer is the Problem of the first.
type RequestsPublished struct {
	Case      string      `json:"case"`
	Published []Published `json:"published"`
	Failed    []Failed    `json:"failed,omitempty"`
	// Warnings are for the sender, one sentence each.
	Warnings []string `json:"warnings,omitempty"`
}

// Progress is how far a request is, by what this node knows.
type Progress struct {
	Asked     []Team    `json:"asked,omitempty"` // by name; absent if everybody is
	Answered  int       `json:"answered"`        // teams, asked by name or not
	Closed    time.Time `json:"closed,omitzero"` // by the team that asked
	Withdrawn time.Time `json:"withdrawn,omitzero"`
	Due       *Due      `json:"due,omitempty"`
}

// Due is when an answer counts as late, where that is not the request's own reply-by.
type Due struct {
	At    time.Time `json:"at"`
	Floor int64     `json:"floor_seconds,omitzero"` // the shortest time to answer in that made it so; absent if it left late
}

// Failed is one of several that could not be done.
type Failed struct {
	To      Team     `json:"to"`
	Problem *Problem `json:"problem"`
}

// Exit returns ExitDone, or ExitPartly if something failed.
func (r *RequestsPublished) Exit() Exit {
	if len(r.Failed) > 0 {
		return ExitPartly
	}
	return ExitDone
}

// ReplyDraft is the body of POST of PathReplies. The reply goes the way the request came.
type ReplyDraft struct {
	Reply notice.Reply `json:"reply"` // its request is the one of the path and may be left out
	// Grant allows what a request with the action permission asks for, or less.
	Grant *GrantDraft `json:"grant,omitempty"`
	// Relabel says that the source allows a marking that is less strict than that of the request; without it that is refused. The
	// same holds for a text that this node has under a stricter one.
	Relabel bool `json:"relabel,omitzero"`
}

// CloseDraft is the body of POST of PathClose.
type CloseDraft struct {
	Close   notice.Close `json:"close"`            // its request is the one of the path and may be left out
	Relabel bool         `json:"relabel,omitzero"` // as in a ReplyDraft
}

// WithdrawDraft is the body of POST of PathWithdraw.
type WithdrawDraft struct {
	Withdraw notice.Withdraw `json:"withdraw"`         // its request is the one of the path and may be left out
	Relabel  bool            `json:"relabel,omitzero"` // as in a ReplyDraft
}

// RequestView is the answer of GET of PathRequest.
type RequestView struct {
	Entry
	Answers []Entry `json:"answers"` // replies, close and withdrawal, oldest first
	// MoreAnswers is how many were left out where there are very many: the newest of each team come first.
	MoreAnswers int         `json:"more_answers,omitzero"`
	Standing    []Standing  `json:"standing"`             // one for each team asked by name, and each that helped unasked
	Deliveries  []Delivery  `json:"deliveries,omitempty"` // of an own private request
	CaseOthers  []record.ID `json:"case_others,omitempty"`
	// Names are what is known of the communities and teams that a request for permission names, by ID.
	Names map[string]string `json:"names,omitempty"`
}

// NotReached is the Last of a Delivery whose team no node could be reached of.
const NotReached = "cannot be reached"

// Delivery is how far a private record has come.
type Delivery struct {
	To        Team      `json:"to"`
	Attempts  int       `json:"attempts"`
	Next      time.Time `json:"next,omitzero"`      // the next attempt, earlier if the peer turns up
	Last      string    `json:"last,omitzero"`      // why the last attempt failed; may quote a peer
	Delivered time.Time `json:"delivered,omitzero"` // the recipient's node has it on disk
}

// Standing is where a request stands with one team, by this node's ledger.
type Standing struct {
	Team         Team              `json:"team"`
	Request      record.ID         `json:"request"`
	Requester    Team              `json:"requester"`
	Own          bool              `json:"own"`       // this team asked
	Voluntary    bool              `json:"voluntary"` // not asked by name
	Drill        bool              `json:"drill"`
	State        string            `json:"state"`  // waiting, acknowledged, accepted, declined, done, silent, ...
	Timing       string            `json:"timing"` // in time, late, not due, overdue, ...
	Waited       int64             `json:"waited_seconds"`
	ReplyBy      time.Time         `json:"reply_by,omitzero"`
	Due          time.Time         `json:"due,omitzero"` // as judged
	Created      time.Time         `json:"created"`
	Sent         time.Time         `json:"sent,omitzero"`
	Receipt      time.Time         `json:"receipt,omitzero"`
	Acknowledged time.Time         `json:"acknowledged,omitzero"`
	Decided      time.Time         `json:"decided,omitzero"`
	Result       time.Time         `json:"result,omitzero"`
	Closed       time.Time         `json:"closed,omitzero"`
	Withdrawn    time.Time         `json:"withdrawn,omitzero"`
	LastReply    notice.ReplyState `json:"last_reply,omitzero"`
	Reason       notice.Reason     `json:"reason,omitzero"` // why declined
}
