package mesh

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/time/rate"

	"tocsin/pkg/identity"
	"tocsin/pkg/policy"
	"tocsin/pkg/replica"
)

// Keys that seal bodies go from node to node, each wrapped for the one who gets it, and sealing public
// keys with them. One message asks and gives, one answers. Who may have what key is the Copy's business;
// here it is decided who may ask at all: fellows, about channels that we share.

// keysLink is what a link knows of the keys protocol. Guarded by Mesh.mu.
type keysLink struct {
	limit    *rate.Limiter    // of what is answered; nil until the first
	gives    []replica.KeyAsk // to be pushed, at most maxKeys
	next     time.Time        // no session of ours before
	failures int              // of our sessions, in a row
}

// keysAllowed takes one message from the peer's allowance, and from its team's, which a new connection does
// not renew.
func (m *Mesh) keysAllowed(p peer.ID) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.links[p]
	if l == nil {
		return false
	}
	if l.keys.limit == nil {
		l.keys.limit = rate.NewLimiter(rate.Every(keysEvery), keysBurst)
	}
	return l.keys.limit.Allow() && m.allowanceOf(l.team).keys.Allow()
}

// errand is what one session is for.
type errand struct {
	asks   []replica.KeyAsk
	wanted [][32]byte
	gives  []replica.KeyAsk
}

// exchangeKeys runs one session and returns how many keys it brought.
func (m *Mesh) exchangeKeys(ctx context.Context, p peer.ID, e errand) (taken int, err error) {
	s := m.stands(p)
	if !s.fellow() {
		return 0, errRefused
	}
	slices.SortFunc(e.wanted, compareHashes)
	a := keysAsk{asks: m.about(s, e.asks), wanted: e.wanted, gives: m.wrapsFor(p, s, e.gives)}
	if len(a.asks)+len(a.wanted)+len(a.gives) == 0 {
		return 0, nil
	}
	ctx, w, err := m.dial(ctx, p, keysProtocol)
	if err != nil {
		return 0, err
	}
	defer func() { w.end(err) }()
	if err = w.send(a.encode()); err != nil {
		return 0, err
	}
	msg, err := w.receive(maxKeysMessage)
	if err != nil {
		return 0, err
	}
	got, err := decodeKeysAnswer(msg)
	if err != nil {
		return 0, fmt.Errorf("read keys: %w", err)
	}
	m.keepSealing(ctx, got.keys, e.wanted)
	return m.takeWraps(w, s.team, got.wraps), nil
}

// answerKeys answers one.
func (m *Mesh) answerKeys(ctx context.Context, p peer.ID, w *wire) error {
	s := m.stands(p)
	if !s.fellow() || !m.keysAllowed(p) {
		return errRefused
	}
	msg, err := w.receive(maxKeysMessage)
	if err != nil {
		return err
	}
	a, err := decodeKeysAsk(msg)
	if err != nil {
		return fmt.Errorf("read what keys are asked: %w", err)
	}
	answer := keysAnswer{taken: m.takeWraps(w, s.team, a.gives), wraps: m.wrapsFor(p, s, a.asks)}
	for _, digest := range a.wanted {
		if key, ok := m.opt.Copy.SealingKey(digest); ok && len(key) == sealingSize {
			answer.keys = append(answer.keys, key)
		}
	}
	return m.sendAfforded(ctx, p, w, answer.encode())
}

// about returns the asks that are about channels which we share with the peer.
func (m *Mesh) about(s standing, asks []replica.KeyAsk) []replica.KeyAsk {
	return slices.DeleteFunc(slices.Clone(asks), func(k replica.KeyAsk) bool { return m.partIn(s, k.Channel) != both })
}

// wrapsFor wraps those of the keys that the peer may have.
func (m *Mesh) wrapsFor(p peer.ID, s standing, asks []replica.KeyAsk) [][]byte {
	if asks = m.about(s, asks); len(asks) == 0 {
		return nil
	}
	to, sealing := m.recipient(p, s)
	if sealing == nil {
		return nil
	}
	return fitting(m.opt.Copy.WrapsFor(m.opt.Now(), to, sealing, asks))
}

