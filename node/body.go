package node

import (
	"context"
	"log/slog"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/mesh"
	"tocsin/pkg/record"
)

const (
	// fetchTime bounds one attempt at one body: 16 MiB at 30 kB/s. What came stays for the next.
	fetchTime = 10 * time.Minute
	// fetchRetry is how long a body that nobody gave is left alone, unless a peer turns up.
	fetchRetry = 5 * time.Minute
)

// bodies is the word that a body may be had.
type bodies struct {
	woken chan struct{} // room for one
}

func newBodies() *bodies { return &bodies{woken: make(chan struct{}, 1)} }

func (b *bodies) wake() { rouse(b.woken) }

// runBodies fetches long bodies, one at a time, until ctx ends.
func (n *Node) runBodies(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	// part is the body begun last: a line that breaks costs at most one chunk, and memory holds one body.
	var part mesh.Partial
	var begun record.ID
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-n.bodies.woken:
		}
		// One body that does not come is enough of its author for this round: the others' go first.
		stuck := map[identity.TeamID]bool{}
		for _, id := range n.replica.WantedBodies() {
			if ctx.Err() != nil {
				return nil
			}
			e, err := n.replica.Brief(id)
			if err != nil || stuck[e.Record.Team()] || e.Record.Header().Body.Length > int64(n.opt.Config.Limits.FetchBody) {
				continue
			}
			if begun != id {
				begun, part = id, mesh.Partial{}
			}
			stuck[e.Record.Team()] = !n.fetch(ctx, e.Record, &part)
		}
		timer.Reset(fetchRetry)
	}
}

// fetch fetches one body and says whether it came.
func (n *Node) fetch(ctx context.Context, r *record.Record, part *mesh.Partial) bool {
	attempt, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	body, err := n.net.FetchBody(attempt, r, part)
	if err != nil {
		n.log.DebugContext(ctx, "body not here yet", slog.String("record", r.ID().String()), slog.Any("err", err))
		return false
	}
	if err := n.replica.PutBody(r.ID(), body); err != nil {
		n.log.WarnContext(ctx, "could not store a body", slog.String("record", r.ID().String()), slog.Any("err", err))
		return true // it came; the store is another matter
	}
	if full, err := r.WithBody(body); err == nil {
		n.kept(full, nil)
		n.receipts.look(full.ID()) // what it says can be read only now
	}
	return true
}
