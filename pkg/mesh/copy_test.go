package mesh_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"tocsin/pkg/identity"
	"tocsin/pkg/mesh"
	"tocsin/pkg/policy"
	"tocsin/pkg/reconcile"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// community is the one most tests use, second another. Its founder's word makes and unmakes members.
var community, second = identity.CommunityID{1}, identity.CommunityID{2}

const (
	kindMember = "member"
	kindRemove = "remove"
)

// says is what the fake's statements say.
type says struct {
	Community identity.CommunityID `json:"community"`
	Team      identity.TeamID      `json:"team"`
}

// copyOf is a map-backed copy of the record set with a door: enough of a replica for the mesh to work
// with. It is safe for concurrent use.
type copyOf struct {
	self     identity.TeamID
	founder  identity.TeamID
	now      func() time.Time
	verifier record.Verifier

	mu         sync.Mutex
	statements map[record.StatementID][]byte
	subject    map[record.StatementID]identity.TeamID // whom a statement is about
	records    map[record.ID][]byte
	channels   map[record.Channel]reconcile.Memory
	aloof      bool // it takes no statements from peers: its operator has joined nothing yet
	arrived    []record.ID
	vias       map[record.ID]replica.Via
	bodies     map[record.ID][]byte
	addresses  map[string][]byte
	roster     *roster // replaced, never changed
	full       bool    // the door keeps nothing
	keys
	refused []policy.Reason
}

type roster struct {
	nodes    map[[32]byte][]*identity.Delegation // never appended to in place
	members  map[identity.CommunityID]map[identity.TeamID]bool
	watchers map[identity.TeamID]bool // observers of community
	barred   map[identity.NodeID]bool
}

func (r *roster) clone() *roster {
	next := &roster{
		nodes: maps.Clone(r.nodes), members: map[identity.CommunityID]map[identity.TeamID]bool{},
		watchers: maps.Clone(r.watchers), barred: maps.Clone(r.barred),
	}
	for c, members := range r.members {
		next.members[c] = maps.Clone(members)
	}
	return next
}

func (r *roster) join(c identity.CommunityID, t identity.TeamID) {
	if r.members[c] == nil {
		r.members[c] = map[identity.TeamID]bool{}
	}
	r.members[c][t] = true
}

func (r *roster) anywhere(t identity.TeamID) bool { return len(r.CommunitiesOf(t)) > 0 }

func (r *roster) Claims(digest [32]byte, at time.Time) (out []*identity.Delegation) {
	for _, d := range r.nodes[digest] {
		if d.Covers(at) && !r.barred[d.Node] {
			out = append(out, d)
		}
	}
	return out
}

func (r *roster) CommunitiesOf(t identity.TeamID) (in []identity.CommunityID) {
	for _, c := range []identity.CommunityID{community, second} {
		if r.members[c][t] {
			in = append(in, c)
		}
	}
	return in
}

func (r *roster) Member(c identity.CommunityID, t identity.TeamID) bool { return r.members[c][t] }

func (r *roster) Observer(c identity.CommunityID, t identity.TeamID) bool {
	return c == community && r.watchers[t] && !r.Member(c, t)
}

func (r *roster) ObservedBy(t identity.TeamID) []identity.CommunityID {
	if r.Observer(community, t) {
		return []identity.CommunityID{community}
	}
	return nil
}

func (*roster) Canonical(t identity.TeamID) identity.TeamID { return t }

func newCopy(self, founder identity.TeamID, now func() time.Time) *copyOf {
	return &copyOf{
		self: self, founder: founder, now: now,
		statements: map[record.StatementID][]byte{}, subject: map[record.StatementID]identity.TeamID{},
		records: map[record.ID][]byte{}, channels: map[record.Channel]reconcile.Memory{},
		vias: map[record.ID]replica.Via{}, bodies: map[record.ID][]byte{}, addresses: map[string][]byte{},
		roster: &roster{
			nodes:    map[[32]byte][]*identity.Delegation{},
			members:  map[identity.CommunityID]map[identity.TeamID]bool{community: {founder: true}, second: {founder: true}},
			watchers: map[identity.TeamID]bool{}, barred: map[identity.NodeID]bool{},
		},
		keys: newKeys(),
	}
}

func (c *copyOf) Roster() mesh.Roster {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.roster
}

// AddStatements implements mesh.Door.
func (c *copyOf) AddStatements(_ context.Context, _ identity.TeamID, frames [][]byte) (news int, err error) {
	c.mu.Lock()
	aloof := c.aloof
	c.mu.Unlock()
	for _, f := range frames {
		s, err := c.verifier.OpenStatement(f)
		if err != nil || aloof {
			continue
		}
		if c.add(s) {
			news++
		}
	}
	return news, nil
}

func (c *copyOf) add(s *record.Statement) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.statements[s.ID()]; ok {
		return false
	}
	next := c.roster.clone()
	var about identity.TeamID
	switch s.Kind {
	case identity.KindDelegate:
		about = s.Delegation.Team
		if !c.roster.anywhere(about) && about != c.self && !c.roster.watchers[about] {
			return false // delegations of strangers are not kept
		}
		next.nodes[s.Delegation.Transport] = append([]*identity.Delegation{s.Delegation}, next.nodes[s.Delegation.Transport]...)
	case kindMember, kindRemove:
		var w says
		if json.Unmarshal(s.Says, &w) != nil || !s.SignedBy(c.founder) {
			return false
		}
		about = w.Team
		next.members[w.Community][about] = s.Kind == kindMember && !c.removed(about)
	default:
		return false
	}
	c.statements[s.ID()] = s.Frame()
	c.subject[s.ID()] = about
	c.roster = next
	return true
}

