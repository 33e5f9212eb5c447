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
	"tocsin/pkg/replica"
	"tocsin/pkg/roster"
)

func charter(t testing.TB, p *party) *record.Statement {
	t.Helper()
	return p.state(t, roster.KindCharter, &notice.Charter{Name: "Elsewhere", Founders: []identity.TeamID{p.team()}})
}

func frames(statements ...*record.Statement) (out [][]byte) {
	for _, s := range statements {
		out = append(out, s.Frame())
	}
	return out
}

func reasons(out []replica.StatementOutcome) (list []policy.Reason) {
	for _, o := range out {
		list = append(list, o.Reason)
	}
	return list
}

func TestNobodyCanJoinUsToACommunity(t *testing.T) {
	us, _, _ := village(t)
	stranger := newParty(t, 9)
	founding := charter(t, stranger)
	c := identity.CommunityID(founding.ID())
	us9 := stranger.state(t, roster.KindMember, &notice.Member{Community: c, Team: us.Self(), Name: "victim"})
	before := views(t, us.Replica, noon)
	for _, o := range us.AddStatements(noon, frames(founding, us9, record.DelegationStatement(stranger.d))) {
		if o.Verdict != policy.Ignore || o.Reason != policy.NotOurs {
			t.Errorf("%s: %s %s", o.Statement.Kind, o.Verdict, o.Reason)
		}
	}
	same(t, "statements of a stranger", before, views(t, us.Replica, noon))

	// An invite without us in it is refused, too.
	if o := us.Join(noon, frames(founding))[0]; o.Reason != policy.NotOurs {
		t.Errorf("joined a community that did not admit us: %s", o.Reason)
	}
	// The operator's own word lets us in.
	for _, o := range us.Join(noon, frames(us9, founding, record.DelegationStatement(stranger.d))) {
		if o.Verdict != policy.Accept {
			t.Errorf("%s: %s %s", o.Statement.Kind, o.Reason, o.Detail)
		}
	}
	if !us.Roster().Member(c, us.Self()) {
		t.Error("not joined")
	}
}

func TestForgedStatementsAreRefused(t *testing.T) {
	us, p, ch := village(t)
	stranger := newParty(t, 9)
	admitted := &notice.Member{Community: ch.Community, Team: stranger.team(), Name: "x"}
	good := p.state(t, roster.KindMember, admitted).Frame()
	broken := bytes.Clone(good)
	broken[len(broken)-5] ^= 1
	for name, x := range map[string]struct {
		frame []byte
		is    policy.Reason
	}{
		"by a member":          {good, policy.NotOurs},
		"by a stranger":        {stranger.state(t, roster.KindMember, admitted).Frame(), policy.NotOurs},
		"a removal by nobody":  {stranger.state(t, roster.KindRemove, &notice.Remove{Community: ch.Community, Team: us.Self()}).Frame(), policy.NotOurs},
		"a second charter":     {charter(t, stranger).Frame(), policy.NotOurs},
		"of a later release":   {stranger.state(t, "succession", admitted).Frame(), policy.NotOurs},
		"broken signature":     {broken, policy.BadSignature},
		"cut off":              {good[:40], policy.Malformed},
		"a record":             {p.say(t, ch, alert("x"), nil).Frame(), policy.UnknownForm},
		"a stranger's node":    {record.DelegationStatement(stranger.d).Frame(), policy.NotOurs},
		"what is known anyway": {record.DelegationStatement(p.d).Frame(), policy.Duplicate},
	} {
		before := views(t, us.Replica, noon)
		if o := us.AddStatements(noon, [][]byte{x.frame})[0]; o.Reason != x.is {
			t.Errorf("%s: %s %s", name, o.Reason, o.Detail)
		}
		same(t, name, before, views(t, us.Replica, noon))
	}
	if us.Roster().Member(ch.Community, stranger.team()) {
		t.Error("admitted")
	}
}

