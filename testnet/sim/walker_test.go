package sim

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// walker draws what happens.
type walker struct {
	w       *World
	days    int     // of retention
	mallory *Team   // nil in half of the worlds
	outside []*Team // not admitted yet
	removed bool
	loot    [][]byte
	stolen  *Stolen // a key of some team that mallory has
	serial  int
	ruled   bool // by sponsors; else by a founder
}

// walk makes a world from a seed and lets it run.
func walk(seed uint64, actions int) (*World, error) {
	w := New(Config{Seed: seed, CheckEvery: 3000})
	k := &walker{w: w}
	if err := k.begin(); err != nil {
		return w, err
	}
	for i := range actions {
		if err := k.act(); err != nil && !expected(err) {
			return w, fmt.Errorf("action %d: %w", i, err)
		}
		if err := w.Run(w.upTo(k.pause())); err != nil {
			return w, fmt.Errorf("after action %d: %w", i, err)
		}
	}
	return w, k.settle()
}

// expected errors are what a machine in trouble answers.
func expected(err error) bool {
	var refusal *replica.Refusal
	return errors.As(err, &refusal) || errors.Is(err, errDied) || errors.Is(err, errDown) ||
		errors.Is(err, ErrFailed) || errors.Is(err, replica.ErrFull) || errors.Is(err, errNothing)
}

// pause draws how long nothing but the network happens: mostly moments, now and then a night.
func (k *walker) pause() time.Duration {
	switch n := k.w.rnd.IntN(20); {
	case n == 0:
		return 20 * time.Hour
	case n < 5:
		return time.Hour
	case n < 12:
		return 2 * time.Minute
	}
	return 3 * time.Second
}

func (k *walker) begin() error {
	w := k.w
	w.SetNetwork(k.network())
	names := []string{"alpha", "beta", "gamma", "delta", "epsilon", "zeta"}
	for _, name := range names[:3+w.rnd.IntN(4)] {
		if _, err := w.AddTeam(name); err != nil {
			return err
		}
	}
	if w.rnd.IntN(2) == 0 {
		w.StandInStep()
	}
	k.days = 3
	if w.rnd.IntN(2) == 0 {
		k.days = 30
	}
	if w.rnd.IntN(2) == 0 {
		k.mallory = w.teams[1]
		k.mallory.Hostile = true
	}
	if k.ruled = w.rnd.IntN(2) == 0; k.ruled {
		return k.constitute()
	}
	founder := w.teams[0]
	if err := founder.Found("region", k.days); err != nil {
		return err
	}
	k.outside = append(k.outside, w.teams[1:]...)
	for len(k.outside) > 1 {
		if err := k.admit(); err != nil {
			return err
		}
	}
	return nil
}

func (k *walker) network() Network {
	n := Network{Latency: 5*time.Millisecond + k.w.upTo(300*time.Millisecond)}
	switch k.w.rnd.IntN(3) {
	case 0:
		n.Loss, n.Duplicate, n.Jitter = k.w.rnd.IntN(400), k.w.rnd.IntN(400), k.w.upTo(5*time.Second)
	case 1:
		n.Jitter = k.w.upTo(500 * time.Millisecond)
	}
	return n
}

func (k *walker) admit() error {
	if len(k.outside) == 0 {
		return nil
	}
	founder, joiner := k.w.teams[0], k.outside[0]
	if !founder.Up() || !joiner.Up() {
		return nil
	}
	if err := founder.Admit("region", joiner); err != nil {
		return err
	}
	if c := k.w.communities["region"]; joiner.Up() && joiner.rep.Roster().Member(c, joiner.ID) {
		k.outside = k.outside[1:]
	}
	return nil
}

// anyUp draws a team that is up, or nil.
func (k *walker) anyUp() *Team {
	t := k.w.teams[k.w.rnd.IntN(len(k.w.teams))]
	if t.Up() {
		return t
	}
	return nil
}

func (k *walker) act() error {
	switch n := k.w.rnd.IntN(100); {
	case n < 27:
		return k.alert()
	case n < 39:
		return k.request()
	case n < 54:
		return k.answer()
	case n < 58:
		return k.erase()
	case n < 66:
		return k.cut()
	case n < 71:
		return k.upDown()
	case n < 73:
		return k.standStill()
	case n < 80:
		return k.breakStore()
	case n < 82:
		k.w.SetNetwork(k.network())
	case n < 91:
		return k.govern()
	default:
		return k.crime()
	}
	return nil
}

func (k *walker) region() record.Channel {
	ch, _ := k.w.Community("region")
	return ch
}

func (k *walker) title() string {
	k.serial++
	return fmt.Sprintf("matter %d", k.serial)
}

func (k *walker) alert() error {
	t := k.anyUp()
	if t == nil {
		return nil
	}
	return k.alertBy(t)
}

