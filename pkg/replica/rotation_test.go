package replica_test

import (
	"slices"
	"testing"
	"time"

	"tocsin/pkg/ceremony"
	"tocsin/pkg/identity"
	"tocsin/pkg/ledger"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// rowOf returns the only row of a request.
func rowOf(t testing.TB, r *replica.Replica, now time.Time, id record.ID) ledger.Row {
	t.Helper()
	var rows []ledger.Row
	r.Ledger(func(l *ledger.Ledger) { rows = l.Request(now, id) })
	if len(rows) != 1 {
		t.Fatalf("%d rows, want 1: %+v", len(rows), rows)
	}
	return rows[0]
}

// What was asked of a team's old root is answered under its new one: the team has answered.
func TestATeamAnswersUnderItsNewRoot(t *testing.T) {
	us, p, ch := village(t)
	private := pair(t, us.Self(), p.team())
	alone := us.publish(t, noon, private, request(p.team()))
	open := us.publish(t, noon, ch, request(p.team()))
	if err := us.Left(noon, []record.ID{alone.ID(), open.ID()}); err != nil {
		t.Fatal(err)
	}
	first := p.say(t, private, &notice.Receipt{Records: []record.ID{alone.ID()}}, nil)
	us.accept(t, noon, first.Frame())
	next, rotate := p.rotated(t, 50, notice.NodeCuts{Node: p.key.Node(), Heads: []notice.Cut{
		{Channel: private.Tag(), Run: [16]byte(p.run), Seq: 1, ID: first.ID()},
	}})
	late := noon.Add(3 * day)
	for _, id := range []record.ID{alone.ID(), open.ID()} {
		if r := rowOf(t, us.Replica, late, id); r.Team != p.team() || !r.Acknowledged.IsZero() {
			t.Fatalf("before the rotation: %+v", r)
		}
	}
	for _, o := range us.AddStatements(noon, frames(record.DelegationStatement(next.d), rotate)) {
		if o.Verdict != policy.Accept {
			t.Fatal(o.Reason, o.Detail)
		}
	}
	if r := rowOf(t, us.Replica, late, alone.ID()); r.Team != next.team() || r.State != ledger.Silent || r.Receipt.IsZero() {
		t.Errorf("the receipt under the old root is gone: %+v", r)
	}
	now := pair(t, us.Self(), next.team())
	us.accept(t, noon.Add(time.Hour), next.say(t, now, reply(alone.ID()), nil).Frame(), next.say(t, ch, reply(open.ID()), nil).Frame())
	before := views(t, us.Replica, late)
	for range 2 {
		for _, id := range []record.ID{alone.ID(), open.ID()} {
			r := rowOf(t, us.Replica, late, id)
			if r.Team != next.team() || r.State != ledger.Accepted || r.Timing != ledger.InTime || r.Voluntary || !r.Own {
				t.Errorf("%+v", r)
			}
		}
		us.restart(t, late)
		same(t, "after a restart", before, views(t, us.Replica, late))
	}
}

// Two new roots claim the old one: neither is followed, and what the first answered was not asked of it.
func TestADisputedRotationCountsForNobody(t *testing.T) {
	us, p, ch := village(t)
	asked := us.publish(t, noon, ch, request(p.team()))
	next, rotate := p.rotated(t, 50)
	us.AddStatements(noon, frames(record.DelegationStatement(next.d), rotate))
	us.accept(t, noon, next.say(t, ch, reply(asked.ID()), nil).Frame())
	if r := rowOf(t, us.Replica, noon, asked.ID()); r.State != ledger.Accepted {
		t.Fatalf("%+v", r)
	}
	_, other := p.rotated(t, 51)
	us.AddStatements(noon, frames(other))
	before := views(t, us.Replica, noon)
	if r := rowOf(t, us.Replica, noon, asked.ID()); r.Team != p.team() || !r.Acknowledged.IsZero() {
		t.Errorf("%+v", r)
	}
	us.restart(t, noon)
	same(t, "after a restart", before, views(t, us.Replica, noon))
}

// A team that asked replaces its own root, starts anew under it, and closes.
func TestATeamClosesUnderItsNewRoot(t *testing.T) {
	us, p, ch := village(t)
	old, err := identity.NewRootKey(source(1)) // as village made it
	if err != nil {
		t.Fatal(err)
	}
	next, err := identity.NewRootKey(source(60))
	if err != nil {
		t.Fatal(err)
	}
	private := pair(t, us.Self(), p.team())
	asked := []record.ID{us.publish(t, noon, private, request(p.team())).ID(), us.publish(t, noon, ch, request(p.team())).ID()}
	if err := us.Left(noon, asked); err != nil {
		t.Fatal(err)
	}
	us.accept(t, noon, p.say(t, private, &notice.Receipt{Records: slices.Clone(asked)}, nil).Frame())
	cuts, _, err := us.NodeCuts(us.Node())
	if err != nil {
		t.Fatal(err)
	}
	rotate, err := ceremony.Rotate(old, next, cuts, ceremony.Made{At: noon, After: us.Stated()})
	if err != nil {
		t.Fatal(err)
	}
	if o := us.AddStatements(noon, frames(rotate))[0]; o.Verdict != policy.Accept {
		t.Fatal(o.Reason, o.Detail)
	}
	for _, id := range asked {
		if r := rowOf(t, us.Replica, noon, id); !r.Own || r.Requester != next.Team() || r.Receipt.IsZero() {
			t.Errorf("no more the team's own: %+v", r)
		}
	}
	if us.opt.Delegation, err = next.Delegate(us.opt.Key, "Alpha", noon.Add(-time.Hour), noon.AddDate(1, 0, 0)); err != nil {
		t.Fatal(err)
	}
	us.restart(t, noon)
	at := noon.Add(3 * time.Hour)
	us.publish(t, at, private, &notice.Close{Request: asked[0], Marking: notice.Marking{TLP: notice.TLPClear}})
	us.publish(t, at, ch, &notice.Close{Request: asked[1], Marking: notice.Marking{TLP: notice.TLPClear}})
	before := views(t, us.Replica, at)
	for range 2 {
		for _, id := range asked {
			if r := rowOf(t, us.Replica, at, id); r.State != ledger.Closed || r.Timing != ledger.Released || !r.Own {
				t.Errorf("%+v", r)
			}
		}
		us.restart(t, at)
		same(t, "after a restart", before, views(t, us.Replica, at))
	}
}
