package sim

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/ledger"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
	"tocsin/pkg/store/memstore"
)

// Team is one CSIRT with its node.
type Team struct {
	Name string
	ID   identity.TeamID
	// Hostile: the team also does what honest software never does. What it signed is held to nothing.
	Hostile bool

	w     *World
	root  *identity.RootKey
	key   *identity.NodeKey
	ahead time.Duration // of the team's clock, before the world's
	opt   replica.Options
	store *memstore.Store
	rep   *replica.Replica // nil while the machine is down
	life  int              // counts starts; what belongs to an earlier life is void

	fault *Fault
	dying bool // the machine died in the present call; it sends nothing any more
	murky bool // a write of this life failed and may have happened

	// What a node holds in memory, all of it gone with the machine:
	seen     map[[32]byte]time.Time // gossip messages
	visiting map[*Team]bool
	unsent   map[record.ID]struct{} // our records that have not left yet
	owed     []owed                 // receipts to write
	flying   map[*Team]bool         // direct deliveries on their way
	why      map[record.ID]string   // last told reason of waiting
	keyround
	tending time.Time // when applications are looked at next, by the world's clock
	steps   *replica.Steps
	paused  bool     // the machine stands still; it keeps its connections
	late    []func() // timers that ran out meanwhile
	queued  []func() // what came meanwhile
	saved   *snapshot

	// What a hostile team does with keys:
	lies    map[*Team]bool // hands these another key in place of each
	starves map[*Team]bool // hands nothing to these
}

// Retention of private records, and how long a receipt may take before a team shows as unreachable.
const (
	privateRetention = 60 * 24 * time.Hour
	receiptGrace     = 10 * time.Minute
)

// AddTeam makes a team and starts its node.
func (w *World) AddTeam(name string) (*Team, error) {
	if w.names[name] != nil {
		return nil, fmt.Errorf("there is a team %s already", name)
	}
	root, err := identity.NewRootKey(w.src)
	if err != nil {
		return nil, err
	}
	key, err := identity.NewNodeKey(w.src)
	if err != nil {
		return nil, err
	}
	d, err := root.Delegate(key, name, w.now.Add(-time.Hour), w.now.AddDate(5, 0, 0))
	if err != nil {
		return nil, err
	}
	t := &Team{
		Name: name, ID: root.Team(), w: w, root: root, key: key, lies: map[*Team]bool{}, starves: map[*Team]bool{},
		opt: replica.Options{
			Key: key, Delegation: d, Rand: w.src, ReceiptGrace: receiptGrace,
			Limits: policy.Limits{PrivateRetention: privateRetention},
		},
	}
	t.store = memstore.New(memstore.Options{Fault: t.storeFault})
	w.teams = append(w.teams, t)
	w.names[name], w.ids[t.ID] = t, t
	w.note("team %s is %s", name, t.ID)
	return t, t.start()
}

// now returns the time by the team's own clock.
func (t *Team) now() time.Time { return t.w.now.Add(t.ahead) }

// SetClock puts the team's clock ahead of the world's, or behind it.
func (t *Team) SetClock(ahead time.Duration) {
	t.ahead = ahead
	t.w.tell("the clock of %s is now %s ahead", t.Name, ahead)
	t.w.oracle.crooked[t] = true
	if t.Up() {
		t.tend()
	}
}

// Up reports whether the team's machine runs.
func (t *Team) Up() bool { return t.rep != nil && !t.dying }

// later schedules something that this life of the node does; it is void after a crash.
func (t *Team) later(d time.Duration, do func()) {
	life := t.life
	var run func()
	run = func() {
		switch {
		case !t.Up() || t.life != life:
		case t.paused:
			t.late = append(t.late, run)
		default:
			do()
		}
	}
	t.w.after(d, run)
}

// Crash takes the machine down at once. What was acknowledged stays.
func (t *Team) Crash() error {
	if !t.Up() {
		return fmt.Errorf("%s is down already", t.Name)
	}
	t.down()
	return nil
}

func (t *Team) down() {
	t.w.tell("%s goes down", t.Name)
	t.store = t.store.Crash()
	t.rep, t.dying, t.fault = nil, false, nil
	t.paused, t.late, t.queued = false, nil, nil
	t.life++
}

