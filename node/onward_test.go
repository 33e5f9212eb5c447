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

// trio is an author, a team that got something from it in First, and one that knows only the second team, in Second.
type trio struct{ a, b, c *member }

func newTrio(t *testing.T) *trio {
	t.Helper()
	w := newWorld(t)
	x := &trio{w.member("Alpha"), w.member("Bravo"), w.member("Charlie")}
	for _, pair := range []struct {
		founder, guest *member
		name           string
	}{{x.a, x.b, "First"}, {x.b, x.c, "Second"}} {
		must(pair.founder.Found(t.Context(), api.Found{Name: pair.name, Admission: notice.Admission{Rule: notice.RuleFounders}}))(t)
		card := must(pair.guest.Identity(t.Context()))(t).Card
		invited := must(pair.founder.Invite(t.Context(), pair.name, api.InviteDraft{Card: card}))(t)
		must(pair.guest.Join(t.Context(), api.Join{Invite: invited.Invite}))(t)
	}
	for _, m := range x.all() { // as in the mesh's greeting
		for _, o := range x.all() {
			m.replica.AddStatements(time.Now(), [][]byte{record.DelegationStatement(o.keys.Delegation).Frame()})
			if err := m.replica.PutSealingKey(o.keys.Key.Sealing().PublicKey().Bytes()); err != nil {
				t.Fatal(err)
			}
		}
	}
	return x
}

func (x *trio) all() []*member { return []*member{x.a, x.b, x.c} }

func (x *trio) stop() {
	for _, m := range x.all() {
		m.stop()
	}
}

// open gives each what the others' records are sealed with, as the mesh would.
func (x *trio) open() {
	synctest.Wait()
	for _, to := range x.all() {
		asks := to.replica.WantedKeys()
		for _, from := range x.all() {
			if from != to {
				frames := from.replica.WrapsFor(time.Now(), to.keys.Delegation, to.keys.Key.Sealing().PublicKey().Bytes(), asks)
				to.replica.TakeWraps(time.Now(), from.id(), frames)
			}
		}
	}
	synctest.Wait()
}

func marked(m notice.Marking, community string) api.AlertDraft {
	d := draft("A canary sings")
	d.Community, d.Alert.Marking = community, m
	return d
}

// ask is a request of Bravo for permission, about a record of Alpha's.
func (x *trio) ask(t *testing.T, id record.ID, p api.PermissionDraft) record.ID {
	t.Helper()
	q := ask().Request
	q.Action, q.Marking.TLP = notice.ActionPermission, must(x.b.Record(t.Context(), id.String()))(t).Alert.Marking.TLP
	done := must(x.b.RequestPermission(t.Context(), id.String(), api.PermissionRequest{Permission: p, Request: q}))(t)
	time.Sleep(time.Minute)
	synctest.Wait()
	return done.Published[0].ID
}

func (x *trio) reply(t *testing.T, request record.ID, state notice.ReplyState, g *api.GrantDraft) error {
	t.Helper()
	r := notice.Reply{State: state, Marking: notice.Marking{TLP: must(x.a.Request(t.Context(), request.String()))(t).Request.Marking.TLP}}
	if state == notice.Declined {
		r.Reason = notice.ReasonOther
	}
	_, err := x.a.Reply(t.Context(), request.String(), api.ReplyDraft{Reply: r, Grant: g})
	time.Sleep(time.Minute)
	synctest.Wait()
	return err
}

