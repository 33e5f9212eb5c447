package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
)

func teamCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "team",
		Usage: "see who teams are and why to believe it, compare them, vouch for them",
		Verbs: []*cli.Command{
			teamListCommand(e), teamShowCommand(e), teamPinCommand(e), teamUnpinCommand(e), teamVouchCommand(e), teamWithdrawCommand(e),
			teamOpenPGPCommand(e),
		},
	})
}

func teamListCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "list",
		Usage: "list the teams that this node knows",
		Help: `TRUST is this node's own view and leaves it for nobody: pinned (its ID was compared here), vouched (by enough teams that are
pinned here, of different parent organisations; trust.vouches in the settings), known, unknown. IN COMMON counts communities. Names are
claims; compare IDs.`,
		Examples: []string{"tocsin team list"},
		Run: func(ctx context.Context, _ *cli.Context) error {
			d, err := dial(e)
			if err != nil {
				return err
			}
			all, err := d.Teams(ctx)
			if err != nil {
				return err
			}
			if e.JSON {
				return printAnswer(e, all)
			}
			t := newTable("ID", "NAME", "TRUST", "IN COMMON>", "PROFILE", "NOW")
			for _, m := range all.Teams {
				now := "-"
				if m.Online {
					now = "connected"
				}
				profile := "-"
				if m.Profile {
					profile = "yes"
				}
				t.add(short(m.Team.ID), truncate(cleanLine(m.Team.Name), 40), trustWords(m.Trust), fmt.Sprint(len(m.Communities)), profile, now)
			}
			return t.write(e.Stdout)
		},
	})
}

// trustWords is a level with the number behind it.
func trustWords(t api.Trust) string {
	if len(t.Vouchers) == 0 {
		return t.Level
	}
	return fmt.Sprintf("%s, %d vouch", t.Level, len(t.Vouchers))
}

func teamShowCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "show",
		Usage: "show one team: who vouches for it, its keys, and what it says of itself",
		Args:  "TEAM",
		Help: `TEAM is a name, an ID or the first characters of one. Why is the path that leads to the level of trust. What the team
says of itself (Part of, Role, Discloses to) is its own claim; all of it: tocsin profile show TEAM.`,
		Examples: []string{"tocsin team show CERT-B"},
		Run: func(ctx context.Context, c *cli.Context) error {
			d, err := dial(e)
			if err != nil {
				return err
			}
			v, err := d.Team(ctx, c.Args().First())
			if err != nil {
				return err
			}
			if e.JSON {
				return printAnswer(e, v)
			}
			s := &sheet{now: e.Now()}
			s.team(v)
			return s.write(e.Stdout)
		},
	})
}

func (s *sheet) team(v *api.TeamView) {
	s.title(orElse(v.Team.Name, "(no name)"))
	s.gap()
	s.line("Team ID", groups(v.Team.ID))
	s.list("Words", wordLines(v.Words))
	if v.Asked != "" {
		s.linef("Before", "%s, which it replaced by the ID above", v.Asked)
	}
	s.trust(v)
	s.communities(v.Communities)
	for _, n := range v.Nodes {
		s.linef("Node", "%s, %s, until %s", short(n.Node), n.State, showTime(n.Until, s.now))
	}
	for _, o := range v.Successors {
		s.linef("Succession", "claimed with %s; it moves no trust, pin the new ID for itself", showTeam(o))
	}
	for _, vouch := range v.Vouches {
		s.vouch(vouch)
	}
	switch {
	case v.Profile == nil:
		s.line("Profile", "none is here")
	case v.Profile.Profile == nil:
		s.line("Profile", "cannot be read: "+v.Profile.Unread)
	default:
		s.summary(v.Profile)
	}
}

// trust prints the level and the path that leads to it.
func (s *sheet) trust(v *api.TeamView) {
	text := v.Trust.Level
	if n := len(v.Trust.Vouchers); n > 0 {
		text = fmt.Sprintf("%s: teams pinned here that vouch for it: %d, of different parent organisations: %d", text, n, v.Trust.Parents)
	}
	s.line("Trust", text)
	if pin := v.Trust.Pin; pin != nil {
		s.line("Pinned", strings.Join(nonEmpty(showTime(pin.At, s.now), "compared by "+orElse(pin.How, "this operator"), pin.Note), ", "))
	}
	for i, step := range v.Trust.Why {
		label := "Why"
		if i > 0 {
			label = ""
		}
		s.line(label, stepWords(step))
	}
}

func stepWords(step api.TrustStep) string {
	switch step.Kind {
	case "pin":
		return "this node pinned " + showTeam(step.To)
	case "vouch":
		return showTeam(step.From) + " vouches for " + showTeam(step.To) + " (" + short(step.Statement) + ")"
	case "rotate":
		return showTeam(step.From) + " replaced its root key by " + showTeam(step.To) + " (" + short(step.Statement) + ")"
	}
	return showTeam(step.From) + " says " + step.Kind + " of " + showTeam(step.To) + " (" + short(step.Statement) + ")"
}

func (s *sheet) communities(list []api.CommunityRef) {
	var names []string
	for _, c := range list {
		names = append(names, c.Name+" ("+short(c.ID)+")")
	}
	s.list("In common", names)
}

func (s *sheet) vouch(v api.VouchView) {
	text := showTeam(v.By) + ": " + strings.Join(nonEmpty(v.Name, v.Parent, v.Met), ", ")
	switch {
	case v.Withdrawn:
		text += "; taken back"
	case v.Own:
		text += "; this team's own"
	case v.Counts:
		text += "; pinned here, so it counts"
	default:
		text += "; not pinned here, so it does not count"
	}
	s.line("Vouch", text)
}

// summary prints of a profile what somebody needs to know before asking the team for anything.
func (s *sheet) summary(v *api.ProfileView) {
	p := v.Profile
	s.gap()
	s.linef("Profile", "signed %s%s", showTime(v.Created, s.now), by(v))
	s.line("Part of", p.Parent)
	s.list("Mail", p.Contact.Email)
	s.list("Telephone", p.Contact.Telephone)
	s.availability(&p.Availability)
	s.constituency(&p.Constituency)
	s.roles(p.Roles)
	s.duties(p.Disclosure)
	if p.OpenPGP != nil {
		text := fingerprintGroups(p.OpenPGP.Fingerprint)
		if p.OpenPGP.Signature != "" {
			text += "; signed the team ID: tocsin team openpgp"
		}
		s.line("OpenPGP", text)
	}
}

// wordLines puts the words that stand for a team in rows of four.
func wordLines(words []string) []string {
	var rows []string
	for len(words) > 0 {
		n := min(4, len(words))
		rows = append(rows, strings.Join(words[:n], " "))
		words = words[n:]
	}
	return rows
}

// howCompared names the form in which something was compared.
func howCompared(typed string) string {
	if _, err := identity.ParseTeam(strings.TrimSpace(typed)); err == nil {
		return "fingerprint"
	}
	return "words"
}
