// Package policy judges: a record that arrives, against a view of who belongs where, limits and a
// time (Judge); and content that wants to leave, against its marking (MayLeave, the only way out). It
// knows no store, no key and no network, and reads no clock. It binds what the code does; what a
// person does with what was read it cannot.
// Invariants: nothing stricter than TLP:CLEAR goes onto a network unsealed, and a stricter marking never
// allows more. A record that arrives is answered with Reject only where every honest node of this
// release would; where honest nodes may differ (a roster that lags, a clock that is off, a full disk)
// it is Ignore.
package policy

// Verdict is what becomes of a record, and what gossip is told of the peer that brought it.
type Verdict uint8

// The verdicts.
const (
	Ignore Verdict = iota // not kept now; the peer is not to blame
	Accept                // kept, and passed on
	Reject                // not kept; the peer is to blame
)

// String returns the verdict in a word.
func (v Verdict) String() string {
	switch v {
	case Accept:
		return "accept"
	case Reject:
		return "reject"
	case Ignore:
	}
	return "ignore"
}

// Reason is why. It is one closed list for logs, the HTTP API and exit codes; codes are never
// renamed or reused.
type Reason string

// The reasons.
const (
	OK            Reason = "ok"             // accepted
	Duplicate     Reason = "duplicate"      // kept already
	Malformed     Reason = "malformed"      // the form is wrong; the detail says where
	BadSignature  Reason = "bad-signature"  // not signed by whom it says
	BadBody       Reason = "bad-body"       // not the body that the header commits to
	NoBody        Reason = "no-body"        // a body that must ride in the frame does not
	UnknownForm   Reason = "unknown-form"   // a version or suite that this release cannot check
	NotOurs       Reason = "not-ours"       // a channel this node is not part of
	NotMember     Reason = "not-member"     // the author is not known here as a member of the community
	Removed       Reason = "removed"        // the author was removed, and this is beyond the removal's heads
	Future        Reason = "future"         // its time is ahead of our clock by more than the limit
	Expired       Reason = "expired"        // it is past its expiry or the retention of its channel
	Quota         Reason = "quota"          // its author's quota, of this class or of bytes, is used up here
	Waits         Reason = "waits"          // it rests on what is not here, or its author was too quick: it is taken later
	Full          Reason = "full"           // this node's store is full
	Unavailable   Reason = "unavailable"    // this node cannot store now
	Marking       Reason = "marking"        // the marking does not allow it to go there
	MarkingAbsent Reason = "marking-absent" // there is no marking
	Revoked       Reason = "revoked"        // the node key was revoked, and this is beyond the revocation's heads
	Ended         Reason = "ended"          // it is later than the end of its community
	PAPLimit      Reason = "pap"            // its PAP label does not allow it to go there unasked
	PurposeLimit  Reason = "purpose"        // a limit of purpose does not allow it to go there unasked
)

// Judgement is a verdict with its reason. Detail is for people; it may hold text from a peer.
type Judgement struct {
	Verdict Verdict
	Reason  Reason
	Detail  string
}
