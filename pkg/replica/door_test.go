package replica_test

import (
	"bytes"
	"errors"
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

func TestTheDoorRefusesWithAReason(t *testing.T) {
	type world struct {
		us       *team
		member   *party
		stranger *party
		ch       record.Channel
	}
	flip := func(frame []byte, at int) []byte {
		broken := bytes.Clone(frame)
		broken[at] ^= 1
		return broken
	}
	cases := []struct {
		name    string
		frame   func(t *testing.T, w *world) []byte
		verdict policy.Verdict
		reason  policy.Reason
	}{
		{"nothing", func(*testing.T, *world) []byte { return nil }, policy.Reject, policy.Malformed},
		{"another protocol", func(*testing.T, *world) []byte {
			return []byte("GET / HTTP/1.1\r\n\r\n")
		}, policy.Ignore, policy.UnknownForm},
		{"cut off", func(t *testing.T, w *world) []byte {
			frame := w.member.say(t, w.ch, alert("x"), nil).Frame()
			return frame[:len(frame)-1]
		}, policy.Reject, policy.Malformed},
		{"too large", func(t *testing.T, w *world) []byte {
			return append(w.member.say(t, w.ch, alert("x"), nil).Frame(), make([]byte, record.MaxFrame)...)
		}, policy.Reject, policy.Malformed},
		{"broken header", func(t *testing.T, w *world) []byte {
			return flip(w.member.say(t, w.ch, alert("x"), nil).Frame(), 6)
		}, policy.Reject, policy.Malformed},
		{"broken signature", func(t *testing.T, w *world) []byte {
			rec := w.member.say(t, w.ch, alert("x"), nil)
			return flip(rec.Frame(), 6+len(rec.Payload())+20)
		}, policy.Reject, policy.BadSignature},
		{"wrong body", func(t *testing.T, w *world) []byte {
			frame := w.member.say(t, w.ch, alert("x"), nil).Frame()
			return flip(frame, len(frame)-2)
		}, policy.Reject, policy.BadBody},
		{"no body", func(t *testing.T, w *world) []byte {
			return w.member.say(t, w.ch, alert("x"), nil).WithoutBody().Frame()
		}, policy.Ignore, policy.NoBody},
		{"unknown community", func(t *testing.T, w *world) []byte {
			return w.member.say(t, record.InCommunity(identity.CommunityID{1}), alert("x"), nil).Frame()
		}, policy.Ignore, policy.NotOurs},
		{"a pair of others", func(t *testing.T, w *world) []byte {
			return w.member.say(t, pair(t, w.member.team(), w.stranger.team()), alert("x"), nil).Frame()
		}, policy.Ignore, policy.NotOurs},
		{"not a member", func(t *testing.T, w *world) []byte {
			return w.stranger.say(t, w.ch, alert("x"), nil).Frame()
		}, policy.Ignore, policy.NotMember},
		{"a stranger, privately", func(t *testing.T, w *world) []byte {
			return w.stranger.say(t, pair(t, w.stranger.team(), w.us.Self()), alert("x"), nil).Frame()
		}, policy.Ignore, policy.NotMember},
		{"from the future", func(t *testing.T, w *world) []byte {
			return w.member.say(t, w.ch, alert("x"), func(h *record.Header) { h.Created = noon.Add(11 * time.Minute) }).Frame()
		}, policy.Ignore, policy.Future},
		{"a clock that is a little fast", func(t *testing.T, w *world) []byte {
			return w.member.say(t, w.ch, alert("x"), func(h *record.Header) { h.Created = noon.Add(10 * time.Minute) }).Frame()
		}, policy.Accept, policy.OK},
		{"past its expiry", func(t *testing.T, w *world) []byte {
			return w.member.say(t, w.ch, alert("x"), func(h *record.Header) {
				h.Created, h.Expires = noon.Add(-3*day), noon.Add(-day)
			}).Frame()
		}, policy.Ignore, policy.Expired},
		{"past the retention", func(t *testing.T, w *world) []byte {
			return w.member.say(t, w.ch, alert("x"), func(h *record.Header) {
				h.Created = noon.Add(-(notice.DefaultRetentionDays + 1) * day)
			}).Frame()
		}, policy.Ignore, policy.Expired},
		{"beyond its removal", func(t *testing.T, w *world) []byte {
			c := w.ch.Community
			state(t, w.us, roster.KindRemove, &notice.Remove{Community: c, Team: w.member.team()})
			return w.member.say(t, w.ch, alert("x"), nil).Frame()
		}, policy.Ignore, policy.Removed},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			us, member, ch := village(t)
			frame := c.frame(t, &world{us, member, newParty(t, 9), ch})
			o := us.offer(noon, frame)
			if o.Verdict != c.verdict || o.Reason != c.reason {
				t.Fatalf("%s %s (%s), want %s %s", o.Verdict, o.Reason, o.Detail, c.verdict, c.reason)
			}
			kept := c.verdict == policy.Accept
			if o.ID != (record.ID{}) && us.Has(o.ID) != kept {
				t.Errorf("kept: %t", us.Has(o.ID))
			}
			before := views(t, us.Replica, noon)
			us.restart(t, noon)
			same(t, "restart", before, views(t, us.Replica, noon))
		})
	}
}

