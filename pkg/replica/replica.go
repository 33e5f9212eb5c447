// Package replica is one team's copy of the record set: the single door Ingest, the Store it needs,
// and the views it keeps (roster, ledger, lists). It opens no socket or file, starts no goroutine and
// reads no clock: frames, the time and the store are handed in, so that the daemon and the simulator
// drive the same code.
// Invariant: a record that Ingest or Publish reported as accepted is on stable storage, with its
// sighting, and so is everything the views say.
package replica

import (
	"errors"
	"io"
	"sync"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/ledger"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
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
	own   bool            // signed by Publish just now: only then is it where our lane stands
}

// Outcome is what became of an arrival.
type Outcome struct {
	ID     record.ID // zero where the frame was too broken to have one
	Record *record.Record
	Notice notice.Notice // of a record that the policy accepts, where it can be read
	Via    Via           // as it arrived
	policy.Judgement
	// Gap: the lane's records before this one are not all here; a hint to sync.
	Gap bool
}

// Entry is a kept record as the lists show it.
type Entry struct {
	Record   *record.Record
	Notice   notice.Notice // nil if the kind is unknown, a crit member is unmet, or Unread says why
	Files    []File        // the attachments of a notice that is shown without them; see Brief
	Unread   string        // why there is no notice; may hold text from a peer
	Sighting ledger.Sighting
	Via      Via
	Day      Day    // the bucket it is dropped with
	Marks    []Mark // what a reader must know beside; filled in by Entry, Brief, List, Answers and Revisions
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

// Options are what a replica is made of.
type Options struct {
	Store      Store
	Key        *identity.NodeKey
	Delegation *identity.Delegation // of Key
	// Retired are keys that this node had before. They sign nothing; what was sealed to them opens with them.
	Retired []*identity.NodeKey
	Rand    io.Reader // gives 16 bytes for each new run
	// Parallel calls do(0) to do(n-1) and returns when all have returned. Nil: one after another.
	Parallel func(n int, do func(i int))
	Limits   policy.Limits
	// Bounds say how much of what is said about communities stays. The zero value is roster.DefaultBounds; other bounds
	// are for tests, since all members must have the same.
	Bounds roster.Bounds
	// ReceiptGrace is how long a machine's receipt may take before a team shows as unreachable.
	ReceiptGrace time.Duration
}

func (o *Options) validate() error {
	switch {
	case o.Store == nil:
		return errors.New("open replica: no store")
	case o.Key == nil || o.Delegation == nil:
		return errors.New("open replica: no node key or no delegation")
	case o.Key.Node() != o.Delegation.Node:
		return errors.New("open replica: the delegation is for another node's key")
	case o.Rand == nil:
		return errors.New("open replica: no source of randomness")
	}
	return nil
}

// Replica is one team's copy. It is safe for concurrent use. Methods that write hold its lock until
// the store has answered; methods that read wait for them.
type Replica struct {
	opt      Options
	self     identity.TeamID
	verifier record.Verifier
	keys     *keyring // guards itself

	mu     sync.RWMutex // guards everything below
	roster *roster.Roster
	ledger *ledger.Ledger
	index  index
	lanes  lanes
	step   map[stepKey]time.Time // when this node last had all that a team had said
	outbox map[deliveryKey]Delivery
	wanted map[record.ID]struct{} // records whose detached body is not here
	// waiting are the records whose bodies wait for a key, and their authors.
	waiting map[keyRef]map[record.ID]identity.TeamID
	minted  []KeyAsk    // made since NewKeys was called
	opened  []record.ID // opened by a key that came later, since Opened was called
	// badWraps are the teams that handed out another key in place of one.
	badWraps map[keyRef]map[identity.TeamID]struct{}
	sealing  map[[32]byte]struct{} // digests of the public sealing keys that are here
	heard    map[record.StatementID]time.Time
	departed map[identity.CommunityID]departures
	turned   map[identity.TeamID]struct{} // took a key back or replaced their root, by any of their IDs
	// strangers says that there may be records of teams that never were in, as is known by now.
	strangers bool
	freezes   []freeze
	said      map[saidKey]int          // how many statements of a kind a team signed that are here
	texts     textBook                 // of notices that are stricter than TLP:CLEAR
	weights   map[roster.Speaker]int64 // what is here about communities, by who said it
	pace      pace
	reserve   reserve
	waitroom  room
	handed    map[record.StatementID]struct{} // applications that the operator handed over
	// expected are communities whose statements peers may bring although none of them is here; see Expect.
	expected map[identity.CommunityID]struct{}
	today    tally // what each author brought today
	astray   bool  // statements changed who is outside, and the views may not know yet
}

// tally counts records by author and class, and their bytes by author, for one day.
type tally struct {
	day   Day
	count map[authorClass]int
	bytes map[identity.TeamID]int64
}

func newTally(d Day) tally {
	return tally{day: d, count: map[authorClass]int{}, bytes: map[identity.TeamID]int64{}}
}

// add counts n more copies of a record; n is -1 for one that was not kept after all.
func (y *tally) add(rec *record.Record, n int) {
	y.count[authorClass{rec.Team(), rec.Header().Class}] += n
	y.bytes[rec.Team()] += int64(n) * policy.Size(rec)
}

type authorClass struct {
	team  identity.TeamID
	class record.Class
}

// Self returns the team that this replica belongs to.
func (r *Replica) Self() identity.TeamID { return r.self }

// Node returns the node that this replica signs as.
func (r *Replica) Node() identity.NodeID { return r.opt.Key.Node() }

// Delegation returns the delegation that this replica signs under.
func (r *Replica) Delegation() *identity.Delegation { return r.opt.Delegation }

// Roster returns the roster as it is now. It does not change afterwards.
func (r *Replica) Roster() *roster.Roster {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.roster
}

// Ledger calls read with the ledger. read must not keep it or call the replica.
func (r *Replica) Ledger(read func(*ledger.Ledger)) {
	r.mu.Lock() // the ledger fills caches when it is asked
	defer r.mu.Unlock()
	read(r.ledger)
}
