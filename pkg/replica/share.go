package replica

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/reconcile"
	"tocsin/pkg/record"
)

// MayRead reports whether a team may have the records of a channel, or of those what is for observers.
func (r *Replica) MayRead(t identity.TeamID, ch record.Channel) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.mayRead(t, ch)
}

func (r *Replica) mayRead(t identity.TeamID, ch record.Channel) bool {
	if ch.Private() {
		return r.inPair(ch, t) && r.inPair(ch, r.self)
	}
	t = r.canonical(t)
	return r.roster.Member(ch.Community, t) || r.roster.Observer(ch.Community, t)
}

// forObservers reports whether a record is for teams whose application is open: alerts that anybody may
// read, and drills.
func (s *slot) forObservers() bool {
	if s.class&(classSealed|classBare) != 0 {
		return false
	}
	return s.code.kind() == notice.KindAlert || s.class&classDrill != 0
}

// SetFor returns the records of a channel that a team may have, as Set does: all of them for a member.
func (r *Replica) SetFor(ch record.Channel, team identity.TeamID, now time.Time) reconcile.Set {
	r.mu.Lock() // buckets settle
	defer r.mu.Unlock()
	switch {
	case !r.mayRead(team, ch):
		return &frozen{}
	case !ch.Private() && !r.roster.Member(ch.Community, r.canonical(team)):
		return r.set(ch, now, func(s *slot) bool { return s.forObservers() })
	}
	return r.set(ch, now, nil)
}

// FrameFor returns a kept record's frame as it may go to a team, or an error: ErrNotFound, or a *Refusal
// where it may not go there. The zero team stands for all members of the record's community. It is the
// only way in which the bytes of a record leave.
func (r *Replica) FrameFor(id record.ID, team identity.TeamID, via policy.Action) ([]byte, error) {
	s, d, err := r.exit(id, team, via)
	if err != nil {
		return nil, err
	}
	frame, err := r.opt.Store.Get(partKey(s.drop, partRecord, id))
	if err != nil || d.Form != policy.Header {
		return frame, err
	}
	rec, err := r.verifier.Reopen(frame)
	if err != nil {
		return nil, err
	}
	return rec.WithoutBody().Frame(), nil
}

// exit returns where a record is, and in which form it may go to a team: more than nothing, or an error.
func (r *Replica) exit(id record.ID, team identity.TeamID, via policy.Action) (slot, policy.Decision, error) {
	r.mu.RLock()
	s, ok := r.index.slots[id]
	var why error
	if ok {
		why = r.mayHave(&s, team)
	}
	r.mu.RUnlock()
	if !ok || s.outside {
		return s, policy.Decision{}, fmt.Errorf("record %s: %w", id, ErrNotFound)
	}
	if why != nil {
		return s, policy.Decision{}, why
	}
	d := formOf(&s, via, policy.In(*s.channel))
	if d.Form == policy.Nothing {
		return s, d, &Refusal{Reason: d.Reason, Detail: d.Detail}
	}
	return s, d, nil
}

// ChunkFor is Chunk for a team that asks, with the errors of FrameFor.
func (r *Replica) ChunkFor(id record.ID, n int, team identity.TeamID) (leaves [][32]byte, chunk []byte, err error) {
	_, d, err := r.exit(id, team, policy.Sync)
	if err != nil {
		return nil, nil, err
	}
	if d.Form == policy.Header {
		return nil, nil, &Refusal{Reason: d.Reason, Detail: d.Detail}
	}
	return r.Chunk(id, n)
}

// mayHave refuses a team that is not one of those a record is for. The caller holds the lock.
func (r *Replica) mayHave(s *slot, team identity.TeamID) error {
	ch := *s.channel
	refused := &Refusal{Reason: policy.NotMember, Detail: "the team is none of those that the record is for"}
	switch {
	case team == identity.TeamID{}:
		if ch.Private() {
			return refused
		}
	case !r.mayRead(team, ch):
		return refused
	case !ch.Private() && !r.roster.Member(ch.Community, r.canonical(team)) && !s.forObservers():
		return refused
	}
	return nil
}

// Set returns the records of a channel that are in its window at now: all that this node keeps but
// those whose day of dropping has come, which another node may have dropped already, those that say they are
// later than now by more than anybody takes, as a node writes whose clock was wrong, and those that are outside.
func (r *Replica) Set(ch record.Channel, now time.Time) reconcile.Set {
	r.mu.Lock() // buckets settle
	defer r.mu.Unlock()
	return r.set(ch, now, nil)
}

// set chooses among the records of a channel that are in its window; choose is nil for all of them.
func (r *Replica) set(ch record.Channel, now time.Time, choose func(*slot) bool) reconcile.Set {
	today := DayOf(now)
	horizon := millisOf(now.Add(cmp.Or(r.opt.Limits.Ahead, policy.DefaultAhead)))
	f := &frozen{ids: map[reconcile.Day][]record.ID{}}
	for day, b := range r.index.days[ch] {
		b.settle()
		ids := b.sorted
		out := func(id record.ID) bool {
			s := r.index.slots[id]
			return s.drop <= today || s.created > horizon || s.outside || choose != nil && !choose(&s)
		}
		if slices.ContainsFunc(ids, out) {
			ids = slices.DeleteFunc(slices.Clone(ids), out)
		}
		if len(ids) == 0 {
			continue
		}
		f.days = append(f.days, b.digestOf(day, ids))
		f.ids[uint32(day)] = ids
	}
	slices.SortFunc(f.days, func(a, b reconcile.DayDigest) int { return int(int64(a.Day) - int64(b.Day)) })
	return f
}

// digestOf returns the digest of some of a day's records. That of all of them is kept.
func (b *bucket) digestOf(day Day, ids []record.ID) reconcile.DayDigest {
	whole := len(ids) == len(b.sorted)
	if whole && b.fresh {
		return b.digest
	}
	d := reconcile.DayDigest{Day: uint32(day), Count: uint32(len(ids)), Digest: reconcile.DigestOf(ids)} //nolint:gosec // far below 2^32
	if whole {
		b.digest, b.fresh = d, true
	}
	return d
}