func TestABrokenCopyDoesNotRaceTheTrueRecord(t *testing.T) {
	us, p, ch := village(t)
	rec := p.say(t, ch, alert("x"), nil)
	broken := bytes.Clone(rec.Frame())
	broken[6+len(rec.Payload())+1] ^= 1
	out := us.Ingest(noon, []replica.Arrival{
		{Frame: broken, Via: replica.Gossip}, {Frame: rec.Frame(), Via: replica.Sync}, {Frame: rec.Frame(), Via: replica.Gossip},
	})
	for i, want := range []policy.Reason{policy.BadSignature, policy.OK, policy.Duplicate} {
		if out[i].Reason != want || out[i].ID != rec.ID() {
			t.Errorf("%d: %s, want %s", i, out[i].Reason, want)
		}
	}
	e, err := us.Entry(rec.ID())
	if err != nil || e.Via != replica.Sync {
		t.Errorf("%v, by way of %q", err, e.Via)
	}
	if frame, err := us.Frame(rec.ID()); err != nil || !bytes.Equal(frame, rec.Frame()) {
		t.Errorf("the frame changed on the way: %v", err)
	}
}

func TestAReplayAfterARestartIsADuplicateWithItsFirstSighting(t *testing.T) {
	us, p, ch := village(t)
	rec := p.say(t, ch, alert("x"), nil)
	us.accept(t, noon, rec.Frame())
	us.restart(t, noon.Add(time.Hour))
	if o := us.offer(noon.Add(time.Hour), rec.Frame()); o.Reason != policy.Duplicate {
		t.Fatal(o.Reason)
	}
	if e, err := us.Entry(rec.ID()); err != nil || !e.Sighting.Seen.Equal(noon) {
		t.Fatalf("%v, seen at %s", err, e.Sighting.Seen)
	}
}

func TestAQuotaIsPerAuthorClassAndDay(t *testing.T) {
	us, p, ch := village(t)
	us.opt.Limits.PerAuthorDay = map[record.Class]int{record.Routine: 2, record.Control: -1}
	us.restart(t, noon)
	say := func(class record.Class) []byte {
		return p.say(t, ch, alert("x"), func(h *record.Header) { h.Class = class }).Frame()
	}
	us.accept(t, noon, say(record.Routine), say(record.Routine), say(record.Urgent), say(record.Control))
	late := say(record.Routine)
	if o := us.offer(noon, late); o.Verdict != policy.Ignore || o.Reason != policy.Quota {
		t.Fatalf("%s %s", o.Verdict, o.Reason)
	}
	for range 3 {
		us.publish(t, noon, ch, alert("our own words are not rationed"))
	}
	us.accept(t, noon.Add(day), late)
}

