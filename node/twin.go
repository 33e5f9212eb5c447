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
	mu     sync.Mutex
	told   time.Time // when a member last said that it hears two
	by     identity.TeamID
	logged time.Time
	held   time.Time // lanes are not confirmed until then; zero: they may be
}

// twinAsks is for how long a member may need to find out whether two processes have this node's key.
const twinAsks = 15 * time.Second

// twinWarns is for how long after it was last heard of a copy is warned of.
const twinWarns = 24 * time.Hour

// twinCame is told by the mesh that a member hears two processes under this node's key. Each goes on in lanes
// of its own, so that the two do not meet in one. A member that lies can have this node begin one more lane in a
// channel for each start, and no more.
func (n *Node) twinCame(from identity.TeamID, now mesh.Company) {
	if now == mesh.Suspected {
		until := n.now().Add(twinAsks)
		n.replica.DoubtUntil(until)
		n.twin.mu.Lock()
		n.twin.held = until
		n.twin.mu.Unlock()
		return
	}
	n.twin.mu.Lock()
	first := n.twin.told.IsZero()
	n.twin.told, n.twin.by = n.now(), from
	n.twin.mu.Unlock()
	n.replica.Part()
	n.logTwin()
	if first { // what a member took from the one it does not take from the other before it compares
		n.compareAll()
	}
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
func (n *Node) twinned() bool { return n.twinWarning() != "" }

// twinWarning says that a copy of this node runs, or is empty.
func (n *Node) twinWarning() string {
	n.twin.mu.Lock()
	told, by := n.twin.told, n.twin.by
	n.twin.mu.Unlock()
	now := n.now()
	why := ""
	switch wrote := n.replica.Twin(); {
	case !told.IsZero() && now.Sub(told) < twinWarns:
		why = fmt.Sprintf("%s hears two processes with this node's key (%s)", nameOf(n.team(by)), stamp(told))
	case !wrote.IsZero() && now.Sub(wrote) < twinWarns:
		why = fmt.Sprintf("a record came that was signed with this node's key at %s, and not here", stamp(wrote))
	default:
		return ""
	}
	return "another copy of this node also runs: " + why + ". Stop one of the two; a second node of the team has a key of its own (tocsin key request). " +
		"If there is no copy, somebody has the key: revoke it"
}

// logTwin says it in the log, once a day.
func (n *Node) logTwin() {
	w := n.twinWarning()
	n.twin.mu.Lock()
	due := w != "" && (n.twin.logged.IsZero() || n.now().Sub(n.twin.logged) >= twinWarns)
	if due {
		n.twin.logged = n.now()
	}
	n.twin.mu.Unlock()
	if due {
		n.log.Warn("two of one node", slog.String("warning", w))
	}
}
