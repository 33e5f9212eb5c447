package main

import (
	"context"
	"errors"
	"path/filepath"
	"regexp"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/ceremony"
	"tocsin/pkg/client"
	"tocsin/pkg/identity"
	"tocsin/pkg/keyfile"
	"tocsin/pkg/paper"
)

func keyCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "key",
		Usage: "let node keys speak for the team, and take them back",
		Verbs: []*cli.Command{
			keyListCommand(e), keyRequestCommand(e), keyDelegateCommand(e), keyInstallCommand(e), keyRotateCommand(e),
			keyRevokeCommand(e), keyRotateRootCommand(e), keySucceedCommand(e), keyPublishCommand(e),
		},
	})
}

// rootFlags are the root key of a command that does to it, or with it, what the verb says.
func rootFlags(verb string) []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "root", Usage: verb + " the root key in `FILE`"},
		&cli.StringFlag{Name: "passphrase-file", Usage: "read the passphrase from `FILE` (- for standard input) instead of asking on the terminal"},
	}
}

func outputFlag(what string) cli.Flag {
	return &cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write " + what + " to `FILE`, - for stdout (default: stdout)"}
}

// openRoot opens the root key that --root names.
func openRoot(ctx context.Context, e *env, c *cli.Context) (*identity.RootKey, error) {
	if !c.IsSet("root") {
		return nil, usageErrorf("such as --root /media/stick/root.key", "missing --root: this is signed with the team's root key")
	}
	if !exists(c.String("root")) { // before anybody types a passphrase for nothing
		return nil, &userError{Code: exitNotFound, Msg: c.String("root") + ": there is no such key file", Hint: missingKey("")}
	}
	secret, err := knownPassphrase(ctx, e, c.String("passphrase-file"))
	if err != nil {
		return nil, err
	}
	root, err := keyfile.OpenRoot(c.String("root"), secret)
	if err != nil {
		return nil, keyError("", err)
	}
	return root, nil
}

// readKeyRequest reads a file for the root, at most as long as the largest that a node makes.
func readKeyRequest(e *env, path string) ([]byte, error) {
	text, err := readInput(e, path, ceremony.MaxFile)
	if err != nil {
		return nil, cannotRead("", err)
	}
	return text, nil
}

// notTrusted is the refusal of a file from another machine.
func notTrusted(path string, err error) error {
	told := &userError{Code: exitRefused, Msg: inputName(path) + " is refused", Err: plainFormat(err), Hint: "have it made and brought over anew"}
	if errors.Is(err, paper.ErrMistyped) {
		told.Hint = comparePaper(err)
	}
	return told
}

// comparePaper is the way out of a mistyped paper, whose error names the line where it can.
func comparePaper(err error) string {
	line := regexp.MustCompile(`\bline [0-9]+\b`).FindString(err.Error())
	if line == "" {
		line = "what was typed"
	}
	return "compare " + line + " with the paper and correct it"
}

// nodeKeyHere says whether this home has a node key in use.
func nodeKeyHere(home string) bool { return exists(filepath.Join(home, keyfile.NodeFile)) }

// daemonRuns says whether the daemon of this node answers.
func daemonRuns(ctx context.Context, e *env) bool {
	d, err := dial(e)
	if err != nil {
		return false
	}
	_, err = d.Status(ctx)
	return err == nil || !errors.Is(err, client.ErrNotRunning)
}

// nodeGroups is a node ID in groups, to compare aloud.
func nodeGroups(n identity.NodeID) string { return identity.Groups(n.String()) }
