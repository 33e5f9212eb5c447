package replica

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"tocsin/pkg/record"
)

// A store does not know whether it is an old one that was put back: of a disk, of a virtual machine, from a
// backup. So at each start the lanes in it are in doubt. A lane goes on once a member was compared with,
// which brings whatever this node wrote and does not know. Who publishes before that is not made to wait:
// the record begins a run of its own, which this life of the node keeps to until then.

// laneHead is the last record that this node signed in a channel.
type laneHead struct {
	run record.Run
	seq uint64
	id  record.ID
}

// lanes are where this node's records stand.
type lanes struct {
	heads   map[record.Channel]laneHead // on stable storage
	sure    map[record.Channel]bool     // of heads: they may be followed on; true: no other life can know the run
	interim map[record.Channel]laneHead // runs that were begun beside heads in doubt; in memory alone
	runs    map[runKey]Day              // each run with the last day on which a record of it is kept
	doubted time.Time                   // when the doubt began; a comparison that began before does not end it
	held    time.Time                   // nor one that began before this
	twin    time.Time                   // when a record of ours that another process signed was written; zero: none came
	split   bool                        // this process left the lanes that another may go on in
	fresh   bool                        // the next record of ours must begin a new run in every channel
}

type runKey struct {
	channel [32]byte // tag
	run     record.Run
}

func newLanes(now time.Time) lanes {
	return lanes{
		heads: map[record.Channel]laneHead{}, sure: map[record.Channel]bool{}, interim: map[record.Channel]laneHead{},
		runs: map[runKey]Day{}, doubted: now,
	}
}

// place returns what the next record of a channel follows on. taken are the places given out in this call.
func (r *Replica) place(ch record.Channel, taken map[record.Channel]laneHead) (laneHead, error) {
	l := &r.lanes
	if l.fresh {
		clear(l.heads)
		clear(l.sure)
		clear(l.interim)
		clear(taken)
		l.fresh = false
	}
	if h, ok := taken[ch]; ok {
		return h, nil
	}
	head, begun := l.heads[ch]
	if _, sure := l.sure[ch]; begun && sure {
		return head, nil
	}
	if h, ok := l.interim[ch]; ok && begun {
		return h, nil
	}
	var run record.Run
	if _, err := io.ReadFull(r.opt.Rand, run[:]); err != nil {
		return laneHead{}, fmt.Errorf("begin a run: %w", err)
	}
	return laneHead{run: run}, nil
}

// main reports whether a record of our own goes into the lane that is stored.
func (l *lanes) main(rec *record.Record) bool {
	head, begun := l.heads[rec.Header().Channel]
	return !begun || head.run == rec.Header().Run
}

// took takes a stored record of this life into the lanes.
func (l *lanes) took(rec *record.Record) {
	ch := rec.Header().Channel
	switch _, begun := l.heads[ch]; {
	case !begun:
		l.heads[ch], l.sure[ch] = headAt(rec), true
	case l.main(rec):
		l.heads[ch] = headAt(rec)
	default:
		l.interim[ch] = headAt(rec)
	}
}

// found is a change of lanes by records of this node's that it did not know, for one write.
type found struct {
	heads map[record.Channel]laneHead // a zero run: the lane ends
	twin  time.Time
}

// find looks at a record that this node signed in another life, or another process as this node. The lane
// goes on behind the one, and ends with the other. The caller writes ops and then calls rejoin.
func (r *Replica) find(f *found, rec *record.Record) {
	l, h := &r.lanes, rec.Header()
	another := h.Created.After(l.doubted)
	if another && h.Created.After(f.twin) {
		f.twin = h.Created
	}
	head, changed := f.heads[h.Channel]
	if !changed {
		head = l.heads[h.Channel]
	}
	_, taken := r.index.places[placeOf(rec)]
	switch {
	case head.run != h.Run || head.run == (record.Run{}):
	case taken || another:
		f.heads[h.Channel] = laneHead{}
	case h.Seq > head.seq:
		f.heads[h.Channel] = headAt(rec)
	}
}

func (f *found) ops() (ops []Op) {
	for ch, head := range f.heads {
		op := head.op(ch)
		if head.run == (record.Run{}) {
			op = Op{Key: op.Key, Delete: true}
		}
		ops = append(ops, op)
	}
	return ops
}

// rejoin takes what was found, and is on stable storage, into the lanes.
func (l *lanes) rejoin(f *found) {
	for ch, head := range f.heads {
		delete(l.sure, ch) // there may be more; the next comparison brings it
		if l.heads[ch] = head; head.run == (record.Run{}) {
			delete(l.heads, ch)
			delete(l.interim, ch)
		}
	}
	if !f.twin.IsZero() {
		l.twin = f.twin
		l.part()
	}
}

