package replica_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
	"tocsin/pkg/roster"
)

var errDisk = errors.New("the disk said so")

// strike makes one write of the store fail: the nth from now, of those of the kinds named. It reports
// whether it came to that.
func strike(us *team, n int, happens bool) (struck func() bool) {
	hit := false
	us.store.SetFault(func(op string, _ []replica.Op) (bool, error) {
		if op != "apply" && op != "drop" || hit {
			return false, nil
		}
		if n--; n > 0 {
			return false, nil
		}
		hit = true
		return happens, errDisk
	})
	return func() bool {
		us.store.SetFault(nil)
		return hit
	}
}

// step is one call that writes. It returns the IDs that it acknowledged, and whether it failed.
type step struct {
	name string
	do   func(t *testing.T, us *team, s *scene) (acknowledged []record.ID, err error)
	// ghost: a call that failed and happened leaves a record that nobody acknowledged.
	ghost bool
}

// scene is what the steps work on.
type scene struct {
	ch, private  record.Channel
	p            *party
	frames       [][]byte
	body         *record.Record
	statements   [][]byte
	own, deliver []record.ID
}

func publish(us *team, ch record.Channel, notices ...notice.Notice) (ids []record.ID, err error) {
	var out []replica.Outgoing
	for _, n := range notices {
		out = append(out, replica.Outgoing{Channel: ch, Notice: n})
	}
	for _, p := range us.Publish(noon, out) {
		if p.Err != nil {
			err = p.Err
			continue
		}
		ids = append(ids, p.Record.ID())
	}
	return ids, err
}

func steps() []step {
	return []step{
		{"publish", func(_ *testing.T, us *team, s *scene) ([]record.ID, error) {
			return publish(us, s.ch, alert("one"), alert("two"), request(s.p.team()))
		}, true},
		{"publish more than one write takes", func(_ *testing.T, us *team, s *scene) ([]record.ID, error) {
			var many []notice.Notice
			for i := range 20 {
				a := alert(fmt.Sprint(i))
				a.Texts[0].Summary = strings.Repeat("x", 40<<10)
				many = append(many, a)
			}
			return publish(us, s.ch, many...)
		}, true},
		{"publish privately", func(_ *testing.T, us *team, s *scene) ([]record.ID, error) {
			return publish(us, s.private, request(s.p.team()))
		}, true},
		{"publish a long one", func(_ *testing.T, us *team, s *scene) ([]record.ID, error) {
			return publish(us, s.ch, long("long"))
		}, true},
		{"ingest", func(_ *testing.T, us *team, s *scene) (ids []record.ID, err error) {
			var in []replica.Arrival
			for _, f := range s.frames {
				in = append(in, replica.Arrival{Frame: f, Via: replica.Sync})
			}
			for _, o := range us.Ingest(noon, in) {
				switch {
				case o.Verdict == policy.Accept:
					ids = append(ids, o.ID)
				case o.Reason == policy.Unavailable:
					err = errDisk
				}
			}
			return ids, err
		}, false},
		{"statements", func(_ *testing.T, us *team, s *scene) ([]record.ID, error) {
			for _, o := range us.AddStatements(noon, s.statements) {
				if o.Verdict != policy.Accept {
					return nil, errDisk
				}
			}
			return nil, nil
		}, false},
		{"left", func(_ *testing.T, us *team, s *scene) ([]record.ID, error) {
			return nil, us.Left(noon.Add(time.Minute), s.own)
		}, false},
		{"in step", func(_ *testing.T, us *team, s *scene) ([]record.ID, error) {
			return nil, us.InStep(replica.Step{Channel: s.ch, Team: s.p.team(), At: noon.Add(time.Hour)})
		}, false},
		{"delivered", func(_ *testing.T, us *team, s *scene) ([]record.ID, error) {
			return nil, us.Delivered(noon.Add(time.Hour+time.Nanosecond), s.p.team(), s.deliver)
		}, false},
		{"postponed", func(_ *testing.T, us *team, s *scene) ([]record.ID, error) {
			return nil, us.Postponed(noon.Add(time.Hour+time.Nanosecond), s.p.team(), s.deliver, "no \xff route")
		}, false},
		{"body", func(_ *testing.T, us *team, s *scene) ([]record.ID, error) {
			return nil, us.PutBody(s.body.ID(), s.body.Body())
		}, false},
		{"prune", func(_ *testing.T, us *team, _ *scene) ([]record.ID, error) {
			_, err := us.Prune(noon.Add(5 * day))
			return nil, err
		}, false},
	}
}