func (k *walker) alertBy(t *Team) error {
	for range 1 + k.w.rnd.IntN(3) {
		a := newAlert(k.title())
		k.w.mark(a, k.marking(notice.TLPAmberStrict))
		o := replica.Outgoing{Channel: k.region(), Notice: a}
		switch k.w.rnd.IntN(8) {
		case 0:
			o.Class = record.Emergency
		case 1:
			o.Expires = k.w.Now().Add(time.Hour + k.w.upTo(48*time.Hour))
		case 2:
			a.Attachments = []notice.Attachment{{
				Name: "list.csv", MediaType: "text/csv", Data: bytes.Repeat([]byte("192.0.2.1\n"), 4000),
			}}
		}
		if _, err := t.Publish(o); err != nil {
			return err
		}
	}
	return nil
}

func (k *walker) request() error {
	t := k.anyUp()
	if t == nil {
		return nil
	}
	var to []identity.TeamID
	for _, other := range k.w.teams {
		if other != t && k.w.rnd.IntN(2) == 0 {
			to = append(to, other.ID)
		}
	}
	q := &notice.Request{
		Action: notice.ActionInformation, Status: notice.StatusActual, Marking: clearTLP(),
		Priority: notice.PriorityNormal, To: to, Case: "case", Texts: text(k.title()),
		ReplyBy: k.w.Now().Add(time.Minute + k.w.upTo(24*time.Hour)),
	}
	if k.w.rnd.IntN(5) == 0 {
		q.Status = notice.StatusExercise
	}
	o := replica.Outgoing{Channel: k.region(), Class: record.Urgent, Notice: q}
	if len(to) > 0 && k.w.rnd.IntN(2) == 0 {
		ch, err := record.Between(t.ID, to[0])
		if err != nil {
			return err
		}
		o.Channel, q.To = ch, to[:1]
		if q.Marking.TLP = k.marking(notice.TLPRed); q.Marking.TLP != notice.TLPClear {
			q.Texts[0].Summary = k.w.Secret()
		}
	}
	_, err := t.Publish(o)
	return err
}

// answer lets a team say something about a request that it has.
func (k *walker) answer() error {
	t := k.anyUp()
	if t == nil {
		return nil
	}
	list, err := t.rep.List(replica.Query{Kinds: []notice.Kind{notice.KindRequest}})
	if err != nil || len(list) == 0 {
		return err
	}
	e := list[k.w.rnd.IntN(len(list))]
	id, ch := e.Record.ID(), e.Record.Header().Channel
	o := replica.Outgoing{Channel: ch}
	switch {
	case e.Record.Team() == t.ID && k.w.rnd.IntN(2) == 0:
		o.Notice = &notice.Close{Request: id, Marking: clearTLP()}
	case e.Record.Team() == t.ID:
		o.Notice = &notice.Withdraw{Request: id, Marking: clearTLP()}
	default:
		states := notice.ReplyStates()
		n := &notice.Reply{Request: id, State: states[k.w.rnd.IntN(len(states))], Marking: clearTLP()}
		if n.State == notice.Declined {
			n.Reason = notice.ReasonCapacity
		}
		if n.State == notice.Done {
			n.Result = "done"
		}
		o.Notice = n
		if !ch.Private() && k.w.rnd.IntN(3) == 0 {
			if o.Channel, err = record.Between(t.ID, e.Record.Team()); err != nil {
				return err
			}
		}
	}
	_, err = t.Publish(o)
	return err
}

func (k *walker) cut() error {
	if k.w.rnd.IntN(2) == 0 {
		k.w.Heal()
		return nil
	}
	groups := make([][]*Team, 1+k.w.rnd.IntN(3))
	for _, t := range k.w.teams {
		i := k.w.rnd.IntN(len(groups))
		groups[i] = append(groups[i], t)
	}
	k.w.Partition(groups...)
	return nil
}

func (k *walker) upDown() error {
	t := k.w.teams[k.w.rnd.IntN(len(k.w.teams))]
	if t.Up() {
		return t.Crash()
	}
	return t.Restart()
}

// standStill closes a lid while others speak.
func (k *walker) standStill() error {
	t := k.anyUp()
	if t == nil {
		return nil
	}
	if err := t.Pause(); err != nil {
		return err
	}
	said := k.alert()
	if said == nil {
		said = k.answer()
	}
	if err := k.w.Run(k.w.upTo(20 * time.Minute)); err != nil {
		return err
	}
	if !t.Up() {
		return said
	}
	return errors.Join(said, t.Resume())
}

func (k *walker) breakStore() error {
	t := k.anyUp()
	if t == nil {
		return nil
	}
	f := &Fault{Skip: k.w.rnd.IntN(6), Apply: k.w.rnd.IntN(2) == 0, Crash: k.w.rnd.IntN(2) == 0}
	if !f.Crash && k.w.rnd.IntN(3) == 0 {
		f.Apply, f.Err = false, replica.ErrFull
	}
	at := k.w.rnd.IntN(2)
	if at == 0 {
		f.Skip = 0
	}
	t.Break(f)
	if at == 0 {
		// What a node says first after a write of unknown outcome is where lanes go wrong.
		if err := k.alertBy(t); err != nil && !expected(err) {
			return err
		}
		return k.alertBy(t)
	}
	return nil
}

