package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// TestOnwardTextIsShownHarmless: what documents and teams say of themselves is a stranger's; run checks every line.
func TestOnwardTextIsShownHarmless(t *testing.T) {
	f := newFake(t)
	who := team(3, evil)
	held := api.Held{
		ID: strings.Repeat("ab", 32), Name: evil, Source: evil, Title: evil, Labels: []string{evil}, Author: &who, At: testNow(), By: evil,
	}
	out := held
	out.Released = &api.Release{By: evil, At: testNow(), TLP: notice.TLPGreen, To: &who}
	f.answers["GET /v1/held"] = api.HeldList{Held: []api.Held{held, out}}
	f.answers["POST /v1/held"] = api.Imported{Held: &held}
	f.answers["POST /v1/held/x/drop"] = held
	f.answers["GET /v1/records/r1/erase"] = api.Erasure{
		Author: who, Reason: evil, Confirmed: []api.Confirmed{{Team: who, At: testNow()}}, Waiting: []api.Team{who},
	}
	q := api.Entry{ID: rid(1), Kind: notice.KindRequest, Author: who, With: &who, Request: &notice.Request{
		Action: notice.ActionPermission, Marking: notice.Marking{TLP: notice.TLPAmber}, Texts: []notice.Text{{Title: evil}},
		Permission: &notice.Permission{Record: rid(2), TLP: notice.TLPGreen, Public: true, Lifts: []notice.Purpose{notice.Purpose("new-word")}},
	}}
	f.answers["GET /v1/requests/r1"] = api.RequestView{Entry: q, Answers: []api.Entry{{
		Author: who, Reply: &notice.Reply{State: notice.Accepted, Marking: notice.Marking{TLP: notice.TLPAmber}, Grant: q.Request.Permission},
	}}}
	path := filepath.Join(t.TempDir(), "x.json")
	if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"alert held", "alert held list --all", "alert held list --json", "alert import " + path, "record erase --status r1", "request show r1"} {
		if got := f.ok(strings.Fields(line)...); got == "" {
			t.Errorf("%s printed nothing", line)
		}
	}
	if _, _, errs := f.run("alert", "held", "drop", "x"); !strings.Contains(errs, "dropped abababababab") {
		t.Error(errs)
	}
}

// TestDutyIsShown: the sentence of the recipient's profile comes before anything is sent.
func TestDutyIsShown(t *testing.T) {
	f := newFake(t)
	f.answers["POST /v1/requests"] = api.NewProblem(api.DutyUnasked, "CERT-B says of what it is told: "+evil, "nothing was sent; to send it knowing that: --despite-duty")
	line := []string{"request", "send", "--private", "--to", "CERT-B", "--action", "contact", "--reply-by", "2d", "--tlp", "amber", "--title", "x"}
	code, out, errs := f.run(line...)
	if code != 11 || out != "" || !strings.Contains(errs, "CERT-B says of what it is told") || !strings.Contains(errs, "--despite-duty") {
		t.Errorf("exit %d, %q, %s", code, out, errs)
	}
	f.answers["POST /v1/requests"] = api.RequestsPublished{Published: []api.Published{{ID: rid(1)}}}
	f.ok(append(line, "--despite-duty")...)
	var got api.RequestDraft
	if f.got("POST /v1/requests", &got); !got.DespiteDuty {
		t.Errorf("%+v", got)
	}
}

// TestPurposeComesFirst: whoever reads the content has read what it may not be used for.
func TestPurposeComesFirst(t *testing.T) {
	f := newFake(t)
	n := alertEntry(1, "The content")
	n.Alert.Marking.Purpose = []notice.Purpose{notice.NoPublication, notice.DefenceOnly}
	f.answers["GET /v1/records/r1"] = api.RecordView{Entry: n}
	f.answers["GET /v1/events"] = "event: record\ndata: " + string(encoded(t, api.Event{Type: api.EventRecord, Entry: &n})) + "\n\n"
	for _, line := range []string{"alert show r1", "alert watch --count 1"} {
		out := f.ok(strings.Fields(line)...)
		limit, content := strings.LastIndex(out, notice.DefenceOnly.Contract()), strings.Index(out, "The content")
		if limit < 0 || content < limit {
			t.Errorf("%s: %s", line, out)
		}
	}
}

// TestReplyGrants: what is typed is what is sent, and half a grant is none.
func TestReplyGrants(t *testing.T) {
	f := newFake(t)
	q := api.Entry{ID: rid(1), Kind: notice.KindRequest, Author: team(2, "CERT-B"), Request: &notice.Request{
		Action: notice.ActionPermission, Marking: notice.Marking{TLP: notice.TLPAmber}, Permission: &notice.Permission{Record: record.ID{2}, TLP: notice.TLPGreen},
	}}
	f.answers["GET /v1/requests/r1"] = api.RequestView{Entry: q}
	f.answers["POST /v1/requests/"+rid(1).String()+"/replies"] = api.Published{ID: rid(3)}
	for _, line := range []string{"reply r1 accept", "reply --team CERT-C r1 accept", "reply --grant --lift sometimes r1 accept"} {
		if code, _, errs := f.run(strings.Fields(line)...); code != 2 {
			t.Errorf("%s: exit %d, %s", line, code, errs)
		}
	}
	f.ok("reply", "--grant", "--tlp", "amber", "--team", "CERT-C", "--lift", "none", "--until", "30d", "r1", "accept")
	var got api.ReplyDraft
	f.got("POST /v1/requests/"+rid(1).String()+"/replies", &got)
	if g := got.Grant; g == nil || g.TLP != notice.TLPAmber || len(g.Teams) != 1 || !g.NoLifts || !g.Until.After(testNow()) || got.Reply.Marking.TLP != notice.TLPAmber {
		t.Errorf("%+v %+v", got.Reply, got.Grant)
	}
}

