package mesh

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/time/rate"

	"tocsin/pkg/identity"
)

// How much is sent at once follows what the line has carried, and how much a team is sent at all has a
// pace of its own: the first is for thin lines, the second against those who ask again and again.

var errPace = errors.New("the peer's team asks for more than its share")

// linePace is what the line to a peer has carried lately, in bytes a second; zero: not measured yet.
type linePace struct{ up, down float64 }

// measured notes that so many bytes and their answer took that long. What is on the line beside them
// slows it, so it is believed at once when it is quicker, and by half when it is slower. It says nothing of
// anybody else's line: the peer answers when it likes.
func (m *Mesh) measured(p peer.ID, sent, received int, took time.Duration) {
	n := max(sent, received)
	if n < paceSample {
		return
	}
	bytesPerSecond := rateOf(n, took)
	m.mu.Lock()
	defer m.mu.Unlock()
	if l := m.links[p]; l != nil {
		was := &l.pace.down
		if sent > received {
			was = &l.pace.up
		}
		if bytesPerSecond < *was {
			bytesPerSecond = (*was + bytesPerSecond) / 2
		}
		*was = bytesPerSecond
	}
}

func rateOf(n int, took time.Duration) float64 {
	return float64(n) / max(took, time.Millisecond).Seconds()
}

// throughput is the best that a line has carried within lineMemory.
type throughput struct {
	best float64
	at   time.Time
}

// carried notes for thin that a batch of a session with a team, and its answer, took that long. Only batches
// count, to which a peer of good will answers at once; a stranger has no session.
func (m *Mesh) carried(team identity.TeamID, n int, took time.Duration) {
	if n < paceSample {
		return
	}
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.DeleteFunc(m.line, func(_ identity.TeamID, t throughput) bool { return now.Sub(t.at) > lineMemory })
	if len(m.line) >= maxTeams {
		clear(m.line)
	}
	if rateOf(n, took) >= m.line[team].best {
		m.line[team] = throughput{rateOf(n, took), now}
	}
}

// thin reports whether this node's own line seems to be thin: then one session at a time uses it. A team that
// is slow, or pretends, does not make it so: two must say so, or the only one that is connected, and none that
// it is good. The caller holds mu.
func (m *Mesh) thin() bool {
	now, slow := time.Now(), 0
	for _, t := range m.line {
		switch {
		case now.Sub(t.at) > lineMemory:
		case t.best >= thinRate:
			return false
		default:
			slow++
		}
	}
	return slow > 1 || slow == 1 && m.oneTeam()
}

// oneTeam reports whether at most one team is connected. The caller holds mu.
func (m *Mesh) oneTeam() bool {
	var first *link
	for _, l := range m.links {
		switch {
		case l.stranger():
		case first == nil:
			first = l
		case l.team != first.team:
			return false
		}
	}
	return true
}

// lineOf returns what the line to a peer has carried; zero where nothing was measured.
func (m *Mesh) lineOf(p peer.ID) linePace {
	m.mu.Lock()
	defer m.mu.Unlock()
	if l := m.links[p]; l != nil {
		return l.pace
	}
	return linePace{}
}

// portionOf returns how many bytes to send, or to ask for, at once.
func portionOf(bytesPerSecond float64, most int) int {
	return int(min(max(bytesPerSecond*portionTime.Seconds(), portionLeast), float64(most)))
}

// allowance is what the nodes of one team together may have us do, over all connections. Strangers share
// one.
type allowance struct {
	bytes    *rate.Limiter // that answers to it may have
	sessions *rate.Limiter // of sync, that it begins
	hellos   *rate.Limiter // that are answered; strangers have another, see crowd
	keys     *rate.Limiter // messages of the keys protocol that are answered
}

// allowanceOf returns a team's. The caller holds mu.
func (m *Mesh) allowanceOf(team identity.TeamID) *allowance {
	a := m.teams[team]
	if a != nil {
		return a
	}
	if len(m.teams) >= maxTeams {
		for t, other := range m.teams {
			if other.bytes.Tokens() >= teamBurst {
				delete(m.teams, t)
			}
		}
	}
	if len(m.teams) >= maxTeams {
		clear(m.teams)
	}
	a = &allowance{
		bytes: rate.NewLimiter(teamPace, teamBurst), sessions: rate.NewLimiter(teamSessions, teamSessionBurst),
		hellos: rate.NewLimiter(teamHellos, teamHelloBurst), keys: rate.NewLimiter(rate.Every(keysEvery/2), 2*keysBurst),
	}
	if team == (identity.TeamID{}) {
		a.bytes = rate.NewLimiter(crowdPace, crowdBytes)
	}
	m.teams[team] = a
	return a
}

// afford waits until the peer's team may have an answer of so many bytes, and fails where that is too long.
func (m *Mesh) afford(ctx context.Context, w *wire, team identity.TeamID, n int) error {
	m.mu.Lock()
	r := m.allowanceOf(team).bytes.ReserveN(time.Now(), n)
	m.mu.Unlock()
	wait := r.Delay()
	if !r.OK() || wait > paceWait {
		r.Cancel()
		return errPace
	}
	if wait == 0 {
		return nil
	}
	defer w.pause()()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// sendAfforded sends an answer that the peer's team may have.
func (m *Mesh) sendAfforded(ctx context.Context, p peer.ID, w *wire, answer []byte) error {
	if err := m.afford(ctx, w, m.stands(p).team, len(answer)); err != nil {
		return err
	}
	return w.send(answer)
}
