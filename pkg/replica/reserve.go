package replica

import (
	"encoding/binary"
	"fmt"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
)

// The last room of a store is reserved: an eighth of its quota, at most maxReserve, and on the disk half of what the
// floor is. Half of it is for other teams, each its share, and the rest for what this node itself says.
const (
	reservePart = 8
	maxReserve  = 1 << 30
	minSharers  = 16 // so that a share does not change with each new member
)

// How long a measurement of the store is trusted.
const (
	staleAfter = time.Second
	staleBytes = 256 << 10
)

// reserve is what is known of the last room of the store.
type reserve struct {
	at    time.Time // when it was measured
	since int64     // bytes that were taken since
	tight bool
	share int64
	drawn map[identity.TeamID]int64 // of the last room, on stable storage with what it was drawn for
}

const metaDrawn = "drawn "

func drawnKey(t identity.TeamID) []byte { return append(metaKey(metaDrawn), t[:]...) }

// measure looks how much room is left, if that was not done just now. The caller holds the lock.
func (r *Replica) measure(now time.Time) {
	x := &r.reserve
	if since := now.Sub(x.at); since >= 0 && since < staleAfter && x.since < staleBytes {
		return
	}
	u, err := r.opt.Store.Usage()
	if err != nil {
		return // the write will say so
	}
	x.at, x.since = now, 0
	teams := map[identity.TeamID]struct{}{}
	for _, id := range r.roster.CommunitiesOf(r.self) {
		for _, t := range r.roster.Members(id) {
			teams[t] = struct{}{}
		}
	}
	size, tight := int64(0), false
	if u.Quota > 0 {
		size = min(u.Quota/reservePart, maxReserve)
		tight = u.Quota-u.Used < size
	}
	if disk := u.Floor / 2; disk > 0 && u.Free-u.Floor < disk {
		if !tight || disk < size {
			size = disk
		}
		tight = true
	}
	x.tight, x.share = tight, size/2/int64(max(len(teams), minSharers))
	if !tight && len(x.drawn) > 0 {
		r.refill()
	}
}

// refill has every share whole again, now that there is room.
func (r *Replica) refill() {
	var ops []Op
	for t := range r.reserve.drawn {
		if len(ops) < MaxApplyOps {
			ops = append(ops, Op{Key: drawnKey(t), Delete: true})
		}
	}
	if err := r.opt.Store.Apply(ops); err != nil {
		return // it is tried again
	}
	r.reserve.drawn = map[identity.TeamID]int64{}
}

// roomFor returns what is left for a team.
func (r *Replica) roomFor(t identity.TeamID) policy.Room {
	t = r.canonical(t)
	if !r.reserve.tight || r.isSelf(t) {
		return policy.Room{}
	}
	return policy.Room{Tight: true, Share: r.reserve.share, Drawn: r.reserve.drawn[t]}
}

// draw counts what a team used of the last room, less with a negative size, and returns the write that keeps the count.
func (r *Replica) draw(t identity.TeamID, size int64) []Op {
	t = r.canonical(t)
	r.reserve.since += max(size, 0)
	if !r.reserve.tight || r.isSelf(t) {
		return nil
	}
	r.reserve.drawn[t] = max(0, r.reserve.drawn[t]+size)
	return []Op{{Key: drawnKey(t), Value: binary.BigEndian.AppendUint64(nil, uint64(r.reserve.drawn[t]))}} //nolint:gosec // not negative
}

func (r *Replica) loadDrawn() error {
	prefix := metaKey(metaDrawn)
	err := r.opt.Store.Scan(prefix, false, func(key, v []byte) error {
		if len(key) != len(prefix)+32 || len(v) != 8 {
			return fmt.Errorf("it has %d and %d bytes, want %d and 8", len(key), len(v), len(prefix)+32)
		}
		r.reserve.drawn[identity.TeamID(key[len(prefix):])] = int64(binary.BigEndian.Uint64(v)) //nolint:gosec // see draw
		return nil
	})
	if err != nil {
		return fmt.Errorf("read what was drawn of the last room: %w", err)
	}
	return nil
}

// weightOf is what a record draws when it is kept; a body that comes later draws then.
func weightOf(rec *record.Record) int64 {
	if rec.Inline() {
		return policy.Size(rec)
	}
	return int64(len(rec.Payload()))
}

// roomForBody refuses a body that comes later, where only the last room is left and the author's share is used up.
func (r *Replica) roomForBody(rec *record.Record) error {
	r.measure(r.reserve.at)
	h := rec.Header()
	if room := r.roomFor(rec.Team()); !room.May(h.Class, h.Body.Length) {
		return refusal(policy.Full, "the store has only its last room left, and the body is not of what that is for", "")
	}
	return nil
}
