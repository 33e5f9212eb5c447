package sim

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"tocsin/pkg/replica"
)

func (s *script) trouble(verb string) error {
	switch verb {
	case "partition":
		var groups [][]*Team
		for part := range strings.SplitSeq(strings.Join(s.words, " "), "|") {
			var g []*Team
			for name := range strings.FieldsSeq(part) {
				t, err := s.team(name)
				if err != nil {
					return err
				}
				g = append(g, t)
			}
			groups = append(groups, g)
		}
		s.w.Partition(groups...)
	case "heal":
		s.w.Heal()
	case "network":
		return s.network()
	case "crash", "restart", "pause", "resume", "snapshot", "put-back":
		t, err := s.team(s.word())
		if err != nil {
			return err
		}
		return map[string]func() error{"crash": t.Crash, "restart": t.Restart, "pause": t.Pause, "resume": t.Resume, "snapshot": t.Snapshot, "put-back": t.PutBack}[verb]()
	case "stay-in-step":
		s.w.StandInStep()
	case "break":
		return s.fault()
	}
	return nil
}

func (s *script) network() error {
	var n Network
	for key, at := range map[string]*time.Duration{"latency": &n.Latency, "jitter": &n.Jitter} {
		if v, ok := s.after(key); ok {
			d, err := duration(v)
			if err != nil {
				return err
			}
			*at = d
		}
	}
	for key, at := range map[string]*int{"loss": &n.Loss, "duplicate": &n.Duplicate} {
		if v, ok := s.after(key); ok {
			percent, err := strconv.Atoi(strings.TrimSuffix(v, "%"))
			if err != nil {
				return err
			}
			*at = percent * 10
		}
	}
	s.w.SetNetwork(n)
	return nil
}

// fault reads TEAM [after N writes] [happens] [crash] [full].
func (s *script) fault() error {
	t, err := s.team(s.word())
	if err != nil {
		return err
	}
	f := &Fault{}
	if n, ok := s.after("after"); ok {
		if f.Skip, err = strconv.Atoi(n); err != nil {
			return err
		}
	}
	f.Apply, f.Crash = s.flag("happens"), s.flag("crash")
	if s.flag("full") {
		f.Err = replica.ErrFull
	}
	t.Break(f)
	return nil
}

func (s *script) hostile(verb string) error {
	t, err := s.by("by")
	if err != nil {
		return err
	}
	t.Hostile = true
	var victims []*Team
	if names, ok := s.after("at"); ok {
		for name := range strings.SplitSeq(names, ",") {
			v, err := s.team(name)
			if err != nil {
				return err
			}
			victims = append(victims, v)
		}
	}
	frames, err := s.crime(verb, t)
	if err != nil {
		return err
	}
	for _, f := range frames {
		for _, v := range victims {
			t.Whisper(v, f)
		}
	}
	return nil
}

// equivocate reads "ONE" "OTHER" [times n].
func (s *script) equivocate(t *Team) ([][]byte, error) {
	times := 1
	if err := s.number("times", &times); err != nil {
		return nil, err
	}
	ch, err := s.channel(t, nil)
	if err != nil {
		return nil, err
	}
	this, that := s.word(), s.word()
	var out [][]byte
	for range times {
		two, err := t.Equivocate(ch, newAlert(this), newAlert(that))
		if err != nil {
			return nil, err
		}
		out = append(out, two[:]...)
	}
	return out, nil
}

// impersonate reads VICTIM "title" [back 3h]: an alert signed with a node key of the victim's that was
// stolen.
func (s *script) impersonate() ([][]byte, error) {
	var back time.Duration
	if text, ok := s.after("back"); ok {
		var err error
		if back, err = duration(text); err != nil {
			return nil, err
		}
	}
	ch, err := s.channel(nil, nil)
	if err != nil {
		return nil, err
	}
	victim, err := s.team(s.word())
	if err != nil {
		return nil, err
	}
	key := s.stolen[victim]
	if key == nil {
		key = &Stolen{victim.key, victim.opt.Delegation}
	}
	f, err := s.w.utter(key, ch, newAlert(s.word()), s.w.now.Add(-back))
	return [][]byte{f}, err
}

