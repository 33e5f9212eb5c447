package replica_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
	"tocsin/pkg/roster"
)

// Whatever was done, a restart shows what was shown before.
func TestViewsAreThoseOfTheStore(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		us, p, ch := village(t)
		private := pair(t, us.Self(), p.team())
		now := noon
		ids := []record.ID{{1}}
		var bodies []*record.Record
		pick := func() record.ID { return rapid.SampledFrom(ids).Draw(rt, "id") }
		where := func() record.Channel { return rapid.SampledFrom([]record.Channel{ch, private}).Draw(rt, "channel") }
		some := func() notice.Notice {
			n := rapid.SampledFrom([]func() notice.Notice{
				func() notice.Notice { return alert("x") },
				func() notice.Notice { return revision(notice.AlertUpdate, pick()) },
				func() notice.Notice { return request(us.Self()) },
				func() notice.Notice { return request(p.team()) },
				func() notice.Notice { return reply(pick()) },
				func() notice.Notice { return &notice.Receipt{Records: []record.ID{pick()}} },
				func() notice.Notice {
					return &notice.Close{Request: pick(), Marking: notice.Marking{TLP: notice.TLPClear}}
				},
				func() notice.Notice {
					return &notice.Withdraw{Request: pick(), Marking: notice.Marking{TLP: notice.TLPClear}}
				},
				func() notice.Notice { return long("long", pick()) },
			}).Draw(rt, "notice")()
			return n
		}
		expiry := func() time.Time {
			return now.Add(time.Duration(rapid.IntRange(1, 200).Draw(rt, "hours")) * time.Hour)
		}
		rt.Repeat(map[string]func(*rapid.T){
			"publish": func(*rapid.T) {
				out := us.Publish(now, []replica.Outgoing{{Channel: where(), Notice: some(), Expires: expiry()}})
				if out[0].Err == nil {
					ids = append(ids, out[0].Record.ID())
				}
			},
			"ingest": func(*rapid.T) {
				rec := p.say(t, where(), some(), func(h *record.Header) { h.Created, h.Expires = now, expiry() })
				if o := us.offer(now, rec.Frame()); o.Verdict == policy.Accept {
					ids = append(ids, rec.ID())
					if !rec.Inline() {
						bodies = append(bodies, rec)
					}
				}
			},
			"body": func(*rapid.T) {
				if len(bodies) > 0 {
					rec := rapid.SampledFrom(bodies).Draw(rt, "body")
					_ = us.PutBody(rec.ID(), rec.Body()) // it may be pruned
				}
			},
			"left":      func(*rapid.T) { check(rt, us.Left(now, []record.ID{pick(), pick()})) },
			"delivered": func(*rapid.T) { check(rt, us.Delivered(now, p.team(), []record.ID{pick()})) },
			"postponed": func(*rapid.T) { check(rt, us.Postponed(now, p.team(), []record.ID{pick()}, "no route")) },
			"in step":   func(*rapid.T) { check(rt, us.InStep(replica.Step{Channel: where(), Team: p.team(), At: now})) },
			"prune": func(*rapid.T) {
				_, err := us.Prune(now)
				check(rt, err)
			},
			"time": func(*rapid.T) { now = now.Add(time.Duration(rapid.IntRange(-3, 40).Draw(rt, "hours")) * time.Hour) },
			"remove": func(*rapid.T) {
				if rapid.IntRange(0, 9).Draw(rt, "really") == 0 {
					r := &notice.Remove{Community: ch.Community, Team: p.team()}
					if e, err := us.Entry(pick()); err == nil && e.Record.Team() == p.team() {
						r.Heads = heads(e.Record)
					}
					state(t, us, roster.KindRemove, r)
				}
			},
			"restart": func(*rapid.T) {
				before := views(t, us.Replica, now)
				us.restart(t, now)
				if after := views(t, us.Replica, now); before != after {
					rt.Fatalf("only before:\n%s\nonly after:\n%s", missing(before, after), missing(after, before))
				}
			},
			"": func(*rapid.T) { whole(t, us.store, now) },
		})
	})
}

func check(rt *rapid.T, err error) {
	if err != nil {
		rt.Fatal(err)
	}
}

