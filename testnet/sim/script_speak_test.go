package sim

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

func (s *script) speak(verb string) error {
	t, err := s.by("by")
	if err != nil {
		return err
	}
	var o replica.Outgoing
	if expires, ok := s.after("expires"); ok {
		d, err := duration(expires)
		if err != nil {
			return err
		}
		o.Expires = s.w.Now().Add(d)
	}
	switch verb {
	case "alert":
		if o.Channel, err = s.channel(t, nil); err != nil {
			return err
		}
		long, tlp := s.flag("long"), s.marking()
		drill := s.flag("exercise")
		a := newAlert(s.word())
		s.w.mark(a, tlp)
		if drill {
			a.Status = notice.StatusExercise
		}
		if long {
			a.Attachments = []notice.Attachment{{
				Name: "indicators.csv", MediaType: "text/csv", Data: bytes.Repeat([]byte("192.0.2.1\n"), 6000),
			}}
		}
		o.Notice = a
	case "request":
		return s.request(t, o)
	default:
		if err := s.answer(t, &o, verb); err != nil {
			return err
		}
	}
	_, err = t.Publish(o)
	return told(err)
}

// told drops the errors that the world tells of by itself.
func told(err error) error {
	var refusal *replica.Refusal
	if errors.As(err, &refusal) || errors.Is(err, errDied) {
		return nil
	}
	return err
}

func (s *script) request(t *Team, o replica.Outgoing) error {
	names, _ := s.after("to")
	by, _ := s.after("reply-by")
	d, err := duration(by)
	if err != nil {
		return fmt.Errorf("reply-by: %w", err)
	}
	var to []*Team
	for name := range strings.SplitSeq(names, ",") {
		if name == "" || name == "all" {
			continue
		}
		other, err := s.team(name)
		if err != nil {
			return err
		}
		to = append(to, other)
	}
	private := slices.Contains(s.words, "privately")
	marking := notice.Marking{TLP: s.marking()}
	each := [][]*Team{to}
	if private {
		each = nil
		for _, other := range to {
			each = append(each, []*Team{other})
		}
	}
	words := s.words
	for _, teams := range each {
		s.words = slices.Clone(words)
		var first *Team
		var ids []identity.TeamID
		for _, other := range teams {
			first = teams[0]
			ids = append(ids, other.ID)
		}
		if o.Channel, err = s.channel(t, first); err != nil {
			return err
		}
		status := notice.StatusActual
		if s.flag("exercise") {
			status = notice.StatusExercise
		}
		o.Class = record.Urgent
		o.Notice = &notice.Request{
			Action: notice.ActionAssistance, Status: status, Marking: marking, Priority: notice.PriorityNormal,
			To: ids, Case: "case 1", ReplyBy: s.w.Now().Add(d), Texts: text(s.word()),
		}
		if marking.TLP != notice.TLPClear {
			o.Notice.(*notice.Request).Texts[0].Summary = s.w.Secret()
		}
		if _, err := t.Publish(o); told(err) != nil {
			return err
		}
	}
	return nil
}

func (s *script) answer(t *Team, o *replica.Outgoing, verb string) error {
	label, ok := s.after("to")
	if !ok {
		label = s.word()
	}
	id, ok := s.w.Record(label)
	if !ok {
		return fmt.Errorf("no record %q", label)
	}
	e, err := t.rep.Entry(id)
	if err != nil {
		return err
	}
	o.Channel = e.Record.Header().Channel
	if s.flag("privately") {
		if o.Channel, err = record.Between(t.ID, e.Record.Team()); err != nil {
			return err
		}
	}
	switch verb {
	case "reply":
		o.Notice, err = s.replyTo(id)
		return err
	case "close":
		o.Notice = &notice.Close{Request: id, Opinion: notice.OpinionHelped, Marking: clearTLP()}
	default:
		o.Notice = &notice.Withdraw{Request: id, Marking: clearTLP()}
	}
	return nil
}

// replyTo reads STATE [because REASON].
func (s *script) replyTo(id record.ID) (*notice.Reply, error) {
	n := &notice.Reply{Request: id, Marking: clearTLP()}
	if reason, ok := s.after("because"); ok {
		n.Reason = notice.Reason(reason)
	}
	var err error
	if n.State, err = notice.ParseReplyState(s.word()); err != nil {
		return nil, err
	}
	if n.State == notice.Done {
		n.Result = "done"
	}
	return n, nil
}

// channel reads "privately" or "in NAME"; the first community is what is meant otherwise.
func (s *script) channel(from, to *Team) (record.Channel, error) {
	if s.flag("privately") {
		return record.Between(from.ID, to.ID)
	}
	name, ok := s.after("in")
	if !ok && len(s.w.regions) > 0 {
		name = s.w.regions[0]
	}
	ch, ok := s.w.Community(name)
	if !ok {
		return ch, fmt.Errorf("no community %q", name)
	}
	return ch, nil
}

func text(title string) []notice.Text { return []notice.Text{{Language: "en", Title: title}} }

func newAlert(title string) *notice.Alert {
	return &notice.Alert{Type: notice.AlertNew, Status: notice.StatusActual, Marking: clearTLP(), Texts: text(title)}
}
