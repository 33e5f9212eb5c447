package replica

import (
	"math/rand/v2"
	"testing"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// A member that expects to be removed can neither number its way past the removal nor write so many
// lanes that no removal holds them.
func TestNoLaneKeepsATeamIn(t *testing.T) {
	from := rand.NewChaCha8([32]byte{1})
	root, err := identity.NewRootKey(from)
	if err != nil {
		t.Fatal(err)
	}
	key, err := identity.NewNodeKey(from)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	d, err := root.Delegate(key, "hostile", now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	c := identity.CommunityID{1}
	say := func(run uint16, seq uint64) *record.Record {
		h := record.Header{
			Kind: notice.KindAlert, Channel: record.InCommunity(c), Class: record.Routine, Delegation: d,
			Run: record.Run{1, byte(run), byte(run >> 8)}, Seq: seq, Created: now, Body: record.Body{MediaType: notice.MediaType},
		}
		if seq > 1 {
			h.Prev = record.ID{1}
		}
		r, err := record.Sign(key, h, []byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	all := []*record.Record{say(0, 1<<53-1), say(0, 3), say(0, 2), say(0, 4)}
	for run := range uint16(2 * notice.MaxLaneHeads) {
		all = append(all, say(run+1, 1))
	}
	heads := laneHeads(all, notice.MaxLaneHeads)
	if len(heads) != notice.MaxLaneHeads || heads[0].Seq != 4 || heads[0].ID != all[3].ID() {
		t.Fatalf("%d lanes, the first ends at %d", len(heads), heads[0].Seq)
	}
	if _, err := notice.Encode(&notice.Remove{Community: c, Team: root.Team(), Heads: heads}); err != nil {
		t.Errorf("no removal holds them: %v", err)
	}
}
