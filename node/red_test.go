package node

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// deskOf publishes a profile with a RED desk and hands it to the others, as the mesh would.
func (x *trio) deskOf(t *testing.T, m *member, names ...string) {
	t.Helper()
	p := notice.Profile{Language: "en", Name: m.name, Contact: notice.Contact{Email: []string{"desk@example.org"}}}
	for _, name := range names {
		p.RedDesk = append(p.RedDesk, notice.Person{Name: name})
	}
	said := must(m.PublishProfile(t.Context(), api.ProfileDraft{Profile: p}))(t)
	s, ok := m.replica.Roster().Statement(said.Statement)
	if !ok {
		t.Fatal("no profile")
	}
	for _, o := range x.all() {
		if o != m {
			o.replica.AddStatements(time.Now(), [][]byte{s.Frame()})
		}
	}
	synctest.Wait()
}

const redCanary = "the canary is red"

// red is a request to Bravo that is TLP:RED.
func red(persons ...string) api.RequestDraft {
	q := ask("Bravo")
	q.Request.Marking = notice.Marking{TLP: notice.TLPRed, Persons: persons}
	q.Request.Texts[0].Title = redCanary
	return q
}

func (x *trio) sendRed(t *testing.T, persons ...string) record.ID {
	t.Helper()
	id := must(x.a.PublishRequest(t.Context(), red(persons...)))(t).Published[0].ID
	time.Sleep(time.Minute)
	synctest.Wait()
	return id
}

// says reports whether an answer of the local interface holds the canary.
func says(t *testing.T, v any) bool {
	t.Helper()
	b, err := api.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Contains(b, []byte("canary"))
}

func TestRedGoesToPersonsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTrio(t)
		defer x.stop()
		_, err := x.a.PublishRequest(t.Context(), red())
		if p := httpProblem(err); p == nil || p.Code != api.Marking || !strings.Contains(p.Hint, "--person NAME") || !strings.Contains(p.Hint, "publish a RED desk") {
			t.Fatalf("to a team without a desk: %v", err)
		}
		x.sendRed(t, "Ada Obi")
		x.deskOf(t, x.b, "Bob Ito")
		x.sendRed(t)
		bad := red("Ada Obi")
		bad.Request.Marking.TLP = notice.TLPAmber
		if _, err := x.a.PublishRequest(t.Context(), bad); httpProblem(err) == nil || httpProblem(err).Code != api.BadNotice {
			t.Errorf("a person of TLP:AMBER: %v", err)
		}
		// A reply goes the other way: to persons of the team that asked.
		id := x.sendRed(t)
		reply := notice.Reply{State: notice.Acknowledged, Marking: notice.Marking{TLP: notice.TLPRed}}
		if _, err := x.b.Reply(t.Context(), id.String(), api.ReplyDraft{Reply: reply}); httpProblem(err) == nil || httpProblem(err).Code != api.Marking {
			t.Errorf("a reply to a team without a desk: %v", err)
		}
		reply.Marking.Persons = []string{"Eve Moe"}
		must(x.b.Reply(t.Context(), id.String(), api.ReplyDraft{Reply: reply}))(t)
	})
}

// TestRedIsShownToPersonsOnly: who reads what, for each marking of a RED record and each name.
func TestRedIsShownToPersonsOnly(t *testing.T) {
	for _, tt := range []struct {
		name    string
		desk    []string // of Bravo
		persons []string
		reads   []string
		not     []string
	}{
		{name: "named", desk: []string{"Bob Ito"}, persons: []string{"Ada Obi"}, reads: []string{"Ada Obi", "ada  OBI"}, not: []string{"Bob Ito", "Ada"}},
		{name: "named, no desk", persons: []string{"Ada Obi"}, reads: []string{"Ada Obi"}, not: []string{"Bob Ito"}},
		{name: "the desk", desk: []string{"Bob Ito", "Zoe Lim"}, reads: []string{"bob ito", "Zoe Lim"}, not: []string{"Ada Obi"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newTrio(t)
				defer x.stop()
				if tt.desk != nil {
					x.deskOf(t, x.b, tt.desk...)
				}
				id := x.sendRed(t, tt.persons...).String()
				for _, as := range tt.not {
					_, err := x.b.OpenRequest(t.Context(), id, api.OpenDraft{As: as})
					if p := httpProblem(err); p == nil || p.Code != api.Marking || says(t, p) {
						t.Errorf("as %s: %v", as, err)
					}
					if _, err := x.b.OpenRecord(t.Context(), id, api.OpenDraft{As: as}); httpProblem(err) == nil {
						t.Errorf("as %s: opened the record", as)
					}
				}
				if got := must(x.b.Record(t.Context(), id))(t).Readings; len(got) != 0 {
					t.Errorf("a refusal was noted: %+v", got)
				}
				for _, as := range tt.reads {
					got := must(x.b.OpenRequest(t.Context(), id, api.OpenDraft{As: as}))(t)
					if got.Request == nil || got.Request.Texts[0].Title != redCanary || got.Red.OpenedAs == "" {
						t.Errorf("as %s: %+v", as, got.Entry)
					}
					time.Sleep(time.Minute)
				}
				noted := must(x.b.Record(t.Context(), id))(t)
				if len(noted.Readings) != len(tt.reads) || says(t, noted) || noted.Readings[0].By != "unknown" || noted.Readings[0].At.IsZero() {
					t.Errorf("%+v", noted)
				}
			})
		})
	}
}