func TestAStatementFromTheFutureWaits(t *testing.T) {
	a, b := newTeam(t, 1, "Alpha"), newTeam(t, 2, "Beta")
	c := found(t, a, b)
	says := encode(t, &notice.Member{Community: c, Team: newParty(t, 3).team(), Name: "x"})
	s, err := a.SignStatement(noon.Add(time.Hour), roster.KindMember, says)
	if err != nil {
		t.Fatal(err)
	}
	twice := [][]byte{s.Frame(), s.Frame()}
	if got := reasons(b.AddStatements(noon, twice)); got[0] != policy.Future {
		t.Fatal(got)
	}
	if got := reasons(b.AddStatements(noon.Add(time.Hour), twice)); got[0] != policy.OK || got[1] != policy.OK {
		t.Fatal(got)
	}
}

// A root key can sign any number of delegations, and anybody can make any number of root keys.
func TestDelegationsDoNotFloodTheStore(t *testing.T) {
	us, p, ch := village(t)
	flood := func(p *party, n int) (out [][]byte) {
		for i := range n {
			_, d := p.node(t, uint64(10_000+i), "Party")
			out = append(out, record.DelegationStatement(d).Frame())
		}
		return out
	}
	us.AddStatements(noon, flood(p, 80))
	us.AddStatements(noon, flood(p, 90))
	if n := len(us.Roster().Delegations(p.team())); n != 64 {
		t.Errorf("%d delegations of one team are kept", n)
	}
	// A community of the stranger's own making, with us in it, must not make it look like a neighbour.
	s := newParty(t, 9)
	founding := charter(t, s)
	us9 := s.state(t, roster.KindMember, &notice.Member{Community: identity.CommunityID(founding.ID()), Team: us.Self(), Name: "x"})
	before := views(t, us.Replica, noon)
	us.AddStatements(noon, append(frames(founding, us9), flood(s, 5)...))
	same(t, "flood", before, views(t, us.Replica, noon))
	// Someone the founder admits in the same breath is one.
	late := newParty(t, 10)
	founder := newTeam(t, 1, "Alpha")
	for _, id := range us.Statements() {
		st, _ := us.Roster().Statement(id)
		founder.Join(noon, frames(st))
	}
	in := state(t, founder, roster.KindMember, &notice.Member{Community: ch.Community, Team: late.team(), Name: "x"})
	got := reasons(us.AddStatements(noon, frames(record.DelegationStatement(late.d), in)))
	if got[0] != policy.OK || got[1] != policy.OK {
		t.Error(got)
	}
}

// Which of too many statements by one key stay is the same at all nodes, whatever came first.
func TestTheLeastOfTooManyStayInAnyOrder(t *testing.T) {
	a, b := newTeam(t, 1, "Alpha"), newTeam(t, 2, "Beta")
	c := found(t, a, b)
	p := newParty(t, 3)
	admit(t, a, c, p)
	b.AddStatements(noon, a.StatementFrames(a.Statements(), b.Self()))
	var flood [][]byte
	for i := range 80 {
		_, d := p.node(t, uint64(10_000+i), "Party")
		flood = append(flood, record.DelegationStatement(d).Frame())
	}
	for i := range 4096 + 60 {
		flood = append(flood, p.state(t, roster.KindVouch, &notice.Vouch{Team: a.Self(), Name: fmt.Sprint(i)}).Frame())
	}
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 0))
	for _, tm := range []*team{a, b} {
		rnd.Shuffle(len(flood), func(i, j int) { flood[i], flood[j] = flood[j], flood[i] })
		for day := range 2 { // the pace delays some, and they are offered again
			for part := range slices.Chunk(flood, 500) {
				tm.AddStatements(noon.AddDate(0, 0, day), part)
			}
		}
	}
	if !slices.Equal(sortedIDs(a.Roster()), sortedIDs(b.Roster())) {
		t.Errorf("seed %d: two nodes keep different statements of one key", seed)
	}
	if n := len(a.Roster().Delegations(p.team())); n != 64 {
		t.Errorf("%d delegations of one root stay", n)
	}
}