// removed: a removal stands, in whatever order it came, and in the tests it is from everywhere.
func (c *copyOf) removed(t identity.TeamID) bool {
	for id, f := range c.statements {
		if c.subject[id] == t && bytes.Contains(f, []byte(`"kind":"`+kindRemove+`"`)) {
			return true
		}
	}
	return false
}

// Statements implements mesh.Copy.
func (c *copyOf) Statements() []record.StatementID {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.SortedFunc(maps.Keys(c.statements), func(a, b record.StatementID) int { return bytes.Compare(a[:], b[:]) })
}

// StatementFrames gives members everything and others what is about this node's own team.
func (c *copyOf) StatementFrames(ids []record.StatementID, to identity.TeamID) (frames [][]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		if c.roster.anywhere(to) || c.subject[id] == c.self || c.subject[id] == to {
			frames = append(frames, c.statements[id])
		}
	}
	return frames
}

// Ingest implements mesh.Door.
func (c *copyOf) Ingest(_ context.Context, arrivals []replica.Arrival) ([]replica.Outcome, error) {
	out := make([]replica.Outcome, len(arrivals))
	for i, a := range arrivals {
		out[i] = c.ingest(a)
	}
	return out, nil
}

func (c *copyOf) ingest(a replica.Arrival) replica.Outcome {
	r, err := c.verifier.Open(a.Frame)
	c.mu.Lock()
	defer c.mu.Unlock()
	say := func(v policy.Verdict, why policy.Reason) replica.Outcome {
		o := replica.Outcome{Record: r, Judgement: policy.Judgement{Verdict: v, Reason: why}}
		if r != nil {
			o.ID = r.ID()
		}
		if v != policy.Accept {
			c.refused = append(c.refused, why)
		}
		return o
	}
	if err != nil {
		return say(policy.Reject, policy.BadSignature)
	}
	ch := r.Header().Channel
	switch {
	case !ch.Private() && !c.roster.Member(ch.Community, r.Team()):
		return say(policy.Ignore, policy.NotMember)
	case !ch.Private() && !c.roster.Member(ch.Community, c.self) && !bytes.Contains(a.Frame, []byte("clear")):
		return say(policy.Ignore, policy.NotOurs)
	case ch.Private() && !ch.Has(c.self):
		return say(policy.Ignore, policy.NotOurs)
	case c.full:
		return say(policy.Ignore, policy.Full)
	case c.records[r.ID()] != nil:
		return say(policy.Ignore, policy.Duplicate)
	}
	c.records[r.ID()] = r.Frame()
	c.arrived = append(c.arrived, r.ID())
	c.vias[r.ID()] = a.Via
	if c.channels[ch] == nil {
		c.channels[ch] = reconcile.Memory{}
	}
	c.channels[ch].Add(uint32(r.Header().Created.Unix()/86400), r.ID())
	return say(policy.Accept, policy.OK)
}

// SetFor implements mesh.Records.
func (c *copyOf) SetFor(ch record.Channel, team identity.TeamID, _ time.Time) reconcile.Set {
	c.mu.Lock()
	defer c.mu.Unlock()
	snapshot := reconcile.Memory{}
	for day, ids := range c.channels[ch] {
		snapshot[day] = slices.DeleteFunc(slices.Clone(ids), func(id record.ID) bool { return c.secret(id, team) })
	}
	return snapshot
}

// FrameFor implements mesh.Records.
func (c *copyOf) FrameFor(id record.ID, team identity.TeamID, _ policy.Action) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f, ok := c.records[id]; ok && !c.secret(id, team) {
		return f, nil
	}
	return nil, replica.ErrNotFound
}

// secret: observers get what says that it is clear, and a topic what does not say that it is bare.
func (c *copyOf) secret(id record.ID, team identity.TeamID) bool {
	r, err := c.verifier.Reopen(c.records[id])
	if err != nil || r.Header().Channel.Private() {
		return false
	}
	if team == (identity.TeamID{}) {
		return bytes.Contains(r.Frame(), []byte("bare"))
	}
	return team != c.self && !c.roster.Member(r.Header().Channel.Community, team) && !bytes.Contains(r.Frame(), []byte("clear"))
}

// PrivateChannels implements mesh.Records.
func (c *copyOf) PrivateChannels() (out []record.Channel) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for ch := range c.channels {
		if ch.Private() {
			out = append(out, ch)
		}
	}
	return out
}

// frame is a record's frame, or nil.
func (c *copyOf) frame(id record.ID) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.records[id]
}

// MayRead implements mesh.Copy.
func (c *copyOf) MayRead(t identity.TeamID, ch record.Channel) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return ch.Has(t) || !ch.Private() && c.roster.Member(ch.Community, t)
}

// ChunkFor implements mesh.Records.
func (c *copyOf) ChunkFor(id record.ID, n int, _ identity.TeamID) ([][32]byte, []byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	body := c.bodies[id]
	from := n * record.ChunkSize
	if from >= len(body) {
		return nil, nil, replica.ErrNotFound
	}
	return record.Leaves(body), body[from:min(len(body), from+record.ChunkSize)], nil
}

// PutAddress implements mesh.Copy.
func (c *copyOf) PutAddress(peer string, signed []byte) error {
	if peer == "" {
		return errors.New("no peer")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.addresses[peer] = bytes.Clone(signed)
	return nil
}

// Addresses implements mesh.Copy.
func (c *copyOf) Addresses(fn func(string, []byte)) error {
	c.mu.Lock()
	all := maps.Clone(c.addresses)
	c.mu.Unlock()
	for p, b := range all {
		fn(p, b)
	}
	return nil
}

func (c *copyOf) has(id record.ID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.records[id] != nil
}

func (c *copyOf) order() []record.ID {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.arrived)
}
