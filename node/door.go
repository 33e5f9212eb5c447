package node

import (
	"context"
	"errors"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/replica"
)

// engine is what the door needs of a replica.
type engine interface {
	Ingest(now time.Time, arrivals []replica.Arrival) []replica.Outcome
	Publish(now time.Time, outgoing []replica.Outgoing) []replica.Published
}

// errStopped is what callers get who came too late.
var errStopped = errors.New("the node is stopping")

// maxBatch bounds what one commit takes up, so that the first in it does not wait for thousands.
const maxBatch = 1024

// door is group commit: one goroutine takes all that is queued to the replica in one call and answers
// when it is durable. While a commit is on its way to the disk the next batch gathers; when nothing is
// queued a caller waits for nobody.
type door struct {
	engine engine
	now    func() time.Time
	// before is told the time before every commit, from the door's goroutine. It must be quick.
	before func(now time.Time)
	// after is told of every commit before the callers are, from the door's goroutine. It must be quick.
	after func(outcomes []replica.Outcome, published []replica.Published)
	// queue has room for the configured number of calls. When it is full, peers' arrivals wait (and with
	// them the peers' streams), and local publishes are told to come again.
	queue   chan *call
	stopped chan struct{} // closed by Run when it has ended; nothing is taken up after that
}

// call is one caller's share of a batch. The door writes outcomes and published before it closes done.
type call struct {
	arrivals  []replica.Arrival
	outgoing  []replica.Outgoing
	outcomes  []replica.Outcome
	published []replica.Published
	done      chan struct{}
}

func newDoor(e engine, now func() time.Time, queue int) *door {
	return &door{
		engine: e, now: now, before: func(time.Time) {}, after: func([]replica.Outcome, []replica.Published) {},
		queue: make(chan *call, queue), stopped: make(chan struct{}),
	}
}

// Ingest takes arrivals through the door. It returns when what was accepted is durable, or with an
// error, after which nothing is known of any of them.
func (d *door) Ingest(ctx context.Context, arrivals []replica.Arrival) ([]replica.Outcome, error) {
	c := &call{arrivals: arrivals, done: make(chan struct{})}
	select {
	case d.queue <- c:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-d.stopped:
		return nil, errStopped
	}
	if err := d.wait(ctx, c); err != nil {
		return nil, err
	}
	return c.outcomes, nil
}

// Publish publishes notices of this node, as Ingest does arrivals. It does not wait for room.
func (d *door) Publish(ctx context.Context, outgoing []replica.Outgoing) ([]replica.Published, error) {
	c := &call{outgoing: outgoing, done: make(chan struct{})}
	select {
	case <-d.stopped:
		return nil, api.NewProblem(api.Unavailable, errStopped.Error(), "")
	default:
	}
	select {
	case d.queue <- c:
	default:
		return nil, api.NewProblem(api.Unavailable, "too many publishes wait for the disk", "try again in a moment; limits.queue is the number that may wait")
	}
	if err := d.wait(ctx, c); err != nil {
		return nil, err
	}
	return c.published, nil
}

func (d *door) wait(ctx context.Context, c *call) error {
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-d.stopped:
	}
	select {
	case <-c.done: // it was in the last batch
		return nil
	default:
		return errStopped
	}
}

// Run works until ctx ends, then takes up nothing more. What was queued and not begun is not done.
func (d *door) Run(ctx context.Context) error {
	defer close(d.stopped)
	for {
		select {
		case <-ctx.Done():
			return nil
		case c := <-d.queue:
			if ctx.Err() != nil {
				return nil
			}
			d.commit(d.gather(c))
		}
	}
}

// gather takes what else is queued, without waiting for any.
func (d *door) gather(first *call) []*call {
	batch := []*call{first}
	for n := len(first.arrivals) + len(first.outgoing); n < maxBatch; {
		select {
		case c := <-d.queue:
			batch = append(batch, c)
			n += len(c.arrivals) + len(c.outgoing)
		default:
			return batch
		}
	}
	return batch
}

func (d *door) commit(batch []*call) {
	var arrivals []replica.Arrival
	var outgoing []replica.Outgoing
	for _, c := range batch {
		arrivals = append(arrivals, c.arrivals...)
		outgoing = append(outgoing, c.outgoing...)
	}
	var outcomes []replica.Outcome
	var published []replica.Published
	d.before(d.now())
	// Our own go first: a person waits for them.
	if len(outgoing) > 0 {
		published = d.engine.Publish(d.now(), outgoing)
	}
	if len(arrivals) > 0 {
		outcomes = d.engine.Ingest(d.now(), arrivals)
	}
	d.after(outcomes, published)
	for _, c := range batch {
		c.outcomes, outcomes = outcomes[:len(c.arrivals):len(c.arrivals)], outcomes[len(c.arrivals):]
		c.published, published = published[:len(c.outgoing):len(c.outgoing)], published[len(c.outgoing):]
		close(c.done)
	}
}
