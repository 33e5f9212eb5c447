package policy_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
)

func drawOf[T any](t *rapid.T, label string, all []T) T { return rapid.SampledFrom(all).Draw(t, label) }

func drawID(t *rapid.T, label string) [32]byte {
	return [32]byte{rapid.ByteRange(0, 3).Draw(t, label)} // few, so that they meet; 0 is none
}

func drawGrant(t *rapid.T) *notice.Permission {
	p := &notice.Permission{
		Record: drawID(t, "granted record"), TLP: drawOf(t, "granted", allTLPs()),
		Constituents: rapid.Bool().Draw(t, "constituents"), Public: rapid.Bool().Draw(t, "public"),
		Communities: []identity.CommunityID{drawID(t, "granted community")}, Teams: []identity.TeamID{drawID(t, "granted team")},
		Lifts: rapid.SliceOfNDistinct(rapid.SampledFrom(notice.Purposes()), 0, 3, rapid.ID[notice.Purpose]).Draw(t, "lifts"),
	}
	if rapid.Bool().Draw(t, "ends") {
		p.Until = noon.Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "until")) * time.Hour)
	}
	return p
}

func drawExit(t *rapid.T) policy.Exit {
	purposes := rapid.SliceOfNDistinct(rapid.SampledFrom(append(notice.Purposes(), "no-quantum-use")), 0, 3, rapid.ID[notice.Purpose])
	e := policy.Exit{
		Action: drawOf(t, "way", policy.Actions()), Audience: drawOf(t, "audience", policy.Audiences()),
		Marking: &notice.Marking{
			TLP: drawOf(t, "tlp", allTLPs()), PAP: drawOf(t, "pap", allPAPs()), Purpose: purposes.Draw(t, "purpose"),
		},
		Sealed: rapid.Bool().Draw(t, "sealed"), Automatic: rapid.Bool().Draw(t, "automatic"),
		GrantedBy: drawID(t, "granted by"), Author: drawID(t, "author"), Record: drawID(t, "record"),
		Community: drawID(t, "community"), Team: drawID(t, "team"), Now: noon,
	}
	if rapid.Bool().Draw(t, "has a grant") {
		e.Grant = drawGrant(t)
	}
	return e
}

// network reports whether the way puts the record onto a network.
func network(way policy.Action) bool {
	return way != policy.Export && way != policy.Show && way != policy.Log
}

// TestLawsOfExits: what must hold of every exit, with and without a grant.
func TestLawsOfExits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := drawExit(t)
		d := policy.MayLeave(e)
		free := e.Marking.TLP == notice.TLPClear || e.Grant != nil && e.Grant.TLP == notice.TLPClear && e.Grant.Public
		if network(e.Action) && d.Form == policy.Whole && !free {
			t.Fatalf("it leaves unsealed: %+v", d)
		}
		if e.Marking.TLP == notice.TLPRed && e.Grant == nil && d.Form == policy.Whole && e.Audience != policy.Desk {
			t.Fatalf("TLP:RED is readable outside the desk: %+v", d)
		}
		if (e.Action == policy.Log || e.Audience == policy.Logs) && d.Form > policy.Header {
			t.Fatalf("a log has more than the header: %+v", d)
		}
		if e.Audience == policy.Observers && d.Form > policy.Header && e.Marking.TLP != notice.TLPClear {
			t.Fatalf("an observer gets it: %+v", d)
		}
		if d.Form == policy.Sealed && !e.Sealed {
			t.Fatalf("it is not sealed: %+v", d)
		}
		if d.Form > policy.Header != (d.Verdict == policy.Accept) && e.Action != policy.Log && e.Audience != policy.Logs {
			t.Fatalf("form and verdict differ: %+v", d)
		}
		if (d.Verdict == policy.Accept) != (d.Reason == policy.OK) || (d.Detail == "") != (d.Reason == policy.OK) {
			t.Fatalf("verdict and reason differ: %+v", d)
		}
		if d.Form > policy.Header && e.Grant == nil && !slices.Equal(d.Tell, e.Marking.Purpose) {
			t.Fatalf("it tells %q of %q", d.Tell, e.Marking.Purpose)
		}
		if d.Form <= policy.Header && len(d.Tell) > 0 {
			t.Fatalf("it tells %q of nothing", d.Tell)
		}
	})
}

