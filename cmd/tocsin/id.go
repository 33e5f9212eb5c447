package main

import (
	"context"
	"errors"
	"time"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/client"
	"tocsin/pkg/identity"
	"tocsin/pkg/invite"
	"tocsin/pkg/keyfile"
)

func idCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "id",
		Usage: "print who this team is, or its card for other teams",
		Help: `Prints the team's ID in groups of four to read aloud, the sixteen words that stand for it, and on a terminal a QR code of it. It works
with and without the daemon; with it, the addresses of this node are known too.

--card prints the team's card instead: a signed file with the delegation of this node and, if the daemon runs, its addresses. Give it
to a founder who is to invite this team, or to found a community with you. It holds no secret. The ID in it is what the founder
should compare with you by another way.

--root opens a root key file with its passphrase and says whose it is: do it once with every copy that you keep. It needs neither the
daemon nor the other key files.`,
		Examples: []string{"tocsin id", "tocsin id --card -o cert-b.card", "tocsin id --root /media/stick/root.key"},
		Flags: append([]cli.Flag{
			&cli.BoolFlag{Name: "card", Usage: "print the card"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the card to `FILE`, - for stdout (default: stdout)"},
			&cli.StringFlag{Name: "parent", Usage: "name the parent organisation in the card: `NAME` (default: the one in the profile)"},
			&cli.StringFlag{Name: "root", Usage: "check the root key in `FILE` instead"},
			&cli.StringFlag{Name: "passphrase-file", Usage: "with --root: read the passphrase from `FILE` (- for standard input)"},
		}, qrFlags()...),
		Verbs: []*cli.Command{idRootCommand(e)},
		Run: func(ctx context.Context, c *cli.Context) error {
			if c.IsSet("output") && !c.Bool("card") {
				return usageErrorf("did you mean: tocsin id --card -o "+c.String("output"), "--output is for the card")
			}
			if c.IsSet("parent") && !c.Bool("card") {
				return usageErrorf("did you mean: tocsin id --card --parent"+quoteAll([]string{c.String("parent")}), "--parent is for the card")
			}
			if c.IsSet("passphrase-file") && !c.IsSet("root") {
				return usageErrorf("only --root FILE needs a passphrase", "--passphrase-file is for a root key")
			}
			if c.IsSet("root") {
				return printRoot(ctx, e, c)
			}
			out, err := openOutput(c.String("output"))
			if err != nil {
				return err
			}
			defer out.drop()
			who, err := whoAmI(ctx, e, c.String("parent"))
			if err != nil {
				return err
			}
			if c.Bool("card") {
				if len(who.Addresses) == 0 {
					complain(e.Stderr, "", "the card names no address: the daemon does not run, or listens on none")
				}
				return printFile(e, out, who.Card, who)
			}
			if e.JSON {
				return printAnswer(e, who)
			}
			s := &sheet{now: e.Now()}
			s.line("Team", who.Team.Name)
			s.line("Team ID", who.Words)
			s.list("Words", wordLines(identity.Words(who.Team.ID)))
			s.line("Node", who.Node.String())
			s.list("Addresses", who.Addresses)
			if err := s.write(e.Stdout); err != nil {
				return err
			}
			return maybeQR(e, c, who.Team.ID)
		},
	})
}

// whoAmI asks the daemon, which knows its addresses and the profile; without one it reads the key files. parent is for the card.
func whoAmI(ctx context.Context, e *env, parent string) (*api.Identity, error) {
	d, err := dial(e)
	if err != nil {
		return nil, err
	}
	var who *api.Identity
	if parent == "" {
		who, err = d.Identity(ctx)
	} else {
		who, err = d.Card(ctx, api.CardDraft{Parent: parent})
	}
	if errors.Is(err, client.ErrNotRunning) {
		return idFromFiles(e, parent)
	}
	return who, err
}

func idFromFiles(e *env, parent string) (*api.Identity, error) {
	n, err := openNode(e)
	if err != nil {
		return nil, err
	}
	card := invite.Card{Delegation: n.Delegation, Created: e.Now().Truncate(time.Millisecond), Parent: parent}
	file, err := card.Seal(n.Key)
	if err != nil {
		return nil, err
	}
	return &api.Identity{
		Team: api.Team{ID: n.Delegation.Team, Name: n.Delegation.Name}, Words: identity.Groups(n.Delegation.Team.String()),
		Node: n.Delegation.Node, Card: file,
	}, nil
}

// openNode opens this node's keys with the unlock key that the settings name.
func openNode(e *env) (*keyfile.Node, error) {
	home, err := e.home()
	if err != nil {
		return nil, err
	}
	unlock, err := unlockSource(e, home)
	if err != nil {
		return nil, err
	}
	n, err := keyfile.Load(home, unlock)
	if err != nil {
		return nil, keyError(home, err)
	}
	e.Ends = n.Delegation.Until
	return n, nil
}