// Restart starts the node again from its store.
func (t *Team) Restart() error {
	if t.Up() {
		return fmt.Errorf("%s is up already", t.Name)
	}
	before := t.w.links()
	if err := t.start(); err != nil {
		return err
	}
	list, err := t.rep.List(replica.Query{})
	if err != nil {
		return err
	}
	t.w.tell("%s comes up with %d records", t.Name, len(list))
	t.w.meetNew(before)
	return nil
}

func (t *Team) start() error {
	t.opt.Store = t.store
	r, err := replica.Open(t.opt, t.now())
	if err != nil {
		return fmt.Errorf("start %s: %w", t.Name, err)
	}
	t.rep, t.murky = r, false
	t.seen = map[[32]byte]time.Time{}
	t.visiting, t.flying = map[*Team]bool{}, map[*Team]bool{}
	t.unsent, t.owed, t.why = map[record.ID]struct{}{}, nil, map[record.ID]string{}
	t.keyround, t.tending = newKeyround(), time.Time{}
	t.steps = replica.NewSteps(t.now(), stepGap)
	if err := t.remember(); err != nil {
		return err
	}
	t.later(t.w.upTo(t.w.cfg.SyncPeriod), t.round)
	t.later(t.w.upTo(24*time.Hour), t.housekeeping)
	t.later(0, t.sendDue)
	t.later(receiptSettle, t.payReceipts)
	if t.w.standing {
		t.later(stepEvery, t.standStep)
	}
	t.tend()
	return nil
}

// remember takes up what the store holds: records that have not left, receipts that are owed, and
// for the oracle records that nobody was told are there.
func (t *Team) remember() error {
	list, err := t.rep.List(replica.Query{})
	if err != nil {
		return err
	}
	paid := map[record.ID]bool{}
	for i := range list {
		e := &list[i]
		t.w.label(e.Record)
		t.w.oracle.found(t, e.Record)
		if t.w.ids[e.Record.Team()] != t {
			continue
		}
		if e.Sighting.Left.IsZero() {
			t.unsent[e.Record.ID()] = struct{}{}
		}
		if n, ok := e.Notice.(*notice.Receipt); ok {
			for _, id := range slices.Concat(n.Records, n.Erased) {
				paid[id] = true
			}
		}
	}
	for _, e := range slices.Backward(list) {
		about := e.Record.ID()
		if n, ok := e.Notice.(*notice.Erase); ok {
			about = n.Record
		}
		if !paid[about] {
			t.owe(e.Record, e.Notice)
		}
	}
	return nil
}

// housekeeping happens once a day.
func (t *Team) housekeeping() {
	n, err := t.rep.Prune(t.now())
	switch {
	case err != nil:
		t.w.tell("%s cannot drop what is old: %v", t.Name, err)
	case n > 0:
		t.w.tell("%s drops %d records past their time", t.Name, n)
	}
	t.later(24*time.Hour, t.housekeeping)
}

// Rows returns the rows of the team's ledger as they stand now, drills apart.
func (t *Team) Rows(f ledger.Filter) (rows []ledger.Row) {
	t.rep.Ledger(func(l *ledger.Ledger) { rows = l.Rows(t.now(), f) })
	return rows
}

// Fault is what becomes of a write to a team's store.
type Fault struct {
	Skip  int   // this many writes go well before
	Apply bool  // it happens though it is said to have failed
	Crash bool  // the machine dies in it; else the caller gets Err
	Err   error // default ErrFailed
}

// ErrFailed is what a store answers that fails without saying more.
var ErrFailed = errors.New("input/output error")

// Break lets a coming write to the team's store fail. Nil takes that back.
func (t *Team) Break(f *Fault) {
	if f != nil {
		c := *f
		if c.Err == nil {
			c.Err = ErrFailed
		}
		f = &c
	}
	t.fault = f
}

// storeFault is the store's fault hook.
func (t *Team) storeFault(op string, _ []replica.Op) (apply bool, err error) {
	switch {
	case t.dying:
		return false, replica.ErrClosed
	case op != "apply" || t.fault == nil:
		return true, nil
	case t.fault.Skip > 0:
		t.fault.Skip--
		return true, nil
	}
	f := t.fault
	t.fault = nil
	t.murky = t.murky || !errors.Is(f.Err, replica.ErrFull)
	t.dying = f.Crash
	t.w.note("%s: write fails, happens %v, crash %v", t.Name, f.Apply, f.Crash)
	return f.Apply, f.Err
}
