package node

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/ceremony"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// rootOf is the root key of a member; see world.member.
func rootOf(t *testing.T, m *member) *identity.RootKey {
	t.Helper()
	root, err := identity.NewRootKey(&seed{m.name[0]})
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// secondNode is the delegation of another node of a member's team.
func secondNode(t *testing.T, m *member, left time.Duration) *identity.Delegation {
	t.Helper()
	key, err := identity.NewNodeKey(&seed{m.name[0] + 77})
	if err != nil {
		t.Fatal(err)
	}
	d, err := rootOf(t, m).Delegate(key, m.name, time.Now().Add(-time.Hour), time.Now().Add(left))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func keyFile(t *testing.T, s *record.Statement, err error) api.KeyFile {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	file, err := ceremony.File(s)
	if err != nil {
		t.Fatal(err)
	}
	return api.KeyFile{Statement: file}
}

func TestKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.member("Alpha"), w.member("Bravo")
		defer a.stop()
		defer b.stop()
		together(t, a, b)
		d := secondNode(t, a, 5*24*time.Hour)
		file := keyFile(t, record.DelegationStatement(d), nil)
		done := must(a.PublishKey(t.Context(), file))(t)
		if done.Already || done.Node != d.Node || done.Team.ID != a.id() || done.Kind != identity.KindDelegate {
			t.Errorf("published %+v", done)
		}
		if again := must(a.PublishKey(t.Context(), file))(t); !again.Already {
			t.Error("published twice")
		}
		keys := must(a.Keys(t.Context()))(t)
		if len(keys.Keys) != 2 || !keys.Keys[0].Here || keys.Keys[1].Node != d.Node || keys.Keys[1].State != api.KeyInForce {
			t.Fatalf("keys %+v", keys)
		}
		if k := keys.Keys[1]; !strings.Contains(k.Warning, "in 5 days") || keys.Keys[0].Warning != "" {
			t.Errorf("warnings %q and %q", keys.Keys[0].Warning, k.Warning)
		}
		if st := must(a.Status(t.Context()))(t); len(st.Warnings) != 1 || !strings.Contains(st.Warnings[0], d.Node.String()[:12]) {
			t.Errorf("status warns %q", st.Warnings)
		}

		must(a.PublishAlert(t.Context(), draft("one")))(t)
		heads := must(a.KeyHeads(t.Context(), api.AllKeys))(t)
		opened, err := ceremony.OpenHeads(heads.Request)
		if err != nil || len(opened.Nodes) != 2 || opened.Lanes() != 1 || heads.Lanes != 1 || opened.By.Node != a.replica.Node() {
			t.Errorf("heads %+v, %v", opened, err)
		}
		one := must(a.KeyHeads(t.Context(), d.Node.String()[:12]))(t)
		if len(one.Nodes) != 1 || one.Nodes[0] != d.Node || one.Lanes != 0 {
			t.Errorf("heads %+v", one)
		}
		if _, err := a.KeyHeads(t.Context(), b.replica.Node().String()); !isProblem(err, api.NotFound) {
			t.Errorf("heads of another team's node: %v", err)
		}
	})
}

func isProblem(err error, code api.Code) bool {
	p, ok := errors.AsType[*api.Problem](err)
	return ok && p.Code == code
}

// TestPublishKeyAttacks: nothing is taken that no root of ours or of a fellow signed.
func TestPublishKeyAttacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, stranger := w.member("Alpha"), w.member("Stranger")
		defer a.stop()
		defer stranger.stop()
		together(t, a)
		victim := a.replica.Node()
		good, err := ceremony.Revoke(rootOf(t, a), &notice.Revoke{Node: victim, Frozen: true}, ceremony.Made{At: time.Now()})
		forged := keyFile(t, good, err)
		forged.Statement = api.File(strings.Replace(string(forged.Statement), `"sig": "`, `"sig": "AAAA`, 1))
		theirs, err := ceremony.Revoke(rootOf(t, stranger), &notice.Revoke{Node: victim, Frozen: true}, ceremony.Made{At: time.Now()})
		node, err2 := a.replica.SignStatement(time.Now(), "member", encoded(t, &notice.Member{
			Community: a.replica.Roster().Communities()[0], Team: identity.TeamID{9}, Name: "x",
		}))
		huge := api.KeyFile{Statement: api.File(`{"payload":"` + strings.Repeat("A", ceremony.MaxFile) + `"}`)}
		for name, tt := range map[string]struct {
			file api.KeyFile
			want api.Code
		}{
			"changed":              {forged, api.Malformed},
			"by a stranger's root": {keyFile(t, theirs, err), api.NotOurs},
			"by a node":            {keyFile(t, node, err2), api.NotAllowed},
			"a stranger's node":    {keyFile(t, record.DelegationStatement(stranger.keys.Delegation), nil), api.NotOurs},
			"far too large":        {huge, api.Malformed},
			"something else":       {api.KeyFile{Statement: api.File(`{}`)}, api.Malformed},
			"a card":               {api.KeyFile{Statement: must(a.Identity(t.Context()))(t).Card}, api.Malformed},
		} {
			if _, err := a.PublishKey(t.Context(), tt.file); !isProblem(err, tt.want) {
				t.Errorf("%s: %v, want %s", name, err, tt.want)
			}
		}
		if keys := must(a.Keys(t.Context()))(t); len(keys.Keys) != 1 || keys.Keys[0].State != api.KeyInForce {
			t.Errorf("keys %+v", keys)
		}
	})
}

func encoded(t *testing.T, says notice.Content) []byte {
	t.Helper()
	b, err := notice.Encode(says)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestExpiryWarnings(t *testing.T) {
	now := time.Now()
	for _, tt := range []struct {
		left time.Duration
		says string
	}{
		{api.ExpirySoon, ""},
		{api.ExpirySoon - 1, "in 30 days; after that"},
		{api.ExpiryNear - 1, "in 7 days, and then nothing can be signed; renew it now"},
		{time.Hour, "within a day"},
		{0, "has ended"},
		{-time.Hour, "has ended"},
	} {
		got := api.ExpiryWarning("this node", now.Add(tt.left), now)
		if (got == "") != (tt.says == "") || !strings.Contains(got, tt.says) {
			t.Errorf("%v left: %q, want %q", tt.left, got, tt.says)
		}
	}
}

func TestAgeWarnings(t *testing.T) {
	now := time.Now()
	for age, old := range map[time.Duration]bool{0: false, api.SealingAge - 1: false, api.SealingAge: true, 400 * 24 * time.Hour: true, -time.Hour: false} {
		if got := api.AgeWarning("this node", now.Add(-age), now); (got != "") != old || old && !strings.Contains(got, "tocsin key rotate") {
			t.Errorf("%v old: %q", age, got)
		}
	}
	if got := api.AgeWarning("this node", time.Time{}, now); got != "" {
		t.Errorf("of an unknown age: %q", got)
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		m := w.member("Alpha")
		defer m.stop()
		aged := func() bool {
			k := must(m.Keys(t.Context()))(t).Keys[0]
			st := must(m.Status(t.Context()))(t)
			told := slices.ContainsFunc(st.Warnings, func(s string) bool { return strings.Contains(s, "days old") })
			if !k.Since.Equal(k.From) || (k.Aged != "") != told {
				t.Errorf("%+v, and status says %q", k, st.Warnings)
			}
			return told
		}
		if aged() {
			t.Error("a new key is old")
		}
		time.Sleep(api.SealingAge + time.Hour)
		if !aged() {
			t.Error("an old key is not told of")
		}
	})
}
