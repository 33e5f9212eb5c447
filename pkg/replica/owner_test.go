package replica_test

import (
	"slices"
	"strings"
	"testing"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
	"tocsin/pkg/store/memstore"
)

// shelf is a store that several nodes open one after the other, each with other randomness.
type shelf struct {
	store  *memstore.Store
	opened uint64
}

func (s *shelf) open(key *identity.NodeKey, d *identity.Delegation) (*replica.Replica, error) {
	s.opened++
	return replica.Open(replica.Options{Store: s.store, Key: key, Delegation: d, Rand: source(s.opened)}, noon)
}

func say(t testing.TB, r *replica.Replica, ch record.Channel) *record.Record {
	t.Helper()
	out := r.Publish(noon, []replica.Outgoing{{Channel: ch, Notice: alert("x")}})[0]
	if out.Err != nil {
		t.Fatal(out.Err)
	}
	return out.Record
}

// TestAReplacedKeyOpensItsStore: a renewed delegation carries the lanes on, another key begins new ones, and
// going back to the first key does so too.
func TestAReplacedKeyOpensItsStore(t *testing.T) {
	p, other := newParty(t, 1), newParty(t, 2)
	s := &shelf{store: memstore.New(memstore.Options{})}
	ch := pair(t, p.team(), other.team())
	open := func(key *identity.NodeKey, d *identity.Delegation) *replica.Replica {
		r, err := s.open(key, d)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	first := say(t, open(p.key, p.d), ch)
	renewed, err := p.root.Delegate(p.key, "Party", noon.AddDate(0, 0, -1), noon.AddDate(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	again := open(p.key, renewed)
	again.Confirm(ch, noon)
	second := say(t, again, ch)
	if second.Lane() != first.Lane() || second.Header().Seq != 2 || second.Header().Prev != first.ID() {
		t.Errorf("under a renewed delegation: lane %v place %d", second.Lane(), second.Header().Seq)
	}
	key, d := p.node(t, 99, "Party")
	r := open(key, d)
	third := say(t, r, ch)
	if third.Header().Seq != 1 || third.Header().Run == first.Header().Run {
		t.Errorf("under another key: run %x place %d", third.Header().Run, third.Header().Seq)
	}
	back := say(t, open(p.key, p.d), ch)
	if back.Header().Seq != 1 || back.Header().Run == first.Header().Run {
		t.Errorf("back under the first key: run %x place %d", back.Header().Run, back.Header().Seq)
	}
	if _, err := s.open(other.key, other.d); err == nil || !strings.Contains(err.Error(), "belongs to node") {
		t.Errorf("another team's node: %v", err)
	}

	// Where the lanes of both keys end, for a revocation.
	r = open(key, d)
	cuts, _, err := r.NodeCuts(p.key.Node(), key.Node())
	if err != nil || len(cuts) != 2 {
		t.Fatalf("cuts %+v, %v", cuts, err)
	}
	heads := map[identity.NodeID][]record.ID{}
	for _, n := range cuts {
		for _, c := range n.Heads {
			if c.Channel != ch.Tag() {
				t.Errorf("cut %+v is of another channel", c)
			}
			heads[n.Node] = append(heads[n.Node], c.ID)
		}
	}
	if got := heads[p.key.Node()]; len(got) != 2 || !slices.Contains(got, second.ID()) || !slices.Contains(got, back.ID()) {
		t.Errorf("heads of the first key %v, want %s and %s", got, second.ID(), back.ID())
	}
	if got := heads[key.Node()]; !slices.Equal(got, []record.ID{third.ID()}) {
		t.Errorf("heads of the second key %v, want %s", got, third.ID())
	}
	says := &notice.Rotate{Old: p.team(), New: other.team(), Nodes: cuts}
	says.Normalise()
	if err := says.Validate(); err != nil {
		t.Error(err)
	}
	none, _, err := r.NodeCuts(other.key.Node())
	if err != nil || len(none) != 1 || len(none[0].Heads) != 0 {
		t.Errorf("of a node that said nothing: %+v, %v", none, err)
	}
}

// TestARetiredKeyOpensWhatWasSealedToIt: a record that was on its way when the key was replaced.
func TestARetiredKeyOpensWhatWasSealedToIt(t *testing.T) {
	a, b, _, _ := trio(t)
	red := a.publish(t, noon, pair(t, a.Self(), b.Self()), sealedRequest(notice.TLPRed, b.Self()))
	root, err := identity.NewRootKey(source(2)) // that of b, see newTeam
	if err != nil {
		t.Fatal(err)
	}
	key, err := identity.NewNodeKey(source(200))
	if err != nil {
		t.Fatal(err)
	}
	before := b.opt.Key
	b.opt.Key = key
	if b.opt.Delegation, err = root.Delegate(key, "Beta", noon.AddDate(0, 0, -1), noon.AddDate(1, 0, 0)); err != nil {
		t.Fatal(err)
	}
	b.restart(t, noon)
	b.get(t, noon, red)
	if b.reads(t, red.ID()) {
		t.Fatal("another key opens it")
	}
	b.opt.Retired = []*identity.NodeKey{before}
	b.restart(t, noon)
	if !b.reads(t, red.ID()) {
		t.Fatal("it cannot be read with the key that it was sealed to")
	}
}
