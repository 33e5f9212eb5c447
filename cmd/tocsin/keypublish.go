package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/ceremony"
	"tocsin/pkg/identity"
)

func keyPublishCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "publish",
		Usage: "hand what the root key signed to the node, which spreads it",
		Args:  "FILE",
		Help: `FILE is a revocation, a rotation or succession of a root key, or a delegation of another node (- for standard input); or the typed
lines, or the text of the QR code, of a revocation on paper. Whoever signed it proves it, so any node of the team can publish it, and
nodes of teams that share a community with it. The ID that is printed is a statement on stable storage; the other members get it from
here as they connect.`,
		Examples: []string{"tocsin key publish stolen.revoke"},
		Run: func(ctx context.Context, c *cli.Context) error {
			path := c.Args().First()
			text, err := readKeyRequest(e, path)
			if err != nil {
				return err
			}
			s, err := ceremony.ReadStatement(text)
			if err != nil {
				return notTrusted(path, err)
			}
			file, err := ceremony.File(s)
			if err != nil {
				return err
			}
			d, err := dial(e)
			if err != nil {
				return err
			}
			done, err := d.PublishKey(ctx, api.KeyFile{Statement: file})
			if err != nil {
				return err
			}
			if done.Already {
				complain(e.Stderr, "", "it was here already")
			}
			what := done.Kind + " of team " + showTeam(done.Team)
			if done.Node != (identity.NodeID{}) {
				what += ", node " + short(done.Node)
			}
			complain(e.Stderr, "", what)
			if e.JSON {
				return printAnswer(e, done)
			}
			_, err = fmt.Fprintln(e.Stdout, done.ID)
			return err
		},
	})
}