// TestStricterNeverAllowsMore: a stricter label, a body in clear and a machine in place of a person never
// widen an exit.
func TestStricterNeverAllowsMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := drawExit(t)
		e.Grant = nil
		at := policy.MayLeave(e).Form
		not := func(what string, x policy.Exit) {
			if f := policy.MayLeave(x).Form; f > at {
				t.Fatalf("%s: %s, not %s", what, f, at)
			}
		}
		for _, tlp := range allTLPs() {
			if m := *e.Marking; tlp.Stricter(m.TLP) {
				m.TLP = tlp
				x := e
				x.Marking = &m
				not(string(tlp), x)
			}
		}
		for _, pap := range allPAPs() {
			if m := *e.Marking; pap.Stricter(m.PAP) {
				m.PAP = pap
				x := e
				x.Marking = &m
				not(string(pap), x)
			}
		}
		x, m := e, *e.Marking
		m.Purpose = append(slices.Clone(m.Purpose), drawOf(t, "one more", append(notice.Purposes(), "no-quantum-use")))
		x.Marking = &m
		not("one more limit", x)
		x = e
		x.Sealed = false
		not("in clear", x)
		x = e
		x.Automatic = true
		not("automatic", x)
	})
}

// TestGrantsUnlockWhatTheyName: a grant that does not count changes nothing, one that counts takes nothing away.
func TestGrantsUnlockWhatTheyName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := drawExit(t)
		if e.Grant == nil {
			e.Grant = drawGrant(t)
		}
		bare := e
		bare.Grant = nil
		with, without := policy.MayLeave(e), policy.MayLeave(bare)
		if with.Form < without.Form {
			t.Fatalf("a grant takes away: %+v, not %+v", with, without)
		}
		g := e.Grant
		passedOn := e.Action == policy.Send || e.Action == policy.Forward || e.Action == policy.Export
		inCommunity := g.Communities[0] == e.Community && e.Community != identity.CommunityID{}
		byName := g.Teams[0] == e.Team && e.Team != identity.TeamID{}
		named := map[policy.Audience]bool{
			policy.Members: inCommunity, policy.Named: byName, policy.OtherTeam: byName || inCommunity && e.Team == identity.TeamID{},
			policy.Constituents: g.Constituents, policy.Public: g.Public && g.TLP == notice.TLPClear,
		}[e.Audience]
		counts := passedOn && named && g.Record == e.Record && e.Record != record.ID{} && e.GrantedBy == e.Author &&
			e.Author != identity.TeamID{} && (g.Until.IsZero() || e.Now.Before(g.Until)) && g.TLP.Known() && e.Marking.TLP.Known()
		if !counts && (with.Form != without.Form || with.Judgement != without.Judgement || !slices.Equal(with.Tell, without.Tell)) {
			t.Fatalf("a grant that does not count changes %+v to %+v", without, with)
		}
	})
}

