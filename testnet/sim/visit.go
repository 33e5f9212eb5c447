package sim

import (
	"cmp"
	"slices"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/policy"
	"tocsin/pkg/reconcile"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// visitTimeout ends a visit that a cut or a crash has silenced.
const visitTimeout = time.Minute

// batchFrames is how many records one message of a visit carries.
const batchFrames = 20

// visit is a stream from a to b: both say which statements they have and give what the other lacks,
// then each channel they share is reconciled. It goes message by message, one on its way at a time.
type visit struct {
	w            *World
	a, b         *Team
	lifeA, lifeB int
	over         bool
	greeted      time.Time // b heard the greeting; all that a wrote until then will have come
	channels     []record.Channel

	// Of the channel that is being reconciled:
	opened time.Time // a sent its first message; all that b wrote until then will have come
	sa, sb *reconcile.Session
	cleanA bool // a took all that came
	cleanB bool
}

// visit begins a visit, unless one is under way.
func (t *Team) visit(to *Team) {
	if t.visiting[to] || !t.w.reach(t, to) {
		return
	}
	v := &visit{w: t.w, a: t, b: to, lifeA: t.life, lifeB: to.life}
	t.visiting[to] = true
	t.later(visitTimeout, v.end)
	have := t.rep.Roster().For(to.ID)
	v.pass(to, func() { v.greet(have) })
}

// pass sends the next message; do is what its receiver does on hearing it.
func (v *visit) pass(to *Team, do func()) {
	from := v.a
	if to == v.a {
		from = v.b
	}
	v.w.stream(from, to, func() {
		if !v.over && v.a.life == v.lifeA && v.b.life == v.lifeB {
			do()
		}
	})
}

func (v *visit) end() {
	if !v.over {
		v.over = true
		delete(v.a.visiting, v.b)
	}
}

// greet answers a greeting, at b.
func (v *visit) greet(theirs []record.StatementID) {
	v.greeted = v.b.now()
	v.b.show(v.a)
	ours := v.b.rep.Roster().For(v.a.ID)
	gift := v.b.rep.StatementFrames(lacking(ours, theirs), v.a.ID)
	v.w.watch(v.b, gift...)
	v.pass(v.a, func() {
		v.a.show(v.b)
		v.a.learn(v.b, gift)
		// What a may tell is asked anew: it may have learnt a moment ago who b is.
		back := v.a.rep.StatementFrames(lacking(v.a.rep.Roster().For(v.b.ID), ours), v.b.ID)
		v.w.watch(v.a, back...)
		v.pass(v.b, func() {
			v.b.learn(v.a, back)
			v.pass(v.a, v.choose)
		})
	})
}

// lacking returns those of all that are not among known.
func lacking(all, known []record.StatementID) []record.StatementID {
	has := make(map[record.StatementID]bool, len(known))
	for _, id := range known {
		has[id] = true
	}
	return slices.DeleteFunc(slices.Clone(all), func(id record.StatementID) bool { return has[id] })
}

// learn takes statements, and tells them on if there was news.
func (t *Team) learn(from *Team, frames [][]byte) {
	if len(frames) == 0 {
		return
	}
	out := t.rep.AddStatements(t.now(), frames)
	if t.dying {
		return
	}
	news := 0
	for _, o := range out {
		switch {
		case o.Verdict == policy.Accept:
			news++
			t.w.learnt++
			t.w.oracle.learnt(t, o.ID)
		case o.Reason != policy.Duplicate:
			t.w.note("%s takes no statement from %s: %s", t.Name, from.Name, o.Reason)
		}
	}
	if news > 0 {
		t.w.tell("%s learns %d statements from %s", t.Name, news, from.Name)
		t.announceSoon()
		t.tend()
	}
}

// choose lists the channels to reconcile, at a.
func (v *visit) choose() {
	now := v.a.rep.Roster()
	for _, c := range now.Communities() {
		if t := v.a.ID; now.Member(c, t) && (now.Member(c, v.b.ID) || now.Observer(c, v.b.ID)) || now.Observer(c, t) && now.Member(c, v.b.ID) {
			v.channels = append(v.channels, record.InCommunity(c))
		}
	}
	if ch, err := record.Between(v.a.ID, v.b.ID); err == nil && len(v.channels) > 0 {
		v.channels = append(v.channels, ch)
	}
	v.next()
}

// next begins with the next channel, at a.
func (v *visit) next() {
	if len(v.channels) == 0 {
		v.end()
		v.a.askSoon()
		return
	}
	ch := v.channels[0]
	v.opened, v.cleanA, v.cleanB = v.a.now(), true, true
	var first []byte
	v.sa, first = reconcile.Initiate(v.a.rep.SetFor(ch, v.b.ID, v.a.now()))
	v.pass(v.b, func() {
		if !v.b.rep.MayRead(v.a.ID, ch) {
			v.w.note("%s does not open %s to %s", v.b.Name, v.w.channelName(ch), v.a.Name)
			v.pass(v.a, v.skip)
			return
		}
		v.sb = reconcile.Respond(v.b.rep.SetFor(ch, v.a.ID, v.b.now()))
		v.answer(first)
	})
}

func (v *visit) skip() {
	v.channels = v.channels[1:]
	v.next()
}

// answer takes a message of the session, at b.
func (v *visit) answer(m []byte) {
	out, _, err := v.sb.Step(m)
	if err != nil {
		v.w.oracle.broken("reconciliation of %s with %s: %v", v.b.Name, v.a.Name, err)
		v.end()
		return
	}
	v.pass(v.a, func() { v.ask(out) })
}

// ask takes an answer, at a, and after the last asks for what is missing here.
func (v *visit) ask(m []byte) {
	out, done, err := v.sa.Step(m)
	if err != nil {
		v.w.oracle.broken("reconciliation of %s with %s: %v", v.a.Name, v.b.Name, err)
		v.end()
		return
	}
	if !done {
		v.pass(v.b, func() { v.answer(out) })
		return
	}
	want := v.sa.Need()
	v.pass(v.b, func() {
		if len(out) > 0 {
			if _, _, err := v.sb.Step(out); err != nil {
				v.w.oracle.broken("end of reconciliation of %s with %s: %v", v.b.Name, v.a.Name, err)
			}
		}
		v.give(v.b, v.choice(v.b, want), func() {
			have := v.sa.Have()
			v.give(v.a, v.choice(v.a, have), v.finish)
		})
	})
}

// choice returns those of the IDs that the giver has in this channel, the urgent ones first.
func (v *visit) choice(giver *Team, ids []record.ID) []record.ID {
	rank := map[record.ID]int{}
	for _, id := range ids {
		if ch, class, ok := giver.rep.ChannelOf(id); ok && ch == v.channels[0] {
			rank[id] = class
		}
	}
	mine := slices.DeleteFunc(slices.Clone(ids), func(id record.ID) bool { _, ok := rank[id]; return !ok })
	slices.SortStableFunc(mine, func(x, y record.ID) int { return cmp.Compare(rank[y], rank[x]) })
	return mine
}

// give hands records over, at the giver, batch by batch; then goes on at the taker.
func (v *visit) give(giver *Team, ids []record.ID, then func()) {
	taker, clean := v.a, &v.cleanA
	if giver == v.a {
		taker, clean = v.b, &v.cleanB
	}
	part := ids[:min(batchFrames, len(ids))]
	giver.leaving(part)
	var frames [][]byte
	for _, id := range part {
		if f, err := giver.rep.FrameFor(id, taker.ID, policy.Sync); err == nil {
			frames = append(frames, f)
		}
	}
	v.w.watch(giver, frames...)
	v.pass(taker, func() {
		if len(frames) > 0 {
			out := taker.ingest(giver, replica.Sync, frames)
			if len(out) == 0 {
				return
			}
			for _, o := range out {
				// What the rules keep out is missing from nobody's copy.
				ruled := o.Reason == policy.Removed || o.Reason == policy.Revoked || o.Reason == policy.Expired
				*clean = *clean && (o.Verdict == policy.Accept || o.Reason == policy.Duplicate || ruled)
			}
		}
		if len(part) < len(ids) {
			v.pass(giver, func() { v.give(giver, ids[len(part):], then) })
			return
		}
		then()
	})
}

// finish notes, at b, that the two copies of a channel are alike, and goes on at a.
func (v *visit) finish() {
	ch := v.channels[0]
	whole := ch.Private() || v.a.rep.Roster().Member(ch.Community, v.a.ID) && v.b.rep.Roster().Member(ch.Community, v.b.ID)
	v.cleanA, v.cleanB = v.cleanA && whole, v.cleanB && whole
	if v.sb.Complete() && v.cleanB {
		v.b.alike(ch, v.a.ID, v.greeted)
	}
	v.pass(v.a, func() {
		if v.sa.Complete() && v.cleanA {
			v.a.alike(ch, v.b.ID, v.opened)
		}
		v.fetchBodies(v.a.rep.WantedBodies())
	})
}

// fetchBodies asks, at a, for the long bodies that are missing.
func (v *visit) fetchBodies(ids []record.ID) {
	if len(ids) == 0 {
		v.skip()
		return
	}
	id := ids[0]
	v.pass(v.b, func() {
		body := v.b.wholeBody(id, v.a.ID)
		v.pass(v.a, func() {
			if body != nil {
				if err := v.a.rep.PutBody(id, body); err == nil {
					v.a.w.tell("%s has the body of %s", v.a.Name, v.w.labels[id])
				}
			}
			v.fetchBodies(ids[1:])
		})
	})
}

// wholeBody reads a detached body that a team may have, or nil.
func (t *Team) wholeBody(id record.ID, to identity.TeamID) []byte {
	var body []byte
	for n := 0; ; n++ {
		leaves, chunk, err := t.rep.ChunkFor(id, n, to)
		if err != nil {
			return nil
		}
		t.w.watch(t, chunk)
		if body = append(body, chunk...); n == len(leaves)-1 {
			return body
		}
	}
}

// alike notes that this copy of a channel holds all that a team had written in it until at.
func (t *Team) alike(ch record.Channel, other identity.TeamID, at time.Time) {
	t.steps.Look(t.now())
	t.steps.Reached(replica.Step{Channel: ch, Team: other, At: at})
	t.noteSteps(false)
	t.rep.Confirm(ch, at)
}
