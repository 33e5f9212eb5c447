package node

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/node/httpapi"
	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/invite"
	"tocsin/pkg/mesh"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

var _ httpapi.Service = (*Node)(nil)

func TestAlertReachesEveryMember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b, c := w.member("Alpha"), w.member("Bravo"), w.member("Charlie")
		defer a.stop()
		defer b.stop()
		defer c.stop()
		together(t, a, b)
		feed := make(chan api.Event, 16)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			_ = b.Watch(ctx, "", func(e api.Event) error {
				if e.Type == api.EventRecord {
					feed <- e
				}
				return nil
			})
		}()
		synctest.Wait()
		published := must(a.PublishAlert(t.Context(), draft("first")))(t)
		synctest.Wait()
		if e := <-feed; e.Record != published.ID || e.Entry == nil || e.Entry.Alert.Headline() != "first" || e.Entry.Author.Name != "Alpha" {
			t.Errorf("the feed tells %+v", e)
		}
		cancel()
		got := must(b.Alerts(t.Context(), api.List{Community: "demo"}))(t)
		if len(got.Entries) != 1 || got.Entries[0].Via != "gossip" || got.Entries[0].Own {
			t.Errorf("Bravo has %+v", got.Entries)
		}
		if own := must(a.Record(t.Context(), published.ID.String()[:10]))(t); own.Sighting.Left.IsZero() || !own.Own || !own.Proof.BodyMatch {
			t.Errorf("Alpha has %+v", own)
		}
		if _, err := c.PublishAlert(t.Context(), draft("x")); !api.Is(err, api.NotFound) {
			t.Errorf("a stranger to the community: %v", err)
		}

		update := draft("second")
		update.Alert.Type, update.Alert.Replaces = notice.AlertUpdate, []record.ID{published.ID}
		second := must(a.PublishAlert(t.Context(), update))(t)
		synctest.Wait()
		first := must(b.Record(t.Context(), published.ID.String()))(t)
		if !slices.Equal(first.SupersededBy, []record.ID{second.ID}) {
			t.Errorf("superseded by %v", first.SupersededBy)
		}
		if _, err := b.PublishAlert(t.Context(), update); !api.Is(err, api.NotAllowed) {
			t.Errorf("an update of another's alert: %v", err)
		}
	})
}

func TestMarkingKeepsItHere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.member("Alpha")
		defer a.stop()
		together(t, a)
		for tlp, code := range map[notice.TLP]api.Code{notice.TLPRed: api.Marking, "": api.MarkingAbsent} {
			d := draft("secret")
			d.Alert.Marking.TLP = tlp
			_, err := a.PublishAlert(t.Context(), d)
			if p := httpapi.Problem(err); p == nil || p.Code != code || p.Hint == "" {
				t.Errorf("%q: %v", tlp, err)
			}
		}
		if st := must(a.Status(t.Context()))(t); len(st.Records) != 0 {
			t.Errorf("something was kept: %v", st.Records)
		}
	})
}

// TestPrivateRequestWaitsForItsRecipient follows a request that is sent while the other side is away,
// over a crash of the sender, until it is closed.
func TestPrivateRequestWaitsForItsRecipient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.member("Alpha"), w.member("Bravo")
		defer a.stop()
		defer b.stop()
		together(t, a, b)
		w.isolate(b.id(), true)
		asked := must(a.PublishRequest(t.Context(), ask("bravo")))(t)
		if len(asked.Published) != 1 || asked.Case == "" || asked.Exit() != api.ExitDone {
			t.Fatalf("asked %+v", asked)
		}
		id := asked.Published[0].ID.String()
		time.Sleep(time.Minute)
		view := must(a.Request(t.Context(), id))(t)
		if len(view.Deliveries) != 1 || view.Deliveries[0].Attempts < 3 || !strings.Contains(view.Deliveries[0].Last, "reached") ||
			!view.Deliveries[0].Delivered.IsZero() || len(view.Standing) != 1 || !view.Standing[0].Sent.IsZero() {
			t.Errorf("while it waits: %+v %+v", view.Deliveries, view.Standing)
		}

		a.restart()
		w.isolate(b.id(), false)
		a.net.(*end).opt.Events.OnPeer(w.at(b.id()).info())
		time.Sleep(5 * time.Second)
		view = must(a.Request(t.Context(), id))(t)
		if view.Deliveries[0].Delivered.IsZero() || view.Standing[0].Sent.IsZero() || view.Standing[0].Receipt.IsZero() {
			t.Errorf("delivered: %+v %+v", view.Deliveries, view.Standing)
		}

		reply := notice.Reply{
			State: notice.Accepted, Marking: notice.Marking{TLP: notice.TLPClear}, Texts: []notice.Text{{Language: "en", Title: "On it"}},
		}
		must(b.Reply(t.Context(), id, api.ReplyDraft{Reply: reply}))(t)
		if _, err := a.Reply(t.Context(), id, api.ReplyDraft{Reply: reply}); !api.Is(err, api.NotAllowed) {
			t.Errorf("an answer to oneself: %v", err)
		}
		time.Sleep(time.Second)
		end := api.CloseDraft{Close: notice.Close{Marking: notice.Marking{TLP: notice.TLPClear}}}
		must(a.CloseRequest(t.Context(), id, end))(t)
		if _, err := a.CloseRequest(t.Context(), id, end); !api.Is(err, api.Conflict) {
			t.Errorf("closed twice: %v", err)
		}
		time.Sleep(time.Second)
		got := must(b.Request(t.Context(), id))(t)
		if len(got.Answers) != 2 || got.Answers[0].Reply == nil || got.Answers[1].Close == nil || got.Answers[1].With.Name != "Alpha" {
			t.Errorf("Bravo sees %+v", got.Answers)
		}
		l := must(a.Ledger(t.Context(), api.LedgerQuery{Team: "Bravo", Detail: true}))(t)
		if len(l.Teams) != 1 || l.Teams[0].Own.Asked != 1 || l.Teams[0].Own.InTime != 1 || len(l.Rows) != 1 {
			t.Errorf("ledger %+v", l)
		}
	})
}

func TestReceiptsAreSentOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.member("Alpha"), w.member("Bravo")
		defer a.stop()
		defer b.stop()
		together(t, a, b)
		drill := draft("drill")
		drill.Alert.Status = notice.StatusExercise
		must(a.PublishAlert(t.Context(), drill))(t)
		must(a.PublishAlert(t.Context(), draft("not a drill")))(t)
		named := ask("Bravo")
		named.Community = "Demo"
		must(a.PublishRequest(t.Context(), named))(t)
		open := ask()
		open.Community = "Demo"
		must(a.PublishRequest(t.Context(), open))(t)
		time.Sleep(10 * time.Second)
		count := func() (receipts, records int) {
			list, err := a.replica.List(replica.Query{Kinds: []notice.Kind{notice.KindReceipt}})
			if err != nil {
				t.Error(err)
			}
			for i := range list {
				if r, ok := list[i].Notice.(*notice.Receipt); ok {
					receipts, records = receipts+1, records+len(r.Records)
				}
			}
			return receipts, records
		}
		if receipts, records := count(); receipts != 1 || records != 2 {
			t.Errorf("%d receipts for %d records, want one for the drill and the named request", receipts, records)
		}
		b.restart()
		time.Sleep(10 * time.Second)
		if receipts, records := count(); receipts != 1 || records != 2 {
			t.Errorf("after a restart %d receipts for %d records", receipts, records)
		}
	})
}

func TestLongBodiesAreFetched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.member("Alpha"), w.member("Bravo")
		defer a.stop()
		defer b.stop()
		together(t, a, b)
		d := draft("long")
		d.Alert.Attachments = []notice.Attachment{{Name: "x.bin", MediaType: "application/octet-stream", Data: make([]byte, 600<<10)}}
		published := must(a.PublishAlert(t.Context(), d))(t)
		time.Sleep(time.Second)
		got := must(b.Record(t.Context(), published.ID.String()))(t)
		if !got.Header.BodyHere || got.Alert == nil || len(got.Attachments) != 1 || got.Attachments[0].Length != 600<<10 {
			t.Errorf("Bravo has %+v, %s", got.Header, got.Unread)
		}
	})
}

func TestLeavingIsSeenWhenAMemberHasIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.member("Alpha"), w.member("Bravo")
		defer a.stop()
		defer b.stop()
		community := together(t, a, b)
		w.isolate(a.id(), true)
		d := ask()
		d.Community = "Demo"
		asked := must(a.PublishRequest(t.Context(), d))(t)
		left := func() time.Time { return must(a.Request(t.Context(), asked.Published[0].ID.String()))(t).Sighting.Left }
		if !left().IsZero() {
			t.Error("it left with nobody there")
		}
		a.restart()
		time.Sleep(time.Hour)
		ch := record.InCommunity(community)
		w.at(a.id()).opt.Events.OnInStep(ch, b.id(), time.Now())
		time.Sleep(time.Second)
		if at := left(); time.Since(at) > time.Minute {
			t.Errorf("left at %s", at)
		}
		if at := a.replica.InStepAt(ch); time.Since(at) > time.Minute {
			t.Errorf("in step at %s", at)
		}
		time.Sleep(10 * time.Minute)
		if at := a.replica.InStepAt(ch); time.Since(at) < 9*time.Minute {
			t.Errorf("in step at %s with nobody connected", at)
		}
	})
}