func TestGrants(t *testing.T) {
	base := func() policy.Exit {
		return policy.Exit{
			Action: policy.Forward, Audience: policy.OtherTeam, Sealed: true, Now: noon,
			Marking: &notice.Marking{TLP: notice.TLPAmberStrict, Purpose: []notice.Purpose{notice.NoAttribution, notice.NoVictimContact}},
			Record:  record.ID{1}, Author: identity.TeamID{2}, GrantedBy: identity.TeamID{2}, Team: identity.TeamID{3}, Community: identity.CommunityID{4},
			Grant: &notice.Permission{
				Record: record.ID{1}, TLP: notice.TLPAmber, Teams: []identity.TeamID{{3}}, Until: noon.Add(time.Hour),
				Communities: []identity.CommunityID{{4}}, Lifts: []notice.Purpose{notice.NoVictimContact},
			},
		}
	}
	for name, c := range map[string]struct {
		change func(*policy.Exit)
		want   policy.Form
	}{
		"the team that it names":      {func(*policy.Exit) {}, policy.Sealed},
		"in clear":                    {func(e *policy.Exit) { e.Sealed = false }, policy.Nothing},
		"another record":              {func(e *policy.Exit) { e.Record = record.ID{9} }, policy.Nothing},
		"given by another team":       {func(e *policy.Exit) { e.GrantedBy = identity.TeamID{3} }, policy.Nothing},
		"given by nobody":             {func(e *policy.Exit) { e.GrantedBy, e.Author = identity.TeamID{}, identity.TeamID{} }, policy.Nothing},
		"another team":                {func(e *policy.Exit) { e.Team = identity.TeamID{9} }, policy.Nothing},
		"a community that it names":   {func(e *policy.Exit) { e.Team = identity.TeamID{} }, policy.Sealed},
		"another community":           {func(e *policy.Exit) { e.Team, e.Community = identity.TeamID{}, identity.CommunityID{9} }, policy.Nothing},
		"at its end":                  {func(e *policy.Exit) { e.Now = noon.Add(time.Hour) }, policy.Nothing},
		"no clock":                    {func(e *policy.Exit) { e.Now = time.Time{} }, policy.Nothing},
		"constituents not named":      {func(e *policy.Exit) { e.Audience, e.Action = policy.Constituents, policy.Export }, policy.Nothing},
		"the public not named":        {func(e *policy.Exit) { e.Audience = policy.Public }, policy.Nothing},
		"it is no way to escalate":    {func(e *policy.Exit) { e.Action = policy.Escalate }, policy.Nothing},
		"RED for a community, sealed": {func(e *policy.Exit) { e.Marking.TLP, e.Audience, e.Action = notice.TLPRed, policy.Members, policy.Send }, policy.Sealed},
		"TLP:CLEAR for a team is not in clear": {func(e *policy.Exit) {
			e.Grant.TLP, e.Sealed = notice.TLPClear, false
		}, policy.Nothing},
		"constituents named, STRICT": {func(e *policy.Exit) {
			e.Grant.TLP, e.Grant.Constituents = notice.TLPAmberStrict, true
			e.Audience, e.Action = policy.Constituents, policy.Export
		}, policy.Whole},
		"everybody": {func(e *policy.Exit) {
			e.Grant.TLP, e.Grant.Public, e.Audience, e.Sealed = notice.TLPClear, true, policy.Public, false
		}, policy.Whole},
		"a machine, PAP:AMBER":  {func(e *policy.Exit) { e.Automatic, e.Marking.PAP = true, notice.PAPAmber }, policy.Nothing},
		"to an observer":        {func(e *policy.Exit) { e.Audience = policy.Observers }, policy.Nothing},
		"public, but not CLEAR": {func(e *policy.Exit) { e.Grant.Public, e.Audience = true, policy.Public }, policy.Nothing},
	} {
		e := base()
		c.change(&e)
		d := policy.MayLeave(e)
		if d.Form != c.want {
			t.Errorf("%s: %s (%s), want %s", name, d.Form, d.Detail, c.want)
		}
		if d.Form > policy.Header && !slices.Equal(d.Tell, []notice.Purpose{notice.NoAttribution}) {
			t.Errorf("%s: tells %q", name, d.Tell)
		}
	}
}

