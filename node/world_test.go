package node

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tocsin/node/config"
	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/keyfile"
	"tocsin/pkg/mesh"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
	"tocsin/pkg/store/memstore"
)

// world is some nodes on a fake network in the bubble's time.
type world struct {
	t *testing.T

	mu   sync.Mutex
	ends map[identity.TeamID]*end
	cut  map[identity.TeamID]bool // not reachable
}

// end is one node's fake network.
type end struct {
	w    *world
	opt  mesh.Options
	self identity.TeamID

	mu        sync.Mutex
	addresses []string
	refreshed int
	closed    bool
	takes     int // frames of a delivery before the line is too slow for more; 0: all
}

func newWorld(t *testing.T) *world {
	return &world{t: t, ends: map[identity.TeamID]*end{}, cut: map[identity.TeamID]bool{}}
}

// at returns a node's network end.
func (w *world) at(t identity.TeamID) *end {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ends[t]
}

// others returns the ends that e can reach.
func (w *world) others(e *end) []*end {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []*end
	for t, o := range w.ends {
		if t != e.self && !w.cut[t] && !w.cut[e.self] {
			out = append(out, o)
		}
	}
	return out
}

// isolate takes a node off the network, or brings it back, which is when peers say hello.
func (w *world) isolate(t identity.TeamID, off bool) {
	w.mu.Lock()
	w.cut[t] = off
	w.mu.Unlock()
	if off {
		return
	}
	e := w.at(t)
	for _, o := range w.others(e) {
		e.opt.Events.OnPeer(o.info())
		o.opt.Events.OnPeer(e.info())
	}
}

func (e *end) info() mesh.PeerInfo {
	return mesh.PeerInfo{
		Team: e.self, Node: e.opt.Delegation.Node, Known: true, Addrs: e.Addrs(),
		Communities: e.opt.Roster().CommunitiesOf(e.self),
	}
}

func (e *end) Run(ctx context.Context) error { <-ctx.Done(); return nil }

func (e *end) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	return nil
}

func (e *end) Publish(ctx context.Context, ch record.Channel, frame []byte) error {
	for _, o := range e.w.others(e) {
		if o.opt.Roster().Member(ch.Community, o.self) {
			go func() {
				_, _ = o.opt.Door.Ingest(context.WithoutCancel(ctx), []replica.Arrival{{Frame: frame, Via: replica.Gossip, From: e.self}})
			}()
		}
	}
	return nil
}

func (e *end) Deliver(ctx context.Context, team identity.TeamID, frames [][]byte) ([]policy.Judgement, error) {
	for _, o := range e.w.others(e) {
		if o.self != team {
			continue
		}
		var arrivals []replica.Arrival
		for _, f := range frames {
			arrivals = append(arrivals, replica.Arrival{Frame: f, Via: replica.Direct, From: e.self})
		}
		outcomes, err := o.opt.Door.Ingest(ctx, arrivals)
		var judged []policy.Judgement
		for _, out := range outcomes {
			judged = append(judged, out.Judgement)
		}
		if e.takes > 0 && len(judged) > e.takes {
			return judged[:e.takes], context.DeadlineExceeded
		}
		return judged, err
	}
	return nil, mesh.ErrUnreachable
}

func (e *end) Sync(record.Channel, identity.TeamID) int { return 0 }

func (e *end) FetchBody(_ context.Context, r *record.Record, _ *mesh.Partial) ([]byte, error) {
	if all := e.w.others(e); len(all) > 0 {
		o := all[0]
		var body []byte
		for n := range record.Chunks(r.Header().Body.Length) {
			_, chunk, err := o.opt.Copy.ChunkFor(r.ID(), n, e.self)
			if err != nil {
				return nil, err
			}
			body = append(body, chunk...)
		}
		return body, nil
	}
	return nil, mesh.ErrNoBody
}

func (e *end) GiveKeys(...replica.KeyAsk) {}

func (e *end) Greet(team identity.TeamID) {
	for _, o := range e.w.others(e) {
		if ahead := e.opt.AheadOf(team); o.self == team && ahead > 0 {
			go o.opt.Events.OnAhead(e.self, ahead)
		}
	}
}

func (e *end) Refresh() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refreshed++
}

// Dials implements Network: nobody is out of reach for long.
func (e *end) Dials() []mesh.DialInfo { return nil }

func (e *end) Peers() []mesh.PeerInfo {
	var out []mesh.PeerInfo
	for _, o := range e.w.others(e) {
		info := o.info()
		info.Communities = slices.DeleteFunc(info.Communities, func(c identity.CommunityID) bool {
			return !e.opt.Roster().Member(c, e.self)
		})
		out = append(out, info)
	}
	return out
}

func (e *end) Addrs() []string { return []string{"/ip4/192.0.2.1/tcp/1/p2p/" + e.self.String()[:20]} }

