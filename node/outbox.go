package node

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

const (
	// deliverTime bounds one attempt, dialling included: a megabyte at 64 kbit/s. What is taken by then stays
	// taken, and the rest goes on in another; a peer that takes nothing is given up long before.
	deliverTime = 2 * time.Minute
	// maxDeliver is how many records go in one attempt, of maxDue that are looked at: emergencies first.
	maxDeliver = 64
	maxDue     = 16 * maxDeliver
	// maxCouriers is how many teams are served at once.
	maxCouriers = 8
	// outboxPoll is how often the outbox is looked through though nothing said so.
	outboxPoll = time.Minute
)

// outbox remembers whom to try at once; what waits and until when is the replica's.
type outbox struct {
	woken chan struct{} // room for one: a second word before the first is heard says nothing new

	mu     sync.Mutex
	kicked map[identity.TeamID]struct{} // reached just now: try whatever the backoff says
	busy   map[identity.TeamID]struct{} // an attempt is under way
	// held teams are left alone until then: what came of an attempt could not be written down, so the
	// replica's own backoff does not know of it.
	held map[identity.TeamID]time.Time
}

func newOutbox() *outbox {
	return &outbox{
		woken: make(chan struct{}, 1), kicked: map[identity.TeamID]struct{}{}, busy: map[identity.TeamID]struct{}{},
		held: map[identity.TeamID]time.Time{},
	}
}

func (o *outbox) wake() { rouse(o.woken) }

// rouse leaves word in a channel with room for one.
func rouse(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// kick has the team's records tried at once.
func (o *outbox) kick(t identity.TeamID) {
	o.mu.Lock()
	o.kicked[t] = struct{}{}
	o.mu.Unlock()
	o.wake()
}

// take chooses what to send to whom now, and says when to look again.
func (o *outbox) take(waiting []replica.Delivery, now time.Time) (due map[identity.TeamID][]record.ID, next time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	due, next = map[identity.TeamID][]record.ID{}, now.Add(outboxPoll)
	for _, d := range waiting {
		if !d.Delivered.IsZero() {
			continue
		}
		if _, ok := o.busy[d.To]; ok {
			continue // its end wakes us
		}
		if until, ok := o.held[d.To]; ok && until.After(now) {
			if until.Before(next) {
				next = until
			}
			continue
		}
		if _, ok := o.kicked[d.To]; !ok && d.Next.After(now) {
			if d.Next.Before(next) {
				next = d.Next
			}
			continue
		}
		if len(due) >= maxCouriers && due[d.To] == nil || len(o.busy)+len(due) >= maxCouriers && due[d.To] == nil {
			continue // the end of one of them wakes us
		}
		if len(due[d.To]) < maxDue {
			due[d.To] = append(due[d.To], d.ID)
		}
	}
	for t := range due {
		o.busy[t] = struct{}{}
		delete(o.kicked, t)
		delete(o.held, t)
	}
	if len(o.busy) == 0 {
		clear(o.kicked) // nothing waits for the others
	}
	return due, next
}

func (o *outbox) hold(t identity.TeamID, until time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.held[t] = until
}

func (o *outbox) done(t identity.TeamID) {
	o.mu.Lock()
	delete(o.busy, t)
	o.mu.Unlock()
	o.wake()
}

// runOutbox delivers private records until ctx ends.
func (n *Node) runOutbox(ctx context.Context) error {
	var couriers sync.WaitGroup
	defer couriers.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-n.outbox.woken:
		}
		now := n.now()
		due, next := n.outbox.take(n.replica.Outbox(), now)
		for team, ids := range due {
			couriers.Go(func() {
				defer n.outbox.done(team)
				n.deliver(ctx, team, ids)
			})
		}
		timer.Reset(max(next.Sub(now), 10*time.Millisecond))
	}
}

// deliver makes one attempt and notes what came of it.
func (n *Node) deliver(ctx context.Context, team identity.TeamID, ids []record.ID) {
	var frames [][]byte
	more := false // for another attempt, at once if this one gets somewhere
	ids = slices.DeleteFunc(slices.Clone(ids), func(id record.ID) bool {
		if len(frames) == maxDeliver {
			more = true
			return true
		}
		frame, err := n.replica.FrameFor(id, team, policy.Send)
		if err != nil {
			return true // pruned since, and the outbox forgets it too; or its marking keeps it here
		}
		frames = append(frames, frame)
		return false
	})
	attempt, cancel := context.WithTimeout(ctx, deliverTime)
	judged, err := n.net.Deliver(attempt, team, frames)
	cancel()
	if ctx.Err() != nil && len(judged) == 0 {
		return // we are stopping: no attempt of theirs failed
	}
	var there, refused []record.ID
	why := "the peer did not answer for it"
	if err != nil {
		why = err.Error()
	}
	for i, id := range ids {
		switch {
		case i < len(judged) && (judged[i].Verdict == policy.Accept || judged[i].Reason == policy.Duplicate):
			there = append(there, id)
		case i < len(judged):
			why = "refused: " + string(judged[i].Reason)
			n.judgedClock(team, id, judged[i])
			refused = append(refused, id)
		case len(there) > 0: // the line was too slow for all of them
			more = true
		default:
			refused = append(refused, id)
		}
	}
	n.noteDelivery(ctx, team, there)
	if more && len(there) > 0 {
		n.outbox.kick(team)
	}
	if len(refused) > 0 {
		n.log.DebugContext(ctx, "delivery postponed", slog.String("team", team.String()), slog.Int("records", len(refused)), slog.String("why", why))
		if err := n.replica.Postponed(n.now(), team, refused, why); err != nil {
			n.log.WarnContext(ctx, "could not note a failed delivery", slog.Any("err", err))
			n.outbox.hold(team, n.now().Add(outboxPoll))
		}
	}
}

func (n *Node) noteDelivery(ctx context.Context, team identity.TeamID, there []record.ID) {
	if len(there) == 0 {
		return
	}
	now := n.now()
	// Left goes first: if this node dies in between it delivers again, which is harmless, and the clock
	// of the request has begun when it did.
	if err := n.replica.Left(now, there); err != nil {
		n.log.WarnContext(ctx, "could not note a departure", slog.Any("err", err))
	}
	if err := n.replica.Delivered(now, team, there); err != nil {
		n.log.WarnContext(ctx, "could not note a delivery", slog.Any("err", err))
		n.outbox.hold(team, n.now().Add(outboxPoll))
		return
	}
	to := n.team(team)
	for _, id := range there {
		n.hub.tell(api.Event{Type: api.EventDelivered, At: now, Record: id, Team: &to})
	}
}
