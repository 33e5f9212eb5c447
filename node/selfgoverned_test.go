package node

import (
	"testing"
	"testing/synctest"
	"time"

	"tocsin/node/config"
	"tocsin/pkg/api"
	"tocsin/pkg/notice"
)

// spread hands every node what the others may give it, until nothing is new.
func spread(t *testing.T, nodes ...*member) {
	t.Helper()
	for news := true; news; {
		news = false
		for _, from := range nodes {
			for _, to := range nodes {
				if from == to {
					continue
				}
				frames := from.replica.StatementFrames(from.replica.Statements(), to.id())
				n, err := meshDoor{to.Node}.AddStatements(t.Context(), from.id(), frames)
				if err != nil {
					t.Error(err)
				}
				if n > 0 {
					news = true
					to.statementsCame(from.id(), n)
				}
			}
		}
	}
}

// council founds a community of all the nodes, by the drill's rule with these changes.
func council(t *testing.T, rule notice.Admission, nodes ...*member) api.Founding {
	t.Helper()
	d := api.Found{Name: "Demo", Template: "drill", Admission: rule}
	for _, m := range nodes[1:] {
		d.Founders = append(d.Founders, must(m.Identity(t.Context()))(t).Card)
	}
	f := must(nodes[0].Found(t.Context(), d))(t)
	for _, m := range append(nodes[1:], nodes...) {
		f = must(m.SignCharter(t.Context(), f.ID.String(), api.SignCharter{Charter: f.Charter}))(t)
	}
	if f.Community == nil {
		t.Fatal("not founded")
	}
	return *f
}

func (m *member) role(t *testing.T) string {
	t.Helper()
	return must(m.Community(t.Context(), "Demo"))(t).Role
}

func apply(t *testing.T, guest, by *member) *api.Applied {
	t.Helper()
	charter := must(by.Charter(t.Context(), "Demo"))(t)
	return must(guest.Apply(t.Context(), api.ApplyDraft{Charter: charter.Charter, Parent: "Hospital"}))(t)
}

func TestATeamIsAdmittedByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b, c, d, e := w.member("alpha"), w.member("bravo"), w.member("charlie"), w.member("delta"), w.member("echo")
		all := []*member{a, b, c, d, e}
		council(t, notice.Admission{}, a, b, c, d)
		applied := apply(t, e, a)
		if got := e.role(t); got != "applicant" {
			t.Errorf("before anybody sponsors it is %s", got)
		}
		s := must(a.Sponsor(t.Context(), "-", api.SponsorDraft{Application: applied.File}))(t)
		if s.Application.State != api.ApplicationUnsponsored || s.Already {
			t.Errorf("%+v", s)
		}
		if joined := must(e.Join(t.Context(), api.Join{Invite: s.Invite}))(t); joined.Community.Role != "observer" {
			t.Errorf("by a sponsor's invite it is %s", joined.Community.Role)
		}
		spread(t, all...)
		time.Sleep(time.Hour) // one sponsor's word begins nothing
		began := time.Now()
		s = must(b.Sponsor(t.Context(), "echo", api.SponsorDraft{}))(t)
		spread(t, all...)
		if want := began.Add(2 * time.Minute); s.Application.State != api.ApplicationWindow || !s.Application.Until.Equal(want) {
			t.Errorf("%s until %s, want %s", s.Application.State, s.Application.Until, want)
		}
		if _, err := c.Admit(t.Context(), "echo", api.AdmitDraft{}); !api.Is(err, api.NotAllowed) {
			t.Errorf("attested before its time: %v", err)
		}
		time.Sleep(2*time.Minute - time.Second)
		spread(t, all...)
		if a.replica.Roster().Member(s.Application.Community.ID, e.id()) {
			t.Error("admitted before the window has run")
		}
		for range 10 {
			time.Sleep(time.Second)
			spread(t, all...)
		}
		for _, m := range all {
			view := must(m.Community(t.Context(), "Demo"))(t)
			if len(view.Members) != 5 || len(view.Applications) > 0 {
				t.Errorf("%s sees %d members and %d applications", m.name, len(view.Members), len(view.Applications))
			}
			list := must(m.Applications(t.Context(), api.ApplicationQuery{All: true}))(t)
			if n := len(list.Applications); n != 1 || len(list.Applications[0].Witnesses.Voices) != 1 {
				t.Errorf("%s has %d applications; attested by %+v", m.name, n, list.Applications)
			}
		}
		if got := e.role(t); got != "member" {
			t.Errorf("it is %s", got)
		}
		// One who applies later is an observer in its own eyes too, although its sponsor has seen what happened before.
		f := w.member("foxtrot")
		later := must(a.Sponsor(t.Context(), "-", api.SponsorDraft{Application: apply(t, f, a).File}))(t)
		must(f.Join(t.Context(), api.Join{Invite: later.Invite}))(t)
		spread(t, append(all, f)...)
		if got := f.role(t); got != "observer" {
			t.Errorf("who applies later is %s", got)
		}
		f.stop()
		// Two of four remove a founder; then it is out for itself too.
		for i, m := range []*member{a, b} {
			r := must(m.Remove(t.Context(), "Demo", api.RemoveDraft{Team: "delta", Reason: "leaked"}))(t)
			if r.Votes != i+1 || r.Needed != 2 || r.Removed != (i == 1) || r.Proposed != (i == 0) {
				t.Errorf("vote %d: %+v", i+1, r)
			}
			spread(t, all...)
		}
		if got := d.role(t); got != "removed" {
			t.Errorf("the removed founder is %s", got)
		}
		view := must(c.Community(t.Context(), "Demo"))(t)
		if len(view.Gone) != 1 || view.Gone[0].Reason != "leaked" || len(view.Gone[0].By) != 2 {
			t.Errorf("gone: %+v", view.Gone)
		}
		if _, err := c.Remove(t.Context(), "Demo", api.RemoveDraft{Team: d.id().String()}); !api.Is(err, api.Conflict) {
			t.Errorf("removed twice: %v", err)
		}
		must(c.Leave(t.Context(), "Demo", api.LeaveDraft{}))(t)
		if got := c.role(t); got != "left" {
			t.Errorf("who left is %s", got)
		}
		for _, m := range all {
			m.stop()
		}
	})
}

func TestAnObjectionKeepsATeamOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b, c, e := w.member("alpha"), w.member("bravo"), w.member("charlie"), w.member("echo")
		all := []*member{a, b, c, e}
		council(t, notice.Admission{}, a, b, c)
		file := apply(t, e, a).File
		for _, m := range []*member{a, b} {
			must(m.Sponsor(t.Context(), "-", api.SponsorDraft{Application: file}))(t)
			spread(t, all...)
		}
		o := must(c.Object(t.Context(), "echo", api.ObjectDraft{Reason: "unknown to us"}))(t)
		if o.Application.State != api.ApplicationOpposed {
			t.Errorf("%+v", o.Application)
		}
		spread(t, all...)
		time.Sleep(10 * time.Minute)
		spread(t, all...)
		if got := e.role(t); got == "member" {
			t.Error("admitted against an objection")
		}
		for _, err := range []error{
			second(c.Object(t.Context(), "echo", api.ObjectDraft{Reason: "again"})), second(c.Admit(t.Context(), "echo", api.AdmitDraft{})),
			second(e.Sponsor(t.Context(), "echo", api.SponsorDraft{})), second(a.Invite(t.Context(), "Demo", api.InviteDraft{Team: e.id().String(), Name: "echo"})),
			second(e.Remove(t.Context(), "Demo", api.RemoveDraft{Team: "alpha"})), second(a.Remove(t.Context(), "Demo", api.RemoveDraft{Team: "alpha"})),
			second(a.Sponsor(t.Context(), "foxtrot", api.SponsorDraft{})), second(e.Leave(t.Context(), "Demo", api.LeaveDraft{})),
			second(a.Prove(t.Context(), "Demo", api.DomainProof{})),
		} {
			if p, ok := err.(*api.Problem); !ok || p.Code == api.Internal { //nolint:errorlint // made by the node itself
				t.Errorf("%v", err)
			}
		}
		for _, m := range all {
			m.stop()
		}
	})
}

func second[T any](_ *T, err error) error { return err }

func TestNobodyAttestsUnasked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b, c, e := w.member("alpha"), w.member("bravo"), w.member("charlie"), w.member("echo")
		all := []*member{a, b, c, e}
		for _, m := range all {
			m.opt.Config.Community.Attest = config.AttestAsk
		}
		council(t, notice.Admission{}, a, b, c)
		file := apply(t, e, a).File
		for _, m := range []*member{a, b} {
			must(m.Sponsor(t.Context(), "-", api.SponsorDraft{Application: file}))(t)
			spread(t, all...)
		}
		time.Sleep(time.Hour)
		spread(t, all...)
		list := must(c.Applications(t.Context(), api.ApplicationQuery{Community: "Demo"}))(t)
		if len(list.Applications) != 1 || list.Applications[0].State != api.ApplicationRipe || list.Applications[0].Attest != "" {
			t.Errorf("%+v", list)
		}
		if got := must(c.Admit(t.Context(), "echo", api.AdmitDraft{}))(t); got.Application.State != api.ApplicationAdmitted {
			t.Errorf("%+v", got)
		}
		spread(t, all...)
		if got := e.role(t); got != "member" {
			t.Errorf("it is %s", got)
		}
		for _, m := range all {
			m.stop()
		}
	})
}
