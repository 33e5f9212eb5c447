package node

import (
	"bytes"
	"cmp"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

const (
	// skewLimit is how far the clocks of others may seem ahead before the operator is told.
	skewLimit = 30 * time.Second
	// skewTeams is how many teams must agree that this clock is behind.
	skewTeams = 3
	maxSkew   = 256 // teams remembered
	// lagLimit is how old what gossip brings may be before the two clocks are taken to differ. It comes at once.
	lagLimit = 2 * time.Minute
	// clockWord is for how long it counts what was seen of another clock.
	clockWord = time.Hour
	// maxLag is how far a clock is taken to be behind ours at most: that is the word of its team, and more helps nobody.
	maxLag     = 24 * time.Hour
	maxWaiting = 64 // records of a team that are remembered as waiting outside
	lookAgain  = time.Minute
)

// skew remembers how far the clocks of teams seem away from ours.
type skew struct {
	mu    sync.Mutex
	teams map[identity.TeamID]*clockOf
}

// clockOf is what is known of one team's clock.
type clockOf struct {
	ahead time.Duration // its latest record was before our clock when it came
	// lag is how far its clock seems behind ours: by how old its records are when gossip brings them, or by
	// its own word that it takes ours as from the future. at is when that was; zero: never.
	lag     time.Duration
	at      time.Time
	waiting map[record.ID]waiting // records of it that came and are from the future
	logged  time.Time
}

type waiting struct {
	channel record.Channel
	until   time.Time // when it is taken
}

func newSkew() *skew { return &skew{teams: map[identity.TeamID]*clockOf{}} }

// of returns what is known of a team's clock. The caller holds mu.
func (s *skew) of(t identity.TeamID) *clockOf {
	c := s.teams[t]
	if c == nil {
		c = &clockOf{waiting: map[record.ID]waiting{}}
		if len(s.teams) < maxSkew {
			s.teams[t] = c
		}
	}
	return c
}

// saw takes what became of an arrival. limit is how far ahead a record may be. It reports whether a record of the
// team is from the future, and how far.
func (s *skew) saw(o *replica.Outcome, now time.Time, limit time.Duration) (ahead time.Duration, future bool) {
	if o.Record == nil || o.Verdict != policy.Accept && o.Reason != policy.Future {
		return 0, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.of(o.Record.Team())
	c.ahead = o.Record.Header().Created.Sub(now)
	if o.Reason == policy.Future {
		if len(c.waiting) < maxWaiting {
			c.waiting[o.ID] = waiting{o.Record.Header().Channel, o.Record.Header().Created.Add(-limit)}
		}
		return c.ahead, true
	}
	delete(c.waiting, o.ID)
	if o.Via == replica.Gossip {
		c.lag, c.at = max(0, -c.ahead), now
	}
	return 0, false
}

// told takes a team's word that a record of ours is from the future, and by how much.
func (s *skew) told(t identity.TeamID, lag time.Duration, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.of(t)
	c.lag, c.at = lag, now
}

// forget drops what was seen by a clock that was set since.
func (s *skew) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.teams)
}

// due returns the channels with records that waited outside and may be taken by now. What did not come
// when it was fetched is not looked for again.
func (s *skew) due(now time.Time) (out []record.Channel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.teams {
		for id, w := range c.waiting {
			if now.After(w.until) {
				delete(c.waiting, id)
				if !slices.Contains(out, w.channel) {
					out = append(out, w.channel)
				}
			}
		}
	}
	return out
}

// behind says that this clock is probably behind, or is empty. Records that took long to come only
// hide it: they are never ahead.
func (s *skew) behind() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ahead []time.Duration
	for _, c := range s.teams {
		if c.ahead > skewLimit {
			ahead = append(ahead, c.ahead)
		}
	}
	if len(ahead) < skewTeams {
		return ""
	}
	slices.Sort(ahead)
	return fmt.Sprintf("%d teams write times ahead of this clock, by %s in the middle: check this machine's clock",
		len(ahead), ahead[len(ahead)/2].Round(time.Second))
}

// lagging is a team whose clock seems behind ours.
type lagging struct {
	team identity.TeamID
	lag  time.Duration // at most maxLag
}

// words is the lag for people.
func (l lagging) words() string {
	if l.lag >= maxLag {
		return "a day or more"
	}
	return l.lag.Round(time.Second).String()
}

// middle is one in the middle of those that are behind, so that one alone decides nothing where there are more.
func middle(far []lagging) lagging { return far[(len(far)-1)/2] }

// lags returns the teams whose clocks seem behind ours, the nearest first, and of how many the clock is known.
func (s *skew) lags(now time.Time) (far []lagging, known int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for t, c := range s.teams {
		if c.at.IsZero() || now.Sub(c.at) > clockWord {
			continue
		}
		known++
		if c.lag > lagLimit {
			far = append(far, lagging{t, min(c.lag, maxLag)})
		}
	}
	slices.SortFunc(far, func(a, b lagging) int {
		return cmp.Or(cmp.Compare(a.lag, b.lag), bytes.Compare(a.team[:], b.team[:]))
	})
	return far, known
}

