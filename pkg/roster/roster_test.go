package roster_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

type party struct {
	root *identity.RootKey
	key  *identity.NodeKey
	d    *identity.Delegation
}

func source(seed uint64) *rand.ChaCha8 {
	var s [32]byte
	binary.LittleEndian.PutUint64(s[:], seed)
	return rand.NewChaCha8(s)
}

func newParty(t testing.TB, seed uint64) *party {
	t.Helper()
	rnd := source(seed)
	root, err := identity.NewRootKey(rnd)
	if err != nil {
		t.Fatal(err)
	}
	key, err := identity.NewNodeKey(rnd)
	if err != nil {
		t.Fatal(err)
	}
	p := &party{root: root, key: key}
	p.d = p.delegate(t, key, fmt.Sprint("Team ", seed), noon.AddDate(-1, 0, 0))
	return p
}

func (p *party) delegate(t testing.TB, key *identity.NodeKey, name string, from time.Time) *identity.Delegation {
	t.Helper()
	d, err := p.root.Delegate(key, name, from, noon.AddDate(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (p *party) team() identity.TeamID { return p.d.Team }

// state makes a statement signed by all the parties, by the last one's root key if root is set.
func state(t testing.TB, kind string, says notice.Content, heads []record.StatementID, signers ...*party) *record.Statement {
	t.Helper()
	b, err := notice.Encode(says)
	if err != nil {
		t.Fatal(err)
	}
	d := record.Draft{Kind: kind, Created: noon, Says: b, Heads: heads}
	for _, p := range signers {
		d.Signers = append(d.Signers, record.Signer{Team: p.team(), Delegation: p.d})
	}
	payload, err := record.DraftStatement(d)
	if err != nil {
		t.Fatal(err)
	}
	var sigs []dsse.Signature
	for _, p := range signers {
		sigs = append(sigs, p.key.Sign(identity.StatementType, payload))
	}
	var v record.Verifier
	s, err := v.AssembleStatement(payload, sigs)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func charter(t testing.TB, name string, signers []*party, founders ...*party) *record.Statement {
	t.Helper()
	c := &notice.Charter{Name: name, RetentionDays: 30}
	for _, p := range founders {
		c.Founders = append(c.Founders, p.team())
	}
	return state(t, roster.KindCharter, c, nil, signers...)
}

func delegation(p *party) *record.Statement { return record.DelegationStatement(p.d) }

func member(t testing.TB, c identity.CommunityID, of *party, name string, by ...*party) *record.Statement {
	t.Helper()
	return state(t, roster.KindMember, &notice.Member{Community: c, Team: of.team(), Name: name}, nil, by...)
}

func remove(t testing.TB, c identity.CommunityID, of *party, heads []notice.LaneHead, by ...*party) *record.Statement {
	t.Helper()
	return state(t, roster.KindRemove, &notice.Remove{Community: c, Team: of.team(), Heads: heads}, nil, by...)
}

func head(p *party, run byte, seq uint64) notice.LaneHead {
	return notice.LaneHead{Node: p.d.Node, Run: dsse.Nonce{run}, Seq: seq, ID: record.ID{run, byte(seq)}}
}

// told writes down everything that a roster answers.
func told(r *roster.Roster, parties []*party) string {
	var b strings.Builder
	fmt.Fprintln(&b, r.Statements(), r.Communities(), r.Teams())
	for _, id := range r.Communities() {
		c, _ := r.Community(id)
		fmt.Fprintln(&b, "community", id, c.Charter.Name, c.Founded, c.Retention(), c.Members(), c.AnyRemoved(), r.Heads(id))
		for _, p := range parties {
			fmt.Fprintln(&b, p.team(), c.Member(p.team()), c.Removed(p.team()), c.IsFounder(p.team()))
			for run := range byte(4) {
				for seq := range uint64(6) {
					fmt.Fprint(&b, c.Speaks(p.team(), record.Lane{Node: p.d.Node, Run: record.Run{run}}, seq), " ")
				}
			}
		}
	}
	for _, p := range parties {
		fmt.Fprintln(&b, p.team(), r.Name(p.team()), r.CommunitiesOf(p.team()), r.For(p.team()))
		for _, d := range r.Claims(p.d.Transport, noon) {
			fmt.Fprintln(&b, "claim", d.ID())
		}
		for _, d := range r.Delegations(p.team()) {
			fmt.Fprintln(&b, "delegation", d.ID())
		}
		for _, q := range parties {
			fmt.Fprint(&b, r.Share(p.team(), q.team()), " ")
		}
	}
	return b.String()
}

// history is a pile of statements, good and forged, about two communities.
func history(t testing.TB) ([]*record.Statement, []*party) {
	t.Helper()
	var p []*party
	for i := range uint64(6) {
		p = append(p, newParty(t, i+1))
	}
	slices.SortFunc(p, func(a, b *party) int { return slices.Compare(idOf(a), idOf(b)) })
	one := charter(t, "one", p[:2], p[0], p[1])
	two := charter(t, "two", p[2:3], p[2])
	c, d := identity.CommunityID(one.ID()), identity.CommunityID(two.ID())
	_, unknown := newParty(t, 99), identity.CommunityID{9}
	list := []*record.Statement{
		one, two,
		member(t, c, p[2], "Zwei", p[0]), member(t, c, p[2], "Deux", p[1]), member(t, c, p[3], "Drei", p[1]),
		member(t, c, p[4], "forged", p[5]), member(t, c, p[5], "by a member", p[3]), member(t, d, p[4], "Vier", p[2]),
		member(t, unknown, p[4], "nowhere", p[0]), member(t, c, p[4], "with a founder", p[4], p[0]),
		remove(t, c, p[3], []notice.LaneHead{head(p[3], 1, 4), head(p[3], 2, 3)}, p[0]),
		remove(t, c, p[3], []notice.LaneHead{head(p[3], 1, 2), head(p[3], 3, 5)}, p[1]),
		remove(t, c, p[3], []notice.LaneHead{head(p[3], 1, 5), head(p[3], 2, 5), head(p[3], 3, 5)}, p[5]),
		remove(t, c, p[1], nil, p[0]), remove(t, d, p[2], nil, p[4]), remove(t, unknown, p[4], nil, p[0]),
		member(t, d, p[3], "Drei", p[2]), remove(t, d, p[5], nil, p[2]), member(t, d, p[5], "after its removal", p[2]),
		state(t, "succession", &notice.Member{Community: c, Team: p[4].team(), Name: "x"}, nil, p[0]),
		charter(t, "half signed", p[:1], p[0], p[1]), charter(t, "signed by one more", p[:3], p[0], p[1]),
		charter(t, "for others", p[4:5], p[0]),
	}
	for i, q := range p {
		list = append(list, delegation(q))
		list = append(list, record.DelegationStatement(q.delegate(t, q.key, fmt.Sprint("later ", i), noon.AddDate(0, -1, 0))))
		// Each names the next one's transport key as if it were its own.
		list = append(list, record.DelegationStatement(q.delegate(t, p[(i+1)%len(p)].key, "hijack", noon.AddDate(0, -i, 0))))
	}
	return list, p
}

func idOf(p *party) []byte { t := p.team(); return t[:] }

// Any order, any repetition and any partition into calls give the same roster.
func TestTheRosterIsAFunctionOfTheSet(t *testing.T) {
	list, parties := history(t)
	want := told(roster.New().With(list...), parties)
	rapid.Check(t, func(rt *rapid.T) {
		order := rapid.Permutation(list).Draw(rt, "order")
		again := rapid.SliceOfN(rapid.SampledFrom(list), 0, 10).Draw(rt, "again")
		order = append(order, again...)
		r := roster.New()
		for len(order) > 0 {
			n := rapid.IntRange(1, len(order)).Draw(rt, "part")
			before, was := r, told(r, parties)
			r = r.With(order[:n]...)
			if told(before, parties) != was {
				rt.Fatal("With changed the roster it was called on")
			}
			order = order[n:]
		}
		if got := told(r, parties); got != want {
			rt.Fatalf("another order gives another roster:\n%s\nwant\n%s", got, want)
		}
	})
}

// What nobody entitled said changes nothing, whatever else is known.
func TestForgeriesChangeNothing(t *testing.T) {
	list, parties := history(t)
	founder, other := parties[0], parties[1]
	c := identity.CommunityID(list[0].ID())
	r := roster.New().With(list...)
	stranger := newParty(t, 50)
	was, _ := r.Community(c)
	for name, s := range map[string]*record.Statement{
		"an admission by a stranger":     member(t, c, stranger, "x", stranger),
		"an admission by a member":       member(t, c, stranger, "x", parties[2]),
		"an admission by many strangers": member(t, c, stranger, "x", stranger, parties[2], parties[4]),
		"a removal by a member":          remove(t, c, parties[2], nil, parties[2]),
		"a founder's removal":            remove(t, c, other, nil, founder),
		"a founder's own removal":        remove(t, c, founder, nil, founder),
		"an admission of the removed":    member(t, c, parties[3], "again", founder),
		"a weaker removal": remove(t, c, parties[3],
			[]notice.LaneHead{head(parties[3], 1, 5), head(parties[3], 2, 5), head(parties[3], 3, 5)}, founder),
	} {
		next := r.With(s)
		now, _ := next.Community(c)
		if !slices.Equal(now.Members(), was.Members()) {
			t.Errorf("%s changed the members", name)
		}
		for run := range byte(4) {
			for seq := range uint64(7) {
				lane := record.Lane{Node: parties[3].d.Node, Run: record.Run{run}}
				if now.Speaks(parties[3].team(), lane, seq) != was.Speaks(parties[3].team(), lane, seq) {
					t.Errorf("%s changed what counts of the removed team: run %d, place %d", name, run, seq)
				}
			}
		}
	}
	for _, s := range list {
		if _, ok := r.Community(identity.CommunityID(s.ID())); ok && s.ID() != list[0].ID() && s.ID() != list[1].ID() {
			t.Errorf("a %s that is none founds a community", s.Kind)
		}
	}
}

func TestRemovalsJoinToTheStrictest(t *testing.T) {
	list, parties := history(t)
	r := roster.New().With(list...)
	c, _ := r.Community(identity.CommunityID(list[0].ID()))
	gone := parties[3]
	lane := func(run byte) record.Lane { return record.Lane{Node: gone.d.Node, Run: record.Run{run}} }
	for _, x := range []struct {
		run  byte
		seq  uint64
		want bool
	}{{1, 2, true}, {1, 3, false}, {2, 1, false}, {3, 1, false}, {0, 1, false}} {
		if c.Speaks(gone.team(), lane(x.run), x.seq) != x.want {
			t.Errorf("run %d, place %d: want %t", x.run, x.seq, x.want)
		}
	}
	if c.Member(gone.team()) || !c.Removed(gone.team()) || !c.AnyRemoved() {
		t.Error("the removed team is a member")
	}
	if c.Speaks(newParty(t, 50).team(), lane(1), 1) {
		t.Error("a stranger speaks")
	}
	if !c.Speaks(parties[2].team(), lane(1), 1<<50) {
		t.Error("a member does not speak")
	}
}

func TestACharterNeedsAllItsFoundersAndNobodyElse(t *testing.T) {
	a, b, x := newParty(t, 1), newParty(t, 2), newParty(t, 3)
	for name, c := range map[string]struct {
		signers []*party
		is      bool
	}{
		"all": {[]*party{a, b}, true}, "in another order": {[]*party{b, a}, true}, "one": {[]*party{a}, false},
		"one and a stranger": {[]*party{a, x}, false}, "all and a stranger": {[]*party{a, b, x}, false}, "a stranger": {[]*party{x}, false},
	} {
		s := charter(t, "c", c.signers, a, b)
		id, about := roster.CommunityOf(s)
		if _, ok := roster.New().With(s).Community(id); ok != c.is || !about {
			t.Errorf("signed by %s: founded %t", name, ok)
		}
	}
	says := state(t, roster.KindCharter, &notice.Member{Community: identity.CommunityID{1}, Team: a.team(), Name: "x"}, nil, a)
	if _, ok := roster.New().With(says).Community(identity.CommunityID(says.ID())); ok {
		t.Error("what says something else is a charter")
	}
}

func TestAnEarlyStatementWaitsForWhatItMisses(t *testing.T) {
	a, b := newParty(t, 1), newParty(t, 2)
	founding := charter(t, "c", []*party{a}, a)
	c := identity.CommunityID(founding.ID())
	in := member(t, c, b, "b", a)
	r := roster.New().With(in)
	if _, ok := r.Community(c); ok || r.Member(c, b.team()) || r.Members(c) != nil || !r.Has(in.ID()) || len(r.Heads(c)) != 1 {
		t.Error("an admission to an unknown community counts")
	}
	if got := r.Name(b.team()); got != "" {
		t.Errorf("name %q", got)
	}
	r = r.With(founding)
	if !r.Member(c, b.team()) || len(r.Members(c)) != 2 {
		t.Error("the admission does not count once the charter is here")
	}
	if got := r.Name(b.team()); got != "b" {
		t.Errorf("name %q", got)
	}
	if got := r.With(delegation(b)).Name(b.team()); got != "Team 2" {
		t.Errorf("name %q", got)
	}
	if s, ok := r.Statement(in.ID()); !ok || s != in {
		t.Error("the statement is not there")
	}
	if _, ok := r.Statement(record.StatementID{1}); ok || r.Has(record.StatementID{1}) {
		t.Error("a statement that is not there is")
	}
}

// Another implementation may leave out what is the default.
func TestACharterWithoutRetentionHasTheDefault(t *testing.T) {
	p := newParty(t, 1)
	payload, err := record.DraftStatement(record.Draft{
		Kind: roster.KindCharter, Created: noon, Signers: []record.Signer{{Team: p.team(), Delegation: p.d}},
		Says: fmt.Appendf(nil, `{"founders":[%q],"name":"c"}`, p.team()),
	})
	if err != nil {
		t.Fatal(err)
	}
	var v record.Verifier
	s, err := v.AssembleStatement(payload, []dsse.Signature{p.key.Sign(identity.StatementType, payload)})
	if err != nil {
		t.Fatal(err)
	}
	c, ok := roster.New().With(s).Community(identity.CommunityID(s.ID()))
	if !ok || c.Retention() != notice.DefaultRetentionDays*24*time.Hour || c.Charter.Floor() != notice.DefaultReplyByFloor {
		t.Errorf("%t %+v", ok, c)
	}
}

func TestAStrangerCannotTakeAMembersPlaceInTheNetwork(t *testing.T) {
	founder, victim, thief := newParty(t, 1), newParty(t, 2), newParty(t, 3)
	founding := charter(t, "c", []*party{founder}, founder)
	r := roster.New().With(founding, delegation(founder), delegation(victim), member(t, identity.CommunityID(founding.ID()), victim, "v", founder))
	// The thief's root names the victim's transport key, from long before the victim's own did.
	for _, from := range []time.Time{noon.AddDate(-50, 0, 0), noon.AddDate(-1, 0, 0), noon.AddDate(0, 0, -1)} {
		r = r.With(record.DelegationStatement(thief.delegate(t, victim.key, "thief", from)))
	}
	if claims := r.Claims(victim.d.Transport, noon); len(claims) != 1 || claims[0].ID() != victim.d.ID() {
		t.Errorf("the connection may be that of %d delegations", len(claims))
	}
	if claims := r.Claims(victim.d.Transport, noon.AddDate(5, 0, 0)); len(claims) > 0 {
		t.Error("a delegation that has ended still counts")
	}
	if claims := r.Claims([32]byte{1}, noon); len(claims) > 0 {
		t.Error("an unknown key is known")
	}
	// A stranger alone is known as what it says, and member of nothing.
	if claims := r.Claims(thief.d.Transport, noon); len(claims) > 0 {
		t.Errorf("known as %s without a delegation", claims[0].Team)
	}
	r = r.With(delegation(thief))
	claims := r.Claims(thief.d.Transport, noon)
	if len(claims) != 1 || claims[0].Team != thief.team() || len(r.CommunitiesOf(thief.team())) != 0 {
		t.Errorf("a stranger's own key: %d claims", len(claims))
	}
}

func TestHeadsAreWhatNobodyNamed(t *testing.T) {
	a := newParty(t, 1)
	founding := charter(t, "c", []*party{a}, a)
	c := identity.CommunityID(founding.ID())
	r := roster.New().With(founding)
	var all []record.StatementID
	for i := range uint64(record.MaxHeads + 5) {
		says := &notice.Member{Community: c, Team: identity.TeamID{1, byte(i)}, Name: "x"}
		s := state(t, roster.KindMember, says, []record.StatementID{founding.ID()}, a)
		all = append(all, s.ID())
		r = r.With(s)
	}
	got := r.Heads(c)
	if len(got) != record.MaxHeads || slices.Contains(got, founding.ID()) {
		t.Fatalf("%d heads", len(got))
	}
	slices.SortFunc(all, func(a, b record.StatementID) int { return slices.Compare(a[:], b[:]) })
	if !slices.Equal(got, all[:record.MaxHeads]) {
		t.Error("not the least of them, ascending")
	}
	last := state(t, roster.KindMember, &notice.Member{Community: c, Team: identity.TeamID{2}, Name: "x"}, got, a)
	if got := r.With(last).Heads(c); len(got) != 6 || !slices.Contains(got, last.ID()) {
		t.Errorf("%d heads", len(got))
	}
}

// A node that was shut out must be able to learn why it is not heard any more.
func TestARemovedTeamMayHaveItsRemovalAndNothingElse(t *testing.T) {
	founder, gone := newParty(t, 1), newParty(t, 2)
	genesis := charter(t, "region", []*party{founder}, founder)
	c := identity.CommunityID(genesis.ID())
	removal := remove(t, c, gone, nil, founder)
	r := roster.New().With(genesis, delegation(founder), member(t, c, gone, "gone", founder), removal)
	if got := r.For(gone.team()); !slices.Equal(got, []record.StatementID{removal.ID()}) {
		t.Errorf("it may have %v", got)
	}
}
