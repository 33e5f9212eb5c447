package sim

import (
	"fmt"
	"slices"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// Publish says something as the team's operator does, and sends it on its way. The error is the
// node's answer to the operator; nil means that the record is kept.
func (t *Team) Publish(o replica.Outgoing) (record.ID, error) {
	if !t.Up() || t.paused {
		return record.ID{}, fmt.Errorf("publish for %s: %w", t.Name, errDown)
	}
	defer t.w.bury()
	p := t.rep.Publish(t.now(), []replica.Outgoing{o})[0]
	made := t.rep.NewKeys()
	t.w.oracle.minted(t, made)
	if t.dying {
		return record.ID{}, errDied // whatever was answered, nobody is there to hear it
	}
	if p.Err != nil {
		t.w.tell("%s cannot publish the %s: %v", t.Name, o.Notice.Kind(), p.Err)
		return record.ID{}, p.Err
	}
	id := p.Record.ID()
	label := t.w.label(p.Record)
	t.w.oracle.acknowledged(t, p.Record)
	t.w.oracle.sealed(t, p.Record)
	t.w.tell("%s publishes %s, %s%s", t.Name, label, t.w.channelName(o.Channel), sealedWord(p.Record))
	t.unsent[id] = struct{}{}
	if o.Channel.Private() {
		t.later(0, t.sendDue)
		return id, nil
	}
	frame, err := t.rep.FrameFor(id, identity.TeamID{}, policy.Send)
	if err != nil {
		return id, err
	}
	t.pushKeys(made)
	if to := t.peers(o.Channel, nil); len(to) > 0 {
		t.leaving([]record.ID{id})
		for _, peer := range to {
			t.gossip(peer, frame)
		}
	}
	return id, nil
}

func sealedWord(r *record.Record) string {
	if len(r.Header().Body.KeyID) > 0 {
		return ", sealed"
	}
	return ""
}

// leaving notes which records of ours leave now for the first time.
func (t *Team) leaving(ids []record.ID) {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id record.ID) bool {
		_, ok := t.unsent[id]
		return !ok
	})
	if len(ids) == 0 {
		return
	}
	if err := t.rep.Left(t.now(), ids); err != nil {
		t.w.note("%s cannot note a departure: %v", t.Name, err)
		return // noted when it is handed out again
	}
	for _, id := range ids {
		delete(t.unsent, id)
	}
}

// fanout is to how many peers a node passes on what it heard.
const fanout = 3

// seenFor is for how long a node passes over a gossip message that it has heard.
const seenFor = 10 * time.Minute

// peers returns the members of a community that the team reaches, but one.
func (t *Team) peers(ch record.Channel, but *Team) []*Team {
	var out []*Team
	for _, id := range t.rep.Roster().Members(ch.Community) {
		if p := t.w.ids[id]; p != nil && p != t && p != but && t.w.reach(t, p) {
			out = append(out, p)
		}
	}
	return out
}

func (t *Team) gossip(to *Team, frame []byte) {
	t.w.watch(t, frame)
	t.w.datagram(t, to, func() { to.hear(t, frame) })
}

// hear takes a gossip message. What is accepted is passed on.
func (t *Team) hear(from *Team, frame []byte) {
	key := gossipID(frame)
	if at, ok := t.seen[key]; ok && t.now().Sub(at) < seenFor {
		return
	}
	t.seen[key] = t.now()
	out := t.ingest(from, replica.Gossip, [][]byte{frame})
	if len(out) == 0 {
		return
	}
	switch o := out[0]; {
	case o.Verdict == policy.Accept:
		to := t.peers(o.Record.Header().Channel, from)
		t.w.rnd.Shuffle(len(to), func(i, j int) { to[i], to[j] = to[j], to[i] })
		for _, peer := range to[:min(fanout, len(to))] {
			t.gossip(peer, frame)
		}
		if o.Gap {
			t.later(500*time.Millisecond, func() { t.visit(from) })
		}
	case o.Reason == policy.NotMember || o.Reason == policy.NotOurs:
		t.later(announceAfter, func() { t.visit(from) }) // our roster may lag
	}
}

// ingest takes frames through the door. It returns nothing if the machine died of it.
func (t *Team) ingest(from *Team, via replica.Via, frames [][]byte) []replica.Outcome {
	arrivals := make([]replica.Arrival, len(frames))
	for i, f := range frames {
		arrivals[i] = replica.Arrival{Frame: f, Via: via, From: from.ID}
	}
	if t.w.standing {
		t.steps.Look(t.now())
	}
	out := t.rep.Ingest(t.now(), arrivals)
	if t.dying {
		return nil
	}
	for i := range out {
		o := &out[i]
		t.w.unsecret(t, o.Detail)
		t.steps.Missed(o)
		switch {
		case o.Verdict == policy.Accept:
			t.w.tell("%s has %s (%s from %s)", t.Name, t.w.label(o.Record), via, from.Name)
			t.w.oracle.acknowledged(t, o.Record)
			t.oweFor(o.Record.ID())
			t.wrote(o.Record)
		case o.Reason == policy.Duplicate:
			t.w.note("%s knows %x", t.Name, o.ID[:4])
		default:
			t.w.tell("%s takes no %s from %s: %s", t.Name, t.w.describe(o), from.Name, o.Reason)
		}
	}
	return out
}

// describe names what was refused.
func (w *World) describe(o *replica.Outcome) string {
	if o.Record != nil {
		return w.label(o.Record)
	}
	if l, ok := w.labels[o.ID]; ok {
		return "copy of " + l
	}
	return "record"
}

// owed is a receipt to write: for a request that asks this team by name.
type owed struct {
	to     identity.TeamID
	id     record.ID
	erased bool
}

// receiptSettle is how long receipts are collected.
const receiptSettle = time.Second

func (t *Team) oweFor(id record.ID) {
	e, err := t.rep.Entry(id)
	if err == nil && t.owe(e.Record, e.Notice) {
		t.later(receiptSettle, t.payReceipts)
	}
}

func (t *Team) owe(r *record.Record, n notice.Notice) bool {
	if e, ok := n.(*notice.Erase); ok && t.w.ids[r.Team()] != t && t.rep.Has(e.Record) {
		t.owed = append(t.owed, owed{to: r.Team(), id: e.Record, erased: true})
		return true
	}
	q, ok := n.(*notice.Request)
	asked := func(id identity.TeamID) bool { return t.w.ids[id] == t }
	if !ok || asked(r.Team()) || !r.Header().Channel.Private() && !slices.ContainsFunc(q.To, asked) {
		return false
	}
	t.owed = append(t.owed, owed{to: r.Team(), id: r.ID()})
	return true
}

// payReceipts writes the receipts that are owed, one for each team.
func (t *Team) payReceipts() {
	all := t.owed
	t.owed = nil
	for len(all) > 0 {
		to := all[0].to
		var n notice.Receipt
		var rest, now []owed
		for _, o := range all {
			switch {
			case o.to != to:
				rest = append(rest, o)
				continue
			case o.erased:
				n.Erased = append(n.Erased, o.id)
			default:
				n.Records = append(n.Records, o.id)
			}
			now = append(now, o)
		}
		ch, err := record.Between(t.ID, to)
		if err == nil {
			_, err = t.Publish(replica.Outgoing{Channel: ch, Class: record.Control, Notice: &n})
		}
		if !t.Up() {
			return
		}
		if err != nil { // tried again when the store works again
			t.owed = append(t.owed, now...)
			t.later(time.Minute, t.payReceipts)
		}
		all = rest
	}
}
