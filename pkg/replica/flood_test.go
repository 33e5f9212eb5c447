package replica_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// word signs a statement that names heads of the author's choice, with no replica to hold it back.
func word(t testing.TB, key *identity.NodeKey, d *identity.Delegation, kind string, says notice.Content, heads ...record.StatementID) *record.Statement {
	t.Helper()
	slices.SortFunc(heads, func(a, b record.StatementID) int { return bytes.Compare(a[:], b[:]) })
	payload, err := record.DraftStatement(record.Draft{
		Kind: kind, Created: noon, Says: encode(t, says), Heads: slices.Compact(heads),
		Signers: []record.Signer{{Team: d.Team, Delegation: d}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var v record.Verifier
	s, err := v.AssembleStatement(payload, []dsse.Signature{key.Sign(identity.StatementType, payload)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (tm *team) word(t testing.TB, kind string, says notice.Content, heads ...record.StatementID) *record.Statement {
	t.Helper()
	return word(t, tm.opt.Key, tm.Delegation(), kind, says, heads...)
}

// kept returns what is here about a community, and its weight.
func (tm *team) kept(c identity.CommunityID) (ids []record.StatementID, weight int64) {
	for _, id := range tm.Roster().Statements() {
		s, _ := tm.Roster().Statement(id)
		if about, ok := roster.CommunityOf(s); ok && about == c {
			ids, weight = append(ids, id), weight+roster.Weight(s)
		}
	}
	return ids, weight
}

// Two members say thousands of things that refer to each other. What stays is bounded, the same for who meets it
// backwards, and the others go on.
func TestTwoWhoReferToEachOtherFillNoStore(t *testing.T) {
	a, b, c, d := quartet(t)
	ch := govern(t, rules(), a, b, c, d)
	var flood [][]byte
	heads := []record.StatementID{record.StatementID(ch.Community)}
	for i := range 400 {
		by := []*team{c, d}[i%2]
		s := by.word(t, roster.KindApply, &notice.Apply{Community: ch.Community, Name: fmt.Sprint(i)}, heads...)
		heads = []record.StatementID{s.ID()}
		flood = append(flood, s.Frame())
	}
	back := slices.Clone(flood)
	slices.Reverse(back)
	for range 3 {
		for part := range slices.Chunk(flood, 50) {
			a.AddStatements(noon, part)
		}
		for part := range slices.Chunk(back, 30) {
			b.AddStatements(noon, part)
		}
	}
	here, weight := a.kept(ch.Community)
	if there, _ := b.kept(ch.Community); !slices.Equal(here, there) {
		t.Errorf("%d stay for one, %d for the other", len(here), len(there))
	}
	if weight > 3*roster.DefaultBounds().Brief {
		t.Errorf("%d statements of %d bytes stay", len(here), weight)
	}
	vote, why := a.says(noon, t, roster.KindRemove, &notice.Remove{Community: ch.Community, Team: c.Self()})
	must(t, vote, why)
	spread(t, noon, a, b)
	must(t, nil, second(b.says(noon, t, roster.KindRemove, &notice.Remove{Community: ch.Community, Team: c.Self(), Proposal: vote.ID()})))
	spread(t, noon, a, b)
	if a.Roster().Member(ch.Community, c.Self()) || b.Roster().Member(ch.Community, c.Self()) {
		t.Error("the flooder is still in")
	}
	before, _ := a.kept(ch.Community)
	a.restart(t, noon)
	if after, _ := a.kept(ch.Community); !slices.Equal(before, after) {
		t.Error("a restart keeps others")
	}
}

// tight are bounds that a few dozen statements reach.
func tight() roster.Bounds {
	return roster.Bounds{Key: 20 << 10, Brief: 6 << 10, Keys: 2, Loose: 40 << 10}
}

// Two members and whom they make up write forks, floods and what refers to it, and show each honest member another
// part of it, in another order, while these speak. All comes to the same set, which is bounded, and in which every
// honest word counts.
func TestWhatStaysIsTheSameInAnyOrder(t *testing.T) {
	for range 4 {
		anyOrder(t, rand.Uint64())
	}
}

func FuzzWhatStaysIsTheSameInAnyOrder(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) { anyOrder(t, seed) })
}

func anyOrder(t *testing.T, seed uint64) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // no secret
	a, b, c, d := quartet(t)
	for _, tm := range []*team{a, b} {
		tm.opt.Bounds = tight()
		tm.restart(t, noon)
	}
	rule := rules()
	rule.Admission.Objections = 3
	ch := govern(t, rule, a, b, c, d)
	all := colluders(t, rnd, ch.Community, c, d)
	honest := map[record.StatementID]struct{}{}
	for range 8 {
		for _, tm := range []*team{a, b} {
			for range rnd.IntN(3) {
				tm.AddStatements(noon, frames(some(rnd, all)...))
			}
			if rnd.IntN(3) > 0 {
				continue
			}
			says := &notice.Remove{Community: ch.Community, Team: c.Self(), Reason: fmt.Sprint(rnd.Uint64())}
			s, why := tm.says(noon, t, roster.KindRemove, says)
			if why == "" {
				honest[s.ID()] = struct{}{}
			} else if why != policy.Duplicate {
				t.Fatalf("seed %d: an honest member cannot speak: %s", seed, why)
			}
		}
	}
	for range 3 {
		for _, tm := range []*team{a, b} {
			for part := range slices.Chunk(rnd.Perm(len(all)), 40) {
				var batch []*record.Statement
				for _, i := range part {
					batch = append(batch, all[i])
				}
				tm.AddStatements(noon, frames(batch...))
			}
		}
		spread(t, noon, a, b)
	}
	here, weight := a.kept(ch.Community)
	if there, _ := b.kept(ch.Community); !slices.Equal(here, there) {
		t.Fatalf("seed %d: %d stay for one, %d for the other, of %d", seed, len(here), len(there), len(all))
	}
	b0 := tight()
	if most := 2 * (b0.Keys*(b0.Key+2*b0.Brief) + 3*b0.Loose); weight > most {
		t.Errorf("seed %d: what stays weighs %d, more than %d", seed, weight, most)
	}
	for _, tm := range []*team{a, b} {
		for id := range honest {
			if !slices.ContainsFunc(proposals(tm, ch), func(p roster.Proposal) bool { return p.ID == id && p.Counting > 0 }) {
				t.Errorf("seed %d: an honest word does not count", seed)
			}
		}
	}
}

func some(rnd *rand.Rand, all []*record.Statement) []*record.Statement {
	from := rnd.IntN(len(all))
	part := slices.Clone(all[from:min(len(all), from+1+rnd.IntN(25))])
	rnd.Shuffle(len(part), func(i, j int) { part[i], part[j] = part[j], part[i] })
	return part
}

// colluders makes what two members and teams that they made up say, with references among all of it.
func colluders(t testing.TB, rnd *rand.Rand, c identity.CommunityID, members ...*team) (all []*record.Statement) {
	t.Helper()
	type pen struct {
		key *identity.NodeKey
		d   *identity.Delegation
	}
	var pens []pen
	for _, m := range members {
		pens = append(pens, pen{m.opt.Key, m.Delegation()}, pen{m.opt.Key, m.Delegation()})
	}
	for i := range 2 {
		p := newParty(t, uint64(70+i))
		pens = append(pens, pen{p.key, p.d})
	}
	for i := range 60 + rnd.IntN(120) {
		p := pens[rnd.IntN(len(pens))]
		heads := []record.StatementID{record.StatementID(c)}
		for range rnd.IntN(4) {
			if len(all) == 0 {
				break
			}
			recent := len(all)
			if rnd.IntN(3) > 0 {
				recent = min(recent, 8)
			}
			heads = append(heads, all[len(all)-1-rnd.IntN(recent)].ID())
		}
		note := fmt.Sprint(i) + string(bytes.Repeat([]byte("x"), rnd.IntN(1500)))
		switch k := rnd.IntN(4); {
		case k == 0 || i == 0:
			all = append(all, word(t, p.key, p.d, roster.KindApply, &notice.Apply{Community: c, Name: fmt.Sprint(i), Note: note}, heads...))
		case k == 1:
			all = append(all, word(t, p.key, p.d, roster.KindRemove, &notice.Remove{Community: c, Team: members[0].Self(), Reason: note[:min(len(note), 500)]}, heads...))
		default:
			app := all[rnd.IntN(len(all))]
			if app.Kind != roster.KindApply {
				app = all[0]
			}
			all = append(all, word(t, p.key, p.d, roster.KindSponsor, &notice.Sponsor{Community: c, Application: app.ID(), Note: note}, heads...))
		}
	}
	return all
}

// Who says too much at once is heard later, and nobody who waits is lost.
func TestThePaceOnlyDelays(t *testing.T) {
	a, b, c, _ := quartet(t)
	ch := govern(t, rules(), a, b, c)
	root, err := identity.NewRootKey(source(3)) // Gamma's
	if err != nil {
		t.Fatal(err)
	}
	p := &party{root: root}
	app := c.word(t, roster.KindApply, &notice.Apply{Community: ch.Community, Name: "x"}, record.StatementID(ch.Community))
	all := []*record.Statement{app}
	note := string(bytes.Repeat([]byte("x"), 4000))
	for i := range 12 { // six megabytes, more than a day's
		key, d := p.node(t, uint64(500+i), "x")
		for j := range 100 {
			s := &notice.Sponsor{Community: ch.Community, Application: app.ID(), Note: fmt.Sprint(j, note)}
			all = append(all, word(t, key, d, roster.KindSponsor, s, record.StatementID(ch.Community)))
		}
	}
	offer := func(now time.Time) (reasons map[policy.Reason]int) {
		reasons = map[policy.Reason]int{}
		for part := range slices.Chunk(all, 100) {
			for _, o := range b.AddStatements(now, frames(part...)) {
				reasons[o.Reason]++
			}
		}
		return reasons
	}
	if got := offer(noon); got[policy.Waits] == 0 || got[policy.OK] == 0 {
		t.Fatal(got)
	}
	must(t, nil, second(a.says(noon, t, roster.KindRemove, &notice.Remove{Community: ch.Community, Team: c.Self()})))
	if spread(t, noon, a, b); len(proposals(b, ch)) != 1 {
		t.Error("what another says waits, too")
	}
	for i := range 3 {
		offer(noon.Add(time.Duration(i+1) * day))
	}
	if ids, _ := b.kept(ch.Community); len(ids) < len(all) {
		t.Errorf("%d of %d are here days later", len(ids), len(all))
	}
}

// A flood of one member, and what rests on it, is handed over in turn with what others say.
func TestAFloodIsHandedOverInTurn(t *testing.T) {
	a, b, c, _ := quartet(t)
	ch := govern(t, rules(), a, b, c)
	last := record.StatementID(ch.Community)
	var flood []*record.Statement
	for i := range 100 {
		s := c.word(t, roster.KindRemove, &notice.Remove{Community: ch.Community, Team: a.Self(), Reason: fmt.Sprint(i)}, last)
		last = s.ID()
		flood = append(flood, s)
	}
	vote := b.word(t, roster.KindRemove, &notice.Remove{Community: ch.Community, Team: c.Self()}, flood[3].ID())
	late := b.word(t, roster.KindRemove, &notice.Remove{Community: ch.Community, Team: c.Self()}, last)
	a.AddStatements(noon, frames(append(flood, vote, late)...))
	var ids []record.StatementID
	for _, s := range append(flood, vote, late) {
		ids = append(ids, s.ID())
	}
	got := a.StatementFrames(ids, b.Self())
	at := func(s *record.Statement) int {
		return slices.IndexFunc(got, func(f []byte) bool { return bytes.Equal(f, s.Frame()) })
	}
	if len(got) != 102 || at(vote) > 10 || at(late) > 10 {
		t.Errorf("of %d the vote is at %d, a late one at %d", len(got), at(vote), at(late))
	}
	if at(vote) < at(flood[3]) {
		t.Error("the vote goes before what it rests on")
	}
}

func proposals(tm *team, ch record.Channel) []roster.Proposal {
	c, _ := tm.Roster().Community(ch.Community)
	return c.Proposals()
}

// What waits for something that never comes takes no more than its author's room, in memory alone.
func TestWhatWaitsIsBounded(t *testing.T) {
	a, b, c, _ := quartet(t)
	ch := govern(t, rules(), a, b, c)
	before := len(b.Roster().Statements())
	note := string(bytes.Repeat([]byte("x"), 4000))
	app := c.word(t, roster.KindApply, &notice.Apply{Community: ch.Community, Name: "x"}, record.StatementID(ch.Community))
	for i := range 400 {
		s := c.word(t, roster.KindSponsor, &notice.Sponsor{Community: ch.Community, Application: app.ID(), Note: fmt.Sprint(i, note)}, record.StatementID{1})
		if o := b.AddStatements(noon, frames(s))[0]; o.Reason != policy.Waits {
			t.Fatal(o.Reason)
		}
	}
	if n := len(b.Roster().Statements()); n != before {
		t.Errorf("%d are kept", n-before)
	}
	if n := len(b.Statements()) - before; n < 100 || n > 300 {
		t.Errorf("%d wait", n)
	}
	other := a.word(t, roster.KindSponsor, &notice.Sponsor{Community: ch.Community, Application: app.ID()}, record.StatementID{1})
	waiting := len(b.Statements())
	if b.AddStatements(noon, frames(other)); len(b.Statements()) != waiting+1 {
		t.Error("another's word has no room")
	}
	b.restart(t, noon)
	if n := len(b.Statements()); n != before {
		t.Errorf("%d are here after a restart", n-before)
	}
}
