package node

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

func revision(kind notice.AlertType, of record.ID) api.AlertDraft {
	d := draft(kind.String())
	d.Alert.Type, d.Alert.Replaces = kind, []record.ID{of}
	return d
}

// refused holds an error to being a conflict that says what.
func refused(t *testing.T, err error, what string) {
	t.Helper()
	if !api.Is(err, api.Conflict) || !strings.Contains(err.Error(), what) {
		t.Errorf("got %v, want a conflict that says %q", err, what)
	}
}

func TestWhatIsOverIsNotReplacedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.member("Alpha")
		defer a.stop()
		together(t, a)
		first := must(a.PublishAlert(t.Context(), draft("first")))(t)
		time.Sleep(time.Second)
		second := must(a.PublishAlert(t.Context(), revision(notice.AlertUpdate, first.ID)))(t)
		time.Sleep(time.Second)
		for _, kind := range []notice.AlertType{notice.AlertUpdate, notice.AlertCancel} {
			_, err := a.PublishAlert(t.Context(), revision(kind, first.ID))
			refused(t, err, first.ID.String()+" was replaced by "+second.ID.String())
		}
		third := must(a.PublishAlert(t.Context(), revision(notice.AlertUpdate, second.ID)))(t)
		time.Sleep(time.Second)
		_, err := a.PublishAlert(t.Context(), revision(notice.AlertCancel, first.ID))
		refused(t, err, "was replaced by "+third.ID.String())
		cancel := must(a.PublishAlert(t.Context(), revision(notice.AlertCancel, third.ID)))(t)
		for _, id := range []record.ID{first.ID, third.ID} {
			_, err := a.PublishAlert(t.Context(), revision(notice.AlertCancel, id))
			refused(t, err, "was cancelled already, by "+cancel.ID.String())
		}
		got := must(a.Record(t.Context(), third.ID.String()))(t)
		if len(got.CancelledBy) != 1 || got.CancelledBy[0] != cancel.ID || len(got.SupersededBy) != 1 {
			t.Errorf("shown as superseded by %v, cancelled by %v", got.SupersededBy, got.CancelledBy)
		}
	})
}

func TestRepliesSaySomethingNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.member("Alpha"), w.member("Bravo")
		defer a.stop()
		defer b.stop()
		together(t, a, b)
		say := func(id record.ID, s notice.ReplyState, text string) error {
			time.Sleep(time.Second)
			r := notice.Reply{State: s, Marking: notice.Marking{TLP: notice.TLPClear}}
			if text != "" {
				r.Texts = []notice.Text{{Language: "en", Title: text}}
			}
			_, err := b.Reply(t.Context(), id.String(), api.ReplyDraft{Reply: r})
			return err
		}
		request := ask("bravo")
		request.Community = "demo"
		id := must(a.PublishRequest(t.Context(), request))(t).Published[0].ID
		for _, step := range []struct {
			state notice.ReplyState
			text  string
			want  string
		}{
			{notice.Acknowledged, "", ""},
			{notice.Acknowledged, "", "acknowledged already"},
			{notice.Accepted, "", ""},
			{notice.Acknowledged, "", "acknowledged already"},
			{notice.ReplyState("progress"), "half", ""},
			{notice.ReplyState("progress"), "half", "progress was said already"},
			{notice.ReplyState("progress"), "more", ""},
		} {
			err := say(id, step.state, step.text)
			switch {
			case step.want != "":
				refused(t, err, step.want)
			case err != nil:
				t.Errorf("%s %q: %v", step.state, step.text, err)
			}
		}
		time.Sleep(time.Second)
		view := must(a.Request(t.Context(), id.String()))(t)
		if p := view.Progress; p == nil || p.Answered != 1 || len(p.Asked) != 1 || p.Asked[0].Name != "Bravo" || p.Due != nil {
			t.Errorf("progress %+v", view.Progress)
		}
		must(a.WithdrawRequest(t.Context(), id.String(), api.WithdrawDraft{Withdraw: notice.Withdraw{Marking: notice.Marking{TLP: notice.TLPClear}}}))(t)
		refused(t, say(id, notice.Done, ""), "the request was withdrawn by Alpha")
		list := must(b.Requests(t.Context(), api.List{}))(t)
		if p := list.Entries[0].Progress; p == nil || p.Withdrawn.IsZero() || !p.Closed.IsZero() {
			t.Errorf("listed with %+v", list.Entries[0].Progress)
		}
	})
}

func TestTheFloorIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b, c := w.member("Alpha"), w.member("Bravo"), w.member("Charlie")
		defer a.stop()
		defer b.stop()
		defer c.stop()
		together(t, a, b)
		request := ask("bravo", c.id().String())
		request.Request.ReplyBy = time.Now().Add(5 * time.Minute)
		sent := must(a.PublishRequest(t.Context(), request))(t).Published
		for i, apart := range []bool{false, true} {
			if p := sent[i]; p.Apart != apart || p.Due == nil || p.Due.Floor != 3600 || !p.Due.At.After(request.Request.ReplyBy) {
				t.Errorf("%d: published %+v, due %+v", i, p, p.Due)
			}
		}
		time.Sleep(time.Second)
		for _, s := range sent[:1] {
			view := must(a.Request(t.Context(), s.ID.String()))(t)
			if view.Progress.Due == nil || !view.Progress.Due.At.Equal(view.Standing[0].Due) || view.Progress.Due.Floor != 3600 {
				t.Errorf("progress %+v, ledger due %v", view.Progress.Due, view.Standing[0].Due)
			}
		}
	})
}
