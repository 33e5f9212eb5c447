package replica_test

import (
	"testing"
	"time"

	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// A grant counts where the author of the record gave it, to a request of this team, and has not declined it since.
func TestGrants(t *testing.T) {
	us, p, ch := village(t)
	alerted := p.say(t, ch, alert("x"), nil)
	us.accept(t, noon, alerted.Frame())
	other := p.say(t, ch, alert("y"), nil)
	us.accept(t, noon, other.Frame())
	wants := func(of record.ID) *notice.Request {
		q := request(p.team())
		q.Action = notice.ActionPermission
		q.Permission = &notice.Permission{Record: of, TLP: notice.TLPGreen, Constituents: true}
		return q
	}
	asked := us.publish(t, noon, ch, wants(alerted.ID()))
	foreign := p.say(t, ch, wants(alerted.ID()), nil)
	us.accept(t, noon, foreign.Frame())
	grant := func(to, of record.ID, state notice.ReplyState) *notice.Reply {
		r := reply(to)
		r.State, r.Reason = state, ""
		if state == notice.Declined {
			r.Reason = notice.ReasonOther
			return r
		}
		r.Grant = &notice.Permission{Record: of, TLP: notice.TLPGreen, Constituents: true}
		return r
	}
	expect := func(of record.ID, n int) {
		t.Helper()
		got, err := us.Grants(of)
		if err != nil || len(got) != n {
			t.Fatalf("%d grants, %v; want %d", len(got), err, n)
		}
	}
	expect(alerted.ID(), 0)
	for _, unfit := range []*notice.Reply{
		grant(foreign.ID(), alerted.ID(), notice.Accepted), // to a request of its own
		grant(asked.ID(), other.ID(), notice.Accepted),     // of another record than the one asked for
	} {
		us.accept(t, noon, p.say(t, ch, unfit, nil).Frame())
	}
	us.publish(t, noon, ch, grant(asked.ID(), alerted.ID(), notice.Accepted)) // by who did not write it
	expect(alerted.ID(), 0)
	expect(other.ID(), 0)

	given := p.say(t, ch, grant(asked.ID(), alerted.ID(), notice.Accepted), nil)
	us.accept(t, noon, given.Frame())
	expect(alerted.ID(), 1)
	us.restart(t, noon)
	expect(alerted.ID(), 1)
	us.accept(t, noon.Add(time.Minute), p.say(t, ch, grant(asked.ID(), alerted.ID(), notice.Declined), nil).Frame())
	expect(alerted.ID(), 0)
}