func TestPruneRunsDaily(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.member("Alpha")
		defer a.stop()
		together(t, a)
		d := draft("short")
		d.Expires = time.Now().Add(36 * time.Hour)
		must(a.PublishAlert(t.Context(), d))(t)
		time.Sleep(4 * 24 * time.Hour)
		if st := must(a.Status(t.Context()))(t); st.Records[notice.KindAlert] != 0 {
			t.Errorf("still there: %v", st.Records)
		}
	})
}

func TestFoundersSignInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b, c := w.member("Alpha"), w.member("Bravo"), w.member("Charlie")
		defer a.stop()
		defer b.stop()
		defer c.stop()
		cards := []api.File{must(b.Identity(t.Context()))(t).Card, must(c.Identity(t.Context()))(t).Card}
		f := must(a.Found(t.Context(), api.Found{Name: "Trio", Founders: cards}))(t)
		if len(f.Unsigned) != 2 || f.Community != nil {
			t.Fatalf("founding %+v", f)
		}
		if _, err := c.SignCharter(t.Context(), record.ID{}.String(), api.SignCharter{Charter: f.Charter}); !api.Is(err, api.BadRequest) {
			t.Errorf("another ID: %v", err)
		}
		f = must(b.SignCharter(t.Context(), f.ID.String(), api.SignCharter{Charter: f.Charter}))(t)
		f = must(c.SignCharter(t.Context(), f.ID.String(), api.SignCharter{Charter: f.Charter}))(t)
		if len(f.Unsigned) != 0 || f.Community == nil || f.Community.Role != "founder" || len(f.Community.Members) != 3 {
			t.Fatalf("complete %+v", f)
		}
		for _, m := range []*member{a, b} {
			got := must(m.SignCharter(t.Context(), f.ID.String(), api.SignCharter{Charter: f.Charter}))(t)
			if got.Community == nil {
				t.Errorf("%s: not taken in", m.name)
			}
		}
		if addresses := w.at(a.id()).addresses; len(addresses) != 2 {
			t.Errorf("Alpha calls %v", addresses)
		}
		a.restart()
		if addresses := w.at(a.id()).addresses; len(addresses) != 2 {
			t.Errorf("after a restart Alpha calls %v", addresses)
		}
		if got := must(a.Community(t.Context(), "trio"))(t); got.Role != "founder" {
			t.Errorf("after a restart %+v", got)
		}
	})
}

func TestInvitesAreForOneAndForATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b, c := w.member("Alpha"), w.member("Bravo"), w.member("Charlie")
		defer a.stop()
		defer b.stop()
		defer c.stop()
		together(t, a)
		invited := must(a.Invite(t.Context(), "demo", api.InviteDraft{Team: b.id().String(), Name: "Bravo"}))(t)
		if _, err := c.Join(t.Context(), api.Join{Invite: invited.Invite}); !errors.Is(err, invite.ErrForeign) {
			t.Errorf("another team: %v", err)
		}
		tampered := slices.Clone(invited.Invite)
		tampered[len(tampered)/2] ^= 1
		if _, err := b.Join(t.Context(), api.Join{Invite: tampered}); !errors.Is(err, invite.ErrSignature) && !errors.Is(err, invite.ErrMalformed) {
			t.Errorf("tampered: %v", err)
		}
		must(b.Join(t.Context(), api.Join{Invite: invited.Invite}))(t)
		again := must(a.Invite(t.Context(), "demo", api.InviteDraft{Team: b.id().String(), Name: "Bravo"}))(t)
		if invited.Already || !again.Already || again.Statement != invited.Statement {
			t.Errorf("invited again: %+v, then %+v", invited, again)
		}
		if _, err := b.Invite(t.Context(), "demo", api.InviteDraft{Team: c.id().String(), Name: "x"}); !api.Is(err, api.NotAllowed) {
			t.Errorf("an invite by somebody who is no founder: %v", err)
		}
		late := must(a.Invite(t.Context(), "demo", api.InviteDraft{Team: c.id().String(), Name: "Charlie"}))(t)
		time.Sleep(15 * 24 * time.Hour)
		if _, err := c.Join(t.Context(), api.Join{Invite: late.Invite}); !errors.Is(err, invite.ErrExpired) {
			t.Errorf("expired: %v", err)
		}

		must(b.PublishAlert(t.Context(), draft("before")))(t)
		synctest.Wait()
		removed := must(a.Remove(t.Context(), "demo", api.RemoveDraft{Team: "bravo"}))(t)
		if removed.Lanes != 1 {
			t.Errorf("%d lanes", removed.Lanes)
		}
		must(b.PublishAlert(t.Context(), draft("after, not knowing")))(t)
		synctest.Wait()
		if got := must(a.Alerts(t.Context(), api.List{}))(t); len(got.Entries) != 1 || got.Entries[0].Alert.Headline() != "before" {
			t.Errorf("Alpha keeps %+v", got.Entries)
		}
		if _, err := a.Invite(t.Context(), "demo", api.InviteDraft{Team: b.id().String(), Name: "Bravo"}); !api.Is(err, api.Removed) {
			t.Errorf("invited again: %v", err)
		}
	})
}