func TestAFullStoreTakesNothingAndLosesNothing(t *testing.T) {
	us, p, ch := village(t)
	kept := p.say(t, ch, alert("x"), nil)
	us.accept(t, noon, kept.Frame())
	us.store.SetFault(func(op string, _ []replica.Op) (bool, error) {
		if op == "apply" {
			return false, replica.ErrFull
		}
		return false, nil
	})
	before := views(t, us.Replica, noon)
	extra := p.say(t, ch, alert("y"), nil)
	if o := us.offer(noon, extra.Frame()); o.Verdict != policy.Ignore || o.Reason != policy.Full {
		t.Fatalf("%s %s", o.Verdict, o.Reason)
	}
	for _, n := range []notice.Notice{alert("z"), long("z")} {
		if out := us.Publish(noon, []replica.Outgoing{{Channel: ch, Notice: n}}); reasonOf(out[0].Err) != policy.Full {
			t.Fatal(out[0].Err)
		}
	}
	member := &notice.Member{Community: ch.Community, Team: identity.TeamID{7}, Name: "x"}
	if _, err := us.SignStatement(noon, roster.KindMember, encode(t, member)); reasonOf(err) != policy.Full {
		t.Fatal(err)
	}
	same(t, "full", before, views(t, us.Replica, noon))
	us.store.SetFault(nil)
	us.accept(t, noon, extra.Frame())
	us.publish(t, noon, ch, alert("z"))
	whole(t, us.store, noon)
}

// Who brings a record twice must not hear that it is kept when it is not.
func TestASecondCopyOfWhatWasNotStoredIsNoDuplicate(t *testing.T) {
	us, p, ch := village(t)
	frame := p.say(t, ch, alert("x"), nil).Frame()
	for _, err := range []error{replica.ErrFull, errDisk} {
		us.store.SetFault(func(op string, _ []replica.Op) (bool, error) {
			if op == "apply" {
				return false, err
			}
			return false, nil
		})
		for i, o := range us.Ingest(noon, []replica.Arrival{{Frame: frame, Via: replica.Direct}, {Frame: frame, Via: replica.Direct}}) {
			if o.Reason != policy.Full && o.Reason != policy.Unavailable {
				t.Errorf("copy %d: %s", i, o.Reason)
			}
		}
	}
}

func TestAQuotaOfTheStoreIsAnswered(t *testing.T) {
	us, p, ch := village(t)
	small := memstore.New(memstore.Options{Quota: 20 << 10})
	if err := us.store.Scan(nil, false, func(k, v []byte) error {
		return small.Apply([]replica.Op{{Key: k, Value: v}})
	}); err != nil {
		t.Fatal(err)
	}
	us.store = small
	us.restart(t, noon)
	taken := 0
	for {
		o := us.offer(noon, p.say(t, ch, alert("x"), nil).Frame())
		if o.Verdict == policy.Accept {
			taken++
			continue
		}
		if o.Reason != policy.Full || o.Verdict != policy.Ignore {
			t.Fatalf("%s %s", o.Verdict, o.Reason)
		}
		break
	}
	us.restart(t, noon)
	if list, err := us.List(replica.Query{}); err != nil || len(list) != taken || taken == 0 {
		t.Fatalf("%d of %d, %v", len(list), taken, err)
	}
}

