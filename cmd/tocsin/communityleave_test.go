package main

import (
	"strings"
	"testing"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
)

// TestLeaveSaysWhatItMeans: and the last founder, without whom nobody decides, is asked once more.
func TestLeaveSaysWhatItMeans(t *testing.T) {
	f := newFake(t)
	self, other := api.Member{Team: team(1, "CERT-A"), Founder: true, Self: true}, api.Member{Team: team(2, "CERT-B")}
	second := other
	second.Founder = true
	f.answers["POST /v1/communities/Drill/leave"] = api.Left{Community: api.CommunityRef{Name: "Drill"}}
	for _, tt := range []struct {
		rule  notice.Rule
		other api.Member
		flags []string
		code  int
		want  string
	}{
		{notice.RuleFounders, other, nil, 2, "hint: if it is meant so: tocsin --home " + f.home + " community leave --for-good Drill"},
		{notice.RuleFounders, other, []string{"--for-good"}, 0, "nothing new comes from there; nobody can let it in again"},
		{notice.RuleFounders, second, nil, 0, "nothing new comes from there; a founder can invite it again"},
		{notice.RuleSponsors, other, nil, 0, "nothing new comes from there; it may apply again"},
	} {
		f.answers["GET /v1/communities/Drill"] = api.Community{
			Name: "Drill", Role: "founder", Admission: notice.Admission{Rule: tt.rule}, Members: []api.Member{self, tt.other},
		}
		line := append(append([]string{"community", "leave"}, tt.flags...), "Drill")
		if code, _, errs := f.run(line...); code != tt.code || !strings.Contains(errs, tt.want) {
			t.Errorf("%v: exit %d, %s", tt, code, errs)
		}
	}
}

// TestAnAnswerThatWaitsSaysSo: a last word goes nowhere while the two teams share no community.
func TestAnAnswerThatWaitsSaysSo(t *testing.T) {
	f := newFake(t)
	b := team(2, "CERT-B")
	q := alertEntry(1, "x")
	q.Kind, q.Alert, q.Own = notice.KindRequest, nil, true
	q.Request = &notice.Request{Action: notice.ActionContact, Marking: notice.Marking{TLP: notice.TLPClear}}
	f.answers["GET /v1/requests/r1"] = api.RequestView{Entry: q}
	done := api.Published{ID: rid(2), Kind: notice.KindWithdraw, To: &b, Apart: true}
	f.answers["POST /v1/requests/"+rid(1).String()+"/withdraw"] = done
	code, out, errs := f.run("request", "withdraw", "r1")
	if want := showTeam(b) + " shares no community with this team: the withdraw waits here until it does"; code != 0 || out != rid(2).String()+"\n" || !strings.Contains(errs, want) {
		t.Errorf("exit %d, %q, %s", code, out, errs)
	}
}