// A member that leaves too often under the founders' rule, in two orders, is a member at all nodes or at none.
func TestTooManyLeavingsAreTheSameInAnyOrder(t *testing.T) {
	a, b, p := newTeam(t, 1, "Alpha"), newTeam(t, 2, "Beta"), newParty(t, 3)
	c := found(t, a, b)
	admit(t, a, c, p)
	spread(t, noon, a, b)
	var leavings []*record.Statement
	for i := range 32 {
		leavings = append(leavings, word(t, p.key, p.d, roster.KindLeave, &notice.Leave{Community: c, Reason: fmt.Sprint(i)}, record.StatementID(c)))
	}
	a.AddStatements(noon, frames(leavings[:16]...))
	b.AddStatements(noon, frames(leavings[16:]...))
	spread(t, noon, a, b)
	state(t, a, roster.KindMember, &notice.Member{Community: c, Team: p.team(), Name: "back"})
	spread(t, noon, a, b)
	if at, there := a.Roster().Member(c, p.team()), b.Roster().Member(c, p.team()); !at || !there {
		t.Errorf("the team that came back is a member at one: %t, at the other: %t", at, there)
	}
}

func sortedIDs(r *roster.Roster) []record.StatementID {
	return slices.SortedFunc(slices.Values(r.Statements()), func(x, y record.StatementID) int { return bytes.Compare(x[:], y[:]) })
}

func TestOnlyAFounderStates(t *testing.T) {
	a, b := newTeam(t, 1, "Alpha"), newTeam(t, 2, "Beta")
	c := found(t, a, b)
	other := newParty(t, 3)
	state(t, a, roster.KindMember, &notice.Member{Community: c, Team: other.team(), Name: "x"})
	state(t, a, roster.KindRemove, &notice.Remove{Community: c, Team: other.team()})
	member := func(c identity.CommunityID, t identity.TeamID) notice.Content {
		return &notice.Member{Community: c, Team: t, Name: "x"}
	}
	for name, x := range map[string]struct {
		who  *team
		kind string
		says []byte
	}{
		"a member admits":               {b, roster.KindMember, encode(t, member(c, newParty(t, 4).team()))},
		"a member removes":              {b, roster.KindRemove, encode(t, &notice.Remove{Community: c, Team: a.Self()})},
		"an unknown community":          {a, roster.KindMember, encode(t, member(identity.CommunityID{1}, b.Self()))},
		"an unknown kind":               {a, "succession", []byte(`{}`)},
		"nonsense":                      {a, roster.KindMember, []byte(`{`)},
		"nonsense of a removal":         {a, roster.KindRemove, []byte(`{}`)},
		"nonsense of a charter":         {a, roster.KindCharter, []byte(`{}`)},
		"a charter for somebody":        {a, roster.KindCharter, encode(t, &notice.Charter{Name: "x", Founders: []identity.TeamID{b.Self()}})},
		"the removed is admitted again": {a, roster.KindMember, encode(t, member(c, other.team()))},
		"a founder is removed":          {a, roster.KindRemove, encode(t, &notice.Remove{Community: c, Team: a.Self()})},
	} {
		before := views(t, x.who.Replica, noon)
		if _, err := x.who.SignStatement(noon, x.kind, x.says); err == nil {
			t.Errorf("%s: signed", name)
		}
		same(t, name, before, views(t, x.who.Replica, noon))
	}
}

func TestAStatementNamesWhatItsAuthorSaw(t *testing.T) {
	us, _, ch := village(t)
	before := us.Roster().Heads(ch.Community)
	s := state(t, us, roster.KindMember, &notice.Member{Community: ch.Community, Team: newParty(t, 3).team(), Name: "x"})
	if len(before) != 1 || len(s.Heads) != 1 || s.Heads[0] != before[0] {
		t.Fatalf("%v, want %v", s.Heads, before)
	}
	if after := us.Roster().Heads(ch.Community); len(after) != 1 || after[0] != s.ID() {
		t.Fatal(after)
	}
}