func TestWhatIsNotUnderstoodIsKeptShownAndPassedOn(t *testing.T) {
	us, p, ch := village(t)
	old := p.say(t, ch, alert("the one that must not be cancelled"), nil)
	us.accept(t, noon, old.Frame())
	cancel := encode(t, revision(notice.AlertCancel, old.ID()))
	kinds := map[string][]byte{
		"unknown kind":    p.sign(t, "earthquake.v2", ch, []byte(`{"magnitude":7}`), nil).Frame(),
		"unmet crit":      p.extend(t, p.sign(t, notice.KindAlert, ch, cancel, nil), map[string]any{"crit": []string{"quorum"}, "quorum": "3"}),
		"sealed":          p.sign(t, notice.KindAlert, ch, cancel, func(h *record.Header) { h.Body.KeyID = make([]byte, 32) }).Frame(),
		"other media":     p.sign(t, notice.KindAlert, ch, cancel, func(h *record.Header) { h.Body.MediaType = "text/plain" }).Frame(),
		"not a notice":    p.sign(t, notice.KindAlert, ch, []byte("\x1b[2J"), nil).Frame(),
		"unknown marking": p.sign(t, notice.KindAlert, ch, bytes.Replace(cancel, []byte("TLP:CLEAR"), []byte("TLP:PINK"), 1), nil).Frame(),
	}
	neverAlert := map[string]bool{"unknown kind": true, "unmet crit": true}
	for range 2 { // before and after a restart
		for name, frame := range kinds {
			id, err := record.PeekID(frame)
			if err != nil {
				t.Fatal(err)
			}
			if o := us.offer(noon, frame); o.Verdict != policy.Accept && o.Reason != policy.Duplicate {
				t.Fatalf("%s: %s %s", name, o.Reason, o.Detail)
			}
			e, err := us.Entry(id)
			if err != nil || e.Notice != nil || e.Unread == "" {
				t.Errorf("%s: %v, notice %v, %q", name, err, e.Notice, e.Unread)
			}
			if got, err := us.Frame(id); err != nil || !bytes.Equal(got, frame) {
				t.Errorf("%s is not passed on as it came: %v", name, err)
			}
			alerts, err := us.List(replica.Query{Kinds: []notice.Kind{notice.KindAlert}})
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range alerts {
				if neverAlert[name] && a.Record.ID() == id {
					t.Errorf("%s is listed as an alert", name)
				}
			}
		}
		if r, err := us.Revisions(old.ID()); err != nil || len(r) != 0 {
			t.Errorf("%d revisions, %v", len(r), err)
		}
		if n := us.Set(ch, noon).Days()[0].Count; int(n) != len(kinds)+1 {
			t.Errorf("%d records in the set, want %d", n, len(kinds)+1)
		}
		us.restart(t, noon)
	}
}

func TestAnUnknownMemberChangesNothing(t *testing.T) {
	us, p, ch := village(t)
	frame := p.extend(t, p.say(t, ch, alert("x"), nil), map[string]any{"weather": "fair"})
	us.accept(t, noon, frame)
	id, _ := record.PeekID(frame)
	if e, err := us.Entry(id); err != nil || e.Notice == nil {
		t.Fatalf("%v %s", err, e.Unread)
	}
	if got, err := us.Frame(id); err != nil || !bytes.Equal(got, frame) {
		t.Fatal("the member did not stay", err)
	}
}

func TestAGapIsAHintAndNoBar(t *testing.T) {
	us, p, ch := village(t)
	one, two, three := p.say(t, ch, alert("1"), nil), p.say(t, ch, alert("2"), nil), p.say(t, ch, alert("3"), nil)
	out := us.Ingest(noon, []replica.Arrival{{Frame: one.Frame()}, {Frame: three.Frame()}})
	if out[0].Gap || !out[1].Gap || out[1].Verdict != policy.Accept {
		t.Fatalf("%+v", out)
	}
	if out := us.Ingest(noon, []replica.Arrival{{Frame: two.Frame()}}); out[0].Gap {
		t.Fatal("there is no gap any more")
	}
}

