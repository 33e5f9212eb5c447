package replica_test

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
	"tocsin/pkg/roster"
	"tocsin/pkg/seal"
)

// A member writes thousands of records under keys that nobody has. The key of another's record is still
// among those that are asked for.
func TestKeysThatNobodyHasHideNoOthers(t *testing.T) {
	a, b, _, ch := trio(t)
	p := newParty(t, 9)
	admit(t, a, ch.Community, p)
	b.AddStatements(noon, a.StatementFrames(a.Statements(), b.Self()))
	var arrivals []replica.Arrival
	for i := range 3000 {
		rec := p.sign(t, notice.KindAlert, ch, []byte("nothing"), func(h *record.Header) {
			h.Body.KeyID = binary.BigEndian.AppendUint64(make([]byte, 24), uint64(i))
			h.Created = noon.Add(time.Duration(i) * time.Millisecond)
		})
		arrivals = append(arrivals, replica.Arrival{Frame: rec.Frame(), Via: replica.Sync})
	}
	later := noon.Add(time.Minute)
	b.Ingest(later, arrivals)
	rec := a.publish(t, noon, ch, marked(notice.TLPAmber, "x"))
	b.get(t, later, rec)
	want := replica.KeyAsk{Channel: ch, Key: seal.KeyID(rec.Header().Body.KeyID)}
	for range 2 {
		keys := b.WantedKeys()
		if len(keys) > 1024 || slices.Index(keys, want) < 0 || slices.Index(keys, want) > 1 {
			t.Errorf("place %d of %d", slices.Index(keys, want), len(keys))
		}
		b.restart(t, later)
	}
}

// The key comes before the statements that led to its view; the charter grants new members no history.
func TestAKeyMayComeBeforeItsView(t *testing.T) {
	a, b, c := newTeam(t, 1, "Alpha"), newTeam(t, 2, "Beta"), newTeam(t, 3, "Gamma")
	s := state(t, a, roster.KindCharter, &notice.Charter{
		Name: "Testland", Founders: []identity.TeamID{a.Self()}, History: notice.HistoryAdmission,
	})
	ch := record.InCommunity(identity.CommunityID(s.ID()))
	state(t, a, roster.KindMember, &notice.Member{Community: ch.Community, Team: b.Self(), Name: "b"})
	b.Join(noon, a.StatementFrames(a.Statements(), b.Self()))
	state(t, a, roster.KindMember, &notice.Member{Community: ch.Community, Team: c.Self(), Name: "c"})
	c.Join(noon, a.StatementFrames(a.Statements(), c.Self()))
	meet(t, a, b)
	meet(t, a, c)
	rec := a.publish(t, noon, ch, marked(notice.TLPAmber, "x")) // for three; b knows of two
	b.get(t, noon, rec)
	c.get(t, noon, rec)
	if hand(noon, a, b) != 1 {
		t.Fatal("the key did not come")
	}
	b.AddStatements(noon, a.StatementFrames(a.Statements(), b.Self()))
	meet(t, b, c)
	b.restart(t, noon)
	if hand(noon, b, c) != 1 || !c.reads(t, rec.ID()) {
		t.Error("the holder does not know whom the key is for")
	}
}
