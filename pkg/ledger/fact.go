package ledger

import (
	"slices"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// fact is what the ledger keeps of one record. All but known, the members after it, and the
// sighting is fixed by the record's ID.
type fact struct {
	id      record.ID
	channel record.Channel
	kind    notice.Kind
	author  identity.TeamID
	claimed time.Time
	sight   Sighting

	known   bool // the notice was here; what follows is its content
	to      []identity.TeamID
	status  notice.Status
	replyBy time.Time
	refs    []record.ID // what a receipt, reply, close or withdrawal speaks of
	state   notice.ReplyState
	reason  notice.Reason

	linked bool // this ledger has it in the threads that refs names
}

// factOf takes what counts from an event. It reports false for what is not about requests, was
// never seen, or carries a notice of another kind than its header says.
func factOf(e *Event) (fact, bool) {
	f := fact{id: e.ID, channel: e.Channel, kind: e.Kind, author: e.Author, claimed: e.Claimed, sight: e.Sighting}
	if f.sight.Seen.IsZero() || !aboutRequests(e.Kind) {
		return fact{}, false
	}
	if f.sight.InStep.After(f.sight.Seen) {
		f.sight.InStep = f.sight.Seen
	}
	if e.Notice == nil {
		return f, true
	}
	f.known = true
	var is notice.Kind
	switch n := e.Notice.(type) {
	case *notice.Request:
		is, f.to, f.status, f.replyBy = notice.KindRequest, slices.Clone(n.To), n.Status, n.ReplyBy
	case *notice.Receipt:
		is, f.refs = notice.KindReceipt, slices.Clone(n.Records)
	case *notice.Reply:
		is, f.refs, f.state, f.reason = notice.KindReply, []record.ID{n.Request}, n.State, n.Reason
	case *notice.Close:
		is, f.refs = notice.KindClose, []record.ID{n.Request}
	case *notice.Withdraw:
		is, f.refs = notice.KindWithdraw, []record.ID{n.Request}
	}
	return f, is == f.kind
}

func aboutRequests(kind notice.Kind) bool {
	switch kind {
	case notice.KindRequest, notice.KindReceipt, notice.KindReply, notice.KindClose, notice.KindWithdraw:
		return true
	}
	return false
}

// at is when the author acted, as far as the observer can vouch for it: the author's claim, moved
// into [InStep, Seen].
//
// Not after Seen, because it was here by then: a claim from the future gains nothing and loses
// nothing. Not before InStep, because at that moment the observer had all that existed and this was
// not in it: an author who backdates gains at most the moments between two times in step. While the
// observer was away there is nothing to hold against the claim, so it is believed: the doubt that
// the observer's own absence makes is never resolved against the author.
func (f *fact) at() time.Time {
	if f.claimed.After(f.sight.Seen) {
		return f.sight.Seen
	}
	if f.claimed.Before(f.sight.InStep) {
		return f.sight.InStep
	}
	return f.claimed
}

// learn joins what two tellings of the same record know and reports whether f knows more now. The
// join is a least upper bound (of two sightings the earlier, and of two as early the one with the
// narrower window; of two departures the earlier), so that order and repetition cannot matter.
func (f *fact) learn(g *fact) (changed bool) {
	a, b := &f.sight, &g.sight
	if b.Seen.Before(a.Seen) || b.Seen.Equal(a.Seen) && b.InStep.After(a.InStep) {
		a.Seen, a.InStep, changed = b.Seen, b.InStep, true
	}
	if !b.Left.IsZero() && (a.Left.IsZero() || b.Left.Before(a.Left)) {
		a.Left, changed = b.Left, true
	}
	if g.known && !f.known {
		sight := f.sight
		*f = *g
		f.sight, changed = sight, true
	}
	return changed
}