// keeps shows what two teams keep of what is said about a community.
func (s *script) keeps() ([]string, error) {
	a, err := s.by("of")
	if err != nil {
		return nil, err
	}
	b, err := s.by("and")
	if err != nil {
		return nil, err
	}
	community, err := s.community()
	if err != nil {
		return nil, err
	}
	return s.w.Stays(community, a, b)
}

// plot plays what a hostile team does beyond single records.
func (s *script) plot(verb string) error {
	t, err := s.by("by")
	if err != nil {
		return err
	}
	t.Hostile = true
	var at []*Team
	if names, ok := s.after("at"); ok {
		if at, err = s.list(names); err != nil {
			return err
		}
	}
	switch verb {
	case "lie":
		for _, v := range at {
			t.lies[v] = true
		}
	case "starve":
		for _, v := range at {
			t.starves[v] = true
		}
	case "collude":
		with, err := s.by("with")
		if err != nil {
			return err
		}
		community, err := s.community()
		if err != nil {
			return err
		}
		with.Hostile = true
		n, err := strconv.Atoi(s.word())
		if err != nil {
			return err
		}
		return t.Collude(community, with, n, at)
	case "flood":
		n := 1
		if err := s.number("with", &n); err != nil {
			return err
		}
		community, err := s.community()
		if err != nil {
			return err
		}
		return t.Flood(community, n)
	case "scatter":
		t.Hostile = false
		community, err := s.community()
		if err != nil {
			return err
		}
		for _, v := range at {
			if err := t.Scatter(community, v, 20); err != nil {
				return err
			}
		}
	case "demand":
		community, err := s.community()
		if err != nil {
			return err
		}
		for _, v := range at {
			if err := t.Demand(community, v); err != nil {
				return err
			}
		}
	case "entice":
		community, err := s.community()
		if err != nil {
			return err
		}
		for _, v := range at {
			if err := t.Entice(community, v); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *script) crime(verb string, t *Team) ([][]byte, error) {
	one := func(f []byte, err error) ([][]byte, error) { return [][]byte{f}, err }
	switch verb {
	case "steal":
		victim, err := s.by("from")
		if err != nil {
			return nil, err
		}
		s.loot = victim.Frames()
		return nil, nil
	case "replay":
		return s.loot, nil
	case "spoil":
		author, err := s.by("of")
		if err != nil {
			return nil, err
		}
		id, _ := s.w.Record(s.word())
		f, err := author.rep.Frame(id)
		if err != nil {
			return nil, err
		}
		return one(Spoil(f))
	case "equivocate":
		return s.equivocate(t)
	case "lift", "strip":
		id, err := s.recordOf(s.word())
		if err != nil {
			return nil, err
		}
		if verb == "lift" {
			return one(t.Lift(id))
		}
		return one(t.Strip(id))
	case "impersonate":
		return s.impersonate()
	}
	label, _ := s.after("to")
	id, ok := s.w.Record(label)
	if !ok {
		return nil, fmt.Errorf("no record %q", label)
	}
	as, hasAs := s.after("as")
	back, _ := s.after("back")
	ch, err := s.channel(t, nil)
	if err != nil {
		return nil, err
	}
	reply, err := s.replyTo(id)
	if err != nil {
		return nil, err
	}
	if !hasAs {
		d, err := duration(back)
		if err != nil {
			return nil, err
		}
		return one(t.Backdate(ch, reply, d))
	}
	victim, err := s.team(as)
	if err != nil {
		return nil, err
	}
	return one(t.Forge(victim, ch, reply))
}

func (s *script) show(what string) ([]string, error) {
	t, err := s.by("of")
	if err != nil {
		return nil, err
	}
	if !t.Up() {
		return nil, fmt.Errorf("%s is down", t.Name)
	}
	var out []string
	switch what {
	case "ledger":
		out = t.ShowLedger()
	case "roster":
		out = t.ShowRoster()
	case "records":
		out = t.ShowRecords()
	case "outbox":
		out = t.ShowOutbox()
	case "reading":
		out = t.ShowReading()
	case "marks":
		out = t.ShowMarks()
	case "standing":
		out = t.ShowStanding()
	case "lanes":
		out = t.ShowLanes()
	}
	if len(out) == 0 {
		out = []string{"nothing"}
	}
	return out, nil
}
