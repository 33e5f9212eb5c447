package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/identity"
	"tocsin/pkg/keyfile"
)

func initCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "init",
		Usage: "make this team's identity",
		Help: `Makes three files in the home directory. root.key is the team: it is encrypted with a passphrase, is needed only to delegate to
a node, and should be moved to a place that is not connected. node.key is this node, which the root delegates for a time
(--validity), and unlock.key opens it without a person. Nothing that exists is overwritten.

The team's ID is printed, and on a terminal a QR code of it: it is what other teams know you by. There is nobody who could give
you a new root key under the same ID, so make a copy of root.key and keep the passphrase.`,
		Examples: []string{
			"tocsin init --team CERT-Lantau",
			"tocsin init --team CERT-Lantau --passphrase-file pass.txt --validity 365d",
		},
		Flags: append([]cli.Flag{
			required(&cli.StringFlag{Name: "team", Usage: "the team's `NAME` as others will see it"}),
			&cli.StringFlag{Name: "passphrase-file", Usage: "read the passphrase from `FILE` (- for standard input) instead of asking on the terminal"},
			&cli.BoolFlag{Name: shortFlag, Usage: fmt.Sprintf("take a passphrase of fewer than %d characters, which is refused otherwise", weakPassphrase)},
			&cli.StringFlag{Name: "validity", Usage: "the node speaks for the team for this `SPAN` (default 730d)"},
		}, qrFlags()...),
		Run: func(ctx context.Context, c *cli.Context) error {
			home, err := e.home()
			if err != nil {
				return err
			}
			if err := identity.CheckName(c.String("team")); err != nil {
				return usageErrorf("", "--team: %v", err)
			}
			validity, err := spanFlag(c, "validity")
			if err != nil {
				return err
			}
			if err := refuseSecond(home); err != nil {
				return err
			}
			secret, err := newPassphrase(ctx, e, c.String("passphrase-file"), c.Bool(shortFlag))
			if err != nil {
				return err
			}
			made, err := keyfile.Create(home, keyfile.CreateOptions{
				Name: c.String("team"), Passphrase: secret, Now: e.Now(), Validity: validity, Rand: e.Rand,
			})
			if err != nil {
				return keyError(home, err)
			}
			return printCreated(e, c, home, &made)
		},
	})
}

// qrFlags choose whether a QR code is drawn.
func qrFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "qr", Usage: "draw a QR code of the team's ID even if stdout is not a terminal"},
		&cli.BoolFlag{Name: "no-qr", Usage: "draw no QR code"},
	}
}

// refuseSecond looks before the passphrase is asked for; that it holds is for keyfile.Create to see to.
func refuseSecond(home string) error {
	for _, name := range keyFiles(home) {
		// A stage of an init that was cut short carries another name, so it does not stand in the way.
		if path := filepath.Join(home, name); !exists(path + ".new") {
			return &userError{
				Code: exitRefused, Msg: "there is an identity already: " + path,
				Hint: "nothing was changed; to make another identity choose another directory: --home DIR",
			}
		}
	}
	return nil
}

func printCreated(e *env, c *cli.Context, home string, made *keyfile.Created) error {
	d := made.Delegation
	if e.JSON {
		return printJSON(e.Stdout, struct {
			Team  identity.TeamID `json:"team"`
			Words string          `json:"words"`
			Name  string          `json:"name"`
			Node  identity.NodeID `json:"node"`
			From  time.Time       `json:"from"`
			Until time.Time       `json:"until"`
			Home  string          `json:"home"`
		}{made.Team, groups(made.Team), d.Name, made.Node, d.From, d.Until, home})
	}
	s := &sheet{now: e.Now()}
	s.line("Team", d.Name)
	s.line("Team ID", groups(made.Team))
	s.line("Node until", showTime(d.Until, e.Now()))
	s.line("Home", home)
	if err := s.write(e.Stdout); err != nil {
		return err
	}
	if err := maybeQR(e, c, made.Team); err != nil {
		return err
	}
	complain(e.Stderr, "", "next: move "+filepath.Join(home, keyfile.RootFile)+" to a place that is not connected, and keep a copy")
	complain(e.Stderr, "", e.here("next: start the node with: tocsin daemon"))
	complain(e.Stderr, "", e.here("next: found a community (tocsin community found NAME), or send your card (tocsin id --card) to a founder"))
	return nil
}

// maybeQR draws the team's ID where a person can point a camera at it.
func maybeQR(e *env, c *cli.Context, team identity.TeamID) error {
	if c.Bool("no-qr") || !c.Bool("qr") && !isTerminal(e.Stdout) {
		return nil
	}
	fmt.Fprintln(e.Stdout)
	return writeQR(e.Stdout, team.String())
}