// TestForwarding: what a marking lets go on by itself, and what a grant adds.
func TestForwarding(t *testing.T) {
	green := &api.PermissionDraft{TLP: notice.TLPGreen, Communities: []string{"Second"}}
	for _, tt := range []struct {
		name    string
		marking notice.Marking
		grant   *api.PermissionDraft
		wait    time.Duration
		decline bool
		code    api.Code // empty: it goes
		goes    notice.Marking
	}{
		{name: "clear", marking: notice.Marking{TLP: notice.TLPClear}, goes: notice.Marking{TLP: notice.TLPClear}},
		{name: "green", marking: notice.Marking{TLP: notice.TLPGreen, PAP: notice.PAPRed}, goes: notice.Marking{TLP: notice.TLPGreen, PAP: notice.PAPRed}},
		{name: "amber", marking: notice.Marking{TLP: notice.TLPAmber}, code: api.Marking},
		{name: "strict", marking: notice.Marking{TLP: notice.TLPAmberStrict}, code: api.Marking},
		{name: "amber, granted", marking: notice.Marking{TLP: notice.TLPAmber}, grant: green, goes: notice.Marking{TLP: notice.TLPGreen}},
		{
			name: "amber, granted as clear to those named", marking: notice.Marking{TLP: notice.TLPAmber},
			grant: &api.PermissionDraft{TLP: notice.TLPClear, Communities: []string{"Second"}}, goes: notice.Marking{TLP: notice.TLPGreen},
		},
		{
			name: "amber, granted to constituents", marking: notice.Marking{TLP: notice.TLPAmber}, code: api.Marking,
			grant: &api.PermissionDraft{TLP: notice.TLPAmber, Constituents: true},
		},
		{
			name: "amber, granted and lifted", marking: notice.Marking{TLP: notice.TLPAmber, Purpose: []notice.Purpose{notice.NoAttribution, notice.NoVictimContact}},
			grant: &api.PermissionDraft{TLP: notice.TLPAmber, Communities: []string{"Second"}, Lifts: []notice.Purpose{notice.NoVictimContact}},
			goes:  notice.Marking{TLP: notice.TLPAmber, Purpose: []notice.Purpose{notice.NoAttribution}},
		},
		{
			name: "amber, granted and over", marking: notice.Marking{TLP: notice.TLPAmber}, wait: 3 * time.Hour, code: api.Marking,
			grant: &api.PermissionDraft{TLP: notice.TLPGreen, Communities: []string{"Second"}, Until: time.Date(2000, 1, 1, 2, 0, 0, 0, time.UTC)},
		},
		{name: "amber, granted and taken back", marking: notice.Marking{TLP: notice.TLPAmber}, grant: green, decline: true, code: api.Marking},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newTrio(t)
				defer x.stop()
				id := must(x.a.PublishAlert(t.Context(), marked(tt.marking, "First")))(t).ID
				x.open()
				if tt.grant != nil {
					request := x.ask(t, id, *tt.grant)
					if err := x.reply(t, request, notice.Accepted, &api.GrantDraft{}); err != nil {
						t.Fatal(err)
					}
					if tt.decline {
						if err := x.reply(t, request, notice.Declined, nil); err != nil {
							t.Fatal(err)
						}
					}
				}
				time.Sleep(tt.wait)
				done, err := x.b.Forward(t.Context(), id.String(), api.ForwardDraft{Community: "Second"})
				if tt.code != "" {
					if p := httpProblem(err); p == nil || p.Code != tt.code || !strings.Contains(p.Hint, "request permission --community") {
						t.Fatalf("%v, %+v", done, err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				x.open()
				got := must(x.c.Record(t.Context(), done.ID.String()))(t)
				if got.Alert == nil || got.Alert.Headline() != "A canary sings" || !sameMarking(got.Alert.Marking, tt.goes) {
					t.Fatalf("%s %+v", got.Unread, got.Alert)
				}
				var refs []string
				for _, r := range got.Alert.References {
					refs = append(refs, r.Value)
				}
				text := strings.Join(refs, " ")
				hidden := len(tt.marking.Purpose) > 0
				if !strings.Contains(text, originRecord+id.String()) || strings.Contains(text, originTeam+x.a.id().String()) == hidden {
					t.Errorf("references %s", text)
				}
			})
		})
	}
}

func sameMarking(a, b notice.Marking) bool {
	if a.TLP != b.TLP || a.PAP != b.PAP || len(a.Purpose) != len(b.Purpose) {
		return false
	}
	for i := range a.Purpose {
		if a.Purpose[i] != b.Purpose[i] {
			return false
		}
	}
	return true
}

