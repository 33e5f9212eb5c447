package identity_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tocsin/pkg/identity"
)

var kinds = []identity.Kind{
	identity.KindTeam, identity.KindNode, identity.KindCommunity, identity.KindRecord, identity.KindStatement,
}

const alphabet = "abcdefghijklmnopqrstuvwxyz234567"

func TestTextForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.SampledFrom(kinds).Draw(t, "kind")
		id := [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "id"))
		s := identity.Format(k, id)
		if len(s) != identity.TextLen || s[0] != byte(k) || strings.Trim(s, alphabet) != "" {
			t.Fatalf("text form %q", s)
		}
		for _, typed := range []string{s, strings.ToUpper(s), identity.Groups(s), strings.ReplaceAll(identity.Groups(s), " ", "-")} {
			if got, err := identity.Parse(k, typed); err != nil || got != id {
				t.Fatalf("%q is read as %x, %v", typed, got, err)
			}
		}
		other := rapid.SampledFrom(kinds).Draw(t, "other")
		_, err := identity.Parse(other, s)
		if (err == nil) != (other == k) {
			t.Fatalf("a %v read as a %v: %v", k, other, err)
		}
		if err != nil && (!strings.Contains(err.Error(), k.String()) || !strings.Contains(err.Error(), other.String())) {
			t.Fatalf("the error names neither what it is nor what it should be: %v", err)
		}
	})
}

// TestMistypedIDs tries every typo of one character and every swap of neighbours in a sample. The
// checksum has 16 bits, so about one typo in 65,536 passes; the count is exact for the fixed seed.
func TestMistypedIDs(t *testing.T) {
	r := rand.NewChaCha8([32]byte{1})
	tried, passed := 0, 0
	for range 60 {
		var id [32]byte
		_, _ = r.Read(id[:]) // never fails
		s := identity.Format(identity.KindTeam, id)
		try := func(typo []byte) {
			if string(typo) == s {
				return
			}
			tried++
			if _, err := identity.Parse(identity.KindTeam, string(typo)); err == nil {
				passed++
			}
		}
		for i := range s {
			for _, c := range []byte(alphabet) {
				typo := []byte(s)
				typo[i] = c
				try(typo)
			}
			if i > 0 {
				typo := []byte(s)
				typo[i-1], typo[i] = typo[i], typo[i-1]
				try(typo)
			}
		}
	}
	t.Logf("%d of %d typos passed, one in 65536 expected", passed, tried)
	if passed > 10 { // 1.7 expected
		t.Errorf("%d of %d typos passed", passed, tried)
	}
}

func TestParseRefuses(t *testing.T) {
	s := identity.Format(identity.KindTeam, [32]byte{5})
	tests := []struct{ name, in, says string }{
		{"nothing", "", "has 0 characters"},
		{"one less", s[1:], "has 55 characters"},
		{"one more", s + "a", "has 57 characters"},
		{"far too long", strings.Repeat("a", 500), "too long"},
		{"a digit that base32 has not", s[:55] + "1", "not a-z or 2-7"},
		{"a line break for a character", s[:55] + "\n", "not a-z or 2-7"},
		{"a line break within", s[:20] + "\r\n" + s[20:], "not a-z or 2-7"},
		{"a Kelvin sign", strings.Replace(identity.Format(identity.KindTeam, [32]byte{}), "a", "\u212a", 1), "not a-z or 2-7"},
		{"invalid UTF-8", s[:55] + "\xff", "not a-z or 2-7"},
		{"mistyped", "t" + s[2:] + "x", "checksum"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := identity.Parse(identity.KindTeam, tt.in); err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v, want %q in it", err, tt.says)
			}
		})
	}
	if got := identity.Kind('x').String(); got != "kind('x')" {
		t.Errorf("unknown kind is %s", got)
	}
	unknown := identity.Format('x', [32]byte{})
	if _, err := identity.Parse(identity.KindTeam, unknown); err == nil || !strings.Contains(err.Error(), "kind('x')") {
		t.Errorf("an ID of an unknown kind: %v", err)
	}
}

func TestTypedTextForms(t *testing.T) {
	team, node, community := identity.TeamID{1}, identity.NodeID{2}, identity.CommunityID{3}
	text := func(b []byte, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	var team2 identity.TeamID
	if err := team2.UnmarshalText([]byte(text(team.MarshalText()))); err != nil || team2 != team {
		t.Errorf("team %v, %v", team2, err)
	}
	var node2 identity.NodeID
	if err := node2.UnmarshalText([]byte(text(node.MarshalText()))); err != nil || node2 != node {
		t.Errorf("node %v, %v", node2, err)
	}
	var community2 identity.CommunityID
	if err := community2.UnmarshalText([]byte(text(community.MarshalText()))); err != nil || community2 != community {
		t.Errorf("community %v, %v", community2, err)
	}
	if err := node2.UnmarshalText([]byte(team.String())); err == nil {
		t.Error("a team was read as a node")
	}
}

func FuzzParse(f *testing.F) {
	for _, k := range kinds {
		f.Add(byte(k), identity.Format(k, [32]byte{7}))
	}
	f.Add(byte('t'), strings.Repeat("a", 55)+"\n")
	f.Fuzz(func(t *testing.T, kind byte, s string) {
		id, err := identity.Parse(identity.Kind(kind), s)
		if err == nil && identity.Format(identity.Kind(kind), id) != strings.ToLower(strings.NewReplacer(" ", "", "-", "").Replace(s)) {
			t.Errorf("%q is read as %x", s, id)
		}
	})
}
