package sim

import (
	"crypto/sha256"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// directTimeout is how long a direct stream waits for its answer.
const directTimeout = 30 * time.Second

// maxDirect is how many records one direct stream carries.
const maxDirect = 100

// gossipID names a gossip message by all its bytes, so that a broken copy of a record does not
// stand in the way of the true one.
func gossipID(frame []byte) [32]byte { return sha256.Sum256(frame) }

// sendDue tries what is due in the outbox, and sees to it that it is called when more will be.
func (t *Team) sendDue() {
	var next time.Time
	tried := map[identity.TeamID]bool{}
	for _, d := range t.rep.Outbox() {
		switch {
		case !d.Delivered.IsZero() || tried[d.To]:
		case d.Next.After(t.now()):
			if next.IsZero() || d.Next.Before(next) {
				next = d.Next
			}
		default:
			tried[d.To] = true
			if to := t.w.ids[d.To]; to != nil {
				t.deliver(to, false)
			}
		}
	}
	if !next.IsZero() {
		t.later(next.Sub(t.now()), t.sendDue)
	}
}

// deliver hands over what waits for a team: what is due, or all of it.
func (t *Team) deliver(to *Team, all bool) {
	if t.flying[to] {
		return
	}
	var ids []record.ID
	for _, d := range t.rep.Outbox() {
		if d.To == to.ID && d.Delivered.IsZero() && (all || !d.Next.After(t.now())) && len(ids) < maxDirect {
			ids = append(ids, d.ID)
		}
	}
	if len(ids) == 0 {
		return
	}
	if !t.w.reach(t, to) {
		t.postpone(to, ids, "not reachable")
		return
	}
	var frames [][]byte
	for _, id := range ids {
		f, err := t.rep.FrameFor(id, to.ID, policy.Send)
		if err != nil {
			t.w.tell("%s cannot read %s from its outbox: %v", t.Name, t.w.labels[id], err)
			return
		}
		frames = append(frames, f)
	}
	t.leaving(ids)
	t.w.watch(t, frames...)
	t.flying[to] = true
	answered := false
	answer := func(out []replica.Outcome) {
		if answered {
			return
		}
		answered = true
		delete(t.flying, to)
		t.settle(to, ids, out)
	}
	life := t.life
	t.later(directTimeout, func() { answer(nil) })
	t.w.stream(t, to, func() {
		out := to.ingest(t, replica.Direct, frames)
		t.w.stream(to, t, func() {
			if t.life == life {
				answer(out)
			}
		})
	})
}

// settle notes what became of a delivery. out is empty if no answer came.
func (t *Team) settle(to *Team, ids []record.ID, out []replica.Outcome) {
	if len(out) != len(ids) {
		t.postpone(to, ids, "no answer")
		return
	}
	var done []record.ID
	for i, o := range out {
		if o.Verdict == policy.Accept || o.Reason == policy.Duplicate {
			done = append(done, ids[i])
		} else {
			t.postpone(to, ids[i:i+1], string(o.Reason))
		}
	}
	if err := t.rep.Delivered(t.now(), to.ID, done); err != nil {
		t.w.note("%s cannot note a delivery: %v", t.Name, err)
		t.later(time.Minute, t.sendDue)
		return
	}
	for _, id := range done {
		t.w.note("%s: %s is with %s", t.Name, t.w.labels[id], to.Name)
		delete(t.why, id)
	}
	t.later(0, t.sendDue) // there may be more than one stream carries
}

func (t *Team) postpone(to *Team, ids []record.ID, why string) {
	if err := t.rep.Postponed(t.now(), to.ID, ids, why); err != nil {
		t.w.note("%s cannot note a failure: %v", t.Name, err)
		t.later(time.Minute, t.sendDue)
		return
	}
	for _, id := range ids {
		if t.why[id] != why {
			t.why[id] = why
			t.w.tell("%s keeps %s for %s: %s", t.Name, t.w.labels[id], to.Name, why)
		}
	}
	t.later(0, t.sendDue)
}