// recipient returns the delegation and the sealing key of a peer: those that it showed if they are in
// force, else what is known. The key is nil where none is.
func (m *Mesh) recipient(p peer.ID, s standing) (to *identity.Delegation, sealing []byte) {
	m.mu.Lock()
	if l := m.links[p]; l != nil {
		to, sealing = l.showed, l.sealing
	}
	m.mu.Unlock()
	if to != nil && to.Team == s.team && to.Node == s.node && to.Covers(m.opt.Now()) {
		return to, sealing
	}
	if s.delegation == nil {
		return nil, nil
	}
	key, ok := m.opt.Copy.SealingKey(s.delegation.Sealing)
	if !ok || len(key) != sealingSize {
		return s.delegation, nil
	}
	return s.delegation, key
}

func (m *Mesh) takeWraps(w *wire, from identity.TeamID, frames [][]byte) (taken int) {
	if len(frames) == 0 {
		return 0
	}
	defer w.pause()()
	taken = min(m.opt.Copy.TakeWraps(m.opt.Now(), from, frames), len(frames))
	if taken > 0 && m.opt.Events.OnKeys != nil {
		m.opt.Events.OnKeys(from, taken)
	}
	return taken
}

// keepSealing keeps those of the sealing keys whose digests are wanted, ascending.
func (m *Mesh) keepSealing(ctx context.Context, keys [][]byte, wanted [][32]byte) {
	for _, key := range keys {
		if _, ok := slices.BinarySearchFunc(wanted, identity.SealingDigest(key), compareHashes); !ok {
			continue
		}
		if err := m.opt.Copy.PutSealingKey(key); err != nil {
			m.log.LogAttrs(ctx, slog.LevelWarn, "cannot keep a sealing key", slog.Any("err", err))
		}
		m.recount()
	}
}

// keepShown keeps the sealing key that a peer showed in hello, if there is a use for it.
func (m *Mesh) keepShown(ctx context.Context, p peer.ID) {
	m.mu.Lock()
	var key []byte
	if l := m.links[p]; l != nil && !l.stranger() {
		key = l.sealing
	}
	m.mu.Unlock()
	if key != nil {
		m.keepSealing(ctx, [][]byte{key}, slices.SortedFunc(slices.Values(m.missingSealing(time.Now())), compareHashes))
	}
}

// arrived remembers who wrote a sealed record that was kept: its key is asked of the author first. That
// there is one makes us look at what keys are wanted.
func (m *Mesh) arrived(o *replica.Outcome) {
	r := o.Record
	if r == nil || o.Verdict != policy.Accept || len(r.Header().Body.KeyID) != 32 {
		return
	}
	k := replica.KeyAsk{Channel: r.Header().Channel, Key: [32]byte(r.Header().Body.KeyID)}
	m.mu.Lock()
	if len(m.keys.authors) >= maxAuthors {
		clear(m.keys.authors) // it only says whom to ask first
	}
	m.keys.authors[k] = r.Team()
	m.mu.Unlock()
	m.AskKeys()
}

// AskKeys has fellows asked soon for the keys that are wanted.
func (m *Mesh) AskKeys() {
	due := time.Now().Add(keysSettle)
	m.mu.Lock()
	if m.keys.look.After(due) {
		m.keys.look = due
	}
	m.mu.Unlock()
	m.rouse()
}

// GiveKeys has keys that were made here pushed to the fellows that are connected and may have them. The
// others ask.
func (m *Mesh) GiveKeys(keys ...replica.KeyAsk) {
	m.mu.Lock()
	for _, l := range m.links {
		if !l.fellow() {
			continue
		}
		for _, k := range keys {
			if len(l.keys.gives) < maxKeys && !slices.Contains(l.keys.gives, k) {
				l.keys.gives = append(l.keys.gives, k)
			}
		}
	}
	m.mu.Unlock()
	m.AskKeys()
}

// keysEnded notes how a session ended.
func (m *Mesh) keysEnded(ctx context.Context, p peer.ID, taken int, err error) {
	now := time.Now()
	m.mu.Lock()
	delete(m.keys.running, p)
	if l := m.links[p]; l != nil {
		l.keys.next = now.Add(keysEvery)
		l.keys.failures = 0
		if err != nil {
			l.keys.failures++
			l.keys.next = now.Add(m.jitter(keysEvery << min(l.keys.failures, 8)))
		}
	}
	m.mu.Unlock()
	if err != nil && ctx.Err() == nil {
		m.log.LogAttrs(ctx, slog.LevelDebug, "keys not exchanged", slog.String("peer", p.String()), slog.Any("err", err))
	}
	if taken > 0 {
		m.log.LogAttrs(ctx, slog.LevelDebug, "got keys", slog.String("peer", p.String()), slog.Int("keys", taken))
	}
	m.AskKeys() // of somebody else, what this one did not have
}