// TestGrantsAreShown: what may be done with a record stands beside it.
func TestGrantsAreShown(t *testing.T) {
	f := newFake(t)
	n := alertEntry(1, "The content")
	community := identity.CommunityID{9}
	f.answers["GET /v1/records/r1"] = api.RecordView{Entry: n, Grants: []api.Grant{{
		By: team(2, "CERT-B"), Request: rid(7), Names: map[string]string{community.String(): "Second"},
		Permission: notice.Permission{
			TLP: notice.TLPGreen, Communities: []identity.CommunityID{community}, Constituents: true, Until: testNow().Add(time.Hour),
		},
	}}}
	for _, what := range []string{"alert", "record"} {
		out := f.ok(what, "show", "r1")
		if !strings.Contains(out, "TLP:GREEN to the members of Second, constituents until ") || !strings.Contains(out, "by CERT-B") ||
			!strings.Contains(out, "(request "+short(rid(7))+")") {
			t.Error(out)
		}
	}
}

// TestRefusedGrants are told once, by the flag.
func TestRefusedGrants(t *testing.T) {
	f := newFake(t)
	q := api.Entry{ID: rid(1), Kind: notice.KindRequest, Author: team(2, "CERT-B"), Request: &notice.Request{
		Action: notice.ActionPermission, Marking: notice.Marking{TLP: notice.TLPAmber}, Permission: &notice.Permission{Record: record.ID{2}, TLP: notice.TLPGreen},
	}}
	f.answers["GET /v1/requests/r1"] = api.RequestView{Entry: q}
	for field, flag := range map[string]string{"grant.teams": "--team", "grant.communities": "--community", "grant.until": "--until", "permission.tlp": "--tlp"} {
		p := api.Invalid(field, "is more than was asked for", "ask again")
		p.Candidates = []api.Candidate{{ID: "t123", Name: "CERT-C"}}
		f.answers["POST /v1/requests/"+rid(1).String()+"/replies"] = p
		code, _, errs := f.run("reply", "--grant", "--team", "x", "r1", "accept")
		if code != 2 || strings.Count(errs, "is more than") != 1 || strings.Count(errs, "ask again") != 1 || strings.Contains(errs, field) ||
			!strings.Contains(errs, flag+" is more than") || !strings.Contains(errs, "CERT-C") {
			t.Errorf("%s: exit %d: %s", field, code, errs)
		}
	}
}

// TestGrantedBlockIsIndented as one.
func TestGrantedBlockIsIndented(t *testing.T) {
	s := &sheet{now: testNow()}
	s.permission("  Granted for", &notice.Permission{TLP: notice.TLPGreen, Constituents: true, Until: testNow()}, nil)
	for line := range strings.Lines(s.b.String()) {
		if !strings.HasPrefix(line, "  ") {
			t.Errorf("%q", line)
		}
	}
}

// TestReplyByIsSaidOnce where the time that counts is the same to the second.
func TestReplyByIsSaidOnce(t *testing.T) {
	by := testNow().Add(2 * time.Hour)
	for late, want := range map[time.Duration]bool{time.Second / 2: false, time.Minute: true} {
		n := &api.Entry{Request: &notice.Request{ReplyBy: by}, Progress: &api.Progress{Due: &api.Due{At: by.Add(late)}}}
		if got := replyBy(n, testNow()); strings.Contains(got, "counted from") != want {
			t.Errorf("%v: %s", late, got)
		}
	}
}

// TestSendersAreTold what a label is taken as, and that nobody here could read an answer.
func TestSendersAreTold(t *testing.T) {
	f := newFake(t)
	f.answers["POST /v1/alerts"] = api.Published{ID: rid(2)}
	_, _, errs := f.run("alert", "send", "--community", "Drill", "--tlp", "white", "--title", "x")
	var got api.AlertDraft
	if f.got("POST /v1/alerts", &got); got.Alert.Marking.TLP != notice.TLPClear || !strings.Contains(errs, "taken as that") {
		t.Errorf("%v: %s", got.Alert.Marking, errs)
	}
	f.answers["POST /v1/requests"] = api.RequestsPublished{Published: []api.Published{{ID: rid(1)}}, Warnings: []string{"no desk"}}
	_, _, errs = f.run("request", "send", "--private", "--to", "CERT-B", "--person", "Ada", "--action", "contact", "--reply-by", "2d", "--tlp", "red", "--title", "x")
	if !strings.Contains(errs, "warning: no desk") {
		t.Error(errs)
	}
}

// TestNobodySwearsByDefault: a profile that is begun has the statement as a comment.
func TestNobodySwearsByDefault(t *testing.T) {
	f := newFake(t)
	text := f.ok("profile", "init", "-o", "-")
	if !strings.Contains(text, "\n# no_malicious_activity = true\n") {
		t.Error(text)
	}
}
