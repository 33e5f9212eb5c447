package invite_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/invite"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// marshal writes an envelope as a file.
func marshal(t *testing.T, e dsse.Envelope) []byte {
	t.Helper()
	file, err := e.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// rewrite changes what a file says and signs it again: such a file is refused for what it says.
func (p party) rewrite(t *testing.T, file []byte, change func(payload map[string]any)) []byte {
	t.Helper()
	e, err := dsse.ParseEnvelope(file)
	if err != nil {
		t.Fatal(err)
	}
	var payload map[string]any
	if err := dsse.Decode(e.Payload, &payload); err != nil {
		t.Fatal(err)
	}
	// Generic JSON reads numbers as floats, which are never written.
	payload["v"] = 1
	for _, name := range []string{"delegation", "sponsor"} {
		if d, ok := payload[name].(map[string]any); ok {
			d["payload"].(map[string]any)["v"] = identity.StatementVersion
		}
	}
	change(payload)
	if e.Payload, err = dsse.Encode(payload); err != nil {
		t.Fatal(err)
	}
	e.Signatures[0].Sig = p.key.Sign(e.PayloadType, e.Payload)
	return marshal(t, e)
}

func TestRewrittenFilesAreRefused(t *testing.T) {
	a, b := newParty(t, 1, "Alpha"), newParty(t, 2, "Bravo")
	card := invite.Card{Delegation: a.delegation, Addresses: []string{address}, Created: day(2)}
	cardFile, err := card.Seal(a.key)
	if err != nil {
		t.Fatal(err)
	}
	inviteFile, err := newInvite(t, a, b).Seal(a.key)
	if err != nil {
		t.Fatal(err)
	}
	openCard := func(file []byte) error { _, err := invite.OpenCard(file); return err }
	open := func(file []byte) error { _, err := invite.Open(file); return err }
	for name, open := range map[string]func([]byte) error{"card": openCard, "invite": open} {
		file, holder := cardFile, "delegation"
		if name == "invite" {
			file, holder = inviteFile, "sponsor"
		}
		if err := open(a.rewrite(t, file, func(map[string]any) {})); err != nil {
			t.Fatalf("%s, not changed: %v", name, err)
		}
		for what, c := range map[string]struct {
			change func(map[string]any)
			want   error
		}{
			"version":    {func(m map[string]any) { m["v"] = 2 }, invite.ErrMalformed},
			"address":    {func(m map[string]any) { m["addresses"] = []string{"/dns4/two words"} }, invite.ErrMalformed},
			"addresses":  {func(m map[string]any) { m["addresses"] = []string{"/a", "/b", "/c", "/d"} }, invite.ErrMalformed},
			"long":       {func(m map[string]any) { m["addresses"] = []string{"/" + strings.Repeat("a", invite.MaxAddress)} }, invite.ErrMalformed},
			"wrong type": {func(m map[string]any) { m["created"] = 7 }, invite.ErrMalformed},
			"out of its time": {func(m map[string]any) {
				m["created"] = dsse.FormatTime(a.delegation.Until)
			}, invite.ErrMalformed},
			"delegation of nobody": {func(m map[string]any) {
				m[holder].(map[string]any)["signature"] = dsse.Signature{}
			}, invite.ErrSignature},
			"no delegation": {func(m map[string]any) {
				m[holder].(map[string]any)["payload"] = map[string]any{}
			}, invite.ErrMalformed},
		} {
			if err := open(a.rewrite(t, file, c.change)); !errors.Is(err, c.want) {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
	}
	statements := func(frames ...[]byte) func(map[string]any) {
		return func(m map[string]any) { m["statements"] = frames }
	}
	good := newInvite(t, a, b).Statements
	forged := good[1].Frame()
	forged[len(forged)-2] ^= 1 // the last byte of its signature
	half := a.state(t, roster.KindCharter, &notice.Charter{Name: "Demo", Founders: []identity.TeamID{a.delegation.Team, b.delegation.Team}})
	for what, c := range map[string]struct {
		change func(map[string]any)
		want   error
	}{
		"forged":        {statements(good[0].Frame(), forged), invite.ErrSignature},
		"cut":           {statements(good[0].Frame(), good[1].Frame()[:9]), invite.ErrMalformed},
		"none":          {statements(), invite.ErrMalformed},
		"too many":      {statements(make([][]byte, invite.MaxStatements+1)...), invite.ErrMalformed},
		"an idle extra": {statements(good[0].Frame(), half.Frame()), invite.ErrMalformed},
		"half signed": {func(m map[string]any) {
			statements(half.Frame(), good[1].Frame())(m)
			m["community"] = dsse.Hash(half.ID())
		}, invite.ErrMalformed},
		"not a charter's words": {func(m map[string]any) {
			s := a.state(t, roster.KindCharter, &notice.Member{Community: identity.CommunityID{1}, Team: b.delegation.Team, Name: "x"})
			statements(s.Frame())(m)
			m["community"] = dsse.Hash(s.ID())
		}, invite.ErrMalformed},
	} {
		if err := open(a.rewrite(t, inviteFile, c.change)); !errors.Is(err, c.want) {
			t.Errorf("invite, statements %s: %v", what, err)
		}
	}
}

// The founder who invites another founder needs no admission: the charter is one.
func TestInviteOfAFounder(t *testing.T) {
	a, b := newParty(t, 1, "Alpha"), newParty(t, 2, "Bravo")
	d, err := invite.NewDraft(&notice.Charter{Name: "Demo"}, day(3), []*identity.Delegation{a.delegation, b.delegation})
	if err != nil {
		t.Fatal(err)
	}
	d.Sign(a.key)
	d.Sign(b.key)
	s, err := d.Statement()
	if err != nil {
		t.Fatal(err)
	}
	i := newInvite(t, a, b)
	i.Community, i.Statements = d.Community(), []*record.Statement{s}
	if _, err := i.Seal(a.key); err != nil {
		t.Error(err)
	}
}

func TestForeignFilesAreRefused(t *testing.T) {
	a := newParty(t, 1, "Alpha")
	sig := dsse.KeyedSignature{Sig: a.key.Sign(invite.CardType, []byte("{}"))}
	for name, file := range map[string][]byte{
		"no JSON":        []byte("From: csirt@example"),
		"too long":       bytes.Repeat([]byte(" "), invite.MaxFile+1),
		"another type":   marshal(t, dsse.Envelope{PayloadType: "text/plain", Payload: []byte("{}"), Signatures: []dsse.KeyedSignature{sig}}),
		"two signatures": marshal(t, dsse.Envelope{PayloadType: invite.CardType, Payload: []byte("{}"), Signatures: []dsse.KeyedSignature{sig, sig}}),
	} {
		if _, err := invite.OpenCard(file); !errors.Is(err, invite.ErrMalformed) {
			t.Errorf("card, %s: %v", name, err)
		}
		if _, err := invite.OpenDraft(file); !errors.Is(err, invite.ErrMalformed) {
			t.Errorf("draft, %s: %v", name, err)
		}
	}
}

// A charter is drafted for the nodes of its founders, and for nothing and nobody else.
func TestDraftRefuses(t *testing.T) {
	a, b := newParty(t, 1, "Alpha"), newParty(t, 2, "Bravo")
	founders := []identity.TeamID{a.delegation.Team}
	charter, err := notice.Encode(&notice.Charter{Name: "Demo", Founders: founders})
	if err != nil {
		t.Fatal(err)
	}
	draft := func(kind string, says []byte, signers ...record.Signer) []byte {
		payload, err := record.DraftStatement(record.Draft{Kind: kind, Created: day(3), Signers: signers, Says: says})
		if err != nil {
			t.Fatal(err)
		}
		return payload
	}
	for name, payload := range map[string][]byte{
		"no statement":      []byte("{}"),
		"another kind":      draft(roster.KindMember, charter, a.signer()),
		"another's words":   draft(roster.KindCharter, []byte(`{"name":"x"}`), a.signer()),
		"another signer":    draft(roster.KindCharter, charter, b.signer()),
		"one signer more":   draft(roster.KindCharter, charter, a.signer(), b.signer()),
		"by a root at once": draft(roster.KindCharter, charter, record.Signer{Team: a.delegation.Team}),
	} {
		file := marshal(t, dsse.Envelope{PayloadType: identity.StatementType, Payload: payload})
		if _, err := invite.OpenDraft(file); !errors.Is(err, invite.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	stranger := dsse.KeyedSignature{Sig: b.key.Sign(identity.StatementType, draft(roster.KindCharter, charter, a.signer()))}
	file := marshal(t, dsse.Envelope{
		PayloadType: identity.StatementType, Payload: draft(roster.KindCharter, charter, a.signer()),
		Signatures: []dsse.KeyedSignature{stranger},
	})
	if _, err := invite.OpenDraft(file); !errors.Is(err, invite.ErrSignature) {
		t.Errorf("signed by a stranger: %v", err)
	}
	for name, c := range map[string]struct {
		charter  *notice.Charter
		founders []*identity.Delegation
	}{
		"no name":      {&notice.Charter{}, []*identity.Delegation{a.delegation}},
		"nobody":       {&notice.Charter{Name: "Demo"}, nil},
		"a team twice": {&notice.Charter{Name: "Demo"}, []*identity.Delegation{a.delegation, a.delegation}},
		"two lines":    {&notice.Charter{Name: "two\nlines"}, []*identity.Delegation{a.delegation}},
	} {
		if _, err := invite.NewDraft(c.charter, day(3), c.founders); err == nil {
			t.Errorf("drafted with %s", name)
		}
	}
	d, err := invite.NewDraft(&notice.Charter{Name: "Demo"}, day(3), []*identity.Delegation{a.delegation})
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Name(b.delegation.Team); got != "" {
		t.Errorf("a stranger is called %q", got)
	}
}