func TestDeliveriesAreTriedLessAndLessOften(t *testing.T) {
	us, p, _ := village(t)
	ch := pair(t, us.Self(), p.team())
	rec := us.publish(t, noon, ch, request(p.team()))
	ids := []record.ID{rec.ID(), {9}}
	if d := us.Outbox(); len(d) != 1 || d[0].To != p.team() || d[0].ID != rec.ID() || !d[0].Next.Equal(noon) {
		t.Fatalf("%+v", d)
	}
	now := noon
	for n, want := range []time.Duration{5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600} {
		if err := us.Postponed(now, p.team(), ids, strings.Repeat("no route ", 40)+"\xff"); err != nil {
			t.Fatal(err)
		}
		d := us.Outbox()[0]
		if got := d.Next.Sub(now); got != want*time.Second || d.Attempts != n+1 || len(d.Last) > 200 {
			t.Fatalf("attempt %d: %s later, want %s; %d bytes of reason", d.Attempts, got, want*time.Second, len(d.Last))
		}
	}
	for range 2 {
		if err := us.Delivered(now.Add(1500*time.Microsecond), p.team(), ids); err != nil {
			t.Fatal(err)
		}
	}
	us.restart(t, now)
	d := us.Outbox()[0]
	if !d.Delivered.Equal(now.Add(time.Millisecond)) || d.Attempts != 14 || d.Last != "" {
		t.Fatalf("%+v", d)
	}
	if st, err := us.Stats(); err != nil || st.Waiting != 0 {
		t.Fatal(st.Waiting, err)
	}
	us.publish(t, now, ch, request(p.team()))
	us.publish(t, now, ch, request(p.team()))
	if d := us.Outbox(); len(d) != 3 {
		t.Fatal(len(d))
	}
}

// The clock ran ahead, and was put right: what comes afterwards is not doubted for ever.
func TestAClockThatWasSetBackTakesTheStepWithIt(t *testing.T) {
	us, p, ch := village(t)
	if err := us.InStep(replica.Step{Channel: ch, Team: p.team(), At: noon.AddDate(1, 0, 0)}); err != nil {
		t.Fatal(err)
	}
	rec := p.say(t, ch, alert("x"), nil)
	us.accept(t, noon, rec.Frame())
	if e, err := us.Entry(rec.ID()); err != nil || e.Sighting.InStep.After(noon) {
		t.Fatalf("%v, in step at %s", err, e.Sighting.InStep)
	}
	if err := us.InStep(replica.Step{Channel: ch, Team: p.team(), At: noon.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	us.restart(t, noon)
	if at := us.InStepAt(ch); !at.Equal(noon.Add(time.Hour)) {
		t.Fatal(at)
	}
}

func TestAddressesAreBoundedAndTheNewestStays(t *testing.T) {
	us, _, _ := village(t)
	for i := range 3 {
		for range 2 {
			if err := us.PutAddress("12D3", []byte(fmt.Sprint("signed ", i))); err != nil {
				t.Fatal(err)
			}
		}
	}
	struck := strike(us, 1, false)
	if err := us.PutAddress("12D3", []byte("signed 2")); err != nil || struck() {
		t.Errorf("what is kept already was written again: %v", err)
	}
	for name, err := range map[string]error{
		"no peer":   us.PutAddress("", nil),
		"long peer": us.PutAddress(strings.Repeat("x", 200), nil),
		"large":     us.PutAddress("12D3", make([]byte, 9<<10)),
	} {
		if err == nil {
			t.Errorf("%s: kept", name)
		}
	}
	us.restart(t, noon)
	var got []string
	if err := us.Addresses(func(peer string, signed []byte) { got = append(got, peer+" "+string(signed)) }); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0] != "12D3 signed 2" {
		t.Fatal(got)
	}
}

func TestMoreThanOneWriteTakesLeaves(t *testing.T) {
	us, _, ch := village(t)
	first, last := us.publish(t, noon, ch, alert("x")), us.publish(t, noon, ch, alert("x"))
	ids := append(slices.Repeat([]record.ID{first.ID()}, replica.MaxApplyOps), last.ID())
	if err := us.Left(noon, ids); err != nil {
		t.Fatal(err)
	}
	if e, err := us.Entry(last.ID()); err != nil || !e.Sighting.Left.Equal(noon) {
		t.Fatal(err, e.Sighting.Left)
	}
}

// No statement names the other team of this pair any more.
func TestAPairWithAForgottenTeamSurvivesARestart(t *testing.T) {
	us, _, _ := village(t)
	gone := newParty(t, 9)
	ch := pair(t, us.Self(), gone.team())
	first := us.publish(t, noon, ch, request(gone.team()))
	us.publish(t, noon, ch, request(gone.team()))
	if err := us.InStep(replica.Step{Channel: ch, Team: gone.team(), At: noon}); err != nil {
		t.Fatal(err)
	}
	before := views(t, us.Replica, noon)
	us.restart(t, noon)
	same(t, "restart", before, views(t, us.Replica, noon))
	us.Confirm(ch, noon)
	if h := us.publish(t, noon, ch, request(gone.team())).Header(); h.Run != first.Header().Run || h.Seq != 3 {
		t.Fatalf("place %d", h.Seq)
	}
}
