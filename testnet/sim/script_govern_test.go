package sim

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// names reads a list of teams: A,B,C.
func (s *script) list(names string) (out []*Team, err error) {
	for name := range strings.SplitSeq(names, ",") {
		t, err := s.team(name)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

// community reads "in NAME", "to NAME" or "from NAME"; the first community is what is meant otherwise.
func (s *script) community() (string, error) {
	for _, key := range []string{"in", "to", "from"} {
		if name, ok := s.after(key); ok {
			return name, nil
		}
	}
	if len(s.w.regions) == 0 {
		return "", errors.New("there is no community yet")
	}
	return s.w.regions[0], nil
}

// number reads "KEY n".
func (s *script) number(key string, into *int) error {
	v, ok := s.after(key)
	if !ok {
		return nil
	}
	n, err := strconv.Atoi(v)
	*into = n
	return err
}

// constitute reads NAME by A,B [called NAME] [sponsors n] [witnesses n] [window 1h] [objections n]
// [removal n] [budget n] [history admission] [keep 3d].
func (s *script) constitute() error {
	by, ok := s.after("by")
	if !ok {
		return errors.New("say by whom")
	}
	founders, err := s.list(by)
	if err != nil {
		return err
	}
	c := notice.Charter{Admission: notice.Admission{Rule: notice.RuleSponsors, Sponsors: 1, Removal: 2}}
	c.Name, _ = s.after("called")
	if h, ok := s.after("history"); ok {
		c.History = notice.History(h)
	}
	for key, unit := range map[string]time.Duration{"window": time.Second, "keep": 24 * time.Hour} {
		v, ok := s.after(key)
		if !ok {
			continue
		}
		d, err := duration(v)
		if err != nil {
			return err
		}
		if key == "window" {
			c.Admission.Window = int(d / unit)
		} else {
			c.RetentionDays = int(d / unit)
		}
	}
	a := &c.Admission
	for key, at := range map[string]*int{
		"sponsors": &a.Sponsors, "witnesses": &a.Witnesses, "objections": &a.Objections, "removal": &a.Removal, "budget": &a.Budget,
	} {
		if err := s.number(key, at); err != nil {
			return err
		}
	}
	return s.w.Constitute(s.word(), founders, c)
}

// govern plays what members say of members.
func (s *script) govern(verb string) error {
	community, err := s.community()
	if err != nil {
		return err
	}
	parent, _ := s.after("parent")
	through, hasThrough := s.after("through")
	by, hasBy := s.after("by")
	about, err := s.team(s.word())
	if err != nil {
		return err
	}
	var others []*Team
	if hasBy || hasThrough {
		if others, err = s.list(by + through); err != nil {
			return err
		}
	}
	switch verb {
	case "apply":
		if len(others) != 1 {
			return errors.New("say through whom")
		}
		return about.Apply(community, others[0], parent)
	case "leave":
		return about.Leave(community)
	}
	for _, t := range others {
		switch verb {
		case "sponsor":
			err = t.Sponsor(community, about)
		case "object":
			err = t.Object(community, about)
		case "vote":
			err = t.VoteOut(community, about)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// keys plays what a team's root and its machine room do.
func (s *script) keys(verb string) error {
	at, hasAt := s.after("at")
	t, err := s.team(s.word())
	if err != nil {
		return err
	}
	switch verb {
	case "freeze":
		by := t
		if hasAt {
			if by, err = s.team(at); err != nil {
				return err
			}
		}
		s.stolen[t] = &Stolen{t.key, t.opt.Delegation}
		return t.Freeze(by)
	case "replace":
		var own []record.ID
		if label, ok := s.after("keeping"); ok {
			id, err := s.recordOf(label)
			if err != nil {
				return err
			}
			own = append(own, id)
		}
		old, err := t.Replace(own...)
		if err == nil {
			s.stolen[t] = old
		}
		return err
	case "rotate":
		return t.Rotate()
	case "clock":
		d, err := duration(s.word())
		if err != nil {
			return err
		}
		t.SetClock(d)
	}
	return nil
}

// erase reads LABEL by T.
func (s *script) erase() error {
	t, err := s.by("by")
	if err != nil {
		return err
	}
	id, ok := s.w.Record(s.word())
	if !ok {
		return errors.New("no such record")
	}
	e, err := t.rep.Entry(id)
	if err != nil {
		return err
	}
	_, err = t.Publish(replica.Outgoing{
		Channel: e.Record.Header().Channel, Class: record.Control, Notice: &notice.Erase{Record: id, Reason: "sent by mistake"},
	})
	return told(err)
}

// marking reads a TLP label in lower case, such as amber+strict; there is clear otherwise.
func (s *script) marking() notice.TLP {
	for _, tlp := range notice.TLPs() {
		if s.flag(strings.ToLower(strings.TrimPrefix(string(tlp), "TLP:"))) {
			return tlp
		}
	}
	return notice.TLPClear
}

func (s *script) recordOf(label string) (record.ID, error) {
	id, ok := s.w.Record(label)
	if !ok {
		return id, fmt.Errorf("no record %q", label)
	}
	return id, nil
}
