package node

import (
	"testing"
	"testing/synctest"
	"time"

	"tocsin/node/httpapi"
	"tocsin/pkg/api"
	"tocsin/pkg/notice"
)

func httpProblem(err error) *api.Problem {
	if err == nil {
		return nil
	}
	return httpapi.Problem(err)
}

// TestErasing: the body goes where the word arrives, and the author sees where it has.
func TestErasing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b, c := w.member("Alpha"), w.member("Bravo"), w.member("Charlie")
		defer a.stop()
		defer b.stop()
		defer c.stop()
		together(t, a, b, c)
		id := must(a.PublishAlert(t.Context(), draft("A canary sings")))(t).ID.String()
		synctest.Wait()
		if _, err := a.Erasure(t.Context(), id); !api.Is(err, api.NotFound) {
			t.Errorf("nobody asked: %v", err)
		}
		if _, err := b.Erase(t.Context(), id, api.EraseDraft{}); !api.Is(err, api.NotAllowed) {
			t.Errorf("another team's: %v", err)
		}
		w.isolate(c.id(), true)
		got := must(a.Erase(t.Context(), id, api.EraseDraft{Reason: "Sent in error"}))(t)
		if got.BodyHere || got.Reason != "Sent in error" || len(got.Waiting) != 2 {
			t.Errorf("%+v", got)
		}
		if _, err := a.Erase(t.Context(), got.Asked.String(), api.EraseDraft{}); !api.Is(err, api.NotAllowed) {
			t.Errorf("what erases: %v", err)
		}
		if _, err := a.Erase(t.Context(), id, api.EraseDraft{}); !api.Is(err, api.Conflict) {
			t.Errorf("twice: %v", err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		got = must(a.Erasure(t.Context(), id))(t)
		if len(got.Confirmed) != 1 || got.Confirmed[0].Team.ID != b.id() || len(got.Waiting) != 1 || got.Waiting[0].ID != c.id() {
			t.Errorf("%+v", got)
		}
		there := must(b.Record(t.Context(), id))(t)
		if there.Alert != nil || there.Header.BodyHere {
			t.Errorf("Bravo still has it: %+v", there)
		}
		if seen := must(b.Erasure(t.Context(), id))(t); len(seen.Confirmed)+len(seen.Waiting) != 0 || seen.Asked != got.Asked {
			t.Errorf("Bravo is told %+v", seen)
		}
	})
}

// TestDuties: what a recipient must hand on is shown before anything goes.
func TestDuties(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTrio(t)
		defer x.stop()
		p := notice.Profile{
			Language: "en", Name: "Bravo", Contact: notice.Contact{Email: []string{"team@bravo.example"}},
			Disclosure: []notice.Duty{{To: notice.DutyLawEnforcement, Obligation: notice.ObligationAlways}},
		}
		said := must(x.b.PublishProfile(t.Context(), api.ProfileDraft{Profile: p}))(t)
		s, ok := x.b.replica.Roster().Statement(said.Statement)
		if !ok {
			t.Fatal("no profile")
		}
		x.a.replica.AddStatements(time.Now(), [][]byte{s.Frame()})
		synctest.Wait()
		for _, tt := range []struct {
			marking notice.Marking
			despite bool
			stops   bool
		}{
			{notice.Marking{TLP: notice.TLPClear}, false, false},
			{notice.Marking{TLP: notice.TLPAmber}, false, true},
			{notice.Marking{TLP: notice.TLPAmber}, true, false},
			{notice.Marking{TLP: notice.TLPClear, Purpose: []notice.Purpose{notice.NoLawEnforcement}}, false, true},
		} {
			d := ask(x.b.id().String())
			d.Request.Marking, d.DespiteDuty = tt.marking, tt.despite
			_, err := x.a.PublishRequest(t.Context(), d)
			if stopped := api.Is(err, api.DutyUnasked); stopped != tt.stops || err != nil && !stopped {
				t.Errorf("%+v: %v", tt, err)
			}
		}
	})
}

// TestUseOfData: a request that limits its purpose is done only with a word on its data.
func TestUseOfData(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTrio(t)
		defer x.stop()
		d := ask(x.b.id().String())
		d.Request.Marking.Purpose = []notice.Purpose{notice.DefenceOnly}
		id := must(x.a.PublishRequest(t.Context(), d))(t).Published[0].ID.String()
		time.Sleep(time.Minute)
		synctest.Wait()
		r := notice.Reply{State: notice.Done, Result: "Gone.", Marking: notice.Marking{TLP: notice.TLPClear}}
		if _, err := x.b.Reply(t.Context(), id, api.ReplyDraft{Reply: r}); !api.Is(err, api.BadRequest) {
			t.Errorf("%v", err)
		}
		r.UseOfData = "Deleted."
		if _, err := x.b.Reply(t.Context(), id, api.ReplyDraft{Reply: r}); err != nil {
			t.Error(err)
		}
	})
}