func TestNamesAreNeverGuessed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.member("Alpha"), w.member("Bravo")
		defer a.stop()
		defer b.stop()
		one := must(a.Found(t.Context(), api.Found{Name: "Demo"}))(t).ID.String()
		_, err := a.Found(t.Context(), api.Found{Name: " demo"})
		if !api.Is(err, api.Conflict) || !strings.Contains(err.Error(), one) {
			t.Errorf("the same name again: %v", err)
		}
		two := must(b.Found(t.Context(), api.Found{Name: "demo"}))(t).ID.String()
		invited := must(b.Invite(t.Context(), "demo", api.InviteDraft{Team: a.id().String(), Name: "Alpha"}))(t)
		must(a.Join(t.Context(), api.Join{Invite: invited.Invite}))(t)
		_, err = a.Community(t.Context(), "DEMO")
		p := httpapi.Problem(err)
		if p == nil || p.Code != api.Ambiguous || len(p.Candidates) != 2 {
			t.Errorf("got %v", err)
		}
		for _, text := range []string{one, one[:8], strings.ToUpper(one[:12])} {
			if c := must(a.Community(t.Context(), text))(t); c.ID.String() != one {
				t.Errorf("%s is %s", text, c.ID)
			}
		}
		for _, name := range []string{"D emo", "Dem\u043e", "De\u200bmo", "\uff24emo"} {
			if _, err := a.Found(t.Context(), api.Found{Name: name}); !api.Is(err, api.Conflict) {
				t.Errorf("%+q, which looks the same: %v", name, err)
			}
		}
		for _, c := range a.replica.Roster().Communities() {
			if ref := a.community(c); !ref.Alike {
				t.Errorf("%+v", ref)
			}
		}
		_, err = a.Community(t.Context(), two[:7])
		if p = httpapi.Problem(err); p == nil || p.Code != api.NotFound || len(p.Candidates) == 0 {
			t.Errorf("too short a prefix: %v", err)
		}
	})
}

func TestFailedNewUnwinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.member("Alpha")
		a.stop()
		if e := w.at(a.id()); !e.closed {
			t.Error("the mesh was left open")
		}
		boom := errors.New("boom")
		for name, change := range map[string]func(*Options){
			"mesh":   func(o *Options) { o.Network = func(mesh.Options) (Network, error) { return nil, boom } },
			"socket": func(o *Options) { o.Listen = func(context.Context, string) (net.Listener, error) { return nil, boom } },
		} {
			a.store = a.store.Crash()
			opt := a.options()
			change(&opt)
			if _, err := New(t.Context(), opt); !errors.Is(err, boom) {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := a.store.Usage(); !errors.Is(err, replica.ErrClosed) {
				t.Errorf("%s: the store was left open", name)
			}
		}
	})
}

func TestRunEndsWhenAPartFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.member("Alpha")
		a.stop()
		a.store = a.store.Crash()
		boom := errors.New("boom")
		opt := a.options()
		inner := opt.Network
		opt.Network = func(m mesh.Options) (Network, error) {
			n, err := inner(m)
			return failing{n, boom}, err
		}
		n, err := New(t.Context(), opt)
		if err != nil {
			t.Error(err)
			return
		}
		if err := n.Run(t.Context()); !errors.Is(err, boom) {
			t.Errorf("got %v", err)
		}
	})
}

type failing struct {
	Network
	err error
}

func (f failing) Run(context.Context) error { return f.err }

// TestOutboxDoesNotSpin: a disk that is full while a peer refuses must not make a loop of attempts.
func TestOutboxDoesNotSpin(t *testing.T) {
	now := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	o := newOutbox()
	team := identity.TeamID{1}
	waiting := []replica.Delivery{{ID: record.ID{1}, To: team, Next: now}}
	if due, _ := o.take(waiting, now); len(due[team]) != 1 {
		t.Fatalf("due %v", due)
	}
	if due, _ := o.take(waiting, now); len(due) != 0 {
		t.Error("two attempts at once")
	}
	o.hold(team, now.Add(time.Minute))
	o.done(team)
	if due, next := o.take(waiting, now); len(due) != 0 || !next.Equal(now.Add(time.Minute)) {
		t.Errorf("due %v, next %s", due, next)
	}
	if due, _ := o.take(waiting, now.Add(time.Minute)); len(due[team]) != 1 {
		t.Errorf("held for ever")
	}
}