func TestRecordsAreFoundByWhatPeopleType(t *testing.T) {
	us, p, ch := village(t)
	rec := p.say(t, ch, alert("x"), nil)
	us.accept(t, noon, rec.Frame())
	id := rec.ID().String()
	for _, text := range []string{id, id[:replica.MinPrefix], id[:20]} {
		if got, err := us.Find(text); err != nil || got != rec.ID() {
			t.Errorf("%s: %v", text, err)
		}
	}
	other := p.say(t, ch, alert("y"), nil).ID().String()
	for _, text := range []string{other, other[:20]} {
		if _, err := us.Find(text); !errors.Is(err, replica.ErrNotFound) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{"", id[:replica.MinPrefix-1], id + "a", "t" + id[1:]} {
		if _, err := us.Find(text); err == nil || errors.Is(err, replica.ErrNotFound) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := us.Frame(record.ID{1}); !errors.Is(err, replica.ErrNotFound) {
		t.Error(err)
	}
	got, class, ok := us.ChannelOf(rec.ID())
	if !ok || got != ch || class != 0 {
		t.Errorf("%v %d %t", got, class, ok)
	}
	if _, _, ok := us.ChannelOf(record.ID{1}); ok {
		t.Error("a record that is not here has a channel")
	}
}

func TestListChoosesAndOrders(t *testing.T) {
	us, p, ch := village(t)
	private := pair(t, p.team(), us.Self())
	at := func(d time.Duration) func(*record.Header) {
		return func(h *record.Header) { h.Created = noon.Add(d) }
	}
	a := p.say(t, ch, alert("a"), at(-2*time.Hour))
	b := p.say(t, private, request(us.Self()), at(-time.Hour))
	c := p.say(t, ch, alert("c"), at(-3*time.Hour))
	us.accept(t, noon, a.Frame(), b.Frame(), c.Frame())
	for name, x := range map[string]struct {
		q    replica.Query
		want []*record.Record
	}{
		"all":     {replica.Query{}, []*record.Record{b, a, c}},
		"limit":   {replica.Query{Limit: 2}, []*record.Record{b, a}},
		"kind":    {replica.Query{Kinds: []notice.Kind{notice.KindAlert}}, []*record.Record{a, c}},
		"channel": {replica.Query{Channel: private}, []*record.Record{b}},
		"since":   {replica.Query{Since: noon.Add(-2 * time.Hour)}, []*record.Record{b, a}},
	} {
		list, err := us.List(x.q)
		if err != nil || len(list) != len(x.want) {
			t.Fatalf("%s: %d entries, %v", name, len(list), err)
		}
		for i := range list {
			if list[i].Record.ID() != x.want[i].ID() {
				t.Errorf("%s: place %d", name, i)
			}
		}
	}
	if !us.MayRead(p.team(), ch) || !us.MayRead(p.team(), private) {
		t.Error("a member may not read its own channels")
	}
	if s := newParty(t, 9); us.MayRead(p.team(), pair(t, p.team(), s.team())) {
		t.Error("this node hands out what is between others")
	}
	if s := newParty(t, 9); us.MayRead(s.team(), ch) || us.MayRead(s.team(), private) {
		t.Error("a stranger may read")
	}
}

func TestOnlyTheAuthorRevisesAnAlert(t *testing.T) {
	us, p, ch := village(t)
	mine := us.publish(t, noon, ch, alert("mine"))
	forged := p.say(t, ch, revision(notice.AlertCancel, mine.ID()), nil)
	us.publish(t, noon, pair(t, p.team(), us.Self()), revision(notice.AlertCancel, mine.ID()))
	us.accept(t, noon, forged.Frame())
	if r, err := us.Revisions(mine.ID()); err != nil || len(r) != 0 {
		t.Fatalf("%d revisions, %v", len(r), err)
	}
	second := us.publish(t, noon.Add(2*time.Second), ch, revision(notice.AlertCancel, mine.ID()))
	first := us.publish(t, noon.Add(time.Second), ch, revision(notice.AlertUpdate, mine.ID()))
	r, err := us.Revisions(mine.ID())
	if err != nil || len(r) != 2 || r[0].Record.ID() != first.ID() || r[1].Record.ID() != second.ID() {
		t.Fatalf("%d revisions, %v", len(r), err)
	}
	if _, err := us.Revisions(record.ID{1}); !errors.Is(err, replica.ErrNotFound) {
		t.Error(err)
	}
}
