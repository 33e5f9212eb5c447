package node

import (
	"context"
	"log/slog"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/replica"
)

const (
	tendEvery  = time.Minute
	pruneEvery = 24 * time.Hour
	// lookEvery is how often the clock is looked at though nothing happens, and gapLimit how far apart two looks
	// may be before this node takes itself for paused.
	lookEvery, gapLimit = 10 * time.Second, 20 * time.Second
	// attestSoon is how long statements may gather before the applications are looked at.
	attestSoon = 250 * time.Millisecond
)

// look asks whether this node was paused, or its clock set, since anybody last asked. It comes before
// everything that depends on how long ago something was, and before what came in meanwhile is taken up.
func (n *Node) look(now time.Time) {
	found, gone := n.steps.Look(now)
	if found == replica.Uninterrupted {
		return
	}
	if found == replica.Jumped {
		n.replica.Doubt(now)
		n.skew.forget()
	}
	n.log.Info("this node was paused, or its clock was set: it compares with all again", slog.Bool("clock", found == replica.Jumped))
	for _, s := range gone {
		n.net.Sync(s.Channel, s.Team)
	}
}

// runTending marks where the node is in step, notes departures, attests applications, prunes, and watches
// the clock, until ctx ends.
func (n *Node) runTending(ctx context.Context) error {
	n.recallUnsent(ctx)
	ticker, looks := time.NewTicker(tendEvery), time.NewTicker(lookEvery)
	defer ticker.Stop()
	defer looks.Stop()
	due := time.NewTimer(0) // looks at the applications once at the start
	defer due.Stop()
	var pruned, warned time.Time
	for {
		now := n.now()
		if now.Sub(pruned) >= pruneEvery {
			n.prune(ctx, now)
			n.logExpiry(ctx)
			pruned = now
		}
		if now.Sub(warned) >= pruneEvery || n.skew.behind() != "" && now.Sub(warned) >= time.Hour {
			n.logClock()
			warned = now
		}
		minute := false
		select {
		case <-ctx.Done():
			n.noteLeft(context.WithoutCancel(ctx), n.unsent.take())
			return nil
		case <-ticker.C:
			minute = true
		case <-looks.C:
			n.look(n.now())
			n.freeLanes(n.now())
			for _, ch := range n.skew.due(n.now()) {
				n.net.Sync(ch, identity.TeamID{})
			}
			continue
		case <-n.compared:
		case <-n.unsent.woken:
		case <-n.members:
			due.Reset(attestSoon)
			continue
		case <-due.C:
			if next := n.attestDue(ctx); !next.IsZero() {
				due.Reset(max(next.Sub(n.now()), attestSoon))
			}
			continue
		}
		n.noteLeft(ctx, n.unsent.take())
		if minute { // statements that waited for their author's pace: nobody offers again what is said to be here
			n.replica.AddStatements(n.now(), nil)
		}
		n.look(n.now())
		if err := n.replica.InStep(n.steps.Take(n.now(), minute, n.connectedTo)...); err != nil {
			n.log.WarnContext(ctx, "could not note that the node is in step", slog.Any("err", err))
		}
	}
}

func (n *Node) prune(ctx context.Context, now time.Time) {
	dropped, err := n.replica.Prune(now)
	if err != nil {
		n.log.WarnContext(ctx, "could not prune", slog.Any("err", err))
		return
	}
	if dropped > 0 {
		n.log.InfoContext(ctx, "pruned", slog.Int("records", dropped))
	}
}
