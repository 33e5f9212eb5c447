package node

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/mesh"
	"tocsin/pkg/record"
)

const (
	// fetchTime bounds one attempt at one body, so that others have their turn. What came stays for the next.
	fetchTime = 10 * time.Minute
	// maxParts is how many bodies are kept that came by half: at most 64 MiB.
	maxParts = 4
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
	parts := map[record.ID]*partial{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-n.bodies.woken:
		}
		// One body that does not come is enough of its author for this round: the others' go first.
		stuck := map[identity.TeamID]bool{}
		wanted := n.replica.WantedBodies()
		maps.DeleteFunc(parts, func(id record.ID, _ *partial) bool { return !slices.Contains(wanted, id) })
		for _, id := range wanted {
			if ctx.Err() != nil {
				return nil
			}
			e, err := n.replica.Brief(id)
			if err != nil || stuck[e.Record.Team()] || e.Record.Header().Body.Length > int64(n.opt.Config.Limits.FetchBody) {
				continue
			}
			part := parts[id]
			if part == nil {
				part = &partial{}
			}
			stuck[e.Record.Team()] = !n.fetch(ctx, e.Record, &part.Partial)
			part.note(part.Bytes(), n.now())
			keepPart(parts, id, part)
		}
		timer.Reset(fetchRetry)
	}
}

// partial is a body that came by half.
type partial struct {
	mesh.Partial
	has  int64 // bytes, as of when it last had more
	more time.Time
}

// note notes how many bytes are here.
func (p *partial) note(has int64, now time.Time) {
	if has != p.has {
		p.has, p.more = has, now
	}
}

// keepPart keeps what there is of a body for the next attempt, in place of the one that has waited longest for more.
func keepPart(parts map[record.ID]*partial, id record.ID, part *partial) {
	if part.has == 0 {
		delete(parts, id)
		return
	}
	parts[id] = part
	for len(parts) > maxParts {
		oldest := id
		for other, p := range parts {
			if p.more.Before(parts[oldest].more) {
				oldest = other
			}
		}
		delete(parts, oldest)
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