func (e *end) AddAddress(a string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if a == "/bad" {
		return errors.New("bad address")
	}
	e.addresses = append(e.addresses, a)
	return nil
}

// member is a node of the world with what it takes to restart it.
type member struct {
	*Node
	w     *world
	keys  *keyfile.Node
	store *memstore.Store
	home  string
	name  string
	rand  io.Reader    // goes on over restarts
	ahead atomic.Int64 // nanoseconds of its clock before the world's
}

// seed is a reader of bytes that differ from node to node.
type seed struct{ next byte }

func (s *seed) Read(b []byte) (int, error) {
	for i := range b {
		s.next = s.next*167 + 13
		b[i] = s.next
	}
	return len(b), nil
}

func (w *world) member(name string) *member { return w.called(name, name) }

// called is a member with its own keys that goes by another name.
func (w *world) called(calls, name string) *member {
	w.t.Helper()
	root, err := identity.NewRootKey(&seed{name[0]})
	if err != nil {
		w.t.Fatal(err)
	}
	key, err := identity.NewNodeKey(&seed{name[0] + 100})
	if err != nil {
		w.t.Fatal(err)
	}
	d, err := root.Delegate(key, calls, time.Now().Add(-time.Hour), time.Now().Add(1000*24*time.Hour))
	if err != nil {
		w.t.Fatal(err)
	}
	m := &member{
		w: w, name: name, rand: &seed{name[0] + 50}, home: w.t.TempDir(), store: memstore.New(memstore.Options{}),
		keys: &keyfile.Node{Key: key, Delegation: d, StoreKey: bytes.Repeat([]byte{1}, keyfile.StoreKeySize)},
	}
	m.start()
	return m
}

func (m *member) options() Options {
	return Options{
		Home: m.home, Config: config.Default(), Version: "test", Logger: slog.New(slog.DiscardHandler),
		Now:  func() time.Time { return time.Now().Add(time.Duration(m.ahead.Load())) },
		Rand: m.rand, Keys: m.keys,
		Store: func() (replica.Store, error) { return m.store, nil },
		Network: func(opt mesh.Options) (Network, error) {
			e := &end{w: m.w, opt: opt, self: opt.Delegation.Team}
			m.w.mu.Lock()
			m.w.ends[e.self] = e
			m.w.mu.Unlock()
			return e, nil
		},
		Listen: func(context.Context, string) (net.Listener, error) { return nil, nil },
	}
}

func (m *member) start() {
	m.w.t.Helper()
	n, err := New(m.w.t.Context(), m.options())
	if err != nil {
		m.w.t.Fatal(err)
	}
	m.Node = n
	if err := n.Start(m.w.t.Context()); err != nil {
		m.w.t.Fatal(err)
	}
}

func (m *member) stop() {
	m.w.t.Helper()
	if err := m.Stop(m.w.t.Context()); err != nil {
		m.w.t.Error(err)
	}
}

// restart is a crash: the node comes back with what was durable.
func (m *member) restart() {
	m.w.t.Helper()
	crashed := m.store.Crash()
	_ = m.Stop(m.w.t.Context()) // what it could not write any more is the point
	m.store = crashed
	m.start()
}

func (m *member) id() identity.TeamID { return m.keys.Delegation.Team }

// must takes the answer of a call; an error ends the test.
func must[T any](v *T, err error) func(*testing.T) *T {
	return func(t *testing.T) *T {
		t.Helper()
		if err != nil {
			t.Error(err)
			panic("test failed: " + err.Error()) // FailNow would wait for the bubble's goroutines for ever
		}
		return v
	}
}

// together makes a community of a founder and those it invites.
func together(t *testing.T, founder *member, guests ...*member) identity.CommunityID {
	t.Helper()
	founding := must(founder.Found(t.Context(), api.Found{Name: "Demo"}))(t)
	for _, g := range guests {
		id := must(g.Identity(t.Context()))(t)
		invited := must(founder.Invite(t.Context(), "Demo", api.InviteDraft{Card: id.Card}))(t)
		must(g.Join(t.Context(), api.Join{Invite: invited.Invite}))(t)
	}
	return founding.ID
}

func draft(title string) api.AlertDraft {
	return api.AlertDraft{Community: "demo", Alert: notice.Alert{
		Type: notice.AlertNew, Status: notice.StatusActual, Marking: notice.Marking{TLP: notice.TLPClear},
		Texts: []notice.Text{{Language: "en", Title: title}},
	}}
}

func ask(to ...string) api.RequestDraft {
	return api.RequestDraft{To: to, Request: notice.Request{
		Action: notice.ActionTakedown, Status: notice.StatusActual, Priority: notice.PriorityNormal,
		Marking: notice.Marking{TLP: notice.TLPClear}, ReplyBy: time.Now().Add(48 * time.Hour),
		Texts: []notice.Text{{Language: "en", Title: "Please take it down"}},
	}}
}
