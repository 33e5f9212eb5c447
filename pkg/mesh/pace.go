package mesh

import (
	"context"
	"errors"
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
// slows it, so it is believed at once when it is quicker, and by half when it is slower.
func (m *Mesh) measured(p peer.ID, sent, received int, took time.Duration) {
	n := max(sent, received)
	if n < paceSample {
		return
	}
	now, bytesPerSecond := time.Now(), float64(n)/max(took, time.Millisecond).Seconds()
	m.mu.Lock()
	defer m.mu.Unlock()
	if bytesPerSecond >= m.line.best || now.Sub(m.line.at) > lineMemory {
		m.line.best, m.line.at = bytesPerSecond, now
	}
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

// throughput is the best that any line of this node has carried within lineMemory.
type throughput struct {
	best float64
	at   time.Time // zero: nothing was measured
}

// thin reports whether this node's own line seems to be thin: then one session at a time uses it. A
// single peer that is slow does not make it so, as long as there are others.
func (t throughput) thin() bool { return !t.at.IsZero() && t.best < thinRate }

// portionUp and portionDown return how many bytes to send to a peer, or to ask of it, at once.
func (m *Mesh) portionUp(p peer.ID, most int) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if l := m.links[p]; l != nil {
		return portionOf(l.pace.up, most)
	}
	return portionLeast
}

func (m *Mesh) portionDown(p peer.ID, most int) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if l := m.links[p]; l != nil {
		return portionOf(l.pace.down, most)
	}
	return portionLeast
}

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
