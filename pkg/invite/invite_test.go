package invite_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/invite"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

func day(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }

// party is a team with one node.
type party struct {
	key        *identity.NodeKey
	delegation *identity.Delegation
}

func newParty(tb testing.TB, seed byte, name string) party {
	tb.Helper()
	root, err := identity.NewRootKey(bytes.NewReader(bytes.Repeat([]byte{seed}, 32)))
	if err != nil {
		tb.Fatal(err)
	}
	key, err := identity.NewNodeKey(bytes.NewReader(bytes.Repeat([]byte{seed, 1}, 48)))
	if err != nil {
		tb.Fatal(err)
	}
	d, err := root.Delegate(key, name, day(1), day(30))
	if err != nil {
		tb.Fatal(err)
	}
	return party{key, d}
}

func (p party) signer() record.Signer {
	return record.Signer{Team: p.delegation.Team, Delegation: p.delegation}
}

func (p party) state(tb testing.TB, kind string, says notice.Content) *record.Statement {
	tb.Helper()
	b, err := notice.Encode(says)
	if err != nil {
		tb.Fatal(err)
	}
	payload, err := record.DraftStatement(record.Draft{Kind: kind, Created: day(3), Signers: []record.Signer{p.signer()}, Says: b})
	if err != nil {
		tb.Fatal(err)
	}
	var v record.Verifier
	s, err := v.OpenStatement(frameOf(p, payload))
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func frameOf(p party, payload []byte) []byte {
	sig := p.key.Sign(identity.StatementType, payload)
	frame := append([]byte("TCS1"), byte(len(payload)>>8), byte(len(payload)))
	frame = append(frame, payload...)
	frame = append(frame, 1)
	frame = append(frame, sig[:]...)
	return append(frame, 0)
}

const address = "/dns4/csirt.example/udp/4001/quic-v1/p2p/12D3KooWGzBgzA4bQ4AXvRSXv9ZfnLDBHsuhHKjXtXxnjcnZ2XJT"

func newInvite(tb testing.TB, sponsor, guest party) *invite.Invite {
	tb.Helper()
	charter := sponsor.state(tb, roster.KindCharter, &notice.Charter{Name: "Demo", Founders: []identity.TeamID{sponsor.delegation.Team}})
	c := identity.CommunityID(charter.ID())
	member := sponsor.state(tb, roster.KindMember, &notice.Member{Community: c, Team: guest.delegation.Team, Name: "Guest"})
	return &invite.Invite{
		Sponsor: sponsor.delegation, Team: guest.delegation.Team, Community: c, Created: day(3), Expires: day(10),
		Statements: []*record.Statement{charter, member}, Addresses: []string{address},
	}
}

func TestCard(t *testing.T) {
	p := newParty(t, 1, "Alpha")
	card := invite.Card{Delegation: p.delegation, Addresses: []string{address}, Created: day(2)}
	file, err := card.Seal(p.key)
	if err != nil {
		t.Fatal(err)
	}
	got, err := invite.OpenCard(file)
	if err != nil || got.Delegation.Team != p.delegation.Team || len(got.Addresses) != 1 || !got.Created.Equal(day(2)) {
		t.Fatalf("%+v %v", got, err)
	}
	other := newParty(t, 2, "Bravo")
	if file, err = card.Seal(other.key); err != nil {
		t.Fatal(err)
	}
	if _, err := invite.OpenCard(file); !errors.Is(err, invite.ErrSignature) {
		t.Errorf("a card signed by another node: %v", err)
	}
	for name, bad := range map[string]invite.Card{
		"late":      {Delegation: p.delegation, Created: day(31)},
		"address":   {Delegation: p.delegation, Created: day(2), Addresses: []string{"example.org"}},
		"addresses": {Delegation: p.delegation, Created: day(2), Addresses: []string{address, address, address, address}},
	} {
		file, err := bad.Seal(p.key)
		if err == nil {
			_, err = invite.OpenCard(file)
		}
		if !errors.Is(err, invite.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestInvite(t *testing.T) {
	a, b := newParty(t, 1, "Alpha"), newParty(t, 2, "Bravo")
	file, err := newInvite(t, a, b).Seal(a.key)
	if err != nil {
		t.Fatal(err)
	}
	i, err := invite.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := i.Charter(); err != nil || c.Name != "Demo" {
		t.Errorf("charter %+v %v", c, err)
	}
	r := roster.New().With(i.Statements...)
	if !r.Member(i.Community, b.delegation.Team) {
		t.Error("the invite's statements do not make the team a member")
	}
	if err := i.For(b.delegation.Team, day(4)); err != nil {
		t.Error(err)
	}
	if err := i.For(a.delegation.Team, day(4)); !errors.Is(err, invite.ErrForeign) {
		t.Errorf("for another team: %v", err)
	}
	if err := i.For(b.delegation.Team, day(10)); !errors.Is(err, invite.ErrExpired) {
		t.Errorf("expired: %v", err)
	}
}

func TestInviteRefuses(t *testing.T) {
	a, b, c := newParty(t, 1, "Alpha"), newParty(t, 2, "Bravo"), newParty(t, 3, "Charlie")
	base := newInvite(t, a, b)
	for name, change := range map[string]func(*invite.Invite){
		"no charter":      func(i *invite.Invite) { i.Statements = i.Statements[1:] },
		"no admission":    func(i *invite.Invite) { i.Statements = i.Statements[:1] },
		"another team's":  func(i *invite.Invite) { i.Team = c.delegation.Team },
		"other community": func(i *invite.Invite) { i.Community = identity.CommunityID{1} },
		"never valid":     func(i *invite.Invite) { i.Expires = i.Created },
		"by a stranger": func(i *invite.Invite) {
			m := &notice.Member{Community: i.Community, Team: b.delegation.Team, Name: "x"}
			i.Statements = []*record.Statement{i.Statements[0], c.state(t, roster.KindMember, m)}
		},
		"too many": func(i *invite.Invite) {
			for range invite.MaxStatements {
				i.Statements = append(i.Statements, i.Statements[1])
			}
		},
	} {
		i := *base
		change(&i)
		if _, err := i.Seal(a.key); !errors.Is(err, invite.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	file, err := base.Seal(c.key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := invite.Open(file); !errors.Is(err, invite.ErrSignature) {
		t.Errorf("signed by another: %v", err)
	}
	if _, err := invite.OpenCard(file); !errors.Is(err, invite.ErrMalformed) || !strings.Contains(err.Error(), "an invite") {
		t.Errorf("an invite taken for a card: %v", err)
	}
}

// TestTampered changes every byte of the payload of an invite in turn.
func TestTampered(t *testing.T) {
	a, b := newParty(t, 1, "Alpha"), newParty(t, 2, "Bravo")
	file, err := newInvite(t, a, b).Seal(a.key)
	if err != nil {
		t.Fatal(err)
	}
	start := bytes.Index(file, []byte(`"payload": "`)) + len(`"payload": "`)
	end := start + bytes.IndexByte(file[start:], '"')
	payload, err := base64.StdEncoding.DecodeString(string(file[start:end]))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(payload); i += 7 {
		changed := bytes.Clone(payload)
		changed[i] ^= 1
		forged := append([]byte{}, file[:start]...)
		forged = append(forged, base64.StdEncoding.EncodeToString(changed)...)
		forged = append(forged, file[end:]...)
		if _, err := invite.Open(forged); !errors.Is(err, invite.ErrMalformed) && !errors.Is(err, invite.ErrSignature) {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
}

func TestDraftGoesRound(t *testing.T) {
	a, b, c := newParty(t, 1, "Alpha"), newParty(t, 2, "Bravo"), newParty(t, 3, "Charlie")
	d, err := invite.NewDraft(&notice.Charter{Name: "Demo"}, day(3), []*identity.Delegation{c.delegation, a.delegation, b.delegation})
	if err != nil {
		t.Fatal(err)
	}
	id := d.Community()
	if d.Sign(newParty(t, 4, "Delta").key) {
		t.Error("a stranger signed")
	}
	for n, p := range []party{b, a, c} {
		if len(d.Unsigned()) != 3-n {
			t.Fatalf("%d signed and %d unsigned", n, len(d.Unsigned()))
		}
		if _, err := d.Statement(); err == nil {
			t.Fatal("complete too early")
		}
		for range 2 { // a second time changes nothing
			if !d.Sign(p.key) {
				t.Fatalf("founder %d could not sign", n)
			}
		}
		file, err := d.File()
		if err != nil {
			t.Fatal(err)
		}
		if d, err = invite.OpenDraft(file); err != nil {
			t.Fatal(err)
		}
	}
	s, err := d.Statement()
	if err != nil {
		t.Fatal(err)
	}
	if community, ok := roster.New().With(s).Community(id); !ok || len(community.Members()) != 3 {
		t.Error("the charter founds nothing")
	}
	if d.Name(a.delegation.Team) != "Alpha" {
		t.Error("names are lost")
	}
}

func TestStatementKindsAgreeWithRoster(t *testing.T) {
	a, b := newParty(t, 1, "Alpha"), newParty(t, 2, "Bravo")
	i := newInvite(t, a, b) // made with roster's names, so Seal checks ours
	if _, err := i.Seal(a.key); err != nil {
		t.Error(err)
	}
}

func FuzzOpen(f *testing.F) {
	a, b := newParty(f, 1, "Alpha"), newParty(f, 2, "Bravo")
	card := invite.Card{Delegation: a.delegation, Addresses: []string{address}, Created: day(2)}
	file, err := card.Seal(a.key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	if file, err = newInvite(f, a, b).Seal(a.key); err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	d, err := invite.NewDraft(&notice.Charter{Name: "Demo"}, day(3), []*identity.Delegation{a.delegation, b.delegation})
	if err != nil {
		f.Fatal(err)
	}
	d.Sign(a.key)
	if file, err = d.File(); err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Fuzz(func(t *testing.T, file []byte) {
		if c, err := invite.OpenCard(file); err == nil && c.Delegation == nil || err != nil && !refused(err) {
			t.Errorf("card: %v", err)
		}
		if i, err := invite.Open(file); err == nil && len(i.Statements) == 0 || err != nil && !refused(err) {
			t.Errorf("invite: %v", err)
		}
		if d, err := invite.OpenDraft(file); err == nil && d.Charter == nil || err != nil && !refused(err) {
			t.Errorf("draft: %v", err)
		}
	})
}

// refused reports whether err is one of the package's own, that is, the file's fault.
func refused(err error) bool {
	return errors.Is(err, invite.ErrMalformed) || errors.Is(err, invite.ErrSignature) ||
		errors.Is(err, invite.ErrExpired) || errors.Is(err, invite.ErrForeign)
}
