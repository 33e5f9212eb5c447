package replica

import (
	"errors"
	"fmt"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/ledger"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// Ingest is the single door: whatever a node keeps came through here, whichever way it arrived. It
// verifies, judges and stores the arrivals, together where they fit into one write, and answers for
// each in order. An outcome with Verdict Accept is on stable storage when Ingest returns; any other
// verdict means that nothing of that arrival was kept on purpose. After an error of the store other
// than ErrFull a record answered with Unavailable may be there after the next start; it arrives
// again, and counts once.
func (r *Replica) Ingest(now time.Time, arrivals []Arrival) []Outcome {
	out := make([]Outcome, len(arrivals))
	for i := range arrivals {
		out[i].Via = arrivals[i].Via
	}
	opened := r.verify(arrivals, out)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.admit(now, arrivals, opened, out)
	return out
}

// verify opens the frames that are not kept already, without the lock: it is where the time goes.
func (r *Replica) verify(arrivals []Arrival, out []Outcome) []opening {
	opened := make([]opening, len(arrivals))
	fresh := make([]int, 0, len(arrivals))
	r.mu.RLock()
	for i := range arrivals {
		id, err := record.PeekID(arrivals[i].Frame)
		if err != nil {
			out[i].Judgement = policy.OfFault(err)
			continue
		}
		out[i].ID = id
		if _, ok := r.index.slots[id]; ok {
			out[i].Judgement = policy.Judgement{Verdict: policy.Ignore, Reason: policy.Duplicate}
			continue
		}
		fresh = append(fresh, i)
	}
	r.mu.RUnlock()
	r.opt.Parallel(len(fresh), func(n int) {
		i := fresh[n]
		rec, err := r.verifier.Open(arrivals[i].Frame)
		if err != nil {
			out[i].Judgement = policy.OfFault(err)
			return
		}
		opened[i] = r.openingOf(rec)
	})
	return opened
}

// candidate is an arrival that was judged and goes into the next write.
type candidate struct {
	i      int      // place in arrivals
	own    bool     // signed by Publish just now
	lost   bool     // signed by this node, and not known to it
	closed bool     // its body waits for a key
	gone   bool     // its author had its body removed before it came
	erased *erasure // what it does to another record
	entry  Entry
	row    indexRow
	ops    []Op
	size   int
}

// admit judges what was opened and writes what is accepted. The caller holds the lock.
func (r *Replica) admit(now time.Time, arrivals []Arrival, opened []opening, out []Outcome) {
	r.turnDay(now)
	r.measure(now)
	var batch []candidate
	ops, size, torn := 0, 0, false
	flush := func() {
		if len(batch) > 0 && !r.commit(batch, out) && batch[0].own {
			torn = true
		}
		batch, ops, size = nil, 0, 0
	}
	pending, twice := map[record.ID]int{}, map[int]int{} // places in arrivals: of an ID, of a second copy
	for i, o := range opened {
		rec := o.record
		if rec == nil {
			continue
		}
		id := rec.ID()
		_, known := r.index.slots[id]
		first, again := pending[id]
		if known || again {
			out[i].Judgement = policy.Judgement{Verdict: policy.Ignore, Reason: policy.Duplicate}
			if again {
				twice[i] = first
			}
			continue
		}
		_, erased := r.erasedBy(rec)
		if erased {
			rec = rec.WithoutBody()
			o = r.openingOf(rec)
		}
		retention, j := r.judge(rec, erased, now)
		if o.notice != nil && mustSeal(o.notice) && !sealed(rec) {
			j = policy.Judgement{
				Verdict: policy.Reject, Reason: policy.Marking, Detail: "its marking is stricter than TLP:CLEAR, and it came in clear",
			}
		}
		out[i].Judgement, out[i].Record = j, rec
		if j.Verdict != policy.Accept {
			continue
		}
		erasing, isErase := o.notice.(*notice.Erase)
		if isErase {
			flush() // what it erases may be in there
		}
		c := r.candidate(now, &arrivals[i], o, retention)
		c.i, c.gone = i, erased
		if isErase {
			if err := c.erase(r, erasing); err != nil {
				r.draw(rec.Team(), -weightOf(rec))
				out[i].Judgement = policy.Judgement{Verdict: policy.Ignore, Reason: storeReason(err), Detail: err.Error()}
				continue
			}
		}
		out[i].Notice = o.notice
		if ops+c.writes() > MaxApplyOps || size+c.size > MaxApplyBytes {
			flush()
		}
		if torn {
			// What Publish signed stands on what was not written: kept, it would leave a hole for ever.
			out[i].Judgement = policy.Judgement{
				Verdict: policy.Ignore, Reason: policy.Unavailable, Detail: "the record before it was not stored",
			}
			continue
		}
		pending[id] = i
		h := rec.Header()
		r.today.add(rec, 1)
		if h.Seq > 1 {
			_, here := r.index.slots[h.Prev]
			_, coming := pending[h.Prev]
			out[i].Gap = !here && !coming
		}
		batch = append(batch, c)
		ops, size = ops+c.writes(), size+c.size
		if isErase {
			flush() // what it erases may come next
		}
	}
	flush()
	for i, first := range twice {
		if out[first].Verdict != policy.Accept {
			out[i].Judgement = out[first].Judgement // it is not kept, so neither is the copy a duplicate
		}
	}
}

// writes is how many operations it makes of a batch at most.
func (c *candidate) writes() int {
	if c.lost {
		return len(c.ops) + 1 // where the lane stands now
	}
	return len(c.ops)
}

// turnDay begins counting anew when the day has changed.
func (r *Replica) turnDay(now time.Time) {
	if d := DayOf(now); d != r.today.day {
		r.today = newTally(d)
	}
}

// judge asks the policy, and says for how long the channel keeps its records.
func (r *Replica) judge(rec *record.Record, erased bool, now time.Time) (time.Duration, policy.Judgement) {
	h := rec.Header()
	s := policy.Standing{Erased: erased, Today: r.today.count[authorClass{rec.Team(), h.Class}], Bytes: r.today.bytes[rec.Team()]}
	place := r.roster.Place(rec)
	s.Removed, s.Revoked, s.Ended = place == roster.BeyondRemoval, place == roster.BeyondRevocation, place == roster.AfterEnd
	if h.Channel.Private() {
		s.Ours = r.inPair(h.Channel, r.self)
		// The form already says that the author is one of the two. That we share a community with it
		// keeps strangers, of whom anybody can make any number, from filling the store.
		s.Speaks = place == roster.In && (r.isSelf(rec.Team()) || r.roster.Share(r.self, rec.Team()))
		s.Retention = r.privateRetention(r.other(h.Channel))
	} else if c, ok := r.roster.Community(h.Channel.Community); ok {
		s.Ours = c.Member(r.self) || c.Observer(r.self)
		s.Speaks = place == roster.In
		s.Retention = c.Retention()
	}
	if r.isSelf(rec.Team()) {
		s.Today, s.Bytes = 0, 0 // our own words are not rationed here
	} else {
		s.Room = r.roomFor(rec.Team())
	}
	return s.Retention, policy.Judge(rec, s, &r.opt.Limits, now)
}

// privateRetention is the limit's, or that of the longest community shared with the other team: what
// answers a request privately must not go before the request.
func (r *Replica) privateRetention(other identity.TeamID) time.Duration {
	longest := r.opt.Limits.Retention()
	for _, id := range r.roster.CommunitiesOf(other) {
		if c, ok := r.roster.Community(id); ok && c.Member(r.self) {
			longest = max(longest, c.Retention())
		}
	}
	return longest
}

// erase adds the writes that remove the body of another record.
func (c *candidate) erase(r *Replica, n *notice.Erase) error {
	what, ops, err := r.erases(c.entry.Record, n)
	if err != nil {
		return fmt.Errorf("erase %s: %w", n.Record, err)
	}
	c.erased, c.ops = what, append(c.ops, ops...)
	for _, op := range ops {
		c.size += len(op.Key) + len(op.Value)
	}
	return nil
}

func (r *Replica) candidate(now time.Time, a *Arrival, o opening, retention time.Duration) candidate {
	rec := o.record
	h := rec.Header()
	if o.closed && r.holds(rec) {
		o = r.openingOf(rec) // its key came while the frame was on its way here
	}
	e := Entry{
		Record: rec, Notice: o.notice, Unread: o.unread, Via: a.Via,
		Sighting: ledger.Sighting{Seen: now, InStep: r.step[stepKey{h.Channel, rec.Team()}]},
		Day:      dropDay(rec, retention),
	}
	if e.Sighting.InStep.After(now) {
		e.Sighting.InStep = time.Time{} // our clock was set back: a mark by the old one proves nothing by the new
	}
	c := candidate{entry: e, own: a.own, lost: !a.own && rec.Node() == r.Node(), row: indexRow{
		drop: e.Day, created: millisOf(h.Created), code: o.code(), class: classOf(rec, o.notice), place: placeOf(rec),
		author: rec.Team(), tag: h.Channel.Tag(), id: rec.ID(),
	}}
	c.ops = []Op{
		{Key: partKey(e.Day, partRecord, rec.ID()), Value: rec.Frame()},
		{Key: partKey(e.Day, partSighting, rec.ID()), Value: encodeSighting(e.Sighting, a.Via)},
		{Key: c.row.key()},
	}
	if c.own {
		c.ops = append(c.ops, r.ownOps(rec)...)
	}
	if c.own || c.lost {
		c.ops = append(c.ops, r.runOps(rec, e.Day)...)
	}
	c.closed = o.closed
	c.ops = append(c.ops, r.keyOps(now, &o, e.Day)...)
	c.ops = append(c.ops, r.textOps(&e)...)
	c.ops = append(c.ops, r.draw(rec.Team(), weightOf(rec))...)
	for _, op := range c.ops {
		c.size += len(op.Key) + len(op.Value)
	}
	return c
}

// commit writes a batch and takes it into the views. It reports whether it did. The caller holds the
// lock.
func (r *Replica) commit(batch []candidate, out []Outcome) (done bool) {
	if len(batch) == 0 {
		return true
	}
	var ops []Op
	lost := found{heads: map[record.Channel]laneHead{}}
	for _, c := range batch {
		ops = append(ops, c.ops...)
		if c.lost {
			r.find(&lost, c.entry.Record)
		}
	}
	if err := r.opt.Store.Apply(append(ops, lost.ops()...)); err != nil {
		j := policy.Judgement{Verdict: policy.Ignore, Reason: storeReason(err), Detail: err.Error()}
		for _, c := range batch {
			// Either nothing was written (ErrFull) or nobody knows. The views say what was acknowledged,
			// so they stay; a record that is there all the same is found at the next start.
			out[c.i].Judgement = j
			r.today.add(c.entry.Record, -1)
			r.draw(c.entry.Record.Team(), -weightOf(c.entry.Record))
			if c.own && !errors.Is(err, ErrFull) {
				r.lanes.fresh = true // the lane's head on disk is unknown: never sign at that place again
			}
		}
		return false
	}
	for _, c := range batch {
		r.keep(c)
	}
	r.lanes.rejoin(&lost)
	return true
}

// keep takes a stored record into the views.
func (r *Replica) keep(c candidate) {
	rec := c.entry.Record
	h := rec.Header()
	ch := r.channelOf(h.Channel)
	r.index.add(rec.ID(), rec.Team(), c.row.slot(ch))
	if c.row.code.detached() && !c.own && !c.gone {
		r.wanted[rec.ID()] = struct{}{}
	}
	if c.closed {
		r.await(rec)
	}
	if c.own {
		r.own(rec)
	}
	if c.own || c.lost {
		r.lanes.ran(rec, c.entry.Day)
	}
	r.noteTexts(&c.entry)
	r.view(&c.entry)
	if c.erased != nil {
		r.unsay(c.erased)
	}
}

// view takes a notice into the ledger and the references.
func (r *Replica) view(e *Entry) {
	h, id := e.Record.Header(), e.Record.ID()
	if e.Notice == nil || r.index.slots[id].outside {
		return
	}
	if codeOf(e.Record, e.Notice).ledger() {
		r.ledger.Apply(ledger.Event{
			ID: id, Channel: h.Channel, Kind: h.Kind, Author: e.Record.Team(), Claimed: h.Created,
			Notice: e.Notice, Sighting: e.Sighting,
		})
	}
	by := mention{id, e.Record.Team()}
	switch n := e.Notice.(type) {
	case *notice.Alert:
		for _, old := range n.Replaces {
			r.index.revised[old] = append(r.index.revised[old], by)
		}
	case *notice.Reply:
		r.index.answered[n.Request] = append(r.index.answered[n.Request], by)
		if n.Grant != nil {
			r.index.granted[n.Grant.Record] = append(r.index.granted[n.Grant.Record], by)
		}
	case *notice.Close:
		r.index.answered[n.Request] = append(r.index.answered[n.Request], by)
	case *notice.Withdraw:
		r.index.answered[n.Request] = append(r.index.answered[n.Request], by)
	case *notice.Erase:
		r.index.erased[n.Record] = append(r.index.erased[n.Record], by)
	case *notice.Receipt:
		for _, gone := range n.Erased {
			r.index.gone[gone] = append(r.index.gone[gone], by)
		}
	}
}

// channelOf returns one pointer for each channel, so that slots are small.
func (r *Replica) channelOf(ch record.Channel) *record.Channel {
	for _, b := range r.index.days[ch] {
		if len(b.sorted) > 0 {
			return r.index.slots[b.sorted[0]].channel
		}
		if len(b.pending) > 0 {
			return r.index.slots[b.pending[0]].channel
		}
	}
	return &ch
}
