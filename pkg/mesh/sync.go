package mesh

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"

	"tocsin/pkg/identity"
	"tocsin/pkg/policy"
	"tocsin/pkg/reconcile"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// A sync session compares one channel with one peer and moves what either lacks. The initiator (I)
// leads, the responder (R) answers:
//
//	I open, R answer              may I have this channel?
//	I round, R round, ...         messages of pkg/reconcile, until I's says it is over
//	I want, R batch, I taken, ... what I lacks, at most syncWindow IDs a time, emergencies first
//	I batch, R taken, ...         what R lacks
//	I done                        both hold the same now
//
// "taken" is sent when the batch has been through the door: neither end is ever ahead of the other's disk.

var errNotTaken = errors.New("some records were not taken in")

type syncKey struct {
	peer    peer.ID
	channel record.Channel
}

// sync runs a session as its initiator. level says that both hold the same now; of what we only observe
// that is never known.
func (m *Mesh) sync(ctx context.Context, key syncKey) (level bool, err error) {
	s := m.stands(key.peer)
	role := m.partIn(s, key.channel)
	if role != both && role != weWatch {
		return false, errRefused
	}
	ctx, w, err := m.dial(ctx, key.peer, syncProtocol, syncTimeout)
	if err != nil {
		return false, err
	}
	defer func() { w.end(err) }()
	if err = w.send(appendChannel(begin(syncOpen), key.channel)); err != nil {
		return false, err
	}
	if err = receiveAnswer(w); err != nil {
		return false, err
	}
	set := m.opt.Copy.SetFor(key.channel, s.team, m.opt.Now())
	if role == weWatch {
		set = m.opt.Copy.SetFor(key.channel, m.self, m.opt.Now())
	}
	session, err := rounds(w, set)
	if err != nil {
		return false, err
	}
	missing, err := m.fetch(ctx, w, session.Need(), key)
	if err != nil {
		return false, err
	}
	if role == weWatch {
		return false, w.send(begin(syncDone))
	}
	if err = m.push(ctx, w, session.Have(), shelf{key.channel, s.team}); err != nil {
		return false, err
	}
	if missing > 0 || !session.Complete() {
		return false, fmt.Errorf("%w: %d", errNotTaken, missing)
	}
	return true, w.send(begin(syncDone))
}

// shelf is what a session may hand out: of one channel, to one team.
type shelf struct {
	channel record.Channel
	to      identity.TeamID
}

func receiveAnswer(w *wire) error {
	msg, err := w.receive(maxAnswer)
	if err != nil {
		return err
	}
	s := open(msg, syncAnswer)
	agreed := s.flag()
	if err := s.end(); err != nil {
		return err
	}
	if !agreed {
		return errRefused
	}
	return nil
}

// rounds runs the comparison as its initiator.
func rounds(w *wire, set reconcile.Set) (*reconcile.Session, error) {
	session, out := reconcile.Initiate(set)
	for done := false; ; {
		if len(out) > 0 {
			if err := w.send(append(begin(syncRound), out...)); err != nil {
				return nil, err
			}
		}
		if done {
			return session, nil
		}
		msg, err := w.receive(reconcile.MaxMessage + 2)
		if err != nil {
			return nil, err
		}
		s := open(msg, syncRound)
		if s.err != nil {
			return nil, s.err
		}
		if out, done, err = session.Step(s.rest); err != nil {
			return nil, fmt.Errorf("compare: %w", err)
		}
	}
}

// fetch gets records and passes them through the door. It returns how many it could not get or keep.
func (m *Mesh) fetch(ctx context.Context, w *wire, need []record.ID, key syncKey) (missing int, err error) {
	for len(need) > 0 {
		n := min(len(need), syncWindow)
		if err := w.send(encodeWant(need[:n])); err != nil {
			return 0, err
		}
		wanted := setOf(need[:n])
		need = need[n:]
		for last := false; !last; {
			msg, err := w.receive(maxBatch)
			if err != nil {
				return 0, err
			}
			b, err := decodeBatch(msg)
			if err != nil {
				return 0, fmt.Errorf("read batch: %w", err)
			}
			kept, err := m.take(ctx, w, b.frames, key)
			if err != nil {
				return 0, err
			}
			for _, id := range kept {
				delete(wanted, id)
			}
			if err := w.send(begin(syncTaken)); err != nil {
				return 0, err
			}
			last = b.last
		}
		missing += len(wanted)
	}
	return missing, nil
}

// take passes frames through the door and returns the IDs of those that are kept now. A frame that
// every honest node rejects ends the session.
func (m *Mesh) take(ctx context.Context, w *wire, frames [][]byte, key syncKey) ([]record.ID, error) {
	if len(frames) == 0 {
		return nil, nil
	}
	team := m.stands(key.peer).team
	outcomes, err := m.ingest(ctx, w, arrivalsOf(frames, replica.Sync, team))
	if err != nil {
		return nil, err
	}
	var kept []record.ID
	news := false
	for _, o := range outcomes {
		switch {
		case o.Verdict == policy.Accept, o.Reason == policy.Duplicate:
			kept = append(kept, o.ID)
			news = news || o.Reason != policy.Duplicate
		case o.Verdict == policy.Reject:
			return nil, fmt.Errorf("peer sent a record that every node rejects: %s", o.Reason)
		}
	}
	if news {
		m.passOn(key)
	}
	return kept, nil
}

func arrivalsOf(frames [][]byte, via replica.Via, team identity.TeamID) []replica.Arrival {
	arrivals := make([]replica.Arrival, len(frames))
	for i, f := range frames {
		arrivals[i] = replica.Arrival{Frame: f, Via: via, From: team}
	}
	return arrivals
}

