package api

import (
	"net/http"
	"strconv"
)

// Code says why something was not done. The list is closed and append-only: it is the list of
// policy.Reason, and the codes of the API itself. A reader takes a code it does not know by the HTTP
// status, and a script by the exit code that came with it.
type Code string

// Codes that are a policy.Reason, spelt as there.
const (
	OK            Code = "ok"
	Duplicate     Code = "duplicate"
	Malformed     Code = "malformed"
	BadSignature  Code = "bad-signature"
	BadBody       Code = "bad-body"
	NoBody        Code = "no-body"
	UnknownForm   Code = "unknown-form"
	NotOurs       Code = "not-ours"
	NotMember     Code = "not-member"
	Removed       Code = "removed"
	Future        Code = "future"
	Expired       Code = "expired"
	Quota         Code = "quota"
	Waits         Code = "waits"
	Full          Code = "full"
	Unavailable   Code = "unavailable"
	Marking       Code = "marking"
	MarkingAbsent Code = "marking-absent"
	Revoked       Code = "revoked"
	Ended         Code = "ended"
	PAPLimit      Code = "pap"
	PurposeLimit  Code = "purpose"
)

// Codes of the API itself.
const (
	BadRequest   Code = "bad-request"     // not JSON, an unknown member or parameter, a wrong type or value
	BadNotice    Code = "bad-notice"      // the notice or charter says something it may not; fields say what
	TooLarge     Code = "too-large"       // a body larger than MaxRequest
	NotFound     Code = "not-found"       // no such record, team, community or path
	Ambiguous    Code = "ambiguous"       // a prefix or name that stands for several; candidates lists them
	BadMethod    Code = "bad-method"      // the path exists, with another method
	Denied       Code = "denied"          // the caller may not use this socket
	NotAllowed   Code = "not-allowed"     // this team may not do that: not a founder, not the requester, not asked
	Conflict     Code = "conflict"        // it stands against what is: withdrawn already, founded already
	DutyUnasked  Code = "disclosure-duty" // the recipient must hand on what it is told; the detail says to whom
	Internal     Code = "internal"        // a fault of this node; the log says more
	NotRunning   Code = "not-running"     // made by the client: no daemon answers on the socket
	Incompatible Code = "not-understood"  // made by the client: the answer is not this API's
)

// Exit is the exit code of a command. The list is closed and never renumbered.
type Exit int

// The exit codes.
const (
	ExitDone        Exit = 0   // done; for a publish, durable
	ExitFailed      Exit = 1   // it did not work and no narrower code says why
	ExitUsage       Exit = 2   // asked for wrongly; nothing was tried
	ExitPartly      Exit = 3   // some of several things are done; the answer says which
	ExitNotRunning  Exit = 10  // no daemon answers on the socket
	ExitRefused     Exit = 11  // a rule refuses it; trying again changes nothing
	ExitNotFound    Exit = 12  // the thing named does not exist here
	ExitDenied      Exit = 13  // the caller may not do this
	ExitInterrupted Exit = 130 // a signal ended the command before it was done
)

// Exits returns every exit code, ascending.
func Exits() []Exit {
	return []Exit{
		ExitDone, ExitFailed, ExitUsage, ExitPartly, ExitNotRunning, ExitRefused, ExitNotFound, ExitDenied, ExitInterrupted,
	}
}

// String is the name of the exit code in documents and JSON.
func (e Exit) String() string {
	switch e {
	case ExitDone:
		return "done"
	case ExitFailed:
		return "failed"
	case ExitUsage:
		return "usage"
	case ExitPartly:
		return "partly done"
	case ExitNotRunning:
		return "daemon not reachable"
	case ExitRefused:
		return "refused by policy"
	case ExitNotFound:
		return "not found"
	case ExitDenied:
		return "not authorised"
	case ExitInterrupted:
		return "interrupted"
	}
	return "exit code " + strconv.Itoa(int(e))
}

