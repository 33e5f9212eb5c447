package ledger

import (
	"cmp"
	"slices"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// team is the index of the rows of one team, with what queries worked out about it.
type team struct {
	rows map[record.ID]*entry
	// digests are dropped when anything about the team is learnt, and made by the next query.
	digests map[digestKey]*digest
}

type digestKey struct {
	community identity.CommunityID
	drills    bool
}

// digest is the part of a team's summary that time alone does not change, with the rows whose part
// it does. A query costs the latter only.
type digest struct {
	own, others half
	voluntary   int
}

// half is one side of a digest: what the observer asked, or what others asked.
type half struct {
	sum     Summary
	settled []Observation // answered or closed, ascending
	open    []*entry
}

func (t *team) remove(id record.ID) {
	delete(t.rows, id)
	t.digests = nil
}

func (l *Ledger) digest(t *team, f *Filter) *digest {
	key := digestKey{f.Community, f.Drills}
	if d := t.digests[key]; d != nil && f.Since.IsZero() {
		return d
	}
	d := l.newDigest(t, f)
	if f.Since.IsZero() {
		if t.digests == nil {
			t.digests = make(map[digestKey]*digest)
		}
		t.digests[key] = d
	}
	return d
}

func (l *Ledger) newDigest(t *team, f *Filter) *digest {
	d := new(digest)
	own, others := make(map[identity.TeamID]int), make(map[identity.TeamID]int)
	for _, e := range t.rows {
		e.refresh(l)
		r := e.row
		switch {
		case !f.chooses(&r):
		case r.Voluntary:
			r.judge(r.Created, 0)
			if r.Withdrawn.IsZero() && r.State != Declined {
				d.voluntary++
			}
		case r.Own:
			d.own.take(e, own)
		default:
			d.others.take(e, others)
		}
	}
	d.own.finish(own)
	d.others.finish(others)
	return d
}

func (h *half) take(e *entry, requesters map[identity.TeamID]int) {
	r := e.row
	switch {
	case !r.Withdrawn.IsZero():
		h.sum.Withdrawn++
		return
	case r.Sent.IsZero():
		h.open = append(h.open, e)
		return
	}
	requesters[r.Requester]++
	if r.Acknowledged.IsZero() && r.Closed.IsZero() {
		h.open = append(h.open, e)
		return
	}
	// The row is settled: no later moment changes the verdict on it, so any will do.
	r.judge(r.Sent, 0)
	h.sum.count(&r)
	h.settled = append(h.settled, Observation{After: r.Waited, Answered: !r.Acknowledged.IsZero()})
}

func (h *half) finish(requesters map[identity.TeamID]int) {
	slices.SortFunc(h.settled, sooner)
	h.sum.Requesters = len(requesters)
	for _, n := range requesters {
		h.sum.MostByOne = max(h.sum.MostByOne, n)
	}
}

func sooner(a, b Observation) int { return cmp.Compare(a.After, b.After) }

// at completes the half as of now: the summary, and the observations in ascending order.
func (h *half) at(l *Ledger, now time.Time, f *Filter) (Summary, []Observation) {
	sum, open := h.sum, make([]Observation, 0, len(h.open))
	for _, e := range h.open {
		r := l.row(e, now, f)
		sum.count(&r)
		if !r.Sent.IsZero() {
			open = append(open, Observation{After: r.Waited})
		}
	}
	slices.SortFunc(open, sooner)
	return sum, interleave(h.settled, open)
}

// interleave merges two ascending lists into a new one.
func interleave(a, b []Observation) []Observation {
	all := make([]Observation, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if b[0].After < a[0].After {
			all, b = append(all, b[0]), b[1:]
		} else {
			all, a = append(all, a[0]), a[1:]
		}
	}
	return append(append(all, a...), b...)
}
