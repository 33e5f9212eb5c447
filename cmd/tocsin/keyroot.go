package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/ceremony"
	"tocsin/pkg/identity"
	"tocsin/pkg/keyfile"
)

func keyRotateRootCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "rotate-root",
		Usage: "replace the team's root key by another, with continuity",
		Args:  "[REQUEST]",
		Help: `The team gets a new ID, which stands wherever the old one stood: memberships, pins and vouches follow, because both root keys sign it.
It takes these steps. At a node: --request writes where all lanes of the team's node keys end. At the machine of the root key: make a
new root key (tocsin id root make) and sign with both. At a node: tocsin key publish. Then, for each node, a delegation by the new
root: tocsin key request --renew --team NEW-ID, key delegate, key install --team NEW-ID.

Two different rotations of one root key are followed by nobody. If the old root key is lost or stolen: tocsin key succeed.`,
		Examples: []string{
			"tocsin key rotate-root --request -o rotation.request",
			"tocsin key rotate-root --root old.key --new-root new.key -o rotation.json rotation.request",
		},
		Flags: append(rootFlags("sign with"),
			&cli.BoolFlag{Name: "request", Usage: "write the request, at a node"},
			&cli.StringFlag{Name: "new-root", Usage: "the new root key in `FILE`"},
			&cli.StringFlag{Name: "new-passphrase-file", Usage: "read the passphrase of the new root key from `FILE` (- for standard input)"},
			outputFlag("the request or the rotation"),
		),
		Run: func(ctx context.Context, c *cli.Context) error {
			switch {
			case c.Bool("request") && !c.IsSet("root") && c.NArg() == 0:
				return writeHeads(ctx, e, c, api.AllKeys)
			case !c.Bool("request") && c.IsSet("root") && c.IsSet("new-root") && c.NArg() == 1:
				return rotateRoot(ctx, e, c)
			}
			return usageErrorf(seeHelp("tocsin key rotate-root"), "give either --request, or --root FILE, --new-root FILE and REQUEST")
		},
	})
}

func rotateRoot(ctx context.Context, e *env, c *cli.Context) error {
	h, err := openHeads(e, c.Args().First())
	if err != nil {
		return err
	}
	out, err := openOutput(c.String("output"))
	if err != nil {
		return err
	}
	defer out.drop()
	complain(e.Stderr, "", fmt.Sprintf("this replaces the root key of team %s", groups(h.By.Team)))
	complain(e.Stderr, "", fmt.Sprintf("what its %s said stays up to where node %s had it at %s",
		plural(len(h.Nodes), "node key"), short(h.By.Node), showTime(h.Created, e.Now())))
	before, err := openRoot(ctx, e, c)
	if err != nil {
		return err
	}
	if err := ofTeam(h, before); err != nil {
		return err
	}
	secret, err := askKnown(ctx, e, c.String("new-passphrase-file"), "Passphrase of the new root key: ")
	if err != nil {
		return err
	}
	after, err := keyfile.OpenRoot(c.String("new-root"), secret)
	if err != nil {
		return keyError("", err)
	}
	s, err := ceremony.Rotate(before, after, h.Nodes, ceremony.Made{At: e.Now(), After: h.Statements})
	if err != nil {
		return err
	}
	complain(e.Stderr, "", "the team's new ID is "+after.Team().String())
	return printSigned(e, out, s)
}

func keySucceedCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "succeed",
		Usage: "claim with a new root key that it goes on from one that is lost",
		Help: `For a team that has lost its root key, or whose root key was stolen: it goes on under a new ID. This signs the claim with the new root
key; it moves nothing by itself. Other teams attest it by vouching for the new ID, and each node pins it again.`,
		Examples: []string{"tocsin key succeed --old tb2cqbr4x2ma... --root new.key -o claim.json"},
		Flags:    append(rootFlags("sign with"), required(&cli.StringFlag{Name: "old", Usage: "the `ID` of the team whose root key is lost"}), outputFlag("the claim")),
		Run: func(ctx context.Context, c *cli.Context) error {
			old, err := identity.ParseTeam(c.String("old"))
			if err != nil {
				return usageErrorf("give the whole ID", "--old: %v", err)
			}
			out, err := openOutput(c.String("output"))
			if err != nil {
				return err
			}
			defer out.drop()
			root, err := openRoot(ctx, e, c)
			if err != nil {
				return err
			}
			s, err := ceremony.Succeed(root, old, e.Now())
			if err != nil {
				return err
			}
			return printSigned(e, out, s)
		},
	})
}
