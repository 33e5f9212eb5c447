package node

import (
	"fmt"
	"log/slog"
	"sync"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/mesh"
	"tocsin/pkg/record"
)

// twin is what this node knows of another process that runs with its key: a copy of it, most likely.
type twin struct {
	mu        sync.Mutex
	told      map[identity.TeamID]time.Time // when each member last said that it hears two
	suspected map[identity.TeamID]time.Time // when the suspicion of each was last taken
	logged    map[bool]time.Time            // by whether it is more than one member's word
	held      time.Time                     // lanes are not confirmed until then; zero: they may be
}

func newTwin() *twin {
	return &twin{told: map[identity.TeamID]time.Time{}, suspected: map[identity.TeamID]time.Time{}, logged: map[bool]time.Time{}}
}

// twinAsks is for how long a member may need to find out whether two processes have this node's key.
const twinAsks = 15 * time.Second

// suspectAgain is how long after a member's suspicion another of its is taken. Lanes stay in doubt for twinAsks of it.
const suspectAgain = 5 * time.Minute

// twinWarns is for how long after it was last heard of a copy is warned of.
const twinWarns = 24 * time.Hour

// twinCame is told by the mesh that a member hears two processes under this node's key. Each goes on in lanes
// of its own, so that the two do not meet in one. A member that lies can have this node begin one more lane in a
// channel for each start, and one for what is published in the short time in which its suspicion counts.
func (n *Node) twinCame(from identity.TeamID, company mesh.Company) {
	from, now := n.replica.Roster().Canonical(from), n.now()
	if company == mesh.Suspected {
		n.suspect(from, now)
		return
	}
	n.twin.mu.Lock()
	first := len(n.twin.told) == 0
	n.twin.told[from] = now
	n.twin.mu.Unlock()
	n.replica.Part()
	n.logTwin()
	if first { // what a member took from the one it does not take from the other before it compares
		n.compareAll()
	}
}

// suspect holds lanes in doubt until a member has found out whether two processes have this node's key.
func (n *Node) suspect(from identity.TeamID, now time.Time) {
	until := now.Add(twinAsks)
	n.twin.mu.Lock()
	was, ever := n.twin.suspected[from]
	if since := now.Sub(was); ever && since >= 0 && since < suspectAgain {
		n.twin.mu.Unlock()
		return
	}
	n.twin.suspected[from], n.twin.held = now, until
	n.twin.mu.Unlock()
	n.replica.DoubtUntil(until)
}

// compareAll compares every community with whom is connected.
func (n *Node) compareAll() {
	for _, c := range n.replica.Roster().CommunitiesOf(n.replica.Self()) {
		n.net.Sync(record.InCommunity(c), identity.TeamID{})
	}
}

// freeLanes compares again after a time in which lanes could not be confirmed.
func (n *Node) freeLanes(now time.Time) {
	n.twin.mu.Lock()
	over := !n.twin.held.IsZero() && now.After(n.twin.held)
	if over {
		n.twin.held = time.Time{}
	}
	n.twin.mu.Unlock()
	if over {
		n.compareAll()
	}
}

// twinned reports whether a copy of this node runs, as far as is known.
func (n *Node) twinned() bool {
	w, _ := n.twinWarning()
	return w != ""
}

// twinWarning says that a copy of this node runs, or is empty, and whether it rests on more than one member's word.
func (n *Node) twinWarning() (warning string, firm bool) {
	now := n.now()
	var by identity.TeamID
	var last time.Time
	count := 0
	n.twin.mu.Lock()
	for t, at := range n.twin.told {
		if now.Sub(at) >= twinWarns {
			continue
		}
		if count++; at.After(last) {
			by, last = t, at
		}
	}
	n.twin.mu.Unlock()
	why := ""
	switch wrote := n.replica.Twin(); {
	case !wrote.IsZero() && now.Sub(wrote) < twinWarns:
		why = fmt.Sprintf("a record came that was signed with this node's key at %s, and not here", stamp(wrote))
	case count > 1:
		why = fmt.Sprintf("%d teams hear two processes with this node's key (%s)", count, stamp(last))
	case count == 1:
		return fmt.Sprintf("another copy of this node also runs, by the word of %s alone (%s): if you know of one, stop one of the two; if not, ask them what they hear",
			nameOf(n.team(by)), stamp(last)), false
	default:
		return "", false
	}
	return "another copy of this node also runs: " + why + ". Stop one of the two; a second node of the team has a key of its own (tocsin key request). " +
		"If there is no copy, somebody has the key: revoke it", true
}

// logTwin says it in the log, once a day.
func (n *Node) logTwin() {
	w, firm := n.twinWarning()
	now := n.now()
	n.twin.mu.Lock()
	last, ever := n.twin.logged[firm]
	due := w != "" && (!ever || now.Sub(last) >= twinWarns)
	if due {
		n.twin.logged[firm] = now
	}
	n.twin.mu.Unlock()
	if due {
		n.log.Warn("two of one node", slog.String("warning", w))
	}
}
