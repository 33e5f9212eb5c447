package mesh

import (
	"bytes"
	"context"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// keysPlan is whom we asked for which key, and who is to be asked next. Guarded by Mesh.mu.
type keysPlan struct {
	look    time.Time // when what is wanted is looked at again
	running map[peer.ID]bool
	missing [][32]byte                         // sealing keys, as of counted; never changed in place
	counted time.Time                          // zero: count again, which takes longer than to look at what is wanted
	tries   map[keyTry]tried                   // at most maxKeyTries
	authors map[replica.KeyAsk]identity.TeamID // at most maxAuthors
}

// keyTry is a key, or a sealing key by its digest, and a peer that was asked for it.
type keyTry struct {
	key  [32]byte
	peer peer.ID
}

type tried struct {
	times int
	next  time.Time
}

func newKeysPlan() keysPlan {
	return keysPlan{running: map[peer.ID]bool{}, tries: map[keyTry]tried{}, authors: map[replica.KeyAsk]identity.TeamID{}}
}

func compareHashes(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) }

// startKeys begins the sessions for what is wanted and what is to be given, if it is time to look, and
// returns when it is next.
func (m *Mesh) startKeys(ctx context.Context, jobs *sync.WaitGroup, now time.Time) (next time.Time) {
	m.mu.Lock()
	look := m.keys.look
	due := !now.Before(look)
	if due {
		m.keys.look = now.Add(keysLook)
	}
	m.mu.Unlock()
	if !due {
		return look
	}
	errands, next := m.errands(now)
	for p, e := range errands {
		jobs.Go(func() {
			taken, err := m.exchangeKeys(ctx, p, e)
			m.keysEnded(ctx, p, taken, err)
		})
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if next.Before(m.keys.look) {
		m.keys.look = next
	}
	return m.keys.look
}

// round is one look at what is wanted.
type round struct {
	free []asked
	now  time.Time
	next time.Time // when the first of those that were asked lately may be asked again
}

// asked is a peer that can be sent an errand.
type asked struct {
	id peer.ID
	standing
	errand errand
	asks   int                     // keys of each kind to ask for in one message, see portionTime
	parts  map[record.Channel]bool // whether keys of the channel may be asked of it
}

// errands shares out what is wanted among the peers that are free: a key to its author first, then to our
// own other nodes, then to who was asked for it least. next is when the first of those that were asked
// lately may be asked again.
func (m *Mesh) errands(now time.Time) (out map[peer.ID]errand, next time.Time) {
	r := &round{now: now, next: now.Add(keysLook)}
	wanted, missing := slices.Clone(m.opt.Copy.WantedKeys()), slices.Clone(m.missingSealing(now))
	m.mu.Lock()
	m.forgetTries(wanted, missing)
	m.findFree(r, len(wanted)+len(missing) > 0)
	m.rand.Shuffle(len(r.free), func(i, j int) { r.free[i], r.free[j] = r.free[j], r.free[i] })
	m.rand.Shuffle(len(wanted), func(i, j int) { wanted[i], wanted[j] = wanted[j], wanted[i] })
	m.rand.Shuffle(len(missing), func(i, j int) { missing[i], missing[j] = missing[j], missing[i] })
	m.mu.Unlock()
	for _, k := range wanted[:min(len(wanted), maxWanted)] {
		for i := range r.free { // before mu is taken: the Copy is asked
			if a := &r.free[i]; !a.looked(k.Channel) {
				a.parts[k.Channel] = m.partIn(a.standing, k.Channel) == both
			}
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range wanted[:min(len(wanted), maxWanted)] {
		author := m.keys.authors[k]
		if a := m.whom(r, k.Key, func(a *asked) int {
			switch {
			case len(a.errand.asks) == a.asks || !a.parts[k.Channel]:
				return -1
			case a.team == author:
				return 2
			case a.own:
				return 1
			}
			return 0
		}); a != nil {
			a.errand.asks = append(a.errand.asks, k)
		}
	}
	for _, digest := range missing[:min(len(missing), maxWanted)] {
		if a := m.whom(r, digest, func(a *asked) int {
			if len(a.errand.wanted) == a.asks {
				return -1
			}
			return 0
		}); a != nil {
			a.errand.wanted = append(a.errand.wanted, digest)
		}
	}
	return m.dispatch(r.free), r.next
}

// missingSealing returns the digests of the sealing keys that are missing, counted lately.
func (m *Mesh) missingSealing(now time.Time) [][32]byte {
	m.mu.Lock()
	list, fresh := m.keys.missing, !m.keys.counted.IsZero() && now.Sub(m.keys.counted) < keysLook
	m.mu.Unlock()
	if fresh {
		return list
	}
	list = m.opt.Copy.MissingSealingKeys()
	m.mu.Lock()
	m.keys.missing, m.keys.counted = list, now
	m.mu.Unlock()
	return list
}

// recount has the sealing keys that are missing counted again: one came, or there are other delegations.
func (m *Mesh) recount() {
	m.mu.Lock()
	m.keys.counted = time.Time{}
	m.mu.Unlock()
}

func (a *asked) looked(ch record.Channel) bool {
	_, ok := a.parts[ch]
	return ok
}

// findFree finds the fellows that have said hello and can be sent an errand, and when another can be, if
// there is some. The caller holds mu.
func (m *Mesh) findFree(r *round, some bool) {
	for p, l := range m.links {
		switch {
		case !l.fellow() || !l.greeted || m.keys.running[p]:
		case l.keys.next.After(r.now):
			if some || len(l.keys.gives) > 0 {
				r.again(l.keys.next)
			}
		default:
			r.free = append(r.free, asked{id: p, standing: l.standing, asks: keysIn(l.pace.down), parts: map[record.Channel]bool{}})
		}
	}
}

// keysIn returns how many keys a line carries in portionTime.
func keysIn(bytesPerSecond float64) int {
	return portionOf(bytesPerSecond, maxKeys*wrapSize) / wrapSize
}

func (r *round) again(at time.Time) {
	if at.Before(r.next) {
		r.next = at
	}
}

// whom returns whom to ask for a key, and notes that it is. Of those that rank does not exclude with -1
// the highest goes first, then the one that was asked least. The caller holds mu.
func (m *Mesh) whom(r *round, key [32]byte, rank func(*asked) int) *asked {
	var best *asked
	highest, fewest := -1, math.MaxInt
	for i := range r.free {
		a := &r.free[i]
		n, t := rank(a), m.keys.tries[keyTry{key, a.id}]
		switch {
		case n < 0:
		case t.next.After(r.now):
			r.again(t.next)
		case n > highest || n == highest && t.times < fewest:
			best, highest, fewest = a, n, t.times
		}
	}
	if best == nil {
		return nil
	}
	try := keyTry{key, best.id}
	if t, ok := m.keys.tries[try]; ok || len(m.keys.tries) < maxKeyTries {
		t.next = r.now.Add(m.jitter(min(keyAgainMost, keyAgain<<min(t.times, 10))))
		t.times++
		m.keys.tries[try] = t
	}
	return best
}

// forgetTries drops what is known of keys that are not wanted any more. The caller holds mu.
func (m *Mesh) forgetTries(wanted []replica.KeyAsk, missing [][32]byte) {
	if len(m.keys.tries)+len(m.keys.authors) == 0 {
		return
	}
	still := make(map[[32]byte]bool, len(wanted)+len(missing))
	for _, k := range wanted {
		still[k.Key] = true
	}
	for _, digest := range missing {
		still[digest] = true
	}
	maps.DeleteFunc(m.keys.tries, func(t keyTry, _ tried) bool { return !still[t.key] })
	maps.DeleteFunc(m.keys.authors, func(k replica.KeyAsk, _ identity.TeamID) bool { return !still[k.Key] })
}

// dispatch takes up to maxKeySessions errands that are not empty, and what is to be given on the way. Those
// it leaves behind are made again when one ends. The caller holds mu.
func (m *Mesh) dispatch(free []asked) map[peer.ID]errand {
	out := map[peer.ID]errand{}
	for i := range free {
		a := &free[i]
		l := m.links[a.id]
		if l == nil || len(a.errand.asks)+len(a.errand.wanted)+len(l.keys.gives) == 0 {
			continue
		}
		if len(m.keys.running) >= maxKeySessions {
			for _, k := range a.errand.asks {
				m.untry(k.Key, a.id)
			}
			for _, digest := range a.errand.wanted {
				m.untry(digest, a.id)
			}
			continue
		}
		n := min(len(l.keys.gives), keysIn(l.pace.up))
		a.errand.gives, l.keys.gives = l.keys.gives[:n:n], l.keys.gives[n:]
		m.keys.running[a.id] = true
		out[a.id] = a.errand
	}
	return out
}

// untry takes back that a peer was asked. The caller holds mu.
func (m *Mesh) untry(key [32]byte, p peer.ID) {
	if t, ok := m.keys.tries[keyTry{key, p}]; ok {
		t.times--
		t.next = time.Time{}
		m.keys.tries[keyTry{key, p}] = t
	}
}
