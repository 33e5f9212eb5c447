package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/record"
)

func alertForwardCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "forward",
		Usage: "pass an alert of another team on, to a community or a team",
		Args:  "ALERT",
		Help: `ALERT is an ID or the first characters of one. Publishes its content anew as an alert of this team, with references to the original
and, unless no-attribution forbids it, to its author. The marking stays what it is; TLP:CLEAR may go to anybody, TLP:GREEN to
other CSIRTs, and what is stricter only where its author allowed that: tocsin request permission asks, and a granted marking
takes the place of the first one. --community or --to says where it goes; a team gets it privately. The ID on stdout means that it
is on stable storage here.`,
		Examples: []string{"tocsin alert forward --community regional rafdcebd6a2x", "tocsin alert forward --to CERT-C rafdcebd6a2x"},
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "community", Usage: "`COMMUNITY` that it goes to: name, ID, or the first characters of it"},
			&cli.StringFlag{Name: "to", Usage: "`TEAM` that it goes to, privately"},
			&cli.StringFlag{Name: "class", Usage: "`CLASS` routine, urgent or emergency (default: that of the original)"},
			despiteDutyFlag(),
			relabelFlag("forward it although a file or a text in it has a stricter label, or is here under a stricter marking"),
		},
		Run: func(ctx context.Context, c *cli.Context) error {
			if err := oneDestination(c); err != nil {
				return err
			}
			d, err := dial(e)
			if err != nil {
				return err
			}
			done, err := d.Forward(ctx, c.Args().First(), api.ForwardDraft{
				Community: c.String("community"), To: c.String("to"), Class: record.Class(c.String("class")), DespiteDuty: c.Bool("despite-duty"),
				Relabel: c.Bool("relabel"),
			})
			if err != nil {
				return inFlags(c, err)
			}
			return printPublished(e, done)
		},
	})
}

func oneDestination(c *cli.Context) error {
	switch {
	case c.String("community") == "" && c.String("to") == "":
		return usageErrorf("--community COMMUNITY, or --to TEAM for one team alone", "it is not said where it goes")
	case c.String("community") != "" && c.String("to") != "":
		return usageErrorf("", "--community and --to exclude each other")
	}
	return nil
}
