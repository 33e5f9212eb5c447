package ledger

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// Row is what the observer knows of one request and one team. A zero time means that it did not
// happen, or not before the observer's eyes. All times but ReplyBy are by the observer's account:
// claims moved into what its sightings allow, and none before Sent.
type Row struct {
	Request   record.ID
	Requester identity.TeamID // by the ID it has today, as Team
	Team      identity.TeamID // the team asked, or the one that helped unasked
	Channel   record.Channel  // as written in the request
	Status    notice.Status   // actual, or a drill (exercise, test)
	Own       bool            // the observer asked
	Voluntary bool            // the team was not asked by name

	Created      time.Time // the request was written
	Sent         time.Time // the clock starts; zero: an own request that has not left this node
	Receipt      time.Time // its machine has it; only ever known for own requests
	Acknowledged time.Time // first answer of a human, of whatever state
	Decided      time.Time // first accepted, declined or done
	Result       time.Time // first done
	Closed       time.Time // the requester's last word
	Withdrawn    time.Time // taken back: the row counts for nothing

	ReplyBy time.Time // as written in the request
	Due     time.Time // as judged; see docs/spec/ledger.md, "Due". Zero: no time was asked

	LastReply notice.ReplyState // the latest word of the team, e.g. that it needs information
	Reason    notice.Reason     // why declined, with state Declined

	State  State
	Timing Timing
	// Waited is how long the first answer took, or how long it has been waited for.
	Waited time.Duration

	verdict notice.ReplyState // the last word that decides
}

// Counts reports whether the row is part of what a team was asked.
func (r *Row) Counts() bool { return !r.Voluntary && r.Withdrawn.IsZero() }

// Drill reports whether the request was an exercise or a test. An unknown status is neither.
func (r *Row) Drill() bool {
	return r.Status == notice.StatusExercise || r.Status == notice.StatusTest
}

// refresh makes the row from the facts. What depends on the present is left to judge.
func (e *entry) refresh(l *Ledger) {
	if !e.stale {
		return
	}
	ask, name := e.thread.ask, e.row.Team
	r := Row{
		Request: ask.id, Requester: l.today(ask.author), Team: name, Channel: ask.channel, Status: ask.status,
		Own:       l.own(ask.author),
		Voluntary: !slices.Contains(l.recipients(ask), name),
		ReplyBy:   ask.replyBy,
		Created:   ask.at(),
	}
	var replies, receipts []*fact
	for _, f := range e.thread.by[name] {
		switch {
		case l.answers(f, ask):
			replies = append(replies, f)
		case f.kind == notice.KindReceipt && r.Own && l.between(f.channel, name, r.Requester):
			receipts = append(receipts, f)
		}
	}
	r.Sent = ask.at()
	if r.Own {
		r.Sent = ask.sight.Left
		if r.Sent.IsZero() && len(replies)+len(receipts) > 0 {
			r.Sent = ask.at() // what came back proves that it left
		}
	}
	r.due(ask, l.opt.Floor(ask.channel))
	for _, f := range receipts {
		earliest(&r.Receipt, r.notBeforeSent(f))
	}
	r.hear(replies)
	for _, f := range e.thread.by[r.Requester] {
		switch {
		case !l.ends(f, ask):
		case f.kind == notice.KindWithdraw:
			earliest(&r.Withdrawn, r.notBeforeSent(f))
		default:
			earliest(&r.Closed, r.notBeforeSent(f))
		}
	}
	e.row, e.stale = r, false
}

// due fixes the instant by which an answer is in time. What the request asked is a span, from its
// writing to its reply-by. If an own request lay here first, the team gets that span from the
// moment it left: our outbox is not its delay. No team gets less than the floor.
func (r *Row) due(ask *fact, floor time.Duration) {
	if ask.replyBy.IsZero() || r.Sent.IsZero() {
		return
	}
	r.Due = ask.replyBy
	if lay := r.Sent.Sub(ask.at()); r.Own && lay > 0 {
		r.Due = r.Due.Add(lay)
	}
	if least := r.Sent.Add(max(floor, 0)); r.Due.Before(least) {
		r.Due = least
	}
}

// hear takes the replies in the order in which they were given: by the observer's time, then by the
// author's own (several may arrive at once), then by ID. The last word that decides is the verdict.
func (r *Row) hear(replies []*fact) {
	slices.SortFunc(replies, func(a, b *fact) int {
		return cmp.Or(a.at().Compare(b.at()), a.claimed.Compare(b.claimed), bytes.Compare(a.id[:], b.id[:]))
	})
	for _, f := range replies {
		at := r.notBeforeSent(f)
		earliest(&r.Acknowledged, at)
		r.LastReply = f.state
		if !f.state.Decision() {
			continue
		}
		if f.state == notice.Done {
			earliest(&r.Result, at)
		}
		earliest(&r.Decided, at)
		r.verdict, r.Reason = f.state, ""
		if f.state == notice.Declined {
			r.Reason = f.reason
		}
	}
}

// notBeforeSent is the time of a fact that can only be a consequence of the request.
func (r *Row) notBeforeSent(f *fact) time.Time {
	if at := f.at(); at.After(r.Sent) {
		return at
	}
	return r.Sent
}

func earliest(t *time.Time, u time.Time) {
	if t.IsZero() || u.Before(*t) {
		*t = u
	}
}

// older orders rows by the time of the request, then by its ID, then by team.
func older(a, b Row) int {
	return cmp.Or(a.Created.Compare(b.Created), bytes.Compare(a.Request[:], b.Request[:]), bytes.Compare(a.Team[:], b.Team[:]))
}