func stage(t *testing.T) (*team, *scene) {
	t.Helper()
	us, p, ch := village(t)
	s := &scene{ch: ch, p: p, private: pair(t, us.Self(), p.team())}
	short := func(h *record.Header) { h.Expires = noon.Add(2 * day) }
	old := p.say(t, ch, alert("old"), short)
	s.body = p.say(t, ch, long("update", old.ID()), nil)
	us.accept(t, noon, old.Frame(), p.say(t, ch, request(us.Self()), short).Frame(), s.body.Frame())
	s.own = []record.ID{us.publish(t, noon, ch, request(p.team())).ID()}
	s.deliver = []record.ID{us.publish(t, noon, s.private, request(p.team())).ID()}
	s.own = append(s.own, s.deliver...)
	s.frames = [][]byte{
		p.say(t, ch, alert("one"), nil).Frame(), p.say(t, ch, revision(notice.AlertCancel, old.ID()), nil).Frame(),
		p.say(t, ch, reply(s.own[0]), nil).Frame(),
	}
	member := newParty(t, 3)
	founder := newTeam(t, 1, "Alpha") // the same keys, to sign what our replica does not hold yet
	for id := range us.Roster().For(us.Self()) {
		st, _ := us.Roster().Statement(us.Roster().For(us.Self())[id])
		founder.Join(noon, [][]byte{st.Frame()})
	}
	admitted := state(t, founder, roster.KindMember, &notice.Member{Community: ch.Community, Team: member.team(), Name: "late"})
	removed := state(t, founder, roster.KindRemove, &notice.Remove{Community: ch.Community, Team: p.team()})
	s.statements = [][]byte{admitted.Frame(), record.DelegationStatement(member.d).Frame(), removed.Frame()}
	return us, s
}

// Every write of every call fails once, in both ways; then the call is made again, then comes a
// crash.
func TestNoWriteThatFailsLosesOrTwistsAnything(t *testing.T) {
	for _, st := range steps() {
		for _, happens := range []bool{false, true} {
			for n := 1; ; n++ {
				us, s := stage(t)
				now := noon
				if st.name == "prune" {
					now = noon.Add(5 * day)
				}
				before := views(t, us.Replica, noon)
				struck := strike(us, n, happens)
				ids, err := st.do(t, us, s)
				if !struck() {
					if err != nil {
						t.Fatalf("%s: %v", st.name, err)
					}
					if n == 1 {
						t.Fatalf("%s writes nothing", st.name)
					}
					break
				}
				name := fmt.Sprintf("%s, write %d, happened %t", st.name, n, happens)
				if err == nil {
					t.Fatalf("%s: no error", name)
				}
				whole(t, us.store, now)
				if !happens && st.name != "prune" && len(ids) == 0 && !strings.Contains(st.name, "statements") {
					same(t, name+", told that it failed", before, views(t, us.Replica, noon))
				}
				again, err := st.do(t, us, s)
				if err != nil {
					t.Fatalf("%s, again: %v", name, err)
				}
				ids = append(ids, again...)
				after := views(t, us.Replica, now)
				us.restart(t, now)
				whole(t, us.store, now)
				for _, id := range ids {
					if !us.Has(id) {
						t.Fatalf("%s: %s was acknowledged and is lost", name, id)
					}
				}
				if !st.ghost || !happens {
					same(t, name, after, views(t, us.Replica, now))
				}
				// The next words of ours take no place that was taken.
				us.publish(t, now, s.ch, alert("next"))
				us.publish(t, now, s.private, alert("next"))
				whole(t, us.store, now)
			}
		}
	}
}

func TestACrashAtAnyWriteLosesNothingAcknowledged(t *testing.T) {
	for _, st := range steps() {
		for _, happens := range []bool{false, true} {
			for n := 1; ; n++ {
				us, s := stage(t)
				struck := strike(us, n, happens)
				ids, _ := st.do(t, us, s)
				if !struck() {
					break
				}
				now := noon.Add(5 * day)
				us.restart(t, now)
				whole(t, us.store, now)
				for _, id := range append(ids, s.own...) {
					if !us.Has(id) {
						t.Fatalf("%s, write %d: %s was acknowledged and is lost", st.name, n, id)
					}
				}
				us.publish(t, now, s.ch, alert("next"))
				if _, err := us.Prune(now); err != nil {
					t.Fatal(err)
				}
				whole(t, us.store, now)
				before := views(t, us.Replica, now)
				us.restart(t, now)
				same(t, fmt.Sprintf("%s, write %d", st.name, n), before, views(t, us.Replica, now))
			}
		}
	}
}

