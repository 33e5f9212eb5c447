package policy

import "tocsin/pkg/record"

// Room is what a store has left for what one other team says. The zero value is as much as anybody wants.
//
// The class is the author's own claim, so nobody's emergencies come before another's: each team has a share of the last
// room for itself, half of it for emergencies alone, and what lies below these shares is this node's own.
type Room struct {
	Tight bool  // only the last room is left
	Share int64 // of it, in bytes
	Drawn int64 // what the team has used of its share
}

// May reports whether a record of a class and size may still be kept.
func (r Room) May(c record.Class, size int64) bool {
	if !r.Tight {
		return true
	}
	switch c {
	case record.Emergency:
		return r.Drawn+size <= r.Share
	case record.Urgent, record.Control:
		return r.Drawn+size <= r.Share/2
	case record.Routine:
	}
	return false
}
