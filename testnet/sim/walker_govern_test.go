package sim

import (
	"time"

	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// constitute founds a community of several, with the rest outside.
func (k *walker) constitute() error {
	w := k.w
	c := notice.Charter{
		RetentionDays: k.days,
		Admission: notice.Admission{
			Rule: notice.RuleSponsors, Sponsors: 1 + w.rnd.IntN(2), Witnesses: 1, Window: 60 * (1 + w.rnd.IntN(30)),
			Objections: 1 + w.rnd.IntN(2), Removal: 2, Budget: 1 + w.rnd.IntN(3),
		},
	}
	if w.rnd.IntN(3) == 0 {
		c.History = notice.HistoryAdmission
	}
	founders := min(len(w.teams), 3)
	k.outside = w.teams[founders:]
	return w.Constitute("region", w.teams[:founders], c)
}

// marking draws a label, at most the strictest.
func (k *walker) marking(strictest notice.TLP) notice.TLP {
	all := []notice.TLP{notice.TLPClear, notice.TLPClear, notice.TLPGreen, notice.TLPAmber, notice.TLPAmberStrict, notice.TLPRed}
	n := len(all)
	if strictest != notice.TLPRed {
		n--
	}
	return all[k.w.rnd.IntN(n)]
}

// govern draws something that is said about members, or about keys.
func (k *walker) govern() error {
	switch k.w.rnd.IntN(12) {
	case 0, 1:
		return k.root()
	case 2:
		return k.clock()
	}
	if !k.ruled {
		if k.w.rnd.IntN(2) == 0 {
			return k.admit()
		}
		return k.remove()
	}
	t, about := k.anyUp(), k.w.teams[k.w.rnd.IntN(len(k.w.teams))]
	if t == nil {
		return nil
	}
	switch n := k.w.rnd.IntN(16); {
	case n < 4:
		if !t.rep.Roster().Member(k.region().Community, t.ID) || about == t {
			return nil
		}
		return about.Apply("region", t, "")
	case n < 9:
		return k.open(func(about *Team) error { return t.Sponsor("region", about) })
	case n < 10:
		return k.open(func(about *Team) error { return t.Object("region", about) })
	case n < 15:
		if about == t {
			return nil
		}
		return t.VoteOut("region", about)
	}
	return t.Leave("region")
}

// open does something about the first team whose application is open anywhere.
func (k *walker) open(do func(*Team) error) error {
	for _, about := range k.w.teams {
		if about.Up() {
			if _, _, err := about.application("region", about); err == nil {
				return do(about)
			}
		}
	}
	return nil
}

// root lets a team's root speak: a new node key, a frozen one and a new one, or a new root.
func (k *walker) root() error {
	t := k.anyUp()
	if t == nil || t.murky {
		return nil // nobody signs over heads that may not be on disk
	}
	switch k.w.rnd.IntN(4) {
	case 0:
		return t.Rotate()
	case 1:
		at := k.anyUp()
		if at == nil {
			return nil
		}
		if err := t.Freeze(at); err != nil {
			return err
		}
	}
	old, err := t.Replace()
	if err == nil {
		k.stolen = old
	}
	return err
}

// clock puts a clock off by what nobody notices, or right again.
func (k *walker) clock() error {
	t := k.w.teams[k.w.rnd.IntN(len(k.w.teams))]
	if t.ahead != 0 {
		t.SetClock(0)
		return nil
	}
	t.SetClock(k.w.upTo(4*time.Minute) - 2*time.Minute)
	return nil
}

// erase takes back a record of the team's own.
func (k *walker) erase() error {
	t := k.anyUp()
	if t == nil {
		return nil
	}
	list, err := t.rep.List(replica.Query{})
	if err != nil || len(list) == 0 {
		return err
	}
	e := list[k.w.rnd.IntN(len(list))]
	if kind := e.Record.Header().Kind; kind == notice.KindReceipt || kind == notice.KindErase {
		return nil // software takes back none of its own
	}
	if k.w.ids[e.Record.Team()] != t && k.w.rnd.IntN(4) > 0 {
		return nil
	}
	_, err = t.Publish(replica.Outgoing{
		Channel: e.Record.Header().Channel, Class: record.Control, Notice: &notice.Erase{Record: e.Record.ID()},
	})
	return err
}

// betray is what mallory does with what it may read and with keys.
func (k *walker) betray(m, victim *Team) error {
	switch k.w.rnd.IntN(9) {
	case 7, 8:
		return m.Demand("region", victim)
	case 0:
		m.starves[victim] = !m.starves[victim]
	case 1:
		m.lies[victim] = !m.lies[victim]
	case 2:
		return k.mallory.Scatter("region", victim, 2)
	case 3:
		if k.stolen == nil {
			return nil
		}
		f, err := k.w.utter(k.stolen, k.region(), newAlert(k.title()), k.w.now.Add(-k.w.upTo(50*time.Minute)))
		if err == nil { // else it is dated before the key was anybody's
			m.Whisper(victim, f)
		}
	default:
		list, err := m.rep.List(replica.Query{Kinds: []notice.Kind{notice.KindAlert}})
		if err != nil || len(list) == 0 {
			return err
		}
		e := list[k.w.rnd.IntN(len(list))]
		if e.Notice == nil || len(e.Record.Header().Body.KeyID) == 0 || !e.Record.Inline() {
			return nil
		}
		f, err := m.Lift(e.Record.ID())
		if k.w.rnd.IntN(2) == 0 {
			f, err = m.Strip(e.Record.ID())
		}
		if err != nil {
			return err
		}
		m.Whisper(victim, f)
	}
	return nil
}
