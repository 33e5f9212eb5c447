package replica

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// placeHash stands for one place of one lane: a record's node, run, channel and number, hashed to what a
// million records can be told apart by. Zero means that it is not known.
type placeHash uint64

func placeOf(rec *record.Record) placeHash {
	h := rec.Header()
	node, tag := rec.Node(), h.Channel.Tag()
	b := make([]byte, 0, 32+16+32+8)
	b = append(append(append(b, node[:]...), h.Run[:]...), tag[:]...)
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(b, h.Seq))
	return placeHash(max(1, binary.BigEndian.Uint64(sum[:])))
}

// idHead is the beginning of a record's ID.
type idHead uint64

func headOf(id record.ID) idHead { return idHead(binary.BigEndian.Uint64(id[:])) }

// fork is what is known of a record that shares its place with another: its author said two things where
// it can have said one. Both records together prove it, to anybody.
type fork struct {
	team   identity.TeamID
	others []record.ID
	second bool // another was at the place before it
}

// Equivocation is two records of one node at one place of one lane, which prove that the team, or
// somebody with its key, says different things to different peers.
type Equivocation struct {
	Team    identity.TeamID
	Records [2]record.ID // ascending
}

// Equivocations returns what is proven by kept records, ascending by team and record.
func (r *Replica) Equivocations() []Equivocation {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var out []Equivocation
	for id, f := range r.index.forks {
		if f.second {
			q := Equivocation{f.team, [2]record.ID{f.others[0], id}}
			slices.SortFunc(q.Records[:], compareIDs)
			out = append(out, q)
		}
	}
	slices.SortFunc(out, func(a, b Equivocation) int {
		return cmp.Or(bytes.Compare(a.Team[:], b.Team[:]), compareIDs(a.Records[0], b.Records[0]), compareIDs(a.Records[1], b.Records[1]))
	})
	return out
}

// take notes which record is at a place, and that there are two.
func (x *index) take(id record.ID, team identity.TeamID, s slot) {
	if s.place == 0 {
		return
	}
	first, taken := x.places[s.place]
	if !taken {
		x.places[s.place] = headOf(id)
		return
	}
	for _, other := range x.startingWith(first, *s.channel) {
		if other != id && x.slots[other].place == s.place {
			x.fork(other, team).others = append(x.fork(other, team).others, id)
			f := x.fork(id, team)
			f.second, f.others = true, append(f.others, other)
			return
		}
	}
}

func (x *index) fork(id record.ID, team identity.TeamID) *fork {
	f := x.forks[id]
	if f == nil {
		f = &fork{team: team}
		x.forks[id] = f
	}
	return f
}

// startingWith returns the records of a channel whose IDs begin so: nearly always one.
func (x *index) startingWith(head idHead, ch record.Channel) (out []record.ID) {
	for _, b := range x.days[ch] {
		at, _ := slices.BinarySearchFunc(b.sorted, head, func(id record.ID, head idHead) int {
			switch h := headOf(id); {
			case h < head:
				return -1
			case h > head:
				return 1
			}
			return 0
		})
		for ; at < len(b.sorted) && headOf(b.sorted[at]) == head; at++ {
			out = append(out, b.sorted[at])
		}
		for _, id := range b.pending {
			if headOf(id) == head {
				out = append(out, id)
			}
		}
	}
	return out
}

// leave forgets that a record is at its place. What it proved with another goes when one of them goes.
func (x *index) leave(id record.ID, place placeHash) {
	if x.places[place] == headOf(id) {
		delete(x.places, place)
	}
	f := x.forks[id]
	if f == nil {
		return
	}
	delete(x.forks, id)
	for _, other := range f.others {
		o := x.forks[other]
		if o == nil {
			continue
		}
		o.others = slices.DeleteFunc(o.others, func(one record.ID) bool { return one == id })
		if len(o.others) == 0 {
			delete(x.forks, other)
		}
	}
}
