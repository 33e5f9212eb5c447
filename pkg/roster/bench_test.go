package roster_test

import (
	"fmt"
	"testing"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// region is a community of n teams that came in by the rule, each with a delegation, a profile and vouches, a
// few of them objected to and a few removed since: ten statements for each team.
func region(b *testing.B, n int) (frames [][]byte, extra *record.Statement) {
	b.Helper()
	var people []*party
	for i := range n {
		people = append(people, newParty(b, uint64(i+1000)))
	}
	rule := notice.Admission{Rule: notice.RuleSponsors, Sponsors: 2, Witnesses: 1, Window: 60, Objections: 2, Removal: 3, Budget: notice.MaxBudget}
	says := &notice.Charter{Name: "region", Admission: rule}
	for _, p := range people[:8] {
		says.Founders = append(says.Founders, p.team())
	}
	var all []*record.Statement
	say := func(by *party, kind string, says notice.Content, heads ...record.StatementID) record.StatementID {
		s := state(b, kind, says, heads, by)
		all = append(all, s)
		return s.ID()
	}
	genes := state(b, roster.KindCharter, says, nil, people[:8]...)
	all = append(all, genes)
	c, last := identity.CommunityID(genes.ID()), genes.ID()
	for i, p := range people {
		all = append(all, delegation(p))
		for k := range 4 {
			other := people[(i+7*k+1)%n]
			say(p, roster.KindVouch, &notice.Vouch{Team: other.team(), Name: "met"})
		}
		if i < 8 {
			continue
		}
		a := say(p, roster.KindApply, &notice.Apply{Community: c, Name: fmt.Sprint("team ", i)}, genes.ID())
		one := say(people[i%8], roster.KindSponsor, &notice.Sponsor{Community: c, Application: a}, last)
		two := say(people[max(i/2, 8)-8+(i+1)%8], roster.KindSponsor, &notice.Sponsor{Community: c, Application: a}, last)
		if i%10 == 0 {
			say(people[(i+3)%8], roster.KindObject, &notice.Object{Community: c, Application: a, Reason: "who?"}, last)
		}
		named := []record.StatementID{one, two}
		if one == two {
			named = named[:1]
		}
		says := &notice.Admit{Community: c, Application: a, Sponsors: named}
		last = say(people[(i+4)%8], roster.KindAdmit, says, last)
		if i%100 == 99 {
			gone := people[i-50]
			last = say(people[0], roster.KindRemove, &notice.Remove{Community: c, Team: gone.team(), Reason: "quiet"}, last)
			first := last
			for _, v := range people[1:3] {
				last = say(v, roster.KindRemove, &notice.Remove{Community: c, Team: gone.team(), Proposal: first}, last)
			}
		}
	}
	for i := 0; len(all) < 10*n; i++ {
		say(people[i%n], roster.KindVouch, &notice.Vouch{Team: people[(i*31+5)%n].team(), Name: "met", Met: fmt.Sprint(i)})
	}
	fresh := newParty(b, 1<<40)
	extra = state(b, roster.KindApply, &notice.Apply{Community: c, Name: "one more"}, []record.StatementID{last}, fresh)
	for _, s := range all {
		frames = append(frames, s.Frame())
	}
	return frames, extra
}

// opened opens statements and says how long the checking of their signatures and forms took: the floor under
// every start.
func opened(b *testing.B, frames [][]byte) ([]*record.Statement, time.Duration) {
	b.Helper()
	var v record.Verifier
	began, all := time.Now(), make([]*record.Statement, len(frames))
	for i, f := range frames {
		s, err := v.OpenStatement(f)
		if err != nil {
			b.Fatal(err)
		}
		all[i] = s
	}
	return all, time.Since(began)
}

// BenchmarkFoldCold folds 20,000 statements of 2,000 teams that are opened already. The limit is 200 ms.
func BenchmarkFoldCold(b *testing.B) {
	frames, _ := region(b, 2000)
	all, floor := opened(b, frames)
	for b.Loop() {
		roster.New().With(all...)
	}
	each := b.Elapsed() / time.Duration(b.N)
	b.ReportMetric(float64(each.Microseconds())/1000, "ms/fold")
	b.ReportMetric(float64(each)/float64(floor), "of-opening")
	r := roster.New().With(all...)
	b.ReportMetric(float64(len(r.Members(r.Communities()[0]))), "members")
}

// BenchmarkFoldOneMore adds one statement to as many. The limit is 1 ms.
func BenchmarkFoldOneMore(b *testing.B) {
	frames, extra := region(b, 2000)
	all, _ := opened(b, frames)
	r := roster.New().With(all...)
	_, floor := opened(b, [][]byte{extra.Frame()})
	for b.Loop() {
		r.With(extra)
	}
	each := b.Elapsed() / time.Duration(b.N)
	b.ReportMetric(float64(each.Microseconds())/1000, "ms/statement")
	b.ReportMetric(float64(each)/float64(floor), "of-opening")
}