// clockWarnings says what is wrong with a clock, ours or another's.
func (n *Node) clockWarnings() []string {
	now := n.now()
	var out []string
	if d := n.replica.Delegation(); now.Before(d.From) {
		out = append(out, fmt.Sprintf("the delegation of this node's key begins at %s, in %s by this machine's clock, and nothing can be signed before: is the clock right?",
			stamp(d.From), d.From.Sub(now).Round(time.Second)))
	}
	if w := n.skew.behind(); w != "" {
		out = append(out, w)
	}
	far, known := n.skew.lags(now)
	switch {
	case len(far) == 0:
	case 2*len(far) > known && known > 1:
		out = append(out, fmt.Sprintf("this machine's clock seems %s fast: the clocks of %d of %d teams are behind it%s",
			middle(far).words(), len(far), known, n.untilTaken(middle(far), now)))
	default:
		out = append(out, fmt.Sprintf("this machine's clock is %s ahead of that of %s, by its word: one of the two is wrong%s",
			far[0].words(), nameOf(n.team(far[0].team)), n.untilTaken(far[0], now)))
	}
	return append(out, n.waitingWarnings(now)...)
}

// untilTaken says how long what is published now waits where a clock is so far behind.
func (n *Node) untilTaken(l lagging, now time.Time) string {
	limit := n.ahead()
	if l.lag <= limit {
		return ""
	}
	until := ""
	if l.lag < maxLag {
		until = ": what is published now until " + stamp(now.Add(l.lag-limit))
	}
	return fmt.Sprintf(". What is published here is kept outside there until it is at most %s ahead of the clock%s", limit, until)
}

// stamp is a time for people.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

// ahead is how far records may be ahead of a clock. Others may have set another limit than this node.
func (n *Node) ahead() time.Duration { return n.opt.Config.Limits.ClockAhead.Std() }

// waitingWarnings says of which teams records wait outside, since they are from the future.
func (n *Node) waitingWarnings(now time.Time) []string {
	type one struct {
		team  identity.TeamID
		ahead time.Duration
		count int
		until time.Time
	}
	var all []one
	n.skew.mu.Lock()
	for t, c := range n.skew.teams {
		if len(c.waiting) == 0 {
			continue
		}
		w := one{team: t, ahead: c.ahead, count: len(c.waiting)}
		for _, r := range c.waiting {
			if r.until.After(w.until) {
				w.until = r.until
			}
		}
		all = append(all, w)
	}
	n.skew.mu.Unlock()
	slices.SortFunc(all, func(a, b one) int { return bytes.Compare(a.team[:], b.team[:]) })
	var out []string
	for _, w := range all {
		out = append(out, fmt.Sprintf("%s's clock seems %s fast: its records wait outside until this clock is near, %d now, the last until %s",
			nameOf(n.team(w.team)), max(w.ahead, w.until.Add(n.ahead()).Sub(now)).Round(time.Second), w.count, stamp(w.until)))
	}
	return out
}

// sawClock follows what an arrival says of its author's clock. A team whose record is from the future is told, by
// hello, and is named in the log.
func (n *Node) sawClock(o *replica.Outcome, now time.Time) {
	ahead, future := n.skew.saw(o, now, n.ahead())
	if !future {
		return
	}
	team := o.Record.Team()
	n.skew.mu.Lock()
	c := n.skew.of(team)
	due := c.logged.IsZero() || now.Sub(c.logged) >= lookAgain
	if due {
		c.logged = now
	}
	n.skew.mu.Unlock()
	if due {
		n.log.Warn("a record from the future waits outside", slog.String("team", team.String()),
			slog.Duration("ahead", ahead.Round(time.Second)))
		n.net.Greet(team)
	}
}

// aheadOf is how far the clock of a team seems ahead where records of it wait outside for that; else 0.
func (n *Node) aheadOf(team identity.TeamID) time.Duration {
	n.skew.mu.Lock()
	defer n.skew.mu.Unlock()
	if c := n.skew.teams[team]; c != nil && len(c.waiting) > 0 {
		return max(c.ahead, 0)
	}
	return 0
}

// aheadCame is told by the mesh that a node of a fellow keeps records of ours outside: by its clock they are from
// the future, by so much.
func (n *Node) aheadCame(from identity.TeamID, by time.Duration) {
	now := n.now()
	far, _ := n.skew.lags(now)
	n.skew.told(from, by, now)
	if len(far) == 0 {
		n.logClock()
	}
}

// judgedClock takes a judgement from a direct stream.
func (n *Node) judgedClock(team identity.TeamID, id record.ID, j policy.Judgement) {
	if j.Reason != policy.Future {
		return
	}
	e, err := n.replica.Brief(id)
	if err != nil {
		return
	}
	// It was more than the limit ahead of their clock a moment ago, and was written when its header says.
	n.aheadCame(team, e.Record.Header().Created.Sub(n.now())+n.ahead()+time.Second)
}

func (n *Node) logClock() {
	for _, w := range n.clockWarnings() {
		n.log.Warn("clock", slog.String("warning", w))
	}
}

// clockOfPublished says to the sender which of those who are to read it do not take it now, and until when.
func (n *Node) clockOfPublished(r *record.Record) []string {
	ch, now := r.Header().Channel, n.now()
	far, _ := n.skew.lags(now)
	far = slices.DeleteFunc(far, func(l lagging) bool {
		return l.lag <= n.ahead() || !ch.Has(l.team) && (ch.Private() || !n.replica.Roster().Member(ch.Community, l.team))
	})
	if len(far) == 0 {
		return nil
	}
	until := ""
	if l := middle(far); l.lag < maxLag {
		until = " until " + stamp(r.Header().Created.Add(l.lag-n.ahead()))
	}
	if len(far) == 1 {
		return []string{fmt.Sprintf("%s says that by its clock this is from the future, by %s, and waits there%s; of no other team is that known",
			nameOf(n.team(far[0].team)), far[0].words(), until)}
	}
	return []string{fmt.Sprintf("by the clocks of %d teams this is from the future, by %s, and waits there%s: check this machine's clock",
		len(far), middle(far).words(), until)}
}