// TestRedOfOneself: the author's own copy opens to the author's desk, or with a warning where there is none.
func TestRedOfOneself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTrio(t)
		defer x.stop()
		id := x.sendRed(t, "Ada Obi").String()
		got := must(x.a.OpenRecord(t.Context(), id, api.OpenDraft{As: "Any Body"}))(t)
		if got.Request == nil || !strings.Contains(got.Red.Warning, "no RED desk") {
			t.Errorf("without a desk: %+v", got.Red)
		}
		x.deskOf(t, x.a, "Eve Moe")
		if _, err := x.a.OpenRecord(t.Context(), id, api.OpenDraft{As: "Ada Obi"}); httpProblem(err) == nil {
			t.Error("a person of the other team read it here")
		}
		must(x.a.OpenRecord(t.Context(), id, api.OpenDraft{As: "Eve Moe"}))(t)

		// An answer in RED to somebody else than the desk opens to that person, and its request does not.
		reply := notice.Reply{State: notice.Accepted, Marking: notice.Marking{TLP: notice.TLPRed, Persons: []string{"Kim Poe"}}, Result: "canary two"}
		must(x.b.Reply(t.Context(), id, api.ReplyDraft{Reply: reply}))(t)
		time.Sleep(time.Minute)
		synctest.Wait()
		view := must(x.a.OpenRequest(t.Context(), id, api.OpenDraft{As: "Kim Poe"}))(t)
		if view.Request != nil || len(view.Answers) != 1 || view.Answers[0].Reply == nil {
			t.Errorf("%+v", view)
		}
		view = must(x.a.OpenRequest(t.Context(), id, api.OpenDraft{As: "Eve Moe"}))(t)
		if view.Request == nil || view.Answers[0].Reply != nil || view.Answers[0].Red == nil {
			t.Errorf("%+v", view)
		}
		for _, bad := range []string{"", "  ", "a\x1bb", strings.Repeat("x", notice.MaxName+1)} {
			if _, err := x.a.OpenRecord(t.Context(), id, api.OpenDraft{As: bad}); !api.Is(err, api.BadRequest) {
				t.Errorf("%q: %v", bad, err)
			}
		}
		// What is not RED has nothing to open, and nothing is noted.
		clear := must(x.a.PublishAlert(t.Context(), marked(notice.Marking{TLP: notice.TLPClear}, "First")))(t).ID.String()
		if got := must(x.a.OpenRecord(t.Context(), clear, api.OpenDraft{As: "Any Body"}))(t); got.Alert == nil || got.Red != nil || len(got.Readings) != 0 {
			t.Errorf("%+v", got)
		}
	})
}

