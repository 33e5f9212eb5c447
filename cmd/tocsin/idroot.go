package main

import (
	"context"
	"os"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/identity"
	"tocsin/pkg/keyfile"
)

// printRoot opens a root key file, wherever it was moved to, and says whose it is: the proof that the copy and the passphrase
// are good, while there is still time to make another.
func printRoot(ctx context.Context, e *env, c *cli.Context) error {
	secret, err := knownPassphrase(ctx, e, c.String("passphrase-file"))
	if err != nil {
		return err
	}
	root, err := keyfile.OpenRoot(c.String("root"), secret)
	if err != nil {
		return keyError("", err)
	}
	team := root.Team()
	if e.JSON {
		return printJSON(e.Stdout, struct {
			Team  identity.TeamID `json:"team"`
			Words string          `json:"words"`
		}{team, groups(team)})
	}
	s := &sheet{now: e.Now()}
	s.line("Team ID", groups(team))
	if err := s.write(e.Stdout); err != nil {
		return err
	}
	complain(e.Stderr, "", "the file opens with this passphrase")
	return maybeQR(e, c, team)
}

// knownPassphrase takes the passphrase of the root key, which exists: from a file, or asked for once.
func knownPassphrase(ctx context.Context, e *env, file string) (string, error) {
	return askKnown(ctx, e, file, "Passphrase of the root key: ")
}

// askKnown is knownPassphrase with another question.
func askKnown(ctx context.Context, e *env, file, question string) (string, error) {
	if file != "" {
		return passphraseFile(e, file)
	}
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return "", errNoTerminal()
	}
	defer tty.Close() //nolint:errcheck // nothing is kept in it
	return ask(ctx, tty, question)
}
