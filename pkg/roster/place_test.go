package roster_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// lane writes n records into one lane.
func lane(t *testing.T, by *party, ch record.Channel, run byte, n int) (out []*record.Record) {
	t.Helper()
	h := record.Header{
		Kind: "alert", Channel: ch, Class: record.Routine, Delegation: by.d, Run: record.Run{run}, Created: noon,
		Body: record.Body{MediaType: "text/plain"},
	}
	for range n {
		h.Seq++
		rec, err := record.Sign(by.key, h, []byte(fmt.Sprint(h.Seq)))
		if err != nil {
			t.Fatal(err)
		}
		h.Prev = rec.ID()
		out = append(out, rec)
	}
	return out
}

func headOf(r *record.Record) notice.LaneHead {
	return notice.LaneHead{Node: r.Node(), Run: dsse.Nonce(r.Lane().Run), Seq: r.Header().Seq, ID: r.ID()}
}

func cutOf(r *record.Record) notice.Cut {
	return notice.Cut{Channel: dsse.Hash(r.Header().Channel.Tag()), Run: dsse.Nonce(r.Lane().Run), Seq: r.Header().Seq, ID: r.ID()}
}

func places(r *roster.Roster, records []*record.Record) (out []roster.Place) {
	for _, rec := range records {
		out = append(out, r.Place(rec))
	}
	return out
}

func TestPlaces(t *testing.T) {
	p := parties(t, 8)
	w := newTown(t, usual(), p[:5]...)
	ch := record.InCommunity(w.c)
	pair, err := record.Between(p[5].team(), p[0].team())
	if err != nil {
		t.Fatal(err)
	}
	one, two, private := lane(t, p[5], ch, 1, 3), lane(t, p[5], ch, 2, 1), lane(t, p[5], pair, 1, 2)
	is := func(when string, records []*record.Record, want ...roster.Place) {
		t.Helper()
		if got := places(w.roster(), records); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", when, got, want)
		}
	}
	is("before it applied", one, roster.Stranger, roster.Stranger, roster.Stranger)
	is("privately", private, roster.In, roster.In)
	w.bring(p[5], p[2], p[0], p[1])
	is("a member's", one, roster.In, roster.In, roster.In)
	w.removeBy(p[5], []notice.LaneHead{headOf(one[1])}, p[0], p[1], p[2])
	is("removed", one, roster.In, roster.In, roster.BeyondRemoval)
	is("removed, in a lane not named", two, roster.BeyondRemoval)
	is("removed, privately", private, roster.In, roster.In)
	// A forged second place: the head names another record.
	fork := lane(t, p[5], ch, 1, 1)
	other, err := record.Sign(p[5].key, record.Header{
		Kind: "alert", Channel: ch, Class: record.Routine, Delegation: p[5].d, Run: record.Run{1}, Created: noon, Seq: 2, Prev: fork[0].ID(),
		Body: record.Body{MediaType: "text/plain"},
	}, []byte("another"))
	if err != nil {
		t.Fatal(err)
	}
	is("removed, an equivocation at the head", []*record.Record{other}, roster.BeyondRemoval)
	w.all = append(w.all, rooted(t, roster.KindRevoke, &notice.Revoke{Node: p[5].d.Node, Heads: []notice.Cut{cutOf(one[0])}}, w.now(), p[5].root))
	is("revoked", one, roster.In, roster.BeyondRevocation, roster.BeyondRemoval)
	is("revoked, privately", private, roster.BeyondRevocation, roster.BeyondRevocation)
	w.all = append(w.all, rooted(t, roster.KindRevoke, &notice.Revoke{Node: p[5].d.Node}, nil, p[5].root))
	is("revoked twice, the strictest", one, roster.BeyondRevocation, roster.BeyondRevocation, roster.BeyondRemoval)

	old := lane(t, p[0], ch, 1, 2)
	next := newParty(t, 800)
	w.all = append(w.all, rooted(t, roster.KindRotate, &notice.Rotate{
		Old: p[0].team(), New: next.team(), Nodes: []notice.NodeCuts{{Node: p[0].d.Node, Heads: []notice.Cut{cutOf(old[0])}}},
	}, w.now(), p[0].root, next.root))
	is("of a root that was replaced", old, roster.In, roster.BeyondRevocation)
	is("of the new one", lane(t, next, ch, 9, 1), roster.In)
	is("elsewhere", lane(t, p[0], record.InCommunity(identity.CommunityID{7}), 1, 1), roster.Stranger)
}

func TestACommunityEnds(t *testing.T) {
	p := parties(t, 1)
	for name, x := range map[string]struct {
		ends time.Time
		want roster.Place
	}{"later": {noon.Add(time.Hour), roster.In}, "now": {noon, roster.In}, "before": {noon.Add(-time.Hour), roster.AfterEnd}, "never": {time.Time{}, roster.In}} {
		genes := state(t, roster.KindCharter, &notice.Charter{Name: "case", Founders: []identity.TeamID{p[0].team()}, Ends: x.ends}, nil, p[0])
		rec := lane(t, p[0], record.InCommunity(identity.CommunityID(genes.ID())), 1, 1)[0]
		if got := roster.New().With(genes).Place(rec); got != x.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}
