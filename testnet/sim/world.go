package sim

import (
	"container/heap"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// Config is what a world is made of. The zero value is a calm network.
type Config struct {
	Seed    uint64
	Network Network
	// SyncPeriod is how often a team visits each of its fellows, plus or minus a fifth. Default 5 minutes.
	SyncPeriod time.Duration
	// CheckEvery is after how many events everything is checked; what an event touched is checked
	// after every one. Default 400. Negative: only Check and the end of Run do.
	CheckEvery int
}

const (
	defaultSyncPeriod = 5 * time.Minute
	defaultCheckEvery = 400
)

// World is the teams, what lies between them, and the time. Make one with New. It belongs to one
// goroutine.
type World struct {
	cfg   Config
	now   time.Time
	src   *rand.ChaCha8 // all that is random here, keys too
	rnd   *rand.Rand    // draws from src
	queue queue
	count uint64 // events scheduled
	steps int    // events done
	// checked is the step of the last whole check.
	checked int
	learnt  int // statements that teams learnt
	// standing: whom a team has visited it counts as in step for as long as it reaches it, as the daemon does
	// with whom it stays connected.
	standing bool

	group map[*Team]int // of the partition; all 0 when the network is whole
	teams []*Team       // in the order of their making
	names map[string]*Team
	ids   map[identity.TeamID]*Team

	communities map[string]identity.CommunityID
	regions     []string // names of communities, in the order of their founding

	trace  hash.Hash
	told   []string
	labels map[record.ID]string
	byName map[string]record.ID
	kinds  map[string]int

	secrets int             // bodies that not everybody may read, so far
	spilled map[string]bool // of these, what a hostile reader gave away

	oracle oracle
}

// New makes a world without teams. It is Monday morning.
func New(cfg Config) *World {
	if cfg.SyncPeriod == 0 {
		cfg.SyncPeriod = defaultSyncPeriod
	}
	if cfg.CheckEvery == 0 {
		cfg.CheckEvery = defaultCheckEvery
	}
	cfg.Network.defaults()
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], cfg.Seed)
	src := rand.NewChaCha8(seed)
	return &World{
		cfg: cfg, now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC),
		src: src, rnd: rand.New(src), //nolint:gosec // a seed must repeat it; no key of this world leaves it
		group: map[*Team]int{}, names: map[string]*Team{}, ids: map[identity.TeamID]*Team{},
		communities: map[string]identity.CommunityID{},
		trace:       sha256.New(), labels: map[record.ID]string{}, byName: map[string]record.ID{}, kinds: map[string]int{},
		spilled: map[string]bool{},
		oracle:  newOracle(),
	}
}

// Now returns the time of the world.
func (w *World) Now() time.Time { return w.now }

// Run lets time pass. It returns the first promise found broken, and ends with a full Check.
func (w *World) Run(d time.Duration) error {
	end := w.now.Add(d)
	for len(w.queue) > 0 && !w.queue[0].at.After(end) {
		if err := w.step(); err != nil {
			return err
		}
	}
	w.now = end
	return w.Check()
}

// step does the next event.
func (w *World) step() error {
	e := heap.Pop(&w.queue).(event)
	w.now = e.at
	e.do()
	w.bury()
	w.steps++
	// The more there is the more a check costs, and the less an event changes of it.
	if w.cfg.CheckEvery > 0 && w.steps-w.checked >= max(w.cfg.CheckEvery, 4*(len(w.labels)+w.learnt)) {
		w.checked = w.steps
		return w.Check()
	}
	return w.checkRecent()
}

// bury takes down the teams whose machine died in the call that just ended.
func (w *World) bury() {
	for _, t := range w.teams {
		if t.dying {
			t.down()
		}
	}
}

// SetPace changes how often a team visits each of its fellows from its next visits on.
func (w *World) SetPace(every time.Duration) {
	w.cfg.SyncPeriod = every
	w.note("visits every %s", every)
}

// Team returns the team of that name, or nil.
func (w *World) Team(name string) *Team { return w.names[name] }

// Trace returns the digest of all that happened so far.
func (w *World) Trace() string { return hex.EncodeToString(w.trace.Sum(nil)) }

// Told returns what happened since the last call, for people, a line each.
func (w *World) Told() []string {
	told := w.told
	w.told = nil
	return told
}

// note puts something that happened into the trace.
func (w *World) note(format string, args ...any) {
	fmt.Fprintf(w.trace, "%d ", w.now.UnixNano())
	text := fmt.Sprintf(format, args...)
	w.unsecret(nil, text)
	_, _ = io.WriteString(w.trace, text)
	_, _ = w.trace.Write([]byte{'\n'})
}

// tell puts something that people want to know into the trace, and keeps it for Told.
func (w *World) tell(format string, args ...any) {
	w.note(format, args...)
	w.told = append(w.told, clock(w.now)+" "+fmt.Sprintf(format, args...))
}

func clock(t time.Time) string { return t.Format("2006-01-02 15:04:05") }

// label returns the name of a record in this world, such as alert-1, and gives it one if need be.
func (w *World) label(r *record.Record) string {
	if l, ok := w.labels[r.ID()]; ok {
		return l
	}
	kind := r.Header().Kind
	w.kinds[kind]++
	l := fmt.Sprintf("%s-%d", kind, w.kinds[kind])
	w.labels[r.ID()], w.byName[l] = l, r.ID()
	return l
}

// Record returns the ID of the record with that label.
func (w *World) Record(label string) (record.ID, bool) {
	id, ok := w.byName[label]
	return id, ok
}

// Community returns the channel of the community of that name.
func (w *World) Community(name string) (record.Channel, bool) {
	c, ok := w.communities[name]
	return record.InCommunity(c), ok
}

// channelName names a channel for people.
func (w *World) channelName(ch record.Channel) string {
	if ch.Private() {
		a, b := w.nameOf(ch.Pair[0]), w.nameOf(ch.Pair[1])
		return "private between " + min(a, b) + " and " + max(a, b)
	}
	for _, name := range w.regions {
		if w.communities[name] == ch.Community {
			return "in " + name
		}
	}
	return "in an unknown community"
}

func (w *World) nameOf(id identity.TeamID) string {
	if t := w.ids[id]; t != nil {
		return t.Name
	}
	return "a stranger"
}
