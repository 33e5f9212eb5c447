package mesh

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

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
//	I open, R answer              may I have this channel, and now?
//	I round, R round, ...         messages of pkg/reconcile, until all is compared or there is enough to go on with
//	I want, R batch, I taken, ... what I lacks, emergencies first
//	I yours                       and now you, unless R lacks nothing
//	R want, I batch, R taken, ... what R lacks
//	R done
//	                              from the rounds on again, until all is compared
//	I done
//
// "taken" is sent when the batch has been through the door: neither end is ever ahead of the other's disk,
// and a session that is cut off has kept every batch but the last. Only what the rounds found is given, each
// record once.

var (
	errNotTaken = errors.New("some records were not taken in")
	errLater    = errors.New("the peer has no room for a session now")
	errNotOwed  = errors.New("the peer wants what this session has not found, or again what it was given")
	errTooMuch  = errors.New("the peer gave more records than it was asked for")
)

type syncKey struct {
	peer    peer.ID
	channel record.Channel
}

// exchange is one end of a session. It is used by one goroutine, but for what sessions keeps of it.
type exchange struct {
	syncKey
	number  uint64 // in the order in which sessions began
	wire    *wire
	to      identity.TeamID
	role    part
	began   time.Time
	session *reconcile.Session

	need    []record.ID       // found, lacked here, not wanted yet
	claimed []record.ID       // of those, what another session is getting
	owed    map[record.ID]int // found, lacked there, not given yet: see rankOf, or 0 where not looked at
	urgent  bool              // the peer was given the urgent ones of what the rounds found so far
	moved   int               // records, either way
	missing int               // could not be had, or not kept
	left    bool              // something is left for another session
}

// found takes over what the rounds found.
func (x *exchange) found() error {
	need, have := x.session.Take()
	x.need = append(x.need, need...)
	for _, id := range have {
		x.owed[id], x.urgent = 0, false
	}
	if max(len(x.need), len(x.owed)) > reconcile.MaxFound {
		return fmt.Errorf("%w: it compares on and takes nothing", errNotOwed)
	}
	return nil
}

// level reports whether both hold the same now, as far as this end can say: everything was compared, and
// everything was moved.
func (x *exchange) level() bool {
	return x.session.Complete() && x.missing == 0 && !x.left && len(x.need)+len(x.claimed)+len(x.owed) == 0
}

// sync runs a session as its initiator. level says that both hold the same now; of what we only observe
// that is never known. more says that another session has something to do.
func (m *Mesh) sync(ctx context.Context, key syncKey) (level, more bool, err error) {
	s := m.stands(key.peer)
	x := &exchange{syncKey: key, to: s.team, role: m.partIn(s, key.channel), owed: map[record.ID]int{}}
	if x.role != both && x.role != weWatch {
		return false, false, errRefused
	}
	ctx, w, err := m.dial(ctx, key.peer, syncProtocol)
	if err != nil {
		return false, false, err
	}
	defer func() { w.end(err) }()
	x.wire = w
	if !m.beginSession(x, true) {
		return false, false, errLater
	}
	defer m.endSession(x)
	if err = w.send(appendChannel(begin(syncOpen), key.channel)); err != nil {
		return false, false, err
	}
	if err = receiveAnswer(w); err != nil {
		return false, false, err
	}
	reader := s.team
	if x.role == weWatch {
		reader = m.self
	}
	session, first := reconcile.Initiate(m.opt.Copy.SetFor(key.channel, reader, m.opt.Now()))
	x.session = session
	if err = m.lead(ctx, x, first); err != nil {
		return false, x.moved > 0, err
	}
	if err = w.send(begin(syncDone)); err != nil {
		return false, x.moved > 0, err
	}
	more = x.left || x.moved > 0 && !session.Complete()
	if x.missing > 0 {
		return false, more, fmt.Errorf("%w: %d", errNotTaken, x.missing)
	}
	return x.level() && x.role == both, more, nil
}

