package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/urfave/cli/v2"
)

func profileEditCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "edit",
		Usage: "open the draft of the profile in an editor, and check it",
		Args:  "[FILE]",
		Help: `Opens FILE (default: profile.toml in the home directory) in the editor of VISUAL or EDITOR, else vi. If there is no such file it
is made first, as tocsin profile init does. Afterwards every mistake is named with its line; the file stays as it was left. --publish
publishes it if there is none.`,
		Examples: []string{"tocsin profile edit", "tocsin profile edit --publish"},
		Flags:    []cli.Flag{&cli.BoolFlag{Name: "publish", Usage: "publish it afterwards, if it is right"}},
		Run: func(ctx context.Context, c *cli.Context) error {
			if err := noDash(c.Args().First(), "the draft to edit"); err != nil {
				return err
			}
			path, err := profilePath(e, c.Args().First())
			if err != nil {
				return err
			}
			if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) { //nolint:gosec // the operator named it
				if err := createFile(path, []byte(profileDraft(startProfile(ctx, e))), 0o600); err != nil {
					return err
				}
			}
			if err := runEditor(ctx, e, path); err != nil {
				return err
			}
			p, err := readProfile(e, path)
			if err != nil {
				return err
			}
			if c.Bool("publish") {
				return publishProfile(ctx, e, p)
			}
			warnZone(e, p.Availability.TimeZone)
			e.hint("publish it: tocsin profile publish" + quoteAll(typedOnly(c.Args().First())))
			return nil
		},
	})
}

// runEditor runs the operator's editor on a file. It talks to the terminal, whatever stdin and stdout are, so that stdout stays
// the answer.
func runEditor(ctx context.Context, e *env, path string) error {
	editor := cmp.Or(e.Getenv("VISUAL"), e.Getenv("EDITOR"), "vi")
	// By the shell, since an editor may come with arguments ("code --wait").
	cmd := exec.CommandContext(ctx, "sh", "-c", editor+` "$1"`, "sh", path) //nolint:gosec // the operator's own words
	cmd.Stdin, cmd.Stdout, cmd.Stderr = e.Stdin, e.Stderr, e.Stderr
	if tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0); err == nil {
		defer tty.Close() //nolint:errcheck // nothing is kept in it
		cmd.Stdin, cmd.Stdout = tty, tty
	}
	if err := cmd.Run(); err != nil {
		return &userError{Code: exitFailed, Msg: fmt.Sprintf("the editor %q did not end well", editor), Err: err, Hint: "choose another: EDITOR=nano tocsin profile edit"}
	}
	return nil
}