// remove ends the membership of the last team that was admitted, once.
func (k *walker) remove() error {
	members := len(k.w.teams) - len(k.outside)
	if k.removed || members < 3 || !k.w.teams[0].Up() {
		return nil
	}
	gone := k.w.teams[members-1]
	if k.w.rnd.IntN(2) == 0 && gone.Up() {
		// The founder does not see what the others do.
		k.w.Partition(k.w.teams[:1])
		for range 3 {
			if _, err := gone.Publish(replica.Outgoing{Channel: k.region(), Notice: newAlert(k.title())}); err != nil {
				return err
			}
		}
		if err := k.w.Run(time.Minute); err != nil {
			return err
		}
	}
	if err := k.w.teams[0].Remove("region", gone); err != nil {
		return err
	}
	k.removed = true
	return nil
}

// crime is what mallory does, who is a member.
func (k *walker) crime() error {
	m := k.mallory
	victim := k.anyUp()
	if m == nil || !m.Up() || victim == nil {
		return nil
	}
	frames := m.Frames()
	switch k.w.rnd.IntN(11) {
	case 0:
		k.loot = frames
	case 1:
		for _, f := range k.loot {
			m.Whisper(victim, f)
		}
	case 2:
		return k.race(m, victim)
	case 3:
		if len(frames) > 0 {
			f := bytes.Clone(frames[k.w.rnd.IntN(len(frames))])
			for range 1 + k.w.rnd.IntN(4) {
				f[k.w.rnd.IntN(len(f))] ^= byte(1 + k.w.rnd.IntN(255))
			}
			m.Whisper(victim, f[:len(f)-k.w.rnd.IntN(2)*k.w.rnd.IntN(len(f))])
		}
	case 4:
		two, err := m.Equivocate(k.region(), newAlert(k.title()), newAlert(k.title()))
		if err != nil {
			return err
		}
		m.Whisper(victim, two[0])
		m.Whisper(k.w.teams[k.w.rnd.IntN(len(k.w.teams))], two[1])
	case 5:
		return k.lie(m, victim)
	default:
		return k.betray(m, victim)
	}
	return nil
}

// race sends broken copies of a record ahead of the true one.
func (k *walker) race(m, author *Team) error {
	id, err := author.Publish(replica.Outgoing{Channel: k.region(), Notice: newAlert(k.title())})
	if err != nil || !author.Up() {
		return err
	}
	frame, err := author.rep.Frame(id)
	if err != nil {
		return err
	}
	bad, err := Spoil(frame)
	if err != nil {
		return err
	}
	for _, t := range k.w.teams {
		m.Whisper(t, bad)
	}
	return nil
}

// lie forges a reply, or backdates one.
func (k *walker) lie(m, victim *Team) error {
	list, err := m.rep.List(replica.Query{Kinds: []notice.Kind{notice.KindRequest}, Channel: k.region()})
	if err != nil || len(list) == 0 {
		return err
	}
	reply := &notice.Reply{Request: list[0].Record.ID(), State: notice.Acknowledged, Marking: clearTLP()}
	var f []byte
	if k.w.rnd.IntN(2) == 0 {
		f, err = m.Forge(victim, k.region(), reply)
	} else {
		f, err = m.Backdate(k.region(), reply, k.w.upTo(time.Hour/2))
	}
	if err != nil {
		return err
	}
	for _, t := range k.w.teams {
		m.Whisper(t, f)
	}
	return nil
}

// settle ends all trouble and waits for as long as a mesh may take.
func (k *walker) settle() error {
	w := k.w
	for _, t := range w.teams {
		t.Break(nil)
		if t.Up() && (t.murky || w.rnd.IntN(3) == 0) {
			if err := t.Crash(); err != nil { // what the store knows and the views do not comes to light
				return err
			}
		}
		if !t.Up() {
			if err := t.Restart(); err != nil {
				return err
			}
		}
	}
	w.SetNetwork(Network{})
	w.Heal()
	for range len(k.outside) {
		if k.ruled {
			break
		}
		if err := k.admit(); err != nil {
			return err
		}
	}
	if !k.ruled && len(k.outside) > 0 {
		return fmt.Errorf("%d teams were admitted and are not in", len(k.outside))
	}
	// Two rounds of visits, and the longest backoff of an outbox.
	if err := w.Run(75 * time.Minute); err != nil {
		return fmt.Errorf("while settling: %w", err)
	}
	if err := w.Converged(); err != nil {
		return fmt.Errorf("after settling: %w", err)
	}
	return nil
}
