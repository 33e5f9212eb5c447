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
	case "crash", "restart":
		t, err := s.team(s.word())
		if err != nil {
			return err
		}
		if verb == "crash" {
			return t.Crash()
		}
		return t.Restart()
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
		ch, err := s.channel(t, nil)
		if err != nil {
			return nil, err
		}
		two, err := t.Equivocate(ch, newAlert(s.word()), newAlert(s.word()))
		return two[:], err
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
	}
	if len(out) == 0 {
		out = []string{"nothing"}
	}
	return out, nil
}
