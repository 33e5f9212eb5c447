package mesh

import (
	"errors"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// sessions are those of sync that run, whoever began them, and who waits for one. Guarded by Mesh.mu.
type sessions struct {
	last   uint64                        // number of a session
	open   map[*exchange]identity.TeamID // whose turn it is: of who began it, zero for this node
	claims map[record.ID]claim           // what is being fetched
	turned map[identity.TeamID]time.Time // who was last told to wait, until it has had a session
	ended  map[record.Channel]time.Time  // when a session about the channel has, of few of them
	had    map[identity.TeamID]time.Time // when a team's turn was over, of few; zero: the turn of this node's own
}

// claim says which session fetches a record, and until when no other does.
type claim struct {
	by    uint64
	until time.Time
}

func newSessions() sessions {
	return sessions{
		open: map[*exchange]identity.TeamID{}, claims: map[record.ID]claim{}, turned: map[identity.TeamID]time.Time{},
		ended: map[record.Channel]time.Time{}, had: map[identity.TeamID]time.Time{},
	}
}

// nextTurn returns when a session that was not the last takes its next turn: on a thin line after those peers
// that were told to wait. The caller holds mu.
func (m *Mesh) nextTurn(now time.Time) time.Time {
	if m.thin() && m.told(func(identity.TeamID) bool { return true }, now) {
		return now.Add(turnRest + turnRest/4)
	}
	return now.Add(syncSettle + time.Duration(m.rand.Int64N(int64(syncSpread))))
}

// beginSession takes a place for a session. There is none where the line is thin and another session uses it, or
// another team's turn comes first, and for a peer whose team has begun too many.
func (m *Mesh) beginSession(x *exchange, ours bool) bool {
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	team := x.to
	if ours {
		team = identity.TeamID{}
	}
	if !ours && !m.allowanceOf(team).sessions.Allow() {
		return false
	}
	if m.thin() && (len(m.sessions.open) > 0 || !ours && m.yields(team, now)) {
		if !ours && len(m.sessions.turned) < maxTeams {
			m.sessions.turned[team] = now
		}
		return false
	}
	delete(m.sessions.turned, team)
	m.sessions.last++
	x.number, x.began = m.sessions.last, now
	m.sessions.open[x] = team
	return true
}

func (m *Mesh) endSession(x *exchange) {
	m.mu.Lock()
	m.hadTurn(m.sessions.open[x])
	delete(m.sessions.open, x)
	if len(m.sessions.ended) >= maxSyncWants {
		clear(m.sessions.ended) // it only says who goes first
	}
	m.sessions.ended[x.channel] = time.Now()
	m.mu.Unlock()
	m.rouse()
}

// hadTurn notes that a turn is over; team is zero for one that this node took for itself. The caller holds mu.
func (m *Mesh) hadTurn(team identity.TeamID) {
	if len(m.sessions.had) >= maxTeams {
		clear(m.sessions.had)
	}
	m.sessions.had[team] = time.Now()
}

// yields reports whether somebody whose last turn was before that of the team waits for the next: another team that
// was told to, and asks again, or this node. So who asks most often does not get most. The caller holds mu.
func (m *Mesh) yields(team identity.TeamID, now time.Time) bool {
	before := func(other identity.TeamID) bool {
		return other != team && m.sessions.had[other].Before(m.sessions.had[team])
	}
	return before(identity.TeamID{}) && (len(m.syncing) > 0 || m.due(syncKey{}, now)) || m.told(before, now)
}

// told reports whether a team of that kind was told to wait and may still come. The caller holds mu.
func (m *Mesh) told(kind func(identity.TeamID) bool, now time.Time) bool {
	for team, at := range m.sessions.turned {
		if now.Sub(at) < 2*turnRest && kind(team) {
			return true
		}
	}
	return false
}

// due reports whether another session of this node is. The caller holds mu.
func (m *Mesh) due(but syncKey, now time.Time) bool {
	for key, at := range m.syncs {
		if key != but && !at.After(now) {
			return true
		}
	}
	return false
}

// byTurn orders sessions that are due: the channel that waits longest first, then the session that does. The
// caller holds mu.
func (m *Mesh) byTurn(a, b syncKey) int {
	if c := m.sessions.ended[a.channel].Compare(m.sessions.ended[b.channel]); c != 0 {
		return c
	}
	return m.syncs[a].Compare(m.syncs[b])
}

// cutSessions ends those whose turn is over and that do not notice: what they wait for is too slow. It returns
// when the next may be. The caller holds mu.
func (m *Mesh) cutSessions(now time.Time) (next time.Time) {
	next = now.Add(time.Minute)
	if !m.thin() {
		return next
	}
	for x := range m.sessions.open {
		switch due := x.began.Add(turnMost); {
		case due.After(now):
			if due.Before(next) {
				next = due
			}
		case m.othersWait(x, now):
			x.wire.cancel()
		}
	}
	return next
}

// mayGoOn reports whether a session may use the line on. A thin one is the oldest session's, for turnTime
// if others wait.
func (m *Mesh) mayGoOn(x *exchange) bool {
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.thin() {
		return true
	}
	for y := range m.sessions.open {
		if y.number < x.number {
			return false
		}
	}
	return now.Sub(x.began) < turnTime || !m.othersWait(x, now)
}

// othersWait reports whether another session is due, here or at a peer that was told to wait. The caller
// holds mu.
func (m *Mesh) othersWait(x *exchange, now time.Time) bool {
	return m.due(x.syncKey, now) || m.told(func(identity.TeamID) bool { return true }, now)
}

// claim returns records that a session wants next, as many as make a window, and those that are here by now.
// What another session is getting it leaves until there is nothing else, and then for another session.
func (m *Mesh) claim(x *exchange) (w want) {
	for window := m.window(x.peer); len(w.ids) < window && len(w.here) < syncWindow; {
		if len(x.need) == 0 && (len(w.ids) > 0 || !m.reclaim(x)) {
			return w
		}
		id := x.need[0]
		x.need = x.need[1:]
		switch {
		case !m.lacks(id):
			w.here = append(w.here, id)
		case m.claimed(x, id):
			x.claimed = append(x.claimed, id)
		default:
			w.ids = append(w.ids, id)
		}
	}
	return w
}

// claimed reports whether another session is getting a record. If none is, this one is from now on.
func (m *Mesh) claimed(x *exchange, id record.ID) bool {
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	if c, ok := m.sessions.claims[id]; ok && c.by != x.number && now.Before(c.until) {
		return true
	}
	m.sessions.claims[id] = claim{x.number, now.Add(claimTime)}
	return false
}

// reclaim looks at what other sessions were getting and reports whether there is something to want after all.
func (m *Mesh) reclaim(x *exchange) bool {
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range x.claimed {
		if c, ok := m.sessions.claims[id]; ok && now.Before(c.until) {
			x.left = true
		} else {
			x.need = append(x.need, id)
		}
	}
	x.claimed = nil
	return len(x.need) > 0
}

// lacks reports whether a record is not here.
func (m *Mesh) lacks(id record.ID) bool {
	_, err := m.opt.Copy.FrameFor(id, m.self, policy.Sync)
	return errors.Is(err, replica.ErrNotFound)
}

func (m *Mesh) unclaim(x *exchange, ids []record.ID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range ids {
		if m.sessions.claims[id].by == x.number {
			delete(m.sessions.claims, id)
		}
	}
}
