package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
)

func teamVouchCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "vouch",
		Usage: "tell others that this team met a team, and that this is its key",
		Args:  "TEAM",
		Help: `Signs a statement: we met this team, and this is its key. All who share a community with this team or with that one can see it, and
each node weighs it by its own pins. The team must be pinned here first, unless --unpinned says that you know. It can be taken back
(tocsin team withdraw-vouch), but whoever has it can show that it was once said.`,
		Examples: []string{"tocsin team vouch --met 'in person, regional meeting 2026' CERT-B"},
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "met", Usage: "how this team met it, in a `LINE`"},
			&cli.StringFlag{Name: "name", Usage: "what this team calls it: `NAME` (default: what it calls itself)"},
			&cli.StringFlag{Name: "parent", Usage: "its parent `ORGANISATION`, as this team knows it (default: as its profile says)"},
			&cli.StringFlag{Name: "succeeds", Usage: "the `ID` under which this team knew it, where its root was lost"},
			&cli.BoolFlag{Name: "unpinned", Usage: "vouch although its ID was not compared here"},
		},
		Run: func(ctx context.Context, c *cli.Context) error {
			d, err := dial(e)
			if err != nil {
				return err
			}
			v, err := d.Vouch(ctx, c.Args().First(), api.VouchDraft{
				Name: c.String("name"), Parent: c.String("parent"), Met: c.String("met"), Succeeds: c.String("succeeds"), Unpinned: c.Bool("unpinned"),
			})
			if err != nil {
				return err
			}
			return printVouched(e, "vouched for ", v)
		},
	})
}

func teamWithdrawCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:     "withdraw-vouch",
		Usage:    "take back that this team vouches for a team",
		Args:     "TEAM",
		Help:     "Every vouch of this team for that one that stands is taken back, for good; a new vouch is another statement. It says nothing of why.",
		Examples: []string{"tocsin team withdraw-vouch CERT-B"},
		Run: func(ctx context.Context, c *cli.Context) error {
			d, err := dial(e)
			if err != nil {
				return err
			}
			v, err := d.WithdrawVouch(ctx, c.Args().First())
			if err != nil {
				return err
			}
			return printVouched(e, "no longer vouching for ", v)
		},
	})
}

func printVouched(e *env, done string, v *api.Vouched) error {
	if e.JSON {
		return printAnswer(e, v)
	}
	complain(e.Stderr, "", done+showTeam(v.Team))
	for _, id := range v.Statements {
		if _, err := fmt.Fprintln(e.Stdout, id); err != nil {
			return err
		}
	}
	return nil
}
