// Package replica is one team's copy of the record set: the single door Ingest, the Store it needs,
// and the views it keeps (roster, ledger, lists). It opens no socket or file, starts no goroutine and
// reads no clock: frames, the time and the store are handed in, so that the daemon and the simulator
// drive the same code.
// Invariant: a record that Ingest or Publish reported as accepted is on stable storage, with its
// sighting, and so is everything the views say.
package replica

import (
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/ledger"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
)

// Via is the way by which a record came in.
type Via string

// The ways in. All of them pass the same door.
const (
	Local  Via = "local"  // published here
	Gossip Via = "gossip" // a community's topic
	Sync   Via = "sync"   // catching up with a member
	Direct Via = "direct" // a direct stream from its author
	Import Via = "import" // a file
)

// Arrival is a frame at the door.
type Arrival struct {
	Frame []byte
	Via   Via
	From  identity.TeamID // the team of the peer that brought it; zero for Local and Import
}

// Outcome is what became of an arrival.
type Outcome struct {
	ID     record.ID // zero where the frame was too broken to have one
	Record *record.Record
	policy.Judgement
	// Gap: the lane's records before this one are not all here; a hint to sync.
	Gap bool
}

// Entry is a kept record as the lists show it.
type Entry struct {
	Record   *record.Record
	Notice   notice.Notice // nil if the kind is unknown, a crit member is unmet, or Unread says why
	Unread   string        // why there is no notice; may hold text from a peer
	Sighting ledger.Sighting
	Via      Via
	Day      Day // the bucket it is dropped with
}

// Outgoing is a notice to publish.
type Outgoing struct {
	Channel record.Channel
	Class   record.Class
	Notice  notice.Notice
	Expires time.Time // zero for none
}

// Published is what became of an Outgoing.
type Published struct {
	Record *record.Record // nil where Err is set
	Err    error          // a *Refusal, or an error of the store
}

// Refusal is the error of something that this node will not publish, keep or hand out.
type Refusal struct {
	Reason policy.Reason
	Detail string
	Hint   string // the next step; may be empty
}

// Error implements error.
func (r *Refusal) Error() string { return r.Detail }

// Day is a calendar day in UTC, counted from 1970-01-01.
type Day uint32

// DayOf returns the day of t.
func DayOf(t time.Time) Day {
	return Day(max(0, t.Unix()/86400)) //nolint:gosec // far below 2^32 for every time a header can carry
}
