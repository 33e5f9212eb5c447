package roster_test

import (
	"errors"
	"slices"
	"testing"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

func usual() notice.Admission {
	return notice.Admission{Sponsors: 2, Witnesses: 1, Window: 60, Objections: 1, Removal: 3, Budget: 3}
}

// mark asks whether an application's statement counts.
func applicationOf(t testing.TB, c *roster.Community, id record.StatementID) roster.Application {
	t.Helper()
	for _, a := range c.Applications() {
		if a.ID == id {
			return a
		}
	}
	t.Fatal("no such application")
	return roster.Application{}
}

func proposalOf(t testing.TB, c *roster.Community, id record.StatementID) roster.Proposal {
	t.Helper()
	for _, p := range c.Proposals() {
		if p.ID == id {
			return p
		}
	}
	t.Fatal("no such proposal")
	return roster.Proposal{}
}

func TestSponsorsAndWitnessesAdmit(t *testing.T) {
	p := parties(t, 6)
	founders, guest := p[:4], p[4]
	for name, x := range map[string]struct {
		act func(w *town, a record.StatementID)
		in  bool
		why roster.Why
	}{
		"as it should be": {func(w *town, a record.StatementID) { w.through(a, p[2], p[0], p[1]) }, true, roster.Counts},
		"one sponsor":     {func(w *town, a record.StatementID) { w.through(a, p[2], p[0]) }, false, roster.WhySponsors},
		"three sponsors":  {func(w *town, a record.StatementID) { w.through(a, p[3], p[0], p[1], p[2]) }, false, roster.WhySponsors},
		"one sponsor twice": {func(w *town, a record.StatementID) {
			w.admit(p[2], a, []record.StatementID{w.sponsor(p[0], a), w.sponsor(p[0], a)})
		}, false, roster.WhySponsors},
		"the witness sponsors":   {func(w *town, a record.StatementID) { w.through(a, p[1], p[0], p[1]) }, false, roster.WhySponsors},
		"a stranger sponsors":    {func(w *town, a record.StatementID) { w.through(a, p[2], p[0], p[5]) }, false, roster.WhySponsors},
		"the applicant sponsors": {func(w *town, a record.StatementID) { w.through(a, p[2], p[0], p[4]) }, false, roster.WhySponsors},
		"a stranger attests":     {func(w *town, a record.StatementID) { w.through(a, p[5], p[0], p[1]) }, false, roster.WhyStranger},
		"the applicant attests":  {func(w *town, a record.StatementID) { w.through(a, p[4], p[0], p[1]) }, false, roster.WhyStranger},
		"an objection before":    {func(w *town, a record.StatementID) { w.object(p[3], a); w.through(a, p[2], p[0], p[1]) }, false, roster.WhyOpposed},
		"a stranger's objection": {func(w *town, a record.StatementID) { w.object(p[5], a); w.through(a, p[2], p[0], p[1]) }, true, roster.Counts},
		"an objection after":     {func(w *town, a record.StatementID) { w.through(a, p[2], p[0], p[1]); w.object(p[3], a) }, true, roster.Counts},
		"sponsorings of somebody else": {func(w *town, a record.StatementID) {
			b := w.apply(p[5], "")
			w.admit(p[2], a, []record.StatementID{w.sponsor(p[0], b), w.sponsor(p[1], b)})
		}, false, roster.WhySponsors},
		"something else as sponsoring": {func(w *town, a record.StatementID) {
			w.admit(p[2], a, []record.StatementID{w.sponsor(p[0], a), w.genes.ID()})
		}, false, roster.WhySponsors},
	} {
		w := newTown(t, usual(), founders...)
		a := w.apply(guest, "")
		x.act(w, a)
		c := w.community()
		got := applicationOf(t, c, a)
		if c.Member(guest.team()) != x.in || len(got.Admits) != 1 || got.Admits[0].Why != x.why || (got.State == roster.Admitted) != x.in {
			t.Errorf("%s: member %t, %s, admits %+v", name, c.Member(guest.team()), got.State, got.Admits)
		}
	}
}

func TestSponsorsHaveDifferentParents(t *testing.T) {
	p := parties(t, 6)
	w := newTown(t, usual(), p[:4]...)
	in := func(of *party, parent string) {
		a := w.apply(of, parent)
		w.through(a, p[2], p[0], p[1])
	}
	in(p[4], "Acme  Holding")
	in(p[5], "ACME holding")
	guest := newParty(t, 900)
	a := w.apply(guest, "")
	w.through(a, p[2], p[4], p[5])
	if w.community().Member(guest.team()) {
		t.Fatal("two sponsors of one parent are enough")
	}
	if _, err := w.community().Attest(a, p[2].team()); !errors.Is(err, roster.ErrSponsors) {
		t.Errorf("attest: %v", err)
	}
	w.through(a, p[2], p[4], p[0])
	if !w.community().Member(guest.team()) {
		t.Error("two of different parents are not")
	}
}

func TestAttestNamesWhatCounts(t *testing.T) {
	p := parties(t, 7)
	w := newTown(t, usual(), p[:4]...)
	a := w.apply(p[4], "")
	try := func(by *party, want error) []record.StatementID {
		t.Helper()
		ids, err := w.community().Attest(a, by.team())
		if !errors.Is(err, want) {
			t.Errorf("attest: %v, want %v", err, want)
		}
		return ids
	}
	try(p[2], roster.ErrSponsors)
	if w.community().Observer(p[4].team()) {
		t.Error("an observer without a sponsor")
	}
	w.sponsor(p[0], a)
	if !w.community().Observer(p[4].team()) {
		t.Error("no observer with a sponsor")
	}
	w.sponsor(p[1], a)
	try(p[0], roster.ErrSponsor)
	try(p[4], roster.ErrNotMember)
	try(p[6], roster.ErrNotMember)
	w.admit(p[2], a, try(p[2], nil))
	if !w.community().Member(p[4].team()) || w.community().Observer(p[4].team()) {
		t.Error("not admitted")
	}
	try(p[3], roster.ErrDecided)
	b := w.apply(p[5], "")
	w.sponsor(p[0], b)
	w.object(p[4], b)
	a = b
	try(p[2], roster.ErrOpposed)
	if w.community().Observer(p[5].team()) {
		t.Error("an observer against whom enough object")
	}
}

// Two applications of one team can both be admitted by members that did not know of each other.
func TestRivalAdmissions(t *testing.T) {
	p := parties(t, 6)
	w := newTown(t, usual(), p[:4]...)
	at := w.now()
	a, b := w.apply(p[4], "One", at), w.apply(p[4], "Two", at)
	s1, s2 := w.sponsor(p[0], a, at), w.sponsor(p[1], a, at)
	s3, s4 := w.sponsor(p[2], b, at), w.sponsor(p[3], b, at)
	w.admit(p[2], a, []record.StatementID{s1, s2}, at)
	w.admit(p[0], b, []record.StatementID{s3, s4}, at)
	c := w.community()
	if !c.Member(p[4].team()) || len(c.SponsoredBy(p[4].team())) != 4 {
		t.Errorf("member %t, by %v", c.Member(p[4].team()), c.SponsoredBy(p[4].team()))
	}
	// Once it is in, what it applies for again counts for nothing.
	if again := w.apply(p[4], ""); applicationOf(t, w.community(), again).Why != roster.WhyMember {
		t.Error("a member applies")
	}
}

func TestRemovalTakesVotes(t *testing.T) {
	p := parties(t, 7)
	w := newTown(t, usual(), p[:4]...)
	w.bring(p[4], p[2], p[0], p[1])
	gone := p[4]
	id := w.propose(p[0], gone, []notice.LaneHead{head(gone, 1, 3)})
	for _, v := range []*party{p[0], p[5], p[4]} { // again, a stranger, itself
		w.vote(v, gone, id)
	}
	w.vote(p[1], gone, id)
	if w.community().Removed(gone.team()) || proposalOf(t, w.community(), id).Counting != 2 {
		t.Fatalf("removed by two: %+v", proposalOf(t, w.community(), id))
	}
	w.vote(p[2], p[3], id) // names another team
	if w.community().Removed(gone.team()) {
		t.Fatal("a vote about another team counts")
	}
	w.vote(p[2], gone, id)
	c := w.community()
	if c.Member(gone.team()) || !c.Removed(gone.team()) || !proposalOf(t, c, id).Effective {
		t.Fatal("not removed by three")
	}
	lane := func(run byte) record.Lane { return record.Lane{Node: gone.d.Node, Run: record.Run{run}} }
	if !c.Speaks(gone.team(), lane(1), 3) || c.Speaks(gone.team(), lane(1), 4) || c.Speaks(gone.team(), lane(2), 1) {
		t.Error("its records are not cut at the heads")
	}
	// Founders go the same way.
	w.removeBy(p[3], nil, p[0], p[1], p[2])
	if w.community().Member(p[3].team()) {
		t.Error("a founder cannot be removed")
	}
}

// What a removed team signs counts only where the removal lies after it.
func TestTheRemovedSpeakNoMore(t *testing.T) {
	p := parties(t, 8)
	w := newTown(t, usual(), p[:5]...)
	w.bring(p[5], p[2], p[0], p[1])
	before := w.now()
	early := w.apply(p[6], "", before)
	s1, s2 := w.sponsor(p[5], early), w.sponsor(p[0], early)
	w.admit(p[3], early, []record.StatementID{s1, s2})
	w.removeBy(p[5], nil, p[0], p[1], p[2])
	if !w.community().Member(p[6].team()) {
		t.Fatal("what it did before went with it")
	}
	// Dated back: it names nothing later than its own admission.
	late := w.apply(p[7], "", before)
	s3, s4 := w.sponsor(p[5], late, before), w.sponsor(p[0], late, before)
	w.admit(p[3], late, []record.StatementID{s3, s4}, before)
	c := w.community()
	if a := applicationOf(t, c, late); c.Member(p[7].team()) || a.Sponsors[0].Counts && a.Sponsors[1].Counts {
		t.Errorf("its sponsoring counts after its removal: %+v", a.Sponsors)
	}
	if a := applicationOf(t, c, late); a.Admits[0].Why != roster.WhySponsors {
		t.Errorf("the admission: %s", a.Admits[0].Why)
	}
}

// Two removals of each other with as many votes: both stand. With more votes on one, the votes of whom it
// removes are cut off the other.
func TestConcurrentRemovals(t *testing.T) {
	p := parties(t, 9)
	for _, x := range []struct {
		more          int
		first, second bool
	}{{0, true, true}, {1, true, false}} {
		w := newTown(t, usual(), p[:8]...)
		at := w.now()
		one := w.propose(p[0], p[4], nil, at) // p0, p1, p2 against p4; p4, p5, p6 against p0
		two := w.propose(p[4], p[0], nil, at)
		seenOne, seenTwo := []record.StatementID{one}, []record.StatementID{two}
		for _, v := range []*party{p[1], p[2], p[3]}[:2+x.more] {
			w.vote(v, p[4], one, seenOne)
		}
		for _, v := range p[5:7] {
			w.vote(v, p[0], two, seenTwo)
		}
		c := w.community()
		if proposalOf(t, c, one).Effective != x.first || proposalOf(t, c, two).Effective != x.second {
			t.Errorf("with %d more: %+v %+v", x.more, proposalOf(t, c, one), proposalOf(t, c, two))
		}
	}
}

// A corrupt few vote out the honest from a stale view; the honest outvote them later, and that holds.
func TestStaleVotesAreOutvoted(t *testing.T) {
	p := parties(t, 10)
	rule := usual()
	w := newTown(t, rule, p[:8]...)
	at := w.now()
	good := w.propose(p[0], p[5], nil, at)
	for _, v := range p[1:5] {
		w.vote(v, p[5], good)
	}
	// p5 and two others, as if they had heard nothing.
	bad := w.propose(p[5], p[0], nil, at)
	for _, v := range p[6:8] {
		w.vote(v, p[0], bad, []record.StatementID{bad})
	}
	c := w.community()
	if !c.Member(p[0].team()) || c.Member(p[5].team()) {
		t.Errorf("honest in %t, corrupt in %t", c.Member(p[0].team()), c.Member(p[5].team()))
	}
	if got := proposalOf(t, c, bad); got.Effective || got.Votes[0].Counts {
		t.Errorf("%+v", got)
	}
}

// A sponsor is removed while it sponsors: what the witness knew decides.
func TestASponsorRemovedWhileSponsoring(t *testing.T) {
	p := parties(t, 8)
	for _, knew := range []bool{false, true} {
		w := newTown(t, usual(), p[:6]...)
		a := w.apply(p[6], "")
		s1, s2 := w.sponsor(p[0], a), w.sponsor(p[1], a)
		at := w.now()
		w.removeBy(p[1], nil, p[2], p[3], p[4])
		if knew {
			w.admit(p[5], a, []record.StatementID{s1, s2})
		} else {
			w.admit(p[5], a, []record.StatementID{s1, s2}, at)
		}
		if c := w.community(); c.Member(p[6].team()) == knew {
			t.Errorf("witness knew of the removal: %t, member: %t", knew, c.Member(p[6].team()))
		}
	}
}

func TestLeavingAndComingAgain(t *testing.T) {
	p := parties(t, 7)
	for name, out := range map[string]func(w *town, of *party){
		"leaves":  func(w *town, of *party) { w.leave(of, []notice.LaneHead{head(of, 1, 2)}) },
		"removed": func(w *town, of *party) { w.removeBy(of, []notice.LaneHead{head(of, 1, 2)}, p[1], p[2], p[3]) },
	} {
		w := newTown(t, usual(), p[:5]...)
		w.bring(p[5], p[2], p[0], p[1])
		before := w.now()
		out(w, p[5])
		c := w.community()
		if c.Member(p[5].team()) || c.Left(p[5].team()) != (name == "leaves") || c.Removed(p[5].team()) != (name == "removed") {
			t.Fatalf("%s: %t %t", name, c.Left(p[5].team()), c.Removed(p[5].team()))
		}
		stale := w.apply(p[5], "", before)
		if got := applicationOf(t, w.community(), stale); got.State != roster.Void {
			t.Errorf("%s: an application that knows nothing of it is %s", name, got.State)
		}
		w.bring(p[5], p[3], p[0], p[1])
		c = w.community()
		lane := func(run byte) record.Lane { return record.Lane{Node: p[5].d.Node, Run: record.Run{run}} }
		if !c.Member(p[5].team()) || c.Left(p[5].team()) || c.Removed(p[5].team()) {
			t.Errorf("%s: does not come in again", name)
		}
		if !c.Speaks(p[5].team(), lane(1), 2) || c.Speaks(p[5].team(), lane(1), 3) || !c.Speaks(p[5].team(), lane(2), 9) {
			t.Errorf("%s: its lanes do not go on as they should", name)
		}
		if guest := w.bring(p[6], p[3], p[5], p[0]); applicationOf(t, w.community(), guest).State != roster.Admitted {
			t.Errorf("%s: what it says now does not count", name)
		}
	}
}

func TestFoundersLeaveUnderFoundersRule(t *testing.T) {
	p := parties(t, 4)
	genes := charter(t, "c", p[:2], p[0], p[1])
	c := identity.CommunityID(genes.ID())
	in := member(t, c, p[2], "two", p[1])
	bye := state(t, roster.KindLeave, &notice.Leave{Community: c}, []record.StatementID{in.ID()}, p[1])
	late := member(t, c, p[3], "three", p[1])
	r := roster.New().With(genes, in, bye, late)
	if !r.Member(c, p[2].team()) || r.Member(c, p[1].team()) || r.Member(c, p[3].team()) {
		t.Error("what a founder said before it left stays, what it says later does not")
	}
	again := state(t, roster.KindMember, &notice.Member{Community: c, Team: p[1].team(), Name: "x"}, []record.StatementID{bye.ID()}, p[0])
	if !r.With(again).Member(c, p[1].team()) || r.With(member(t, c, p[1], "x", p[0])).Member(c, p[1].team()) {
		t.Error("whoever left comes in again by a word that knows of it, and by no other")
	}
}

func TestOneCorruptSponsorBringsInNoMoreThanItsBudget(t *testing.T) {
	p := parties(t, 6)
	rule := usual()
	rule.Sponsors, rule.Budget = 1, 20
	w := newTown(t, rule, p[:4]...)
	w.bring(p[4], p[1], p[0])
	w.bring(p[5], p[1], p[0]) // its accomplice, who attests
	at := w.now()
	r := w.roster()
	var flood []*record.Statement
	last := []*party{p[4]}
	for i := range 1000 {
		key := newParty(t, uint64(5000+i))
		says := &notice.Apply{Community: w.c, Name: "x"}
		a := state(t, roster.KindApply, says, at, key)
		by := last[i%len(last)] // those that came in bring in more
		s := state(t, roster.KindSponsor, &notice.Sponsor{Community: w.c, Application: a.ID()}, at, by)
		adm := state(t, roster.KindAdmit, &notice.Admit{Community: w.c, Application: a.ID(), Sponsors: []record.StatementID{s.ID()}}, at, p[5])
		flood = append(flood, a, s, adm)
		if i < 5 {
			last, at = append(last, key), []record.StatementID{adm.ID()}
		}
	}
	c, _ := r.With(flood...).Community(w.c)
	if used, limit := c.Budget(p[4].team()); len(c.Members()) != 6+rule.Budget || used != limit {
		t.Errorf("%d members, used %d of %d", len(c.Members()), used, limit)
	}
	if used, _ := c.Budget(p[5].team()); used != 0 {
		t.Error("a witness answers for whom it attests")
	}
}

func TestACharterCloneIsAnotherCommunity(t *testing.T) {
	p := parties(t, 3)
	one, two := charter(t, "APCERT", p[:1], p[0]), charter(t, "APCERT", p[1:2], p[1])
	r := roster.New().With(one, two, member(t, identity.CommunityID(one.ID()), p[2], "x", p[0]))
	if len(r.Communities()) != 2 || r.Member(identity.CommunityID(two.ID()), p[2].team()) {
		t.Error("a name is no identity")
	}
}

func TestARevokedKeySpeaksUpToItsHeads(t *testing.T) {
	p := parties(t, 8)
	w := newTown(t, usual(), p[:4]...)
	a := w.bring(p[4], p[2], p[0], p[1])
	known := w.now()
	// The thief of p0's node key sponsors, from before the revocation as it says.
	thief := w.apply(p[5], "")
	s1, s2 := w.sponsor(p[0], thief), w.sponsor(p[3], thief)
	w.admit(p[1], thief, []record.StatementID{s1, s2})
	frozen := rooted(t, roster.KindRevoke, &notice.Revoke{Node: p[0].d.Node, Frozen: true}, nil, p[0].root)
	w.all = append(w.all, frozen)
	r := w.roster()
	if !r.Frozen(p[0].team(), p[0].d.Node) || r.Revoked(p[0].team(), p[0].d.Node) || len(r.Nodes(p[0].team(), noon)) != 0 {
		t.Error("not frozen")
	}
	if !r.Member(w.c, p[4].team()) || !r.Member(w.c, p[5].team()) {
		t.Error("a freeze says nothing of what was before it")
	}
	w.all = append(w.all, rooted(t, roster.KindRevoke, &notice.Revoke{Node: p[0].d.Node}, known, p[0].root))
	r = w.roster()
	if r.Frozen(p[0].team(), p[0].d.Node) || !r.Revoked(p[0].team(), p[0].d.Node) {
		t.Error("not revoked")
	}
	if !r.Member(w.c, p[4].team()) || r.Member(w.c, p[5].team()) || applicationOf(t, w.community(), a).State != roster.Admitted {
		t.Error("what the team named counts, what the thief said does not")
	}
	// Nobody revokes another's key.
	w.all = append(w.all, rooted(t, roster.KindRevoke, &notice.Revoke{Node: p[1].d.Node}, nil, p[2].root))
	if r := w.roster(); r.Revoked(p[1].team(), p[1].d.Node) || len(r.Nodes(p[1].team(), noon)) != 1 {
		t.Error("a stranger revokes")
	}
}

func TestRotationKeepsTheTeam(t *testing.T) {
	p := parties(t, 8)
	w := newTown(t, usual(), p[:4]...)
	next, other := newParty(t, 700), newParty(t, 701)
	turn := rooted(t, roster.KindRotate, &notice.Rotate{Old: p[0].team(), New: next.team()}, w.now(), p[0].root, next.root)
	w.all = append(w.all, turn, delegation(p[0]), delegation(next))
	r := w.roster()
	if !r.Member(w.c, next.team()) || !r.Member(w.c, p[0].team()) || r.Canonical(p[0].team()) != next.team() || len(r.Members(w.c)) != 4 {
		t.Fatal("the new root does not stand where the old one stood")
	}
	if nodes := r.Nodes(p[0].team(), noon); len(nodes) != 1 || nodes[0].Node != next.d.Node {
		t.Error("the old root's nodes are in force")
	}
	// One team, one vote: under both roots it is the same.
	a := w.apply(p[5], "")
	if s := w.sponsor(next, a); applicationOf(t, w.community(), a).Sponsors[0].ID != s || !applicationOf(t, w.community(), a).Sponsors[0].Counts {
		t.Error("the new root's word does not count")
	}
	w.sponsor(p[0], a)
	for _, v := range applicationOf(t, w.community(), a).Sponsors {
		if v.Counts != (v.ID == applicationOf(t, w.community(), a).Sponsors[0].ID) && v.Why != roster.WhyKey && v.Why != roster.Counts {
			t.Errorf("%+v", v)
		}
	}
	// Whoever stole the old root rotates it too: neither is followed.
	w.all = append(w.all, rooted(t, roster.KindRotate, &notice.Rotate{Old: p[0].team(), New: other.team()}, nil, p[0].root, other.root))
	r = w.roster()
	if r.Canonical(p[0].team()) != p[0].team() || r.Member(w.c, next.team()) || r.Member(w.c, other.team()) || !r.Rotations(p[0].team()).Disputed {
		t.Error("a disputed rotation is followed")
	}
	// A new root alone moves nothing, nor do two in a circle.
	x, y := newParty(t, 702), newParty(t, 703)
	circle := roster.New().With(
		rooted(t, roster.KindRotate, &notice.Rotate{Old: x.team(), New: y.team()}, nil, x.root, y.root),
		rooted(t, roster.KindRotate, &notice.Rotate{Old: y.team(), New: x.team()}, nil, y.root, x.root),
		rooted(t, roster.KindSucceed, &notice.Succeed{Old: p[1].team(), New: x.team()}, nil, x.root))
	if circle.Canonical(x.team()) != x.team() || circle.Canonical(y.team()) != y.team() || circle.Canonical(p[1].team()) != p[1].team() {
		t.Error("a circle or a succession moves somebody")
	}
	if len(circle.Successions(p[1].team())) != 1 {
		t.Error("the succession is not shown")
	}
}

func TestTrustIsWhatPinsAndVouchesMake(t *testing.T) {
	p := parties(t, 7)
	v1 := state(t, roster.KindVouch, &notice.Vouch{Team: p[3].team(), Name: "x"}, nil, p[1])
	v2 := state(t, roster.KindVouch, &notice.Vouch{Team: p[3].team(), Name: "x"}, nil, p[2])
	self := state(t, roster.KindVouch, &notice.Vouch{Team: p[4].team(), Name: "x"}, nil, p[5])
	back := state(t, roster.KindWithdrawVouch, &notice.WithdrawVouch{Vouch: v2.ID(), Team: p[3].team()}, nil, p[2])
	foreign := state(t, roster.KindWithdrawVouch, &notice.WithdrawVouch{Vouch: v1.ID(), Team: p[3].team()}, nil, p[5])
	r := roster.New().With(v1, v2, self, foreign)
	pins := roster.Pins{Self: p[0].team(), Teams: map[identity.TeamID]struct{}{p[1].team(): {}, p[2].team(): {}}}
	for i, want := range []roster.Level{roster.Self, roster.Pinned, roster.Pinned, roster.Vouched, roster.Known, roster.Unknown} {
		if i == 5 {
			i = 6
		}
		if got := r.Trust(p[i].team(), pins); got.Level != want {
			t.Errorf("team %d: level %d, want %d", i, got.Level, want)
		}
	}
	if got := r.Trust(p[3].team(), pins); got.Parents != 2 || len(got.Vouchers) != 2 || len(got.Path) != 4 {
		t.Errorf("%+v", got)
	}
	if got := r.With(back).Trust(p[3].team(), pins); got.Parents != 1 || slices.Contains(got.Vouchers, p[2].team()) {
		t.Errorf("a vouch that was withdrawn counts: %+v", got)
	}
}
