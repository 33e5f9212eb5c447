package mesh

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/host/eventbus"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// ErrNotRunning is returned by what needs Run to be running.
var ErrNotRunning = errors.New("mesh is not running")

// Mesh is one node's place in the network. Make it with New, then call Run once, then Close.
type Mesh struct {
	opt      Options
	host     host.Host
	log      *slog.Logger
	self     identity.TeamID
	verifier record.Verifier
	process  process

	// wake has room for one: a second wake-up before the first is taken would do the same.
	wake chan struct{}

	handling sync.WaitGroup // stream handlers; added to only under mu while serving

	mu         sync.Mutex // guards what follows; never held while calling Door, Copy, Roster or Events
	serving    bool
	ran        bool
	handlers   int
	handlersOf map[peer.ID]int
	handlersIn map[identity.TeamID]int
	strange    int // of handlers, those that began for a stranger
	links      map[peer.ID]*link
	voices     map[peer.ID]*voice
	suspects   map[peer.ID]bool // may be two processes
	candidates map[peer.ID]*candidate
	hellos     map[peer.ID]time.Time          // due
	syncs      map[syncKey]time.Time          // due
	syncing    map[syncKey]bool               // running, begun by us; see also sessions
	line       map[identity.TeamID]throughput // of those that sessions moved batches with lately
	teams      map[identity.TeamID]*allowance // at most maxTeams
	sessions   sessions
	dialling   int
	greeting   map[peer.ID]bool // a hello that we began is running
	rand       *rand.Rand
	renewed    map[peer.ID]time.Time
	hasty      map[peer.ID]bool // that opened streams much too fast
	crowd      crowd
	keys       keysPlan
	gossip     *gossip // nil unless serving
	review     bool    // the roster may have changed
	reviewed   time.Time
	reload     time.Time // when kept addresses are read again
	redial     bool      // the reconnector has something to look at
	dialNext   time.Time // when it has next; zero: only then
	periodic   time.Time // when the communities are compared next
	watching   time.Time // when those that we observe are
}

// New opens the host, which listens from then on; what is ours answers only while Run runs.
func New(opt Options) (*Mesh, error) {
	if err := opt.validate(); err != nil {
		return nil, err
	}
	h, g, err := newHost(&opt)
	if err != nil {
		return nil, err
	}
	m, err := NewWithHost(h, opt)
	if err != nil {
		_ = h.Close()
		return nil, err
	}
	g.know(m.teamsOf, m.overrun)
	return m, nil
}

