package mesh

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// bareMesh keeps account of a line and of turns, and has no network.
func bareMesh(teams ...identity.TeamID) *Mesh {
	m := &Mesh{
		sessions: newSessions(), teams: map[identity.TeamID]*allowance{}, links: map[peer.ID]*link{}, line: map[identity.TeamID]throughput{},
		syncs: map[syncKey]time.Time{}, syncing: map[syncKey]bool{}, wake: make(chan struct{}, 1),
	}
	for _, team := range teams {
		m.links[peer.ID(team[:1])] = &link{standing: standing{team: team, own: true}}
	}
	return m
}

func (m *Mesh) isThin() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.thin()
}

// That a line is thin takes the word of two teams, or of the only one, and what is carried well at the same time
// outweighs it; what a stranger makes slow, or anybody who answers when it likes, says nothing.
func TestOneSlowTeamMakesNoLineThin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, c := identity.TeamID{1}, identity.TeamID{2}, identity.TeamID{3}
		m := bareMesh(a, b, c)
		m.links["stranger"] = &link{}
		m.carried(a, 1<<20, time.Second)
		time.Sleep(lineMemory + time.Second)
		m.measured("stranger", 0, paceSample, 19*time.Second)
		m.measured(peer.ID(b[:1]), paceSample, 0, 19*time.Second)
		m.carried(b, paceSample, 19*time.Second)
		if m.isThin() {
			t.Error("a stranger and one team of three made the line thin")
		}
		m.carried(c, paceSample, 19*time.Second)
		if !m.isThin() {
			t.Error("two teams were slow and the line is not thin")
		}
		m.carried(a, 1<<20, time.Second)
		if m.isThin() {
			t.Error("a line that carries a megabyte in a second is thin")
		}
		delete(m.links, peer.ID(b[:1]))
		delete(m.links, peer.ID(c[:1]))
		time.Sleep(lineMemory + time.Second)
		m.carried(a, paceSample, 19*time.Second)
		if !m.isThin() {
			t.Error("the only team was slow and the line is not thin")
		}
	})
}

// On a thin line who asks most often has no more turns than the others that wait, nor than this node itself.
func TestAskingOftenBringsNoMoreTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hasty := identity.TeamID{1}
		teams := []identity.TeamID{hasty, {2}, {3}, {4}}
		m := bareMesh(teams...)
		turns, next := map[identity.TeamID]int{}, map[identity.TeamID]time.Time{}
		var held *exchange // by the hasty one, until it is cut
		own := syncKey{peer.ID(teams[1][:1]), record.Channel{}}
		begin := func(team identity.TeamID, ours bool) *exchange {
			x := &exchange{syncKey: syncKey{peer.ID(team[:1]), record.Channel{}}, to: team, wire: &wire{cancel: func() {}}}
			if !m.beginSession(x, ours) {
				return nil
			}
			return x
		}
		for start := time.Now(); time.Since(start) < 2*time.Hour; time.Sleep(250 * time.Millisecond) {
			now := time.Now()
			m.carried(teams[1], paceSample, time.Second)
			m.carried(teams[2], paceSample, time.Second)
			if held != nil && now.Sub(held.began) >= turnMost {
				m.endSession(held)
				held = nil
			}
			if held == nil {
				if held = begin(hasty, false); held != nil {
					turns[hasty]++
				}
			}
			for i, team := range teams[1:] {
				if now.Before(next[team]) {
					continue
				}
				next[team] = now.Add(turnRest - time.Duration(i)*time.Second)
				if x := begin(team, false); x != nil {
					turns[team]++
					m.endSession(x)
				}
			}
			switch at, ok := m.syncs[own]; {
			case m.syncing[own]: // it has dialled by now
				if x := begin(teams[1], true); x != nil {
					turns[identity.TeamID{}]++
					m.endSession(x)
				}
				m.synced(t.Context(), own, false, nil)
				m.syncs[own] = now.Add(time.Minute)
			case !ok:
				m.syncs[own] = now.Add(time.Minute)
			case !at.After(now) && len(m.sessions.open) == 0:
				delete(m.syncs, own)
				m.syncing[own] = true
			}
		}
		for _, team := range append(teams, identity.TeamID{}) {
			if turns[team] < 30 {
				t.Errorf("in two hours team %d had %d turns, of %v", team[0], turns[team], turns)
			}
		}
		t.Logf("%v", turns)
	})
}
