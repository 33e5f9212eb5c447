package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
)

func communityCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "community",
		Usage: "found communities, decide who belongs to them, and see who does",
		Verbs: []*cli.Command{
			communityFoundCommand(e), communityTemplatesCommand(e), communitySignCommand(e), communityListCommand(e), communityShowCommand(e),
			communityCharterCommand(e), communityApplyCommand(e), communityApplicationsCommand(e), communitySponsorCommand(e),
			communityObjectCommand(e), communityAdmitCommand(e), communityRemoveCommand(e), communityLeaveCommand(e), communityProveCommand(e),
		},
	})
}

func communityListCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:     "list",
		Usage:    "list the communities that this node knows",
		Help:     "ROLE is founder, member, observer (sponsored, not admitted yet), applicant, removed, left or none. ONLINE counts the other teams. IN STEP is when this node last had all that another member had.",
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
				e.hint("found one: tocsin community found NAME; or join one: tocsin join INVITE-FILE; or apply to one: tocsin community apply -o APPLICATION-FILE CHARTER-FILE")
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