// NewWithHost uses a host that is open already, for tests in simulated networks; Listen is not looked
// at. Close closes it. The host's key must be the transport key.
func NewWithHost(h host.Host, opt Options) (*Mesh, error) {
	if err := opt.validate(); err != nil {
		return nil, err
	}
	if digest, ok := digestOf(h.ID()); !ok || digest != opt.Delegation.Transport {
		return nil, errors.New("mesh: the delegation does not name the host's transport key")
	}
	var seed [32]byte
	if _, err := opt.Rand.Read(seed[:]); err != nil {
		return nil, fmt.Errorf("seed mesh: %w", err)
	}
	var own process
	if _, err := opt.Rand.Read(own[:]); err != nil {
		return nil, fmt.Errorf("number this process: %w", err)
	}
	m := &Mesh{
		process: own, voices: map[peer.ID]*voice{}, suspects: map[peer.ID]bool{},
		opt: opt, host: h, log: opt.Logger, self: opt.Delegation.Team,
		wake:       make(chan struct{}, 1),
		handlersOf: map[peer.ID]int{}, handlersIn: map[identity.TeamID]int{}, links: map[peer.ID]*link{}, candidates: map[peer.ID]*candidate{},
		hellos: map[peer.ID]time.Time{}, syncs: map[syncKey]time.Time{}, syncing: map[syncKey]bool{},
		greeting: map[peer.ID]bool{}, renewed: map[peer.ID]time.Time{}, hasty: map[peer.ID]bool{},
		crowd: newCrowd(), keys: newKeysPlan(), line: map[identity.TeamID]throughput{}, teams: map[identity.TeamID]*allowance{}, sessions: newSessions(),
		rand: rand.New(rand.NewChaCha8(seed)), //nolint:gosec // jitter and choice, nothing secret
	}
	for _, addr := range opt.Static {
		if err := m.AddAddress(addr); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Close closes the host and all connections. Call it after Run has returned.
func (m *Mesh) Close() error {
	if err := m.host.Close(); err != nil {
		return fmt.Errorf("close host: %w", err)
	}
	return nil
}

// Run takes part in the mesh until ctx ends. It may be called once.
func (m *Mesh) Run(ctx context.Context) error {
	sub, err := m.host.EventBus().Subscribe([]any{
		new(event.EvtPeerConnectednessChanged), new(event.EvtPeerIdentificationCompleted),
	}, eventbus.BufSize(256)) // a burst of connections; when full libp2p waits for us
	if err != nil {
		return fmt.Errorf("watch peers: %w", err)
	}
	defer func() { _ = sub.Close() }()
	if err := m.begin(ctx); err != nil {
		return err
	}
	defer m.finish()
	var jobs sync.WaitGroup
	defer jobs.Wait()

	if m.opt.MDNS {
		jobs.Go(func() { m.lan(ctx) })
	}
	for _, p := range m.host.Network().Peers() {
		m.met(ctx, p)
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case ev := <-sub.Out():
			m.happened(ctx, ev)
		case <-m.wake:
		case <-timer.C:
		}
		timer.Reset(m.turn(ctx, &jobs))
	}
}

func (m *Mesh) begin(ctx context.Context) error {
	m.mu.Lock()
	ran := m.ran
	m.ran = true
	m.mu.Unlock()
	if ran {
		return errors.New("mesh ran already")
	}
	g, err := newGossip(ctx, m)
	if err != nil {
		return err
	}
	m.mu.Lock()
	m.gossip, m.serving, m.review = g, true, true
	m.periodic = time.Now().Add(m.jitter(m.opt.SyncPeriod))
	m.watching = time.Now().Add(m.watchAgain())
	m.mu.Unlock()
	m.serve(ctx, helloProtocol, m.answerHello)
	m.serve(ctx, syncProtocol, m.answerSync)
	m.serve(ctx, directProtocol, m.answerDirect)
	m.serve(ctx, bodyProtocol, m.answerBody)
	m.serve(ctx, keysProtocol, m.answerKeys)
	return nil
}

// finish ends what begin began and waits for the handlers, whose streams ctx has reset.
func (m *Mesh) finish() {
	m.host.RemoveStreamHandler(helloProtocol)
	m.host.RemoveStreamHandler(syncProtocol)
	m.host.RemoveStreamHandler(directProtocol)
	m.host.RemoveStreamHandler(bodyProtocol)
	m.host.RemoveStreamHandler(keysProtocol)
	m.mu.Lock()
	g := m.gossip
	m.serving, m.gossip = false, nil
	m.mu.Unlock()
	g.close()
	m.handling.Wait()
}

func (m *Mesh) happened(ctx context.Context, ev any) {
	switch ev := ev.(type) {
	case event.EvtPeerConnectednessChanged:
		// Everything begins with the connection. libp2p's identify may fail, on a slow line for one, and a
		// hostile peer never answers it; nothing of ours depends on it.
		if ev.Connectedness == network.Connected || ev.Connectedness == network.Limited {
			m.met(ctx, ev.Peer)
		} else {
			m.parted(ctx, ev.Peer)
		}
	case event.EvtPeerIdentificationCompleted:
		m.met(ctx, ev.Peer) // gossip may see now whether the peer speaks it
	}
}

// turn does what is due and returns when to be called again at the latest. It does not block: what
// takes time goes to jobs.
func (m *Mesh) turn(ctx context.Context, jobs *sync.WaitGroup) time.Duration {
	now := time.Now()
	m.mu.Lock()
	review := m.review || now.Sub(m.reviewed) >= reviewEvery // delegations end without a word
	m.review = false
	if review {
		m.reviewed = now
	}
	m.mu.Unlock()
	if review {
		m.reviewAll(ctx)
	}
	m.startTwinChecks(ctx, jobs, now)
	next := now.Add(time.Minute) // nothing is ever later than a sweep
	for _, due := range []time.Time{
		m.sweep(ctx, now), m.startHellos(ctx, jobs, now), m.startSyncs(ctx, jobs, now), m.startDials(ctx, jobs, now),
		m.startKeys(ctx, jobs, now),
	} {
		if !due.IsZero() && due.Before(next) {
			next = due
		}
	}
	return max(time.Until(next), time.Millisecond)
}

// rouse makes Run take a turn soon.
func (m *Mesh) rouse() {
	select {
	case m.wake <- struct{}{}:
	default: // one is waiting already
	}
}

// Refresh tells the mesh that the roster or the statements may have changed: topics and peers are
// checked again and hello is repeated with the members and static peers that are connected.
func (m *Mesh) Refresh() {
	due := time.Now().Add(helloSettle)
	m.mu.Lock()
	m.review = true
	m.reload = time.Time{}
	m.keys.counted = time.Time{}
	for p, l := range m.links {
		c := m.candidates[p]
		if l.fellow() || c != nil && c.static { // a static stranger: it may be through it that we join
			soonest(m.hellos, p, due)
		}
	}
	for _, c := range m.candidates {
		if c.static {
			c.next = time.Time{}
		}
	}
	m.redial = true
	m.mu.Unlock()
	m.rouse()
}

// again has the roster asked again about everything, without a hello.
func (m *Mesh) again() {
	m.mu.Lock()
	m.review = true
	m.mu.Unlock()
	m.rouse()
}

func soonest[K comparable](due map[K]time.Time, key K, at time.Time) {
	if was, ok := due[key]; !ok || at.Before(was) {
		due[key] = at
	}
}

// jitter returns d plus or minus a fifth. The caller holds mu or is alone.
func (m *Mesh) jitter(d time.Duration) time.Duration {
	return d - d/5 + time.Duration(m.rand.Int64N(int64(d)*2/5+1))
}