// lead compares and moves in turns, until everything is compared and moved. errLater: others need the line.
func (m *Mesh) lead(ctx context.Context, x *exchange, out []byte) error {
	for over := false; !over; {
		var err error
		if out, over, err = x.compare(out); err != nil {
			return err
		}
		if err := m.fetch(ctx, x); err != nil {
			return err
		}
		if x.role == both && len(x.owed) > 0 {
			if err := m.giveTurn(ctx, x); err != nil {
				return err
			}
		}
	}
	return nil
}

func receiveAnswer(w *wire) error {
	msg, err := w.receive(maxAnswer)
	if err != nil {
		return err
	}
	switch answer, err := decodeAnswer(msg); {
	case err != nil:
		return err
	case answer == answerLater:
		return errLater
	case answer != answerAgreed:
		return errRefused
	}
	return nil
}

// compare runs rounds as their initiator, beginning with out, until all is compared or there is enough to go
// on with. It returns the message with which to go on.
func (x *exchange) compare(out []byte) (next []byte, over bool, err error) {
	began := time.Now()
	for {
		if len(out) > 0 {
			if err := x.wire.send(append(begin(syncRound), out...)); err != nil {
				return nil, false, err
			}
		}
		if over {
			return nil, true, nil
		}
		msg, err := x.wire.receive(maxRound)
		if err != nil {
			return nil, false, err
		}
		s := open(msg, syncRound)
		if s.err != nil {
			return nil, false, s.err
		}
		if out, over, err = x.session.Step(s.rest); err != nil {
			return nil, false, fmt.Errorf("compare: %w", err)
		}
		if err := x.found(); err != nil {
			return nil, false, err
		}
		if !over && len(x.need)+len(x.owed) > 0 && time.Since(began) > compareTime {
			return out, false, nil
		}
	}
}

// fetch gets what this end lacks and passes it through the door: emergencies and what members are told
// before the rest, portion by portion.
func (m *Mesh) fetch(ctx context.Context, x *exchange) error {
	if len(x.need) > m.window(x.peer) {
		if err := m.want(ctx, x, begin(syncUrgent), nil); err != nil {
			return err
		}
	}
	for {
		next := m.claim(x)
		if len(next.ids)+len(next.here) == 0 {
			return nil
		}
		if !m.mayGoOn(x) {
			m.unclaim(x, next.ids)
			return errLater
		}
		err := m.want(ctx, x, next.encode(), next.ids)
		m.unclaim(x, next.ids)
		if err != nil {
			return err
		}
	}
}

// window is how many records are wanted at once.
func (m *Mesh) window(p peer.ID) int {
	return max(windowLeast, portionOf(m.lineOf(p).down, syncWindow*windowRecord)/windowRecord)
}

// want sends a message that wants those records, or the urgent ones, and takes them in.
func (m *Mesh) want(ctx context.Context, x *exchange, msg []byte, ids []record.ID) error {
	asked := time.Now()
	if err := x.wire.send(msg); err != nil {
		return err
	}
	most, urgent := len(ids), msg[1] == syncUrgent
	if urgent {
		most = len(x.need)
	}
	came := map[record.ID]bool{}
	for last := false; !last; {
		msg, err := x.wire.receive(maxBatch)
		if err != nil {
			return err
		}
		m.carried(x.to, len(msg), time.Since(asked))
		b, err := decodeBatch(msg)
		if err != nil {
			return fmt.Errorf("read batch: %w", err)
		}
		if most -= len(b.frames); most < 0 {
			return errTooMuch
		}
		began := time.Now()
		if err := m.take(ctx, x, b.frames, came); err != nil {
			return err
		}
		asked = time.Now()
		if err := x.wire.send(encodeTaken(time.Since(began))); err != nil {
			return err
		}
		if last = b.last; !last && !m.mayGoOn(x) {
			return errLater
		}
	}
	for _, id := range ids {
		if !came[id] {
			x.missing++
		}
	}
	if urgent && len(came) > 0 {
		x.need = slices.DeleteFunc(x.need, func(id record.ID) bool {
			kept, there := came[id]
			if there && !kept {
				x.missing++
			}
			return there
		})
	}
	return nil
}

