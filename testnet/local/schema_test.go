package local

import (
	"strings"
	"testing"
	"time"
)

const twoTeams = `
community = "sundrift"
region = "Sundrift Islands"
reply_by_floor = "2s"

[[team]]
name = "Aldra-CERT"
role = "national CERT"

[[team]]
name = "Brisa-CSIRT"
`

func TestParseSchema(t *testing.T) {
	s, err := ParseSchema([]byte(twoTeams))
	if err != nil {
		t.Fatal(err)
	}
	if s.Community != "sundrift" || time.Duration(s.ReplyByFloor) != 2*time.Second || len(s.Teams) != 2 ||
		s.Teams[1] != (TeamSchema{Name: "Brisa-CSIRT"}) {
		t.Errorf("%+v", s)
	}
}

func TestParseSchemaRefuses(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "no teams"},
		{"unknown key", "colour = 1\n" + twoTeams, "missing in the target"},
		{"no name", strings.Replace(twoTeams, "Aldra-CERT", "", 1), "team 1"},
		{"twice", strings.Replace(twoTeams, "Brisa-CSIRT", "Aldra-CERT", 1), "two teams are called"},
		{"fraction", strings.Replace(twoTeams, `"2s"`, `"1500ms"`, 1), "whole seconds"},
		{"long", strings.Repeat("#", maxSchema+1), "longer than"},
		{"many", strings.Repeat("[[team]]\nname = \"x\"\n", MaxTeams+1), "at most"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseSchema([]byte(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestNumberedIsValid(t *testing.T) {
	s := Numbered("bench", MaxTeams)
	if err := s.validate(); err != nil {
		t.Fatal(err)
	}
}

func FuzzParseSchema(f *testing.F) {
	f.Add([]byte(twoTeams))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := ParseSchema(text)
		if err == nil && (len(s.Teams) == 0 || len(s.Teams) > MaxTeams) {
			t.Errorf("accepted %d teams", len(s.Teams))
		}
	})
}