func TestExitsOfWhatCannotBeRead(t *testing.T) {
	for name, c := range map[string]struct {
		exit policy.Exit
		want policy.Form
	}{
		"sealed, carried":           {policy.Exit{Action: policy.Forward, Audience: policy.Members, Sealed: true}, policy.Sealed},
		"a later kind, carried":     {policy.Exit{Action: policy.Sync, Audience: policy.Named, Unread: true}, policy.Whole},
		"sealed, in a bundle":       {policy.Exit{Action: policy.Export, Audience: policy.Members, Unread: true, Sealed: true}, policy.Sealed},
		"in clear, in a bundle":     {policy.Exit{Action: policy.Export, Audience: policy.Members, Unread: true}, policy.Nothing},
		"to an observer":            {policy.Exit{Action: policy.Sync, Audience: policy.Observers, Sealed: true}, policy.Nothing},
		"to people of the team":     {policy.Exit{Action: policy.Notify, Audience: policy.Operator, Unread: true}, policy.Header},
		"to a log":                  {policy.Exit{Action: policy.Log, Audience: policy.Logs, Unread: true}, policy.Header},
		"a receipt":                 {policy.Exit{Action: policy.Send, Audience: policy.Named}, policy.Whole},
		"a receipt, logged":         {policy.Exit{Action: policy.Log, Audience: policy.Logs}, policy.Header},
		"on a way nobody knows":     {policy.Exit{Action: "teleport", Audience: policy.Public}, policy.Nothing},
		"to an audience of nothing": {policy.Exit{Action: policy.Send}, policy.Nothing},
	} {
		if d := policy.MayLeave(c.exit); d.Form != c.want {
			t.Errorf("%s: %s (%s), want %s", name, d.Form, d.Detail, c.want)
		}
	}
	private, err := record.Between(identity.TeamID{1}, identity.TeamID{2})
	if err != nil {
		t.Fatal(err)
	}
	if policy.In(private) != policy.Named || policy.In(record.InCommunity(identity.CommunityID{1})) != policy.Members {
		t.Error("a channel reaches others than those in it")
	}
	for f, want := range map[policy.Form]string{policy.Nothing: "nothing", policy.Header: "header", policy.Sealed: "sealed", policy.Whole: "whole", 9: "form 9"} {
		if f.String() != want {
			t.Errorf("%d: %s", f, f)
		}
	}
}

func TestDisclosure(t *testing.T) {
	police := notice.Duty{To: notice.DutyLawEnforcement, Obligation: notice.ObligationAlways, Text: "Penal code, article 12."}
	regulator := notice.Duty{To: notice.DutyRegulator, Name: "Data Commissioner", Obligation: notice.ObligationSome, TellsSource: true}
	other := notice.Duty{To: notice.DutyOther, Obligation: notice.ObligationOnOrder}
	none := notice.Duty{To: notice.DutyLawEnforcement, Obligation: notice.ObligationNone}
	all := []notice.Duty{regulator, none, police, other}
	const asked = "Example says of what it is told: it must tell whatever comes in (law enforcement). In its own words: Penal code, article 12."
	for name, c := range map[string]struct {
		marking *notice.Marking
		want    []string
	}{
		"a receipt":  {nil, nil},
		"for anyone": {&notice.Marking{TLP: notice.TLPClear}, nil},
		"stricter": {&notice.Marking{TLP: notice.TLPGreen}, []string{
			"Example says of what it is told: it must tell in some cases (a regulator: Data Commissioner). It says that it tells the source before.",
			asked,
			"Example says of what it is told: it tells when it is ordered to (another authority).",
		}},
		"against it": {&notice.Marking{TLP: notice.TLPClear, Purpose: []notice.Purpose{notice.NoLawEnforcement}}, []string{
			asked + " That stands against no-law-enforcement, which you ask for: talk to the team before you send.",
			"Example says of what it is told: it must tell in some cases (a regulator: Data Commissioner). It says that it tells the source before.",
			"Example says of what it is told: it tells when it is ordered to (another authority).",
		}},
	} {
		if got := policy.Disclosure(c.marking, "Example", all); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
}