// part leaves each lane that another process may go on in, for good: the channel's next record begins one that is
// this process's own, which takes its place in the store. It does so once in a life, so that no word of others begins
// more; a lane of ours in which another signs all the same ends there, see find.
func (l *lanes) part() {
	if l.split {
		return
	}
	l.split = true
	maps.DeleteFunc(l.heads, func(ch record.Channel, _ laneHead) bool { return !l.sure[ch] })
	maps.DeleteFunc(l.sure, func(_ record.Channel, ours bool) bool { return !ours })
	clear(l.interim)
}

// Doubt has every lane doubted again, as at a start: the machine may have been put back to an earlier state
// while this process ran in it.
func (r *Replica) Doubt(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.lanes.sure)
	clear(r.lanes.interim)
	r.lanes.doubted = now
}

// DoubtUntil has no comparison that begins before then confirm a lane: another process may go on in it.
func (r *Replica) DoubtUntil(until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if until.After(r.lanes.held) {
		r.lanes.held = until
	}
}

// Confirm says that a comparison with a member of the channel, which began at the time given, found no
// difference: what this node wrote there before is here. Its lane goes on.
func (r *Replica) Confirm(ch record.Channel, began time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := &r.lanes
	ch = r.channelNow(ch)
	if _, begun := l.heads[ch]; !begun || began.Before(l.doubted) || began.Before(l.held) {
		return
	}
	if _, sure := l.sure[ch]; !sure {
		l.sure[ch] = false
		delete(l.interim, ch)
	}
}

// Part says that another process signs as this node. Each channel goes on in a run that is this process's own.
// Of many calls in one life the first counts.
func (r *Replica) Part() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lanes.part()
}

// Twin returns when another process that signs as this node wrote the newest record that came of it; zero
// if none came.
func (r *Replica) Twin() time.Time {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.lanes.twin
}

// headAt is the head of a lane whose last record is rec.
func headAt(rec *record.Record) laneHead {
	return laneHead{run: rec.Header().Run, seq: rec.Header().Seq, id: rec.ID()}
}

func (h laneHead) op(ch record.Channel) Op {
	v := append([]byte{}, h.run[:]...)
	v = binary.BigEndian.AppendUint64(v, h.seq)
	return Op{Key: idKey(spaceLane, ch.Tag()), Value: append(v, h.id[:]...)}
}

func (r *Replica) loadLanes() error {
	channels := r.channels()
	err := r.opt.Store.Scan([]byte{spaceLane}, false, func(key, value []byte) error {
		if len(key) != 33 || len(value) != laneValueLen {
			return fmt.Errorf("lane has %d and %d bytes, want 33 and %d", len(key), len(value), laneValueLen)
		}
		ch := channels[[32]byte(key[1:])]
		if ch == nil {
			return nil // a lane in a channel that no statement names; a new run begins if it comes back
		}
		r.lanes.heads[*ch] = laneHead{
			run: record.Run(value[:16]), seq: binary.BigEndian.Uint64(value[16:]), id: record.ID(value[24:]),
		}
		return nil
	})
	if err != nil {
		return err
	}
	return r.opt.Store.Scan([]byte{spaceRun}, false, func(key, value []byte) error {
		if len(key) != runKeyLen || len(value) != 4 {
			return fmt.Errorf("run has %d and %d bytes, want %d and 4", len(key), len(value), runKeyLen)
		}
		r.lanes.runs[runKey{[32]byte(key[1:33]), record.Run(key[33:])}] = Day(binary.BigEndian.Uint32(value))
		return nil
	})
}

func (k runKey) key() []byte { return append(idKey(spaceRun, k.channel), k.run[:]...) }

func runOf(rec *record.Record) runKey {
	return runKey{rec.Header().Channel.Tag(), rec.Header().Run}
}

// runOps are the writes that keep count of the runs of this node, for a record of its own.
func (r *Replica) runOps(rec *record.Record, drop Day) []Op {
	k := runOf(rec)
	if was, known := r.lanes.runs[k]; known && was >= drop {
		return nil
	}
	return []Op{{Key: k.key(), Value: binary.BigEndian.AppendUint32(nil, uint32(drop))}}
}

// ran is runOps for memory.
func (l *lanes) ran(rec *record.Record, drop Day) {
	k := runOf(rec)
	l.runs[k] = max(l.runs[k], drop)
}

// beside is how many runs there are more than one for each channel.
func (l *lanes) beside() int {
	channels := map[[32]byte]struct{}{}
	for k := range l.runs {
		channels[k.channel] = struct{}{}
	}
	return len(l.runs) - len(channels)
}

// pruneRuns forgets the runs of which nothing is left.
func (r *Replica) pruneRuns(today Day) error {
	var gone []runKey
	for k, last := range r.lanes.runs {
		if last < today {
			gone = append(gone, k)
		}
	}
	for part := range slices.Chunk(gone, MaxApplyOps) {
		ops := make([]Op, len(part))
		for i, k := range part {
			ops[i] = Op{Key: k.key(), Delete: true}
		}
		if err := r.opt.Store.Apply(ops); err != nil {
			return err
		}
		for _, k := range part {
			delete(r.lanes.runs, k)
		}
	}
	return nil
}