// TestGrantsAreNarrower: exactly what was asked, or less.
func TestGrantsAreNarrower(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTrio(t)
		defer x.stop()
		id := must(x.a.PublishAlert(t.Context(), marked(notice.Marking{TLP: notice.TLPAmber}, "First")))(t).ID
		x.open()
		second := must(x.b.Community(t.Context(), "Second"))(t).ID.String()
		until := time.Now().Add(100 * time.Hour)
		request := x.ask(t, id, api.PermissionDraft{
			TLP: notice.TLPGreen, Communities: []string{"Second"}, Teams: []string{"Charlie"}, Constituents: true,
			Lifts: []notice.Purpose{notice.NoPublication}, Until: until,
		})
		for name, more := range map[string]api.PermissionDraft{
			"wider":        {TLP: notice.TLPClear},
			"public":       {TLP: notice.TLPClear, Public: true},
			"another team": {Teams: []string{x.b.id().String()}},
			"another one":  {Communities: []string{"First"}},
			"other lifts":  {Lifts: []notice.Purpose{notice.NoVictimContact}},
			"longer":       {Until: until.Add(time.Hour)},
			"red":          {TLP: notice.TLPRed},
		} {
			if err := x.reply(t, request, notice.Accepted, &api.GrantDraft{PermissionDraft: more}); !api.Is(err, api.BadRequest) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for state, g := range map[notice.ReplyState]*api.GrantDraft{notice.Accepted: nil, notice.Acknowledged: {}} {
			if err := x.reply(t, request, state, g); !api.Is(err, api.BadRequest) {
				t.Errorf("%s %v: %v", state, g, err)
			}
		}
		if err := x.reply(t, request, notice.Accepted, &api.GrantDraft{
			PermissionDraft: api.PermissionDraft{TLP: notice.TLPAmber, Communities: []string{second}, Until: until.Add(-time.Hour)}, NoLifts: true,
		}); err != nil {
			t.Fatal(err)
		}
		got := must(x.b.Grants(t.Context(), id.String()))(t).Grants
		if len(got) != 1 || got[0].Permission.TLP != notice.TLPAmber || len(got[0].Permission.Communities) != 1 || got[0].Permission.Constituents ||
			len(got[0].Permission.Teams)+len(got[0].Permission.Lifts) != 0 || got[0].By.ID != x.a.id() {
			t.Errorf("%+v", got)
		}
		own := ask("Bravo")
		own.Request.Action, own.Request.Permission = notice.ActionPermission, &notice.Permission{Record: id, TLP: notice.TLPGreen, Constituents: true}
		asked := must(x.a.PublishRequest(t.Context(), own))(t).Published[0].ID
		time.Sleep(time.Minute)
		synctest.Wait()
		r := notice.Reply{State: notice.Accepted, Marking: notice.Marking{TLP: notice.TLPClear}}
		if _, err := x.b.Reply(t.Context(), asked.String(), api.ReplyDraft{Reply: r, Grant: &api.GrantDraft{}}); !api.Is(err, api.NotAllowed) {
			t.Errorf("a grant of another team's record: %v", err)
		}
		r.Grant = own.Request.Permission
		if _, err := x.b.Reply(t.Context(), asked.String(), api.ReplyDraft{Reply: r}); !api.Is(err, api.BadRequest) {
			t.Errorf("a grant past the check: %v", err)
		}
	})
}

