package main

import (
	"context"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
)

func communityCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "community",
		Usage: "found communities, and see who belongs to them",
		Verbs: []*cli.Command{
			communityFoundCommand(e), communitySignCommand(e), communityListCommand(e), communityShowCommand(e), communityRemoveCommand(e),
		},
	})
}

func communityListCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:     "list",
		Usage:    "list the communities that this node knows",
		Help:     "ROLE is founder, member, removed or none. ONLINE counts the other teams. IN STEP is when this node last had all that another member had.",
		Examples: []string{"tocsin community list"},
		Run: func(ctx context.Context, _ *cli.Context) error {
			d, err := dial(e)
			if err != nil {
				return err
			}
			all, err := d.Communities(ctx)
			if err != nil {
				return err
			}
			if e.JSON {
				return printAnswer(e, all)
			}
			if len(all.Communities) == 0 {
				complain(e.Stderr, "", "no communities yet")
				e.hint("found one: tocsin community found NAME; or join one: tocsin join INVITE-FILE")
				return nil
			}
			t := newTable("ID", "NAME", "ROLE", "MEMBERS>", "ONLINE>", "IN STEP")
			for _, m := range all.Communities {
				t.add(short(m.ID), truncate(cleanLine(m.Name), 40), m.Role, fmt.Sprint(len(m.Members)), fmt.Sprint(online(m.Members)),
					showDistance(m.InStep, e.Now()))
			}
			return t.write(e.Stdout)
		},
	})
}

// online counts the other teams that are connected.
func online(members []api.Member) int {
	n := 0
	for _, m := range members {
		if m.Online && !m.Self {
			n++
		}
	}
	return n
}

func communityShowCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:     "show",
		Usage:    "show one community, its rules and its members",
		Args:     "COMMUNITY",
		Help:     "COMMUNITY is a name, an ID or the first characters of one. Names of teams are their own claims; compare IDs.",
		Examples: []string{"tocsin community show 'Drill 2026'"},
		Run: func(ctx context.Context, c *cli.Context) error {
			d, err := dial(e)
			if err != nil {
				return err
			}
			m, err := d.Community(ctx, c.Args().First())
			if err != nil {
				return err
			}
			if e.JSON {
				return printAnswer(e, m)
			}
			s := &sheet{now: e.Now()}
			s.title(m.Name)
			s.gap()
			s.line("ID", m.ID.String())
			s.line("Role here", m.Role)
			s.line("Region", m.Region)
			s.line("Sector", m.Sector)
			s.linef("Keeps records", "%d days", m.RetentionDays)
			s.linef("Reply floor", "%s", words(time.Duration(m.ReplyByFloor)*time.Second))
			s.line("Last resort", m.LastResort)
			s.at("Ends", m.Ends)
			s.at("In step", m.InStep)
			s.gap()
			if err := s.write(e.Stdout); err != nil {
				return err
			}
			t := newTable("TEAM", "NAME", "ROLE", "NOW")
			for _, member := range m.Members {
				t.add(member.Team.ID.String(), truncate(cleanLine(member.Team.Name), 40), roleOf(member), presence(member))
			}
			return t.write(e.Stdout)
		},
	})
}

func roleOf(m api.Member) string {
	if m.Founder {
		return "founder"
	}
	return "member"
}

func presence(m api.Member) string {
	switch {
	case m.Self:
		return "this node"
	case m.Online:
		return "connected"
	}
	return "-"
}

func communityRemoveCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "remove",
		Usage: "remove a team from a community, as a founder",
		Args:  "COMMUNITY TEAM",
		Help: `COMMUNITY and TEAM are names, IDs or the first characters of one. The team is disconnected, and what it writes from now on is
outside the community for all. What it wrote before stays, as far as it is here now.

A removal is for good: no founder can take it back, and the team cannot become a member of this community again. So it is refused
unless TEAM is the whole ID, or --for-good says that you know.`,
		Examples: []string{"tocsin community remove --for-good 'Drill 2026' CERT-B"},
		Flags:    []cli.Flag{&cli.BoolFlag{Name: "for-good", Usage: "remove the team, knowing that it cannot become a member again"}},
		Run: func(ctx context.Context, c *cli.Context) error {
			if _, err := identity.ParseTeam(c.Args().Get(1)); err != nil && !c.Bool("for-good") {
				return usageErrorf("if it is meant so: "+programName+" community remove --for-good"+quoteAll(c.Args().Slice()),
					"a removal is for good: the team cannot become a member of this community again")
			}
			d, err := dial(e)
			if err != nil {
				return err
			}
			r, err := d.Remove(ctx, c.Args().First(), api.RemoveDraft{Team: c.Args().Get(1)})
			if err != nil {
				return err
			}
			if e.JSON {
				return printAnswer(e, r)
			}
			complain(e.Stderr, "", "removed "+showTeam(r.Team)+" for good; it cannot become a member of this community again")
			_, err = fmt.Fprintln(e.Stdout, r.Statement)
			return err
		},
	})
}