func TestACharterGoesRoundItsFounders(t *testing.T) {
	a, b := newTeam(t, 1, "Alpha"), newTeam(t, 2, "Beta")
	founders := []*team{a, b}
	if bytes.Compare(a.opt.Delegation.Team[:], b.opt.Delegation.Team[:]) > 0 {
		founders = []*team{b, a}
	}
	c := &notice.Charter{Name: "Two", Founders: []identity.TeamID{founders[0].Self(), founders[1].Self()}}
	payload, err := record.DraftStatement(record.Draft{Kind: roster.KindCharter, Created: noon, Says: encode(t, c), Signers: []record.Signer{
		{Team: founders[0].Self(), Delegation: founders[0].Delegation()}, {Team: founders[1].Self(), Delegation: founders[1].Delegation()},
	}})
	if err != nil {
		t.Fatal(err)
	}
	var sigs []dsse.Signature
	for _, f := range founders {
		sigs = append(sigs, f.opt.Key.Sign(identity.StatementType, payload))
	}
	var v record.Verifier
	s, err := v.AssembleStatement(payload, sigs)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range founders {
		if o := f.Join(noon, frames(s))[0]; o.Verdict != policy.Accept {
			t.Fatal(o.Reason)
		}
		if !f.Roster().Member(identity.CommunityID(s.ID()), a.Self()) {
			t.Error("not a member of what it founded")
		}
	}
}

func TestStatementsGoToThoseWhomTheyConcern(t *testing.T) {
	us, p, _ := village(t)
	all := us.Statements()
	if got := us.StatementFrames(all, p.team()); len(got) != 4 { // charter, admission, two delegations
		t.Errorf("%d statements for a member", len(got))
	}
	if got := us.StatementFrames(all[:1], p.team()); len(got) != 1 {
		t.Errorf("%d statements, one was asked for", len(got))
	}
	stranger := newParty(t, 9)
	if got := us.StatementFrames(all, stranger.team()); len(got) != 0 {
		t.Errorf("%d statements for a stranger", len(got))
	}
}

// More statements than one write takes.
func TestManyStatementsAreKept(t *testing.T) {
	us, p := newTeam(t, 1, "Alpha"), newParty(t, 2)
	founding := charter(t, p)
	c := identity.CommunityID(founding.ID())
	list := frames(founding, p.state(t, roster.KindMember, &notice.Member{Community: c, Team: us.Self(), Name: "x"}))
	for i := range 600 {
		m := &notice.Member{Community: c, Team: identity.TeamID{1, byte(i), byte(i >> 8)}, Name: "x"}
		list = append(list, p.state(t, roster.KindMember, m).Frame())
	}
	for _, o := range us.Join(noon, list) {
		if o.Verdict != policy.Accept {
			t.Fatal(o.Reason, o.Detail)
		}
	}
	before := views(t, us.Replica, noon)
	us.restart(t, noon)
	same(t, "restart", before, views(t, us.Replica, noon))
}

// A node that lost its store and remembers what it joined takes that back from peers, and nothing else.
func TestExpectedCommunitiesComeBackFromPeers(t *testing.T) {
	a, b := newTeam(t, 1, "Alpha"), newTeam(t, 2, "Beta")
	c := found(t, a, b)
	frames := a.StatementFrames(a.Statements(), b.Self())
	for _, expects := range []bool{false, true} {
		empty := newTeam(t, 2, "Beta")
		if expects {
			empty.Expect(c)
		}
		empty.AddStatements(noon, frames)
		if got := empty.Roster().Member(c, b.Self()); got != expects {
			t.Errorf("member: %v, expected: %v", got, expects)
		}
	}
}
