// Package ledger tells how requests were answered: who was asked what and when, whether the asking
// arrived, when a human answered, what was decided, what came of it, and what that says about a
// team in numbers that are fair to it. It is a fold over records and sightings. It is not a score:
// there is no ranking, no total over teams, and nothing of it leaves the node by itself. It is not
// storage either: it is rebuilt from the records that the node holds.
// Invariant: the same events and sightings give the same rows, in whatever order, however often and
// through however many ledgers merged together they came, and whenever it became known that a team
// goes on under another root; and no team is charged for time in which the observer could not have heard it. docs/spec/ledger.md states the rules and their reasons.
package ledger

import (
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// Sighting is what this node itself knows of a record's way. It is stored beside the record, never
// sent, and the only ground on which a time of somebody else's making is believed.
type Sighting struct {
	// Seen is when this node first had the record. A sighting without it is none.
	Seen time.Time
	// InStep is the last moment before Seen when this node had everything that the author's team had said
	// in the channel, so that a record written earlier would have been here. Zero means never.
	InStep time.Time
	// Left is when a record of our own first left this node. Zero means not yet.
	Left time.Time
}

// Event is one record as the ledger takes it. Records of kinds that say nothing about requests may
// be passed; they change nothing.
type Event struct {
	ID      record.ID
	Channel record.Channel
	Kind    string
	Author  identity.TeamID
	Claimed time.Time // the header's creation time, the author's word only
	// Notice is the opened body, or nil if this node cannot open it (yet). The same event with its
	// notice may follow.
	Notice   notice.Notice
	Sighting Sighting
}

// Options are the rules that a ledger applies to every request. The zero value is usable.
type Options struct {
	// Floor gives the shortest time in which an answer can be asked in a channel: an earlier reply-by
	// is judged as if it were that long after the request was sent. It is the charter's, so it must
	// give the same answer for a channel every time. Nil: notice.DefaultReplyByFloor everywhere.
	Floor func(record.Channel) time.Duration
	// Canonical gives the ID that a team has today for any that it had, and for others the same. It must give
	// the same answers until Renamed is called. Nil: no team ever had another.
	Canonical func(identity.TeamID) identity.TeamID
	// ReceiptGrace is how long a machine's receipt may take before the team shows as unreachable.
	// Zero: a team is unreachable until something of it is here.
	ReceiptGrace time.Duration
}

// Ledger is the fold. It keeps of each record only what the rows need (a few hundred bytes, no
// text), because a body may be confidential and the ledger lives as long as the process. It is not
// safe for use by several goroutines, queries included: they fill caches.
type Ledger struct {
	self    identity.TeamID
	opt     Options
	facts   map[record.ID]*fact
	threads map[record.ID]*thread
	teams   map[identity.TeamID]*team
}

// New returns an empty ledger of the observer self.
func New(self identity.TeamID, opt Options) *Ledger {
	if opt.Floor == nil {
		opt.Floor = func(record.Channel) time.Duration { return notice.DefaultReplyByFloor }
	}
	return &Ledger{
		self:    self,
		opt:     opt,
		facts:   make(map[record.ID]*fact),
		threads: make(map[record.ID]*thread),
		teams:   make(map[identity.TeamID]*team),
	}
}

// Apply takes one event and reports whether the ledger knows anything more than before. It is
// idempotent and does not care about order: a reply may come before its request. An event that is
// already known may come again with its notice, with an earlier Seen or with an earlier Left.
func (l *Ledger) Apply(e Event) (changed bool) {
	f, ok := factOf(&e)
	if !ok {
		return false
	}
	return l.add(f)
}

// Merge takes everything that another ledger knows and reports whether anything was new. The other
// ledger is not changed. It is meant for two nodes of one team; the rows are those of a single
// node that saw each record when the first of the two did.
func (l *Ledger) Merge(other *Ledger) (changed bool) {
	for _, f := range other.facts {
		if l.add(*f) {
			changed = true
		}
	}
	return changed
}

// Len returns the number of requests known, with the foreign and the withdrawn ones.
func (l *Ledger) Len() (requests int) {
	for _, th := range l.threads {
		if th.ask != nil {
			requests++
		}
	}
	return requests
}

// Forget is told that the record was pruned. With a request goes everything that answered it: its
// rows, and its weight in the summaries. An answer whose request is still here stays until then,
// since dropping it alone would turn an answered request into an ignored one; for the same reason
// a store must not prune an answer before its request. The ledger keeps no totals of what is gone,
// so that it always equals the fold over the records held.
func (l *Ledger) Forget(id record.ID) {
	f := l.facts[id]
	if f == nil {
		return
	}
	if f.kind == notice.KindRequest {
		l.drop(id)
		return
	}
	for _, ref := range f.refs {
		if th := l.threads[ref]; th != nil && th.ask != nil {
			return
		}
	}
	for _, ref := range f.refs {
		if th := l.threads[ref]; th != nil && th.remove(f) {
			delete(l.threads, ref)
		}
	}
	delete(l.facts, id)
}

// Retract is told that the author had the record's body removed: the fold is then as if it had never been
// said. With a request goes everything that answered it.
func (l *Ledger) Retract(id record.ID) {
	f := l.facts[id]
	if f == nil {
		return
	}
	if f.kind == notice.KindRequest {
		l.drop(id)
		return
	}
	for _, ref := range f.refs {
		th := l.threads[ref]
		if th == nil {
			continue
		}
		empty := th.remove(f)
		switch {
		case th.ask != nil:
			l.refold(th)
		case empty:
			delete(l.threads, ref)
		}
	}
	delete(l.facts, id)
}

// refold makes the rows of a request anew: one that a retracted answer opened must go.
func (l *Ledger) refold(th *thread) {
	ask := th.ask
	l.close(th)
	th.ask = nil
	l.linkRequest(ask)
}

// close takes the rows of a request out of the teams' summaries.
func (l *Ledger) close(th *thread) {
	for name := range th.rows {
		l.teams[name].remove(th.ask.id)
		if len(l.teams[name].rows) == 0 {
			delete(l.teams, name)
		}
	}
}

// drop removes a request and all that refers to it alone.
func (l *Ledger) drop(id record.ID) {
	delete(l.facts, id)
	th := l.threads[id]
	if th == nil {
		return
	}
	l.close(th)
	for _, f := range th.others {
		if f.kind != notice.KindReceipt || !l.elsewhere(f, id) {
			delete(l.facts, f.id)
		}
	}
	delete(l.threads, id)
}

// elsewhere reports whether a receipt speaks of a thread other than the one named.
func (l *Ledger) elsewhere(f *fact, not record.ID) bool {
	for _, ref := range f.refs {
		if ref != not && l.threads[ref] != nil {
			return true
		}
	}
	return false
}
