package replica_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
	"tocsin/pkg/roster"
	"tocsin/pkg/store/memstore"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// source gives the same bytes for the same seed.
func source(seed uint64) *rand.ChaCha8 {
	var s [32]byte
	binary.LittleEndian.PutUint64(s[:], seed)
	return rand.NewChaCha8(s)
}

type team struct {
	*replica.Replica
	store *memstore.Store
	opt   replica.Options
}

func newTeam(t testing.TB, seed uint64, name string) *team {
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
	d, err := root.Delegate(key, name, noon.Add(-time.Hour), noon.AddDate(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	store := memstore.New(memstore.Options{})
	opt := replica.Options{Store: store, Key: key, Delegation: d, Rand: rnd}
	r, err := replica.Open(opt, noon)
	if err != nil {
		t.Fatal(err)
	}
	return &team{Replica: r, store: store, opt: opt}
}

// restart opens the team's store again, as after a kill.
func (tm *team) restart(t testing.TB, now time.Time) {
	t.Helper()
	tm.store = tm.store.Crash()
	tm.opt.Store = tm.store
	r, err := replica.Open(tm.opt, now)
	if err != nil {
		t.Fatal(err)
	}
	tm.Replica = r
}

func found(t testing.TB, founder *team, members ...*team) identity.CommunityID {
	t.Helper()
	says, err := notice.Encode(&notice.Charter{Name: "Testland CSIRTs", Founders: []identity.TeamID{founder.Self()}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := founder.SignStatement(noon, roster.KindCharter, says)
	if err != nil {
		t.Fatal(err)
	}
	c := identity.CommunityID(s.ID())
	for _, m := range members {
		says, err := notice.Encode(&notice.Member{Community: c, Team: m.Self(), Name: "member"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := founder.SignStatement(noon, roster.KindMember, says); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range members {
		frames := founder.StatementFrames(founder.Statements(), m.Self())
		for _, o := range m.Join(noon, frames) {
			if o.Verdict != policy.Accept {
				t.Fatalf("statement %v: %v", o.ID, o.Judgement)
			}
		}
		founder.AddStatements(noon, [][]byte{record.DelegationStatement(m.Delegation()).Frame()})
	}
	return c
}

func alert(title string) *notice.Alert {
	return &notice.Alert{
		Type: notice.AlertNew, Status: notice.StatusActual, Marking: notice.Marking{TLP: notice.TLPClear},
		Texts: []notice.Text{{Language: "en", Title: title}},
	}
}

func TestPublishedAlertIsKeptEverywhereAndAfterARestart(t *testing.T) {
	a, b := newTeam(t, 1, "Alpha"), newTeam(t, 2, "Beta")
	c := found(t, a, b)
	out := a.Publish(noon, []replica.Outgoing{
		{Channel: record.InCommunity(c), Notice: alert("one")},
		{Channel: record.InCommunity(c), Notice: alert("two")},
	})
	for _, p := range out {
		if p.Err != nil {
			t.Fatal(p.Err)
		}
		got := b.Ingest(noon, []replica.Arrival{{Frame: p.Record.Frame(), Via: replica.Gossip, From: a.Self()}})
		if got[0].Verdict != policy.Accept {
			t.Fatalf("%+v", got[0])
		}
		again := b.Ingest(noon, []replica.Arrival{{Frame: p.Record.Frame(), Via: replica.Sync, From: a.Self()}})
		if again[0].Reason != policy.Duplicate {
			t.Fatalf("%+v", again[0])
		}
	}
	b.restart(t, noon)
	list, err := b.List(replica.Query{})
	if err != nil || len(list) != 2 {
		t.Fatalf("%d records, %v", len(list), err)
	}
	if list[0].Notice == nil {
		t.Error(list[0].Unread)
	}
}