// take passes frames through the door and notes of each whether it is kept now. A frame that every honest
// node rejects ends the session.
func (m *Mesh) take(ctx context.Context, x *exchange, frames [][]byte, came map[record.ID]bool) error {
	if len(frames) == 0 {
		return nil
	}
	outcomes, err := m.ingest(ctx, x.wire, arrivalsOf(frames, replica.Sync, x.to))
	if err != nil {
		return err
	}
	news := false
	for _, o := range outcomes {
		switch {
		case o.Verdict == policy.Accept, o.Reason == policy.Duplicate:
			came[o.ID] = true
			x.moved++
			news = news || o.Reason != policy.Duplicate
		case o.Verdict == policy.Reject:
			return fmt.Errorf("peer sent a record that every node rejects: %s", o.Reason)
		default:
			came[o.ID] = false
		}
	}
	if news {
		m.passOn(x.syncKey)
	}
	return nil
}

func arrivalsOf(frames [][]byte, via replica.Via, team identity.TeamID) []replica.Arrival {
	arrivals := make([]replica.Arrival, len(frames))
	for i, f := range frames {
		arrivals[i] = replica.Arrival{Frame: f, Via: via, From: team}
	}
	return arrivals
}

func (m *Mesh) ingest(ctx context.Context, w *wire, arrivals []replica.Arrival) ([]replica.Outcome, error) {
	defer w.pause()()
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

// giveTurn has the responder want what it lacks.
func (m *Mesh) giveTurn(ctx context.Context, x *exchange) error {
	if err := x.wire.send(begin(syncYours)); err != nil {
		return err
	}
	for {
		msg, err := x.wire.receive(maxWant)
		if err != nil {
			return err
		}
		if s := open(msg, syncDone); s.end() == nil {
			return nil
		}
		if err := m.giveWanted(ctx, x, msg); err != nil {
			return err
		}
	}
}

// giveWanted answers want and urgent, if the session may go on.
func (m *Mesh) giveWanted(ctx context.Context, x *exchange, msg []byte) error {
	if !m.mayGoOn(x) {
		return errLater
	}
	wanted, urgent, err := decodeWanted(msg)
	if err != nil {
		return err
	}
	for _, id := range wanted.here {
		delete(x.owed, id)
	}
	if urgent {
		if x.urgent {
			return errNotOwed
		}
		x.urgent = true
		return m.give(ctx, x, m.urgent(x))
	}
	byRank := make([][]record.ID, rank(record.Routine)+1)
	for _, id := range wanted.ids {
		r, owed := x.owed[id]
		if !owed {
			return errNotOwed
		}
		delete(x.owed, id)
		if r == 0 {
			r = m.rankOf(x, id)
		}
		if r > 0 {
			byRank[r-1] = append(byRank[r-1], id)
		}
	}
	return m.give(ctx, x, slices.Concat(byRank...))
}

// decodeWanted reads want or urgent.
func decodeWanted(msg []byte) (w want, urgent bool, err error) {
	if s := open(msg, syncUrgent); s.err == nil {
		return w, true, s.end()
	}
	w, err = decodeWant(msg)
	return w, false, err
}

// urgent returns the emergencies that are owed, then what is owed of class control, and owes it no more.
func (m *Mesh) urgent(x *exchange) []record.ID {
	byRank := make([][]record.ID, rank(record.Control)+1)
	for id, r := range x.owed {
		if r == 0 {
			r = m.rankOf(x, id)
			x.owed[id] = r
		}
		if r > 0 && r <= len(byRank) {
			byRank[r-1] = append(byRank[r-1], id)
			delete(x.owed, id)
		}
	}
	return slices.Concat(byRank...)
}

// rankOf returns the rank of a record's class and 1, and 0 for one that is not given: it is of another
// channel, gone, or not for the peer. The peer counts it as missing. Frames are read twice, which costs less
// than holding a window of them.
func (m *Mesh) rankOf(x *exchange, id record.ID) int {
	frame, err := m.opt.Copy.FrameFor(id, x.to, policy.Sync)
	if err != nil {
		return 0
	}
	l, err := peek(frame)
	if err != nil || l.channel != x.channel {
		return 0
	}
	return rank(l.class) + 1
}

// give sends records as batches, of which the last says so, each as large as the line carries in
// portionTime, and waits after each until it is taken.
func (m *Mesh) give(ctx context.Context, x *exchange, ids []record.ID) error {
	for {
		var b batch
		size, most := 0, portionOf(m.lineOf(x.peer).up, batchBytes)
		for len(ids) > 0 && len(b.frames) < batchFrames && size < most {
			frame, err := m.opt.Copy.FrameFor(ids[0], x.to, policy.Sync)
			ids = ids[1:]
			if err != nil {
				continue // dropped since
			}
			b.frames = append(b.frames, frame)
			size += len(frame)
		}
		b.last = len(ids) == 0
		if err := m.afford(ctx, x.wire, x.to, size); err != nil {
			return err
		}
		began := time.Now()
		if err := x.wire.send(b.encode()); err != nil {
			return err
		}
		x.wire.asked = time.Time{} // of what follows the door's time is no delay of the line
		msg, err := x.wire.receive(maxAnswer)
		if err != nil {
			return err
		}
		door, err := decodeTaken(msg)
		if err != nil {
			return err
		}
		m.measured(x.peer, size, 0, time.Since(began)-door)
		m.carried(x.to, size, time.Since(began)-door)
		x.moved += len(b.frames)
		if b.last || ctx.Err() != nil {
			return ctx.Err()
		}
	}
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
	x := &exchange{syncKey: syncKey{p, ch}, wire: w, to: s.team, role: m.partIn(s, ch), owed: map[record.ID]int{}}
	if x.role != both && x.role != theyWatch {
		return w.send(encodeAnswer(answerRefused))
	}
	if !m.beginSession(x, false) {
		return w.send(encodeAnswer(answerLater))
	}
	defer m.endSession(x)
	if err := w.send(encodeAnswer(answerAgreed)); err != nil {
		return err
	}
	x.session = reconcile.Respond(m.opt.Copy.SetFor(ch, s.team, m.opt.Now()))
	if err := m.follow(ctx, x); err != nil {
		return err
	}
	if x.role == both && x.level() {
		m.inStep(x.syncKey, began)
	}
	return nil
}

// follow does as the initiator asks until it is done. That it says so proves nothing: see level.
func (m *Mesh) follow(ctx context.Context, x *exchange) error {
	for {
		msg, err := x.wire.receive(max(maxRound, maxWant))
		if err != nil {
			return err
		}
		if len(msg) < 2 {
			return errShort
		}
		switch msg[1] {
		case syncRound:
			err = m.answerRound(ctx, x, msg)
		case syncWant, syncUrgent:
			err = m.giveWanted(ctx, x, msg)
		case syncYours:
			if x.role != both {
				return errRefused // one that observes gives nothing
			}
			if err = open(msg, syncYours).end(); err == nil {
				if err = m.fetch(ctx, x); err == nil {
					err = x.wire.send(begin(syncDone))
				}
			}
		case syncDone:
			return open(msg, syncDone).end()
		default:
			err = errKind
		}
		if err != nil {
			return err
		}
	}
}

func (m *Mesh) answerRound(ctx context.Context, x *exchange, msg []byte) error {
	s := open(msg, syncRound)
	if s.err != nil {
		return s.err
	}
	out, _, err := x.session.Step(s.rest)
	if err != nil {
		return fmt.Errorf("compare: %w", err)
	}
	if err := x.found(); err != nil || len(out) == 0 {
		return err
	}
	return m.sendAfforded(ctx, x.peer, x.wire, append(begin(syncRound), out...))
}