// TestExportAudiences: a file is for somebody, and the marking decides with that.
func TestExportAudiences(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTrio(t)
		defer x.stop()
		for _, tt := range []struct {
			tlp  notice.TLP
			open []string
		}{
			{notice.TLPClear, []string{api.ForOwn, api.ForConstituents, api.ForPublic}},
			{notice.TLPGreen, []string{api.ForOwn, api.ForConstituents}},
			{notice.TLPAmber, []string{api.ForOwn, api.ForConstituents}},
			{notice.TLPAmberStrict, []string{api.ForOwn}},
			{notice.TLPRed, nil},
		} {
			var id record.ID
			if tt.tlp == notice.TLPRed {
				q := ask("Bravo")
				q.Request.Marking = notice.Marking{TLP: tt.tlp, Persons: []string{"Bob Ito"}}
				id = must(x.a.PublishRequest(t.Context(), q))(t).Published[0].ID
				time.Sleep(time.Minute)
			} else {
				id = must(x.a.PublishAlert(t.Context(), marked(notice.Marking{TLP: tt.tlp}, "First")))(t).ID
			}
			x.open()
			for _, who := range api.ExportAudiences() {
				open := strings.Contains(strings.Join(tt.open, " "), who)
				for _, m := range []*member{x.a, x.b} {
					out, err := m.Export(t.Context(), id.String(), api.ExportQuery{For: who})
					if open && (err != nil || len(out.File) == 0 || (tt.tlp != notice.TLPClear) != (len(out.Contracts) > 0)) {
						t.Errorf("%s for %s at %s: %v", tt.tlp, who, m.name, err)
					}
					if p := httpProblem(err); !open && (p == nil || p.Code != api.Marking || !strings.HasPrefix(p.Detail, "withheld: ")) {
						t.Errorf("%s for %s at %s: %v", tt.tlp, who, m.name, err)
					}
				}
			}
		}
	})
}

// TestGrantingWhatTheAuthorDoesNotKnow: what was asked for is found by the beginning of its ID, whether the author knows it or not.
func TestGrantingWhatTheAuthorDoesNotKnow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTrio(t)
		defer x.stop()
		id := must(x.a.PublishAlert(t.Context(), marked(notice.Marking{TLP: notice.TLPAmber}, "First")))(t).ID
		x.open()
		whole, err := x.b.findCommunity("Second")
		if err != nil {
			t.Fatal(err)
		}
		second := whole.String()
		request := x.ask(t, id, api.PermissionDraft{TLP: notice.TLPGreen, Communities: []string{"Second"}, Teams: []string{"Charlie"}, Constituents: true})
		if got := must(x.b.Request(t.Context(), request.String()))(t); got.Names[x.c.id().String()] != "Charlie" || got.Names[second] != "Second" {
			t.Errorf("names %v", got.Names)
		}

		_, err = x.b.Forward(t.Context(), id.String(), api.ForwardDraft{Community: "Second"})
		p := httpProblem(err)
		if p == nil || !strings.Contains(p.Detail, "forward to community:") || !strings.Contains(p.Hint, "tocsin request show "+request.String()) {
			t.Errorf("forwarding while it is asked: %+v", p)
		}

		for field, d := range map[string]api.PermissionDraft{
			"grant.communities": {Communities: []string{"First"}}, "grant.teams": {Teams: []string{"Bravo"}},
		} {
			err := x.reply(t, request, notice.Accepted, &api.GrantDraft{PermissionDraft: d})
			if p := httpProblem(err); p == nil || len(p.Fields) != 1 || p.Fields[0].Field != field || len(p.Candidates) != 1 {
				t.Errorf("%s: %+v", field, p)
			}
		}
		if err := x.reply(t, request, notice.Accepted, &api.GrantDraft{PermissionDraft: api.PermissionDraft{
			Communities: []string{second[:api.MinPrefix]}, Teams: []string{x.c.id().String()[:12]},
		}}); err != nil {
			t.Fatal(err)
		}
		got := must(x.b.Record(t.Context(), id.String()))(t).Grants
		if len(got) != 1 || len(got[0].Permission.Communities) != 1 || len(got[0].Permission.Teams) != 1 || got[0].Permission.Constituents || got[0].Names[second] != "Second" {
			t.Errorf("granted %+v", got)
		}
		_, err = x.b.Export(t.Context(), id.String(), api.ExportQuery{For: api.ForPublic})
		if p := httpProblem(err); p == nil || !strings.Contains(p.Hint, "tocsin record show "+id.String()) || strings.Contains(p.Hint, "asked already") {
			t.Errorf("exporting more than was granted: %+v", p)
		}
		must(x.b.Forward(t.Context(), id.String(), api.ForwardDraft{Community: "Second"}))(t)
	})
}
