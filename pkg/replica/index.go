package replica

import (
	"bytes"
	"slices"

	"tocsin/pkg/identity"
	"tocsin/pkg/reconcile"
	"tocsin/pkg/record"
)

// index is what the replica holds in memory of every record: about a hundred bytes each.
type index struct {
	slots    map[record.ID]slot
	days     map[record.Channel]map[Day]*bucket // by created day
	revised  map[record.ID][]mention            // alert -> alerts that replace it, whoever wrote them
	answered map[record.ID][]mention            // request -> reply, close, withdraw
	erased   map[record.ID][]mention            // record -> what asks to erase it, whoever says so
	gone     map[record.ID][]mention            // record -> receipts that say its body was removed
	granted  map[record.ID][]mention            // record -> replies that allow more with it, whoever wrote them
	places   map[placeHash]idHead               // which record was first seen at a place of a lane
	forks    map[record.ID]*fork                // records that share a place with another
}

// mention is a record that refers to another, and who says so: any member can write thousands, and nobody should have to
// read them to learn whose they are.
type mention struct {
	id   record.ID
	team identity.TeamID
}

// slot is where a record is and what it is.
type slot struct {
	created millis
	channel *record.Channel
	place   placeHash
	drop    Day
	code    code
	class   byte // and flags
	outside bool // beyond a removal, a revocation or the charter's end: kept as evidence, not part of the set
}

// bucket holds the IDs of one channel and created day. sorted is never changed in place, so that a
// session can hold on to it.
type bucket struct {
	sorted  []record.ID
	pending []record.ID
	digest  reconcile.DayDigest
	fresh   bool // digest is that of sorted, with nothing pending
}

func newIndex() index {
	return index{
		slots: map[record.ID]slot{}, days: map[record.Channel]map[Day]*bucket{},
		revised: map[record.ID][]mention{}, answered: map[record.ID][]mention{},
		erased: map[record.ID][]mention{}, gone: map[record.ID][]mention{}, granted: map[record.ID][]mention{},
		places: map[placeHash]idHead{}, forks: map[record.ID]*fork{},
	}
}

// bucket returns the bucket of a channel and day, making it if need be.
func (x *index) bucket(ch record.Channel, created Day) *bucket {
	days := x.days[ch]
	if days == nil {
		days = map[Day]*bucket{}
		x.days[ch] = days
	}
	b := days[created]
	if b == nil {
		b = &bucket{}
		days[created] = b
	}
	return b
}

func (x *index) add(id record.ID, author identity.TeamID, s slot) {
	if _, ok := x.slots[id]; ok {
		x.slots[id] = s
		return
	}
	x.slots[id] = s
	x.take(id, author, s)
	b := x.bucket(*s.channel, s.created.day())
	b.pending = append(b.pending, id)
	b.fresh = false
}

func (b *bucket) settle() {
	if len(b.pending) == 0 {
		return
	}
	all := append(slices.Clone(b.sorted), b.pending...)
	slices.SortFunc(all, compareIDs)
	b.sorted, b.pending = slices.Compact(all), nil
}

// remove forgets one record.
func (x *index) remove(id record.ID) {
	s, ok := x.slots[id]
	if !ok {
		return
	}
	delete(x.slots, id)
	x.leave(id, s.place)
	b := x.bucket(*s.channel, s.created.day())
	b.settle()
	b.sorted, b.fresh = slices.DeleteFunc(slices.Clone(b.sorted), func(one record.ID) bool { return one == id }), false
}

// drop forgets every record of the drop days that gone chooses, and returns their IDs.
func (x *index) drop(gone func(Day) bool) []record.ID {
	var out []record.ID
	for id, s := range x.slots {
		if gone(s.drop) {
			out = append(out, id)
			delete(x.slots, id)
			x.leave(id, s.place)
		}
	}
	if len(out) == 0 {
		return nil
	}
	for _, references := range []map[record.ID][]mention{x.revised, x.answered, x.erased, x.gone, x.granted} {
		forget(references, func(by mention) bool { return !x.has(by.id) })
	}
	for ch, days := range x.days {
		for day, b := range days {
			b.settle()
			kept := slices.DeleteFunc(slices.Clone(b.sorted), func(id record.ID) bool {
				_, ok := x.slots[id]
				return !ok
			})
			if len(kept) == 0 {
				delete(days, day)
				continue
			}
			b.sorted, b.fresh = kept, false
		}
		if len(days) == 0 {
			delete(x.days, ch)
		}
	}
	slices.SortFunc(out, compareIDs)
	return out
}

func (x *index) has(id record.ID) bool {
	_, ok := x.slots[id]
	return ok
}

// forget drops from references those that are gone. What is referred to may be unknown here.
func forget(references map[record.ID][]mention, gone func(mention) bool) {
	for to, all := range references {
		kept := slices.DeleteFunc(all, gone)
		if len(kept) == 0 {
			delete(references, to)
			continue
		}
		references[to] = kept
	}
}

// frozen is a channel's set at one moment, for a reconcile session.
type frozen struct {
	days []reconcile.DayDigest
	ids  map[reconcile.Day][]record.ID
}

// Days implements reconcile.Set.
func (f *frozen) Days() []reconcile.DayDigest { return f.days }

// IDs implements reconcile.Set.
func (f *frozen) IDs(day reconcile.Day) []record.ID { return f.ids[day] }

func compareIDs[ID ~[32]byte](a, b ID) int { return bytes.Compare(a[:], b[:]) }