func (m *Mesh) ingest(ctx context.Context, w *wire, arrivals []replica.Arrival) ([]replica.Outcome, error) {
	w.rest()
	defer w.rest()
	outcomes, err := m.opt.Door.Ingest(ctx, arrivals)
	if err != nil {
		return nil, fmt.Errorf("pass frames through the door: %w", err)
	}
	if len(outcomes) != len(arrivals) {
		return nil, errors.New("pass frames through the door: it lost some")
	}
	for i := range outcomes {
		m.arrived(&outcomes[i])
	}
	return outcomes, nil
}

// push gives records to the peer, emergencies of each window first.
func (m *Mesh) push(ctx context.Context, w *wire, have []record.ID, from shelf) error {
	for len(have) > 0 {
		n := min(len(have), syncWindow)
		if err := m.give(ctx, w, have[:n], from); err != nil {
			return err
		}
		have = have[n:]
	}
	return nil
}

// give sends those of the records that are on the shelf, as batches of which the last says so, and waits
// after each until it is taken.
func (m *Mesh) give(ctx context.Context, w *wire, ids []record.ID, from shelf) error {
	ids = m.urgentFirst(ids, from)
	for {
		var b batch
		size := 0
		for len(ids) > 0 && len(b.frames) < batchFrames && size < batchBytes {
			frame, err := m.opt.Copy.FrameFor(ids[0], from.to, policy.Sync)
			ids = ids[1:]
			if err != nil {
				continue // dropped since, or not for the peer, which counts it as missing
			}
			b.frames = append(b.frames, frame)
			size += len(frame)
		}
		b.last = len(ids) == 0
		if err := w.send(b.encode()); err != nil {
			return err
		}
		msg, err := w.receive(maxAnswer)
		if err != nil {
			return err
		}
		if err := open(msg, syncTaken).end(); err != nil {
			return err
		}
		if b.last || ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// urgentFirst returns the IDs of records that are on the shelf, by class; a peer that may have one
// channel gets nothing of another by asking for it. Frames are read twice, which costs less than holding
// a window of them.
func (m *Mesh) urgentFirst(ids []record.ID, from shelf) []record.ID {
	var byRank [4][]record.ID
	for _, id := range ids {
		frame, err := m.opt.Copy.FrameFor(id, from.to, policy.Sync)
		if err != nil {
			continue
		}
		l, err := peek(frame)
		if err != nil || l.channel != from.channel {
			continue
		}
		r := rank(l.class)
		byRank[r] = append(byRank[r], id)
	}
	return slices.Concat(byRank[:]...)
}

// answerSync runs a session as its responder.
func (m *Mesh) answerSync(ctx context.Context, p peer.ID, w *wire) error {
	msg, err := w.receive(128)
	if err != nil {
		return err
	}
	ch, err := decodeOpen(msg)
	if err != nil {
		return err
	}
	began := m.opt.Now() // the initiator freezes its copy after our answer
	s := m.stands(p)
	role := m.partIn(s, ch)
	agreed := role == both || role == theyWatch
	if err := w.send(appendFlag(begin(syncAnswer), agreed)); err != nil {
		return err
	}
	if !agreed {
		return nil
	}
	session := reconcile.Respond(m.opt.Copy.SetFor(ch, s.team, m.opt.Now()))
	for over := false; !over; {
		msg, err := w.receive(reconcile.MaxMessage + 2)
		if err != nil {
			return err
		}
		s := open(msg, syncRound)
		if s.err != nil {
			return s.err
		}
		var out []byte
		if out, over, err = session.Step(s.rest); err != nil {
			return fmt.Errorf("compare: %w", err)
		}
		if len(out) > 0 {
			if err := w.send(append(begin(syncRound), out...)); err != nil {
				return err
			}
		}
	}
	level, err := m.answerTransfer(ctx, w, transfer{syncKey{p, ch}, shelf{ch, s.team}, role}, session)
	if level && role == both {
		m.inStep(syncKey{p, ch}, began)
	}
	return err
}

// transfer is what a session that we answer moves.
type transfer struct {
	key  syncKey
	from shelf
	role part
}

// answerTransfer does as the initiator asks until it is done or the stream ends, and says whether the two
// copies are level. That the initiator is done proves nothing: they are in step where the session found
// everything, and all of it was moved.
func (m *Mesh) answerTransfer(ctx context.Context, w *wire, t transfer, session *reconcile.Session) (level bool, err error) {
	owed, lacked := setOf(session.Have()), setOf(session.Need())
	for {
		msg, err := w.receive(maxBatch)
		if err != nil {
			return false, err
		}
		if len(msg) < 2 {
			return false, errShort
		}
		switch msg[1] {
		case syncWant:
			ids, err := decodeWant(msg)
			if err != nil {
				return false, err
			}
			if err := m.give(ctx, w, ids, t.from); err != nil {
				return false, err
			}
			for _, id := range ids {
				delete(owed, id)
			}
		case syncBatch:
			if t.role != both {
				return false, errRefused // one that observes gives nothing
			}
			b, err := decodeBatch(msg)
			if err != nil {
				return false, err
			}
			kept, err := m.take(ctx, w, b.frames, t.key)
			if err != nil {
				return false, err
			}
			for _, id := range kept {
				delete(lacked, id)
			}
			if err := w.send(begin(syncTaken)); err != nil {
				return false, err
			}
		case syncDone:
			if err := open(msg, syncDone).end(); err != nil {
				return false, err
			}
			return session.Complete() && len(owed)+len(lacked) == 0, nil
		default:
			return false, errKind
		}
	}
}

func setOf(ids []record.ID) map[record.ID]bool {
	set := make(map[record.ID]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return set
}
