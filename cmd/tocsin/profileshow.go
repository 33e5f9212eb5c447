package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
)

func profileShowCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "show",
		Usage: "show what a team says of itself",
		Args:  "[TEAM]",
		Help: `TEAM is a name, an ID or the first characters of one (default: this team). All of it is the team's own claim, signed by it:
roles and endorsers too. How far this node has reason to take the team for who it says it is: tocsin team show.`,
		Examples: []string{"tocsin profile show", "tocsin profile show CERT-B"},
		Run: func(ctx context.Context, c *cli.Context) error {
			v, err := profileOf(ctx, e, c.Args().First())
			if err != nil {
				return err
			}
			if e.JSON {
				return printAnswer(e, v)
			}
			s := &sheet{now: e.Now()}
			s.profile(v)
			return s.write(e.Stdout)
		},
	})
}

// profile prints all of a profile.
func (s *sheet) profile(v *api.ProfileView) {
	p := v.Profile
	s.title(p.Name)
	s.gap()
	s.line("Team", showTeam(v.Team))
	s.line("Signed", showTime(v.Created, s.now)+by(v))
	s.line("Short name", p.ShortName)
	s.line("Part of", p.Parent)
	s.line("Language", p.Language)
	s.at("Updated", p.Document.Updated)
	s.list("Published at", p.Document.Locations)
	s.list("Telephone", p.Contact.Telephone)
	s.list("Facsimile", p.Contact.Facsimile)
	s.list("Mail", p.Contact.Email)
	s.line("Languages", strings.Join(p.Contact.Languages, ", "))
	s.availability(&p.Availability)
	if p.OpenPGP != nil {
		s.line("OpenPGP", fingerprintGroups(p.OpenPGP.Fingerprint))
	}
	s.constituency(&p.Constituency)
	s.roles(p.Roles)
	s.duties(p.Disclosure)
	if p.Conduct.NoMaliciousActivity {
		s.line("Conduct", "takes no part in malicious activity (recalling A/70/174, 13 (k))")
	}
	for _, d := range p.RedDesk {
		s.line("RED desk", strings.Join(nonEmpty(d.Name, d.Email, d.Telephone, fingerprintGroups(d.Fingerprint)), ", "))
	}
	for _, f := range v.Odd {
		s.line("Odd", f.Field+": "+f.Problem)
	}
	for _, part := range profileProse(p) {
		if part.text != "" {
			s.gap()
			s.title(part.title)
			s.prose(part.text)
		}
	}
}

func by(v *api.ProfileView) string {
	if v.ByRoot {
		return ", by its root key"
	}
	return ", by a node"
}

func nonEmpty(all ...string) []string {
	var out []string
	for _, s := range all {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// fingerprintGroups splits a fingerprint as gpg shows it.
func fingerprintGroups(s string) string {
	var parts []string
	for len(s) > 4 {
		parts, s = append(parts, s[:4]), s[4:]
	}
	return strings.Join(append(parts, s), " ")
}

func (s *sheet) availability(a *notice.Availability) {
	s.line("Time zone", a.TimeZone)
	if a.AroundTheClock {
		s.line("Hours", "around the clock")
	}
	for _, h := range a.Hours {
		s.linef("Hours", "%s %s-%s", strings.Join(h.Days, ", "), h.From, h.To)
	}
	for _, h := range a.Holidays {
		s.line("Holiday", strings.Join(nonEmpty(strings.Join(nonEmpty(h.From, h.To), " to "), h.Name), ", "))
	}
}

func (s *sheet) constituency(c *notice.Constituency) {
	var all []string
	all = append(append(all, texts(c.Prefixes)...), asNumbers(c.ASNs)...)
	all = append(append(append(all, c.Domains...), c.Countries...), c.Sectors...)
	s.line("Serves", strings.Join(all, ", "))
}

func asNumbers(list []uint32) []string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = fmt.Sprintf("AS%d", n)
	}
	return out
}

func (s *sheet) roles(roles []notice.RoleClaim) {
	for _, r := range roles {
		text := "claims to be " + r.Role.String()
		if r.Scope != "" {
			text += " for " + r.Scope
		}
		var names []string
		for _, e := range r.Endorsers {
			name := e.Name
			if e.Team != (notice.Endorser{}).Team {
				name += " (" + short(e.Team) + ")"
			}
			names = append(names, name)
		}
		if len(names) > 0 {
			text += "; names as endorsing it: " + strings.Join(names, ", ")
		}
		s.line("Role", text)
		s.prose(r.Text)
	}
}

// duties prints whom a team tells what it is told, as it says.
func (s *sheet) duties(duties []notice.Duty) {
	for _, d := range duties {
		text := strings.Join(nonEmpty(d.To.String(), d.Name), ", ") + ": " + d.Obligation.Says()
		if d.TellsSource {
			text += "; tells the source before, where the law lets it"
		}
		s.line("Discloses to", text)
		s.prose(d.Text)
	}
}

// part is a text with what it is about.
type part struct{ title, text string }

func profileProse(p *notice.Profile) []part {
	return []part{
		{"Constituency", p.Constituency.Description},
		{"Out of hours", p.Availability.OutOfHours},
		{"Address", p.Contact.Address},
		{"Other telecommunication", p.Contact.Other},
		{"Public keys and encryption", p.Contact.Encryption},
		{"Team members", p.Contact.Members},
		{"Other information", p.Contact.Information},
		{"Points of customer contact", p.Contact.CustomerContact},
		{"Mission statement", p.Charter.Mission},
		{"Sponsorship and/or affiliation", p.Charter.Affiliation},
		{"Authority", p.Charter.Authority},
		{"Types of incidents and level of support", p.Policies.Incidents},
		{"Co-operation, interaction and disclosure of information", p.Policies.Cooperation},
		{"Communication and authentication", p.Policies.Communication},
		{"On malicious activity", p.Conduct.Text},
		{"Incident response", p.Services.Response},
		{"Incident triage", p.Services.Triage},
		{"Incident coordination", p.Services.Coordination},
		{"Incident resolution", p.Services.Resolution},
		{"Proactive activities", p.Services.Proactive},
		{"Incident reporting forms", p.ReportingForms},
		{"Disclaimers", p.Disclaimers},
		{"Distribution list for notifications", p.Document.Distribution},
		{"Authenticating the text form", p.Document.Authentication},
	}
}