// TestRedIsInNoList: lists, shows, the feed and refusals of both sides say that it is there, and not what it says.
func TestRedIsInNoList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTrio(t)
		defer x.stop()
		x.deskOf(t, x.b, "Bob Ito")
		x.deskOf(t, x.a, "Eve Moe")
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var seen []api.Event
		done := make(chan error, 1)
		go func() {
			done <- x.b.Watch(ctx, "", func(e api.Event) error { seen = append(seen, e); return nil })
		}()
		synctest.Wait()
		id := x.sendRed(t)
		must(x.b.Reply(t.Context(), id.String(), api.ReplyDraft{Reply: notice.Reply{
			State: notice.Done, Marking: notice.Marking{TLP: notice.TLPRed}, Result: "a canary too", UseOfData: "canary",
		}}))(t)
		time.Sleep(time.Minute)
		synctest.Wait()
		cancel()
		if err := <-done; err == nil {
			t.Error("the feed ended by itself")
		}
		inFeed := slices.ContainsFunc(seen, func(e api.Event) bool {
			return e.Entry != nil && e.Entry.ID == id && e.Entry.Red != nil && e.Entry.Red.For == "the RED desk of Bravo" && e.Entry.Request == nil
		})
		if !inFeed || says(t, seen) {
			t.Errorf("the feed: %+v", seen)
		}
		for _, m := range []*member{x.a, x.b} {
			list := must(m.Requests(t.Context(), api.List{}))(t)
			if len(list.Entries) != 1 || list.Entries[0].Red == nil || list.Entries[0].Red.Marking.TLP != notice.TLPRed || says(t, list) {
				t.Errorf("%s: %+v", m.name, list)
			}
			view := must(m.Request(t.Context(), id.String()))(t)
			if len(view.Answers) != 1 || says(t, view) {
				t.Errorf("%s: %+v", m.name, view)
			}
			for what, v := range map[string]any{
				"record": must(m.Record(t.Context(), id.String()))(t), "ledger": must(m.Ledger(t.Context(), api.LedgerQuery{Detail: true}))(t),
				"status": must(m.Status(t.Context()))(t),
			} {
				if says(t, v) {
					t.Errorf("%s: the %s says it", m.name, what)
				}
			}
			for what, err := range map[string]error{
				"export":  errorOf(m.Export(t.Context(), id.String(), api.ExportQuery{})),
				"forward": errorOf(m.Forward(t.Context(), id.String(), api.ForwardDraft{Community: "First"})),
				"close":   errorOf(m.CloseRequest(t.Context(), id.String(), api.CloseDraft{})),
			} {
				if err == nil || strings.Contains(fmt.Sprint(err), "canary") {
					t.Errorf("%s: %s: %v", m.name, what, err)
				}
			}
		}
	})
}

func errorOf[T any](_ T, err error) error { return err }

// TestHeldRedHasNoTitle: a document that is labelled TLP:RED says in the list of what is held only that it is there,
// and goes to a person.
func TestHeldRedHasNoTitle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTrio(t)
		defer x.stop()
		doc := `{"document":{"csaf_version":"2.0","title":"A canary","tracking":{"id":"X-1"},"distribution":{"tlp":{"label":"RED"}}}}`
		in := must(x.a.Import(t.Context(), api.ImportDraft{Name: "a.json", Data: []byte(doc)}))(t)
		if in.Held == nil || in.Held.TLP != notice.TLPRed || says(t, in) || says(t, must(x.a.Held(t.Context()))(t)) {
			t.Errorf("%+v", in.Held)
		}
		if _, err := x.a.MarkHeld(t.Context(), in.Held.ID, api.MarkDraft{To: "Bravo"}); httpProblem(err) == nil || httpProblem(err).Code != api.Marking {
			t.Errorf("to nobody there: %v", err)
		}
		done := must(x.a.MarkHeld(t.Context(), in.Held.ID, api.MarkDraft{To: "Bravo", Persons: []string{"Bob Ito"}}))(t)
		time.Sleep(time.Minute)
		synctest.Wait()
		id := done.Published.ID.String()
		if says(t, must(x.b.Alerts(t.Context(), api.List{}))(t)) || says(t, must(x.b.Record(t.Context(), id))(t)) {
			t.Error("a list says it")
		}
		if got := must(x.b.OpenRecord(t.Context(), id, api.OpenDraft{As: "Bob Ito"}))(t); got.Alert == nil || got.Alert.Headline() != "A canary" {
			t.Errorf("%+v", got)
		}
	})
}

// TestRedWithoutADeskToAnswerTo: who asks under TLP:RED hears whether anybody here could read the answer.
func TestRedWithoutADeskToAnswerTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTrio(t)
		defer x.stop()
		for _, want := range []int{1, 0} {
			if got := must(x.a.PublishRequest(t.Context(), red("Ada Obi")))(t).Warnings; len(got) != want {
				t.Errorf("warned of %v, want %d", got, want)
			}
			x.deskOf(t, x.a, "Grace Wanjiru")
		}
		if got := must(x.b.PublishRequest(t.Context(), ask("Alpha")))(t).Warnings; len(got) != 0 {
			t.Errorf("warned of %v", got)
		}
		d := draft("x")
		d.Community, d.Alert.Marking.TLP = "First", notice.TLPRed
		_, err := x.a.PublishAlert(t.Context(), d)
		if p := httpProblem(err); p == nil || p.Code != api.Marking || !strings.Contains(p.Hint, "tocsin request send --private --to TEAM --tlp red --person NAME") {
			t.Errorf("%+v", p)
		}
	})
}