func TestAPublishThatFailsHalfWayLeavesNoHole(t *testing.T) {
	for _, err := range []error{replica.ErrFull, errDisk} {
		for at := 1; at <= 2; at++ { // it takes two writes
			us, s := stage(t)
			n := 0
			us.store.SetFault(func(op string, _ []replica.Op) (bool, error) {
				if op == "apply" {
					if n++; n == at {
						return false, err
					}
				}
				return false, nil
			})
			ids, failed := steps()[1].do(t, us, s)
			if failed == nil || (len(ids) == 0) != (at == 1) || n != at {
				t.Fatalf("%d published, %d writes, %v", len(ids), n, failed)
			}
			us.store.SetFault(nil)
			us.publish(t, noon, s.ch, alert("next"))
			list, err := us.List(replica.Query{Channel: s.ch})
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range list {
				if h := e.Record.Header(); e.Record.Team() == us.Self() && h.Seq > 1 && !us.Has(h.Prev) {
					t.Errorf("the record at place %d follows on one that is not here", h.Seq)
				}
			}
		}
	}
}

func TestAStoreThatCannotBeReadIsAnError(t *testing.T) {
	us, s := stage(t)
	if err := us.PutBody(s.body.ID(), s.body.Body()); err != nil {
		t.Fatal(err)
	}
	reads := 0
	for n := 1; ; n++ {
		seen := 0
		us.store.SetFault(func(op string, _ []replica.Op) (bool, error) {
			if op == "get" || op == "scan" {
				if seen++; seen == n {
					return false, errDisk
				}
			}
			return false, nil
		})
		us.opt.Store = us.store
		_, err := replica.Open(us.opt, noon)
		if seen < n {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
		if !errors.Is(err, errDisk) {
			t.Fatalf("read %d: %v", n, err)
		}
		reads = n
	}
	if reads < 8 {
		t.Fatalf("only %d reads", reads)
	}
	us.store.SetFault(func(op string, _ []replica.Op) (bool, error) { return false, errDisk })
	if _, err := us.List(replica.Query{}); !errors.Is(err, errDisk) {
		t.Error(err)
	}
	if _, err := us.Stats(); !errors.Is(err, errDisk) {
		t.Error(err)
	}
	if err := us.Left(noon, s.own); !errors.Is(err, errDisk) {
		t.Error(err)
	}
	if err := us.Addresses(func(string, []byte) {}); !errors.Is(err, errDisk) {
		t.Error(err)
	}
	if _, err := us.Prune(noon.Add(5 * day)); !errors.Is(err, errDisk) {
		t.Error(err)
	}
}

// A removal is kept, and then its team's records cannot be read: the next statements, or the next
// Prune, make up for it.
func TestARemovalThatMeetsABadDiskIsMadeUpFor(t *testing.T) {
	for reads := range 40 {
		us, p, ch := village(t)
		ours := us.publish(t, noon, ch, request(p.team()))
		if err := us.Left(noon, []record.ID{ours.ID()}); err != nil {
			t.Fatal(err)
		}
		one := p.say(t, ch, alert("true"), nil)
		for _, r := range []*record.Record{
			one, p.say(t, ch, revision(notice.AlertCancel, one.ID()), nil), p.say(t, ch, reply(ours.ID()), nil),
			p.say(t, ch, request(us.Self()), nil),
		} {
			us.accept(t, noon, r.Frame())
		}
		founder := &party{key: us.opt.Key, d: us.opt.Delegation}
		removal := frames(founder.state(t, roster.KindRemove, &notice.Remove{Community: ch.Community, Team: p.team(), Heads: heads(one)}))
		left := reads
		us.store.SetFault(func(op string, _ []replica.Op) (bool, error) {
			if op == "get" || op == "scan" {
				if left--; left < 0 {
					return false, errDisk
				}
			}
			return true, nil
		})
		out := us.AddStatements(noon, removal)[0]
		us.store.SetFault(nil)
		if out.Verdict == policy.Accept {
			if reads < 5 {
				t.Fatalf("only %d reads failed nothing: the test no longer tests", reads)
			}
			return
		}
		if out.Reason != policy.Unavailable {
			t.Fatal(out.Reason)
		}
		if reads%2 == 0 {
			us.AddStatements(noon, removal)
		} else if _, err := us.Prune(noon); err != nil {
			t.Fatal(err)
		}
		after := views(t, us.Replica, noon)
		us.restart(t, noon)
		same(t, fmt.Sprintf("%d reads, then a start", reads), after, views(t, us.Replica, noon))
	}
	t.Fatal("the removal never came through")
}
