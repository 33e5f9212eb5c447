package node

import (
	"strings"
	"testing"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
)

func TestTheRuleOfAFounding(t *testing.T) {
	now := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name     string
		found    api.Found
		founders int
		want     notice.Admission
		refused  string
	}{
		{name: "alone", founders: 1, want: notice.Admission{Rule: notice.RuleFounders}},
		{name: "two", founders: 2, want: notice.Admission{Rule: notice.RuleFounders}},
		{name: "three", founders: 3, want: notice.Admission{
			Rule: notice.RuleSponsors, Sponsors: 2, Witnesses: 1, Window: 21 * 86400, Objections: 1, Removal: 3, Budget: 20,
		}},
		{name: "three who want one's word", founders: 3, found: api.Found{Admission: notice.Admission{Rule: notice.RuleFounders}}, want: notice.Admission{Rule: notice.RuleFounders}},
		{name: "two who ask", founders: 2, found: api.Found{Admission: notice.Admission{Rule: notice.RuleSponsors, Sponsors: 1, Window: 60}}, want: notice.Admission{
			Rule: notice.RuleSponsors, Sponsors: 1, Witnesses: 1, Window: 60, Objections: 1, Removal: 3, Budget: 20,
		}},
		{name: "a template with a change", founders: 3, found: api.Found{Template: "drill", Admission: notice.Admission{Removal: 1}}, want: notice.Admission{
			Rule: notice.RuleSponsors, Sponsors: 2, Witnesses: 1, Window: 120, Objections: 1, Removal: 1, Budget: 20,
		}},
		{name: "a template without its rule", founders: 1, found: api.Found{Template: "case", Admission: notice.Admission{Rule: notice.RuleFounders}}, want: notice.Admission{Rule: notice.RuleFounders}},
		{name: "too few for a template", founders: 2, found: api.Found{Template: "sector"}, refused: "fewer than 4"},
		{name: "too few for what is asked", founders: 1, found: api.Found{Admission: notice.Admission{Window: 60}}, refused: "fewer than 3"},
		{name: "numbers for one's word", founders: 1, found: api.Found{Admission: notice.Admission{Rule: notice.RuleFounders, Budget: 3}}, refused: "a founder's word does not use"},
		{name: "another rule", founders: 1, found: api.Found{Admission: notice.Admission{Rule: "lot"}}, refused: "is not one"},
		{name: "another template", founders: 9, found: api.Found{Template: "apcert"}, refused: "is not one"},
	} {
		c, err := charterOf(tt.found, tt.founders, now)
		switch {
		case tt.refused != "":
			if err == nil || !strings.Contains(err.Error(), tt.refused) {
				t.Errorf("%s: %v", tt.name, err)
			}
		case err != nil || c.Admission != tt.want:
			t.Errorf("%s: %+v %v", tt.name, c, err)
		}
	}
	c, err := charterOf(api.Found{Template: "case"}, 2, now)
	if err != nil || !c.Ends.Equal(now.AddDate(0, 0, 90)) || c.RetentionDays != 180 {
		t.Errorf("%+v %v", c, err)
	}
}

// Every template is one that can be founded, as few as its own numbers ask for.
func TestTemplatesMakeCharters(t *testing.T) {
	for _, tmpl := range api.Templates() {
		n := tmpl.Admission.Sponsors + tmpl.Admission.Witnesses
		c, err := charterOf(api.Found{Name: "Demo", Template: tmpl.Name}, n, time.Now())
		if err != nil {
			t.Errorf("%s: %v", tmpl.Name, err)
			continue
		}
		for i := range n {
			c.Founders = append(c.Founders, identity.TeamID{byte(i + 1)})
		}
		if c.Normalise(); c.Validate() != nil || c.Admission != tmpl.Admission {
			t.Errorf("%s: %+v %v", tmpl.Name, c, c.Validate())
		}
	}
}

func TestParentsOfFounders(t *testing.T) {
	founder := func(n byte, name string) *identity.Delegation {
		return &identity.Delegation{Team: identity.TeamID{n, 9}, Name: name}
	}
	a, b, c := founder(1, "CERT-A"), founder(2, "CERT-B"), founder(3, "CERT-C")
	known := func() map[identity.TeamID]string {
		return map[identity.TeamID]string{a.Team: "", b.Team: "University", c.Team: " Ministry "}
	}
	got, err := parentsOf([]api.FounderParent{{Name: "Bank"}, {Team: "CERT-B", Name: "College"}}, []*identity.Delegation{a, b, c}, known())
	if err != nil || len(got) != 3 || got[0].Name != "Bank" || got[1].Name != "College" || got[2].Name != "Ministry" {
		t.Errorf("%+v %v", got, err)
	}
	if got, err = parentsOf(nil, []*identity.Delegation{a, b}, known()); err != nil || len(got) != 1 || got[0].Team != b.Team {
		t.Errorf("%+v %v", got, err)
	}
	for _, bad := range [][]api.FounderParent{{{Team: "CERT-X", Name: "x"}}, {{Name: "x"}, {Team: "CERT-A", Name: "y"}}} {
		if _, err := parentsOf(bad, []*identity.Delegation{a, b}, known()); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}

func TestProofLines(t *testing.T) {
	at := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	for _, p := range []api.DomainProof{
		{Domain: "fin.example", State: api.ProofFound, How: "dns", At: at}, {Domain: "fin.example", State: api.ProofMissing, At: at},
	} {
		c, got, ok := readProof(proofLine(identity.CommunityID{7}, p))
		if !ok || c != (identity.CommunityID{7}) || got != p {
			t.Errorf("%+v became %+v", p, got)
		}
	}
	for _, line := range []string{"", "a b c d e", identity.CommunityID{7}.String() + " sure dns 2026-11-21T08:00:00Z x", identity.CommunityID{7}.String() + " proven dns today x"} {
		if _, _, ok := readProof(line); ok {
			t.Errorf("%q is taken", line)
		}
	}
}
