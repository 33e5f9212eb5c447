package mesh

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"

	"tocsin/pkg/identity"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// ErrUnreachable is wrapped when no node of a team could be reached.
var ErrUnreachable = errors.New("no node of the team can be reached")

// Deliver hands frames to a team on direct streams: to a node of it that is connected, else to one
// that can be dialled now; what one did not take the next one is given, and that one has taken a frame is
// enough: a team's nodes tell each other. It returns what the receiver made of each frame, in order: Accept, or
// Ignore with the reason policy.Duplicate, means that it is durable there. After an error nothing is
// known of frames beyond those judged.
func (m *Mesh) Deliver(ctx context.Context, team identity.TeamID, frames [][]byte) ([]policy.Judgement, error) {
	for _, f := range frames {
		if len(f) > record.MaxFrame {
			return nil, fmt.Errorf("deliver: a frame has %d bytes, at most %d", len(f), record.MaxFrame)
		}
	}
	var all []policy.Judgement
	err := ErrUnreachable
	for p := range m.nodesInTurn(ctx, m.opt.Roster().Canonical(team)) {
		var judged []policy.Judgement
		judged, err = m.deliverTo(ctx, p, frames[len(all):])
		if all = append(all, judged...); err == nil {
			return all, nil
		}
	}
	return all, fmt.Errorf("deliver to %s: %w", team, err)
}

// nodesInTurn yields the nodes of a team that are connected, then those that can be dialled now.
func (m *Mesh) nodesInTurn(ctx context.Context, team identity.TeamID) iter.Seq[peer.ID] {
	return func(yield func(peer.ID) bool) {
		connected := m.nodesOf(team)
		for _, p := range connected {
			if ctx.Err() != nil || !yield(p) {
				return
			}
		}
		for p := range m.reach(ctx, team) {
			if !slices.Contains(connected, p) && !yield(p) {
				return
			}
		}
	}
}

// nodesOf returns the peers of the team that are connected.
func (m *Mesh) nodesOf(team identity.TeamID) (peers []peer.ID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for p, l := range m.links {
		if l.known && l.team == team {
			peers = append(peers, p)
		}
	}
	return peers
}

func (m *Mesh) deliverTo(ctx context.Context, p peer.ID, frames [][]byte) (judged []policy.Judgement, err error) {
	ctx, w, err := m.dial(ctx, p, directProtocol)
	if err != nil {
		return nil, err
	}
	defer func() { w.end(err) }()
	for len(frames) > 0 {
		n := portion(frames, portionOf(m.lineOf(p).up, batchBytes))
		b := batch{frames: frames[:n], last: n == len(frames)}
		frames = frames[n:]
		if err = w.send(b.encode()); err != nil {
			return judged, err
		}
		msg, err := w.receive(maxBatch)
		if err != nil {
			return judged, err
		}
		list, err := decodeJudgements(msg)
		if err != nil {
			return judged, fmt.Errorf("read judgements: %w", err)
		}
		if len(list) != n {
			return judged, fmt.Errorf("peer judged %d frames of %d", len(list), n)
		}
		judged = append(judged, list...)
	}
	return judged, ctx.Err()
}

// portion returns how many of the frames make a batch of so many bytes: at least one.
func portion(frames [][]byte, most int) int {
	size := 0
	for i, f := range frames {
		if size += len(f); i > 0 && (size > most || i == batchFrames) {
			return i
		}
	}
	return len(frames)
}

// answerDirect takes what a team delivers with which a community is shared.
func (m *Mesh) answerDirect(ctx context.Context, p peer.ID, w *wire) error {
	s := m.stands(p)
	if !s.fellow() {
		return errRefused
	}
	for {
		msg, err := w.receive(maxBatch)
		if err != nil {
			return err
		}
		b, err := decodeBatch(msg)
		if err != nil {
			return fmt.Errorf("read batch: %w", err)
		}
		outcomes, err := m.ingest(ctx, w, arrivalsOf(b.frames, replica.Direct, s.team))
		if err != nil {
			return err
		}
		judged := make([]policy.Judgement, len(outcomes))
		for i := range outcomes {
			judged[i] = outcomes[i].Judgement
			if o := &outcomes[i]; o.Verdict == policy.Accept && o.Record != nil && o.Record.Header().Channel.Private() {
				m.passOn(syncKey{p, o.Record.Header().Channel})
			}
		}
		if err := w.send(encodeJudgements(judged)); err != nil || b.last {
			return err
		}
	}
}
