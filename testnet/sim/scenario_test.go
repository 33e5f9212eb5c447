package sim

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// TestScenarios plays the conversations of testdata. Each block is one or more commands, then what
// happened; testdata/README.md has the words. Run with -rewrite to accept what happens now, and
// review the difference as a change of behaviour.
func TestScenarios(t *testing.T) {
	t.Parallel()
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		if !strings.HasSuffix(path, ".txt") {
			t.Skip("not a scenario")
		}
		s := &script{}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			first := d.Cmd
			for _, a := range d.CmdArgs {
				first += " " + a.String()
			}
			var out []string
			for _, line := range append([]string{first}, strings.Split(d.Input, "\n")...) {
				if line = strings.TrimSpace(line); line == "" {
					continue
				}
				said, err := s.do(line)
				out = append(out, s.told()...)
				out = append(out, said...)
				if err != nil {
					out = append(out, "error: "+err.Error())
				}
			}
			return strings.Join(out, "\n")
		})
		if s.w != nil {
			if err := s.w.Check(); err != nil {
				t.Error(err)
			}
		}
	})
}

// script is a scenario being played.
type script struct {
	w       *World
	founder map[string]*Team
	loot    [][]byte
	words   []string // of the command, those not yet read
}

func (s *script) told() []string {
	if s.w == nil {
		return nil
	}
	return s.w.Told()
}

// do plays one command and returns its answer.
func (s *script) do(line string) ([]string, error) {
	s.words = split(line)
	verb := s.word()
	if s.w == nil && verb != "teams" {
		return nil, errors.New("say first which teams there are")
	}
	switch verb {
	case "teams":
		return nil, s.teams()
	case "found", "admit", "remove":
		return nil, s.membership(verb)
	case "alert", "request", "reply", "close", "withdraw":
		return nil, s.speak(verb)
	case "partition", "heal", "network", "crash", "restart", "break":
		return nil, s.trouble(verb)
	case "run":
		d, err := duration(s.word())
		if err != nil {
			return nil, err
		}
		return nil, s.w.Run(d)
	case "forge", "spoil", "steal", "replay", "backdate", "equivocate":
		return nil, s.hostile(verb)
	case "check":
		if err := s.w.Check(); err != nil {
			return nil, err
		}
		return []string{"all promises hold"}, nil
	case "converged":
		if err := s.w.Converged(); err != nil {
			return nil, err
		}
		return []string{"all hold the same"}, nil
	case "ledger", "roster", "records", "outbox":
		return s.show(verb)
	}
	return nil, fmt.Errorf("no such command: %s", verb)
}

// split cuts a line into words; what stands in quotes is one.
func split(line string) []string {
	var out []string
	for i, part := range strings.Split(line, `"`) {
		if i%2 == 1 {
			out = append(out, part)
			continue
		}
		out = append(out, strings.Fields(part)...)
	}
	return out
}

func (s *script) word() string {
	if len(s.words) == 0 {
		return ""
	}
	w := s.words[0]
	s.words = s.words[1:]
	return w
}

// after returns the word that follows key, and takes both away.
func (s *script) after(key string) (string, bool) {
	i := slices.Index(s.words, key)
	if i < 0 || i+1 >= len(s.words) {
		return "", false
	}
	v := s.words[i+1]
	s.words = slices.Delete(s.words, i, i+2)
	return v, true
}

// flag reports whether a word is there, and takes it away.
func (s *script) flag(key string) bool {
	i := slices.Index(s.words, key)
	if i >= 0 {
		s.words = slices.Delete(s.words, i, i+1)
	}
	return i >= 0
}

func (s *script) team(name string) (*Team, error) {
	if t := s.w.Team(name); t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("no team %q", name)
}

// by returns the team after key.
func (s *script) by(key string) (*Team, error) {
	name, ok := s.after(key)
	if !ok {
		return nil, fmt.Errorf("say %s whom", key)
	}
	return s.team(name)
}

func duration(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		return time.Duration(n) * 24 * time.Hour, err
	}
	return time.ParseDuration(text)
}

func (s *script) teams() error {
	s.w = New(Config{Seed: 1})
	s.founder = map[string]*Team{}
	for _, name := range s.words {
		if _, err := s.w.AddTeam(name); err != nil {
			return err
		}
	}
	return nil
}

func (s *script) membership(verb string) error {
	if verb == "found" {
		t, err := s.by("by")
		if err != nil {
			return err
		}
		days := 0
		if keep, ok := s.after("keep"); ok {
			d, err := duration(keep)
			if err != nil {
				return err
			}
			days = int(d / (24 * time.Hour))
		}
		name := s.word()
		s.founder[name] = t
		return t.Found(name, days)
	}
	community, ok := s.after("to")
	if verb == "remove" {
		community, ok = s.after("from")
	}
	if !ok && len(s.w.regions) > 0 {
		community = s.w.regions[0]
	}
	founder := s.founder[community]
	if founder == nil {
		return fmt.Errorf("no community %q", community)
	}
	for _, name := range s.words {
		t, err := s.team(name)
		if err != nil {
			return err
		}
		if verb == "admit" {
			err = founder.Admit(community, t)
		} else {
			err = founder.Remove(community, t)
		}
		if err != nil {
			return err
		}
	}
	return nil
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

func clearTLP() notice.Marking { return notice.Marking{TLP: notice.TLPClear} }

func newAlert(title string) *notice.Alert {
	return &notice.Alert{Type: notice.AlertNew, Status: notice.StatusActual, Marking: clearTLP(), Texts: text(title)}
}

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
		long := s.flag("long")
		a := newAlert(s.word())
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
			Action: notice.ActionAssistance, Status: status, Marking: clearTLP(), Priority: notice.PriorityNormal,
			To: ids, Case: "case 1", ReplyBy: s.w.Now().Add(d), Texts: text(s.word()),
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

func (s *script) trouble(verb string) error {
	switch verb {
	case "partition":
		var groups [][]*Team
		for part := range strings.SplitSeq(strings.Join(s.words, " "), "|") {
			var g []*Team
			for _, name := range strings.Fields(part) {
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