// Meaning is what one code becomes in each of the three vocabularies.
type Meaning struct {
	Code   Code
	Status int    // HTTP; 0 for a code that never travels over HTTP
	Exit   Exit   // of a command
	Title  string // the problem in a few words, the same for every occurrence
}

// Meanings is the one table of codes: the HTTP server, the client and the command line all use it.
func Meanings() []Meaning {
	return []Meaning{
		{OK, http.StatusOK, ExitDone, "done"},
		{Duplicate, http.StatusOK, ExitDone, "kept already"},
		{Malformed, http.StatusBadRequest, ExitRefused, "not of the form it should have"},
		{BadSignature, http.StatusUnprocessableEntity, ExitRefused, "not signed by whom it says"},
		{BadBody, http.StatusUnprocessableEntity, ExitRefused, "not the body that was signed"},
		{NoBody, http.StatusUnprocessableEntity, ExitRefused, "the body is missing"},
		{UnknownForm, http.StatusUnprocessableEntity, ExitRefused, "a form that this release cannot check"},
		{NotOurs, http.StatusForbidden, ExitRefused, "this node has no part in it"},
		{NotMember, http.StatusForbidden, ExitRefused, "not a member of the community"},
		{Removed, http.StatusForbidden, ExitRefused, "removed from the community"},
		{Future, http.StatusUnprocessableEntity, ExitRefused, "its time is ahead of this node's clock"},
		{Expired, http.StatusGone, ExitRefused, "past its time"},
		{Quota, http.StatusTooManyRequests, ExitRefused, "a quota is used up"},
		{Waits, http.StatusServiceUnavailable, ExitFailed, "taken later, when what it rests on is here or its author has spoken less"},
		{Full, http.StatusInsufficientStorage, ExitFailed, "the store of this node is full"},
		{Unavailable, http.StatusServiceUnavailable, ExitFailed, "this node cannot do it now"},
		{Marking, http.StatusForbidden, ExitRefused, "its marking does not allow it to go there"},
		{MarkingAbsent, http.StatusUnprocessableEntity, ExitRefused, "it has no marking"},
		{Revoked, http.StatusForbidden, ExitRefused, "the key that signed it was revoked"},
		{Ended, http.StatusGone, ExitRefused, "the community has ended"},
		{PAPLimit, http.StatusForbidden, ExitRefused, "its PAP label does not allow it unasked"},
		{PurposeLimit, http.StatusForbidden, ExitRefused, "a limit of purpose does not allow it unasked"},

		{BadRequest, http.StatusBadRequest, ExitUsage, "not a request of this interface"},
		{BadNotice, http.StatusUnprocessableEntity, ExitUsage, "not fit to be sent"},
		{TooLarge, http.StatusRequestEntityTooLarge, ExitUsage, "larger than allowed"},
		{NotFound, http.StatusNotFound, ExitNotFound, "no such thing here"},
		{Ambiguous, http.StatusNotFound, ExitNotFound, "it may stand for several"},
		{BadMethod, http.StatusMethodNotAllowed, ExitUsage, "not with this method"},
		{Denied, http.StatusForbidden, ExitDenied, "not authorised"},
		{NotAllowed, http.StatusForbidden, ExitRefused, "not for this team to do"},
		{Conflict, http.StatusConflict, ExitRefused, "it stands against what is already so"},
		{DutyUnasked, http.StatusConflict, ExitRefused, "the recipient has a duty to hand on what it is told"},
		{Internal, http.StatusInternalServerError, ExitFailed, "a fault of this node"},
		{NotRunning, 0, ExitNotRunning, "the daemon is not running"},
		{Incompatible, 0, ExitFailed, "an answer that is not understood"},
	}
}

// Known reports whether the code is in the table of this release.
func (c Code) Known() bool { return c.meaning().Code == c }

// meaning is the code's line of the table; of a code that is not in it that of Internal.
func (c Code) meaning() Meaning {
	var internal Meaning
	for _, m := range Meanings() {
		if m.Code == c {
			return m
		}
		if m.Code == Internal {
			internal = m
		}
	}
	return internal
}
