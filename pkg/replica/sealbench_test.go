package replica_test

import (
	"fmt"
	"testing"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
	"tocsin/pkg/roster"
)

// What sealing to the members' key adds to a publish, beside signing, proving and storing it.
func BenchmarkPublishSealedAgainstClear(b *testing.B) {
	a, _, _, ch := trio(b)
	publish := func(tlp notice.TLP) (time.Duration, int) {
		began := time.Now()
		out := a.Publish(noon, []replica.Outgoing{{Channel: ch, Notice: marked(tlp, "a title that is as long as titles are")}})
		took := time.Since(began)
		if out[0].Err != nil {
			b.Fatal(out[0].Err)
		}
		return took, len(out[0].Record.Frame())
	}
	publish(notice.TLPAmber) // makes the key
	var clear, sealed time.Duration
	var more, n int
	for b.Loop() {
		t1, size1 := publish(notice.TLPClear)
		t2, size2 := publish(notice.TLPGreen)
		clear, sealed, more, n = clear+t1, sealed+t2, size2-size1, n+1
	}
	b.ReportMetric(float64(clear.Microseconds())/float64(n), "us-clear")
	b.ReportMetric(float64((sealed-clear).Microseconds())/float64(n), "us-added")
	b.ReportMetric(float64(more), "B-added")
}

// What reading costs: the list of an interface opens each body again.
func BenchmarkReadSealedAgainstClear(b *testing.B) {
	a, _, _, ch := trio(b)
	ids := map[notice.TLP]record.ID{}
	for _, tlp := range []notice.TLP{notice.TLPClear, notice.TLPAmber} {
		ids[tlp] = a.publish(b, noon, ch, marked(tlp, "a title that is as long as titles are")).ID()
	}
	for tlp, id := range ids {
		b.Run(string(tlp), func(b *testing.B) {
			for b.Loop() {
				if e, err := a.Entry(id); err != nil || e.Notice == nil {
					b.Fatal(e.Unread, err)
				}
			}
		})
	}
}

// A key for 600 members, each with its own wrap, on one core; and what opening one costs.
func BenchmarkMintFor600Members(b *testing.B) {
	const n = 600
	a := newTeam(b, 1, "Alpha")
	s := state(b, a, roster.KindCharter, &notice.Charter{Name: "Large", Founders: []identity.TeamID{a.Self()}})
	ch := record.InCommunity(identity.CommunityID(s.ID()))
	var members []*party
	var list [][]byte
	for i := range n - 1 {
		p := newParty(b, uint64(10_000+i))
		members = append(members, p)
		list = append(list, record.DelegationStatement(p.d).Frame(),
			a.sign(b, roster.KindMember, &notice.Member{Community: ch.Community, Team: p.team(), Name: "x"}).Frame())
	}
	a.AddStatements(noon, list)
	if got := len(a.Roster().Members(ch.Community)); got != n {
		b.Fatal(got)
	}
	var opened time.Duration
	reader := newTeam(b, 2, "Beta")
	reader.Join(noon, a.StatementFrames(a.Statements(), a.Self()))
	state(b, a, roster.KindMember, &notice.Member{Community: ch.Community, Team: reader.Self(), Name: "b"})
	meet(b, a, reader)
	reader.Join(noon, a.StatementFrames(a.Statements(), a.Self()))
	runs := 0
	for b.Loop() {
		b.StopTimer()
		state(b, a, roster.KindMember, &notice.Member{Community: ch.Community, Team: identity.TeamID{1, byte(runs), byte(runs >> 8)}, Name: fmt.Sprint(runs)})
		reader.AddStatements(noon, a.StatementFrames(a.Statements(), reader.Self()))
		b.StartTimer()
		rec := a.publish(b, noon, ch, marked(notice.TLPAmber, "x"))
		keys := a.NewKeys()
		if len(keys) != 1 {
			b.Fatal(len(keys))
		}
		for _, p := range members {
			if got := a.WrapsFor(noon, p.d, p.key.Sealing().PublicKey().Bytes(), keys); len(got) != 1 {
				b.Fatal("a member gets no key")
			}
		}
		b.StopTimer()
		reader.get(b, noon, rec)
		wraps := a.WrapsFor(noon, reader.Delegation(), reader.public(), keys)
		began := time.Now()
		if reader.TakeWraps(noon, a.Self(), wraps) != 1 {
			b.Fatal("the key did not open")
		}
		opened += time.Since(began)
		runs++
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/mint")
	b.ReportMetric(float64(opened.Microseconds())/float64(runs), "us/open")
}

// A start with many statements: their signatures were checked when they came.
func BenchmarkOpenWith20000Statements(b *testing.B) {
	const teams = 2000
	us, p := newTeam(b, 1, "Alpha"), newParty(b, 2)
	founding := charter(b, p)
	c := identity.CommunityID(founding.ID())
	list := frames(founding, p.state(b, roster.KindMember, &notice.Member{Community: c, Team: us.Self(), Name: "x"}))
	for i := range teams {
		q := newParty(b, uint64(20_000+i))
		list = append(list, record.DelegationStatement(q.d).Frame(),
			p.state(b, roster.KindMember, &notice.Member{Community: c, Team: q.team(), Name: "x"}).Frame())
		for k := range 8 {
			list = append(list, q.state(b, roster.KindVouch, &notice.Vouch{Team: identity.TeamID{1, byte(k), byte(i), byte(i >> 8)}, Name: "x"}).Frame())
		}
	}
	for _, o := range us.Join(noon, list) {
		if o.Verdict != policy.Accept {
			b.Fatal(o.Reason, o.Detail)
		}
	}
	for b.Loop() {
		if _, err := replica.Open(us.opt, noon); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/open")
}
