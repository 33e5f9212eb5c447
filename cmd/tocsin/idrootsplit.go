package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/ceremony"
	"tocsin/pkg/identity"
	"tocsin/pkg/keyfile"
)

func idRootCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "root",
		Usage: "make a root key, split it onto paper, and join it again",
		Verbs: []*cli.Command{idRootMakeCommand(e), idRootSplitCommand(e), idRootJoinCommand(e)},
	})
}

func newRootFlags() []cli.Flag {
	return []cli.Flag{
		required(&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the root key to the new `FILE`"}),
		&cli.StringFlag{Name: "passphrase-file", Usage: "read the new passphrase from `FILE` (- for standard input) instead of asking on the terminal"},
		&cli.BoolFlag{Name: shortFlag, Usage: fmt.Sprintf("take a passphrase of fewer than %d characters, which is refused otherwise", weakPassphrase)},
	}
}

func idRootMakeCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "make",
		Usage: "make a root key without a node",
		Help: `For a machine that is connected to nothing: the root key of a new team, whose nodes are made elsewhere (tocsin key request), or the one
that takes the place of another (tocsin key rotate-root, key succeed).`,
		Examples: []string{"tocsin id root make -o /media/stick/root.key"},
		Flags:    newRootFlags(),
		Run: func(ctx context.Context, c *cli.Context) error {
			root, err := identity.NewRootKey(e.Rand)
			if err != nil {
				return err
			}
			return writeRoot(ctx, e, c, root)
		},
	})
}

// writeRoot writes a root key under a new passphrase and says whose it is.
func writeRoot(ctx context.Context, e *env, c *cli.Context, root *identity.RootKey) error {
	path := c.String("output")
	if exists(path) {
		return &userError{Code: exitRefused, Msg: path + " exists already, and is left as it is", Hint: "name another file"}
	}
	secret, err := newPassphrase(ctx, e, c.String("passphrase-file"), c.Bool(shortFlag))
	if err != nil {
		return err
	}
	if err := keyfile.WriteRoot(path, root, keyfile.RootOptions{Passphrase: secret}); err != nil {
		return keyError("", err)
	}
	if e.JSON {
		return printJSON(e.Stdout, struct {
			Team  identity.TeamID `json:"team"`
			Words string          `json:"words"`
			File  string          `json:"file"`
		}{root.Team(), groups(root.Team()), path})
	}
	s := &sheet{now: e.Now()}
	s.line("Team ID", groups(root.Team()))
	s.line("Root key", path)
	return s.write(e.Stdout)
}

func idRootSplitCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "split",
		Usage: "split the root key into three sheets of paper, of which two restore it",
		Help: `Writes three sheets, each with the team's ID, its number, numbered lines with a checksum each, and a QR code. One sheet alone tells nothing
of the key; any two of one split restore it without the passphrase (tocsin id root join). Print them, keep each in another place,
and destroy the files. -o names a new directory; with -o - all three go to stdout, each on a page of its own, for a printer.`,
		Examples: []string{"tocsin id root split --root /media/stick/root.key -o sheets", "tocsin id root split --root root.key -o - | lpr"},
		Flags: append(rootFlags("split"),
			required(&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the sheets into the new directory `DIR`, or - for stdout"})),
		Run: func(ctx context.Context, c *cli.Context) error {
			dir := c.String("output")
			if err := notShown(e, dir, "a root key on paper", "tocsin id root split --root root.key -o - | lpr"); err != nil {
				return err
			}
			if dir != dash && exists(dir) {
				return &userError{Code: exitRefused, Msg: dir + " exists already, and is left as it is", Hint: "name another directory"}
			}
			root, err := openRoot(ctx, e, c)
			if err != nil {
				return err
			}
			shares, err := ceremony.Split(e.Rand, root)
			if err != nil {
				return err
			}
			var sheets []string
			for _, s := range shares {
				text, err := shareSheet(e, s)
				if err != nil {
					return err
				}
				sheets = append(sheets, text)
			}
			return writeSheets(e, dir, sheets)
		},
	})
}

func shareSheet(e *env, s ceremony.Share) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, `tocsin: the root key of a team, share %d of %d

Any %d of these sheets restore the key, without a passphrase; one alone tells
nothing. Keep it apart from the others. To restore, type the numbered lines of
each sheet into a file, or put the text of its QR code there:
  tocsin id root join -o root.key FILE FILE

Team   %s
Share  %d of %d
Made   %s

%s
`, s.Number, ceremony.Shares, ceremony.Enough, groups(s.Team), s.Number, ceremony.Shares, showInstant(e.Now()), s.Lines())
	if err := paperQR(&b, s.Code()); err != nil {
		return "", err
	}
	return b.String(), nil
}

// writeSheets puts the sheets where nobody but their owner reads them; with one missing nothing is left.
func writeSheets(e *env, dir string, sheets []string) error {
	if dir == dash {
		_, err := fmt.Fprint(e.Stdout, strings.Join(sheets, "\f"))
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return &userError{Code: exitFailed, Msg: "cannot make the directory: " + plainFileError(err)}
	}
	var files []string
	for i, text := range sheets {
		path := filepath.Join(dir, fmt.Sprintf("share-%d.txt", i+1))
		if err := createFile(path, []byte(text), 0o600); err != nil {
			_ = os.RemoveAll(dir) // made here; the first error is the one to tell
			return err
		}
		files = append(files, path)
	}
	complain(e.Stderr, "", "print the sheets, keep each in another place, and destroy the files: two of them are the root key")
	if e.JSON {
		return printJSON(e.Stdout, struct {
			Files []string `json:"files"`
		}{files})
	}
	_, err := fmt.Fprintln(e.Stdout, strings.Join(files, "\n"))
	return err
}

func idRootJoinCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "join",
		Usage: "restore the root key from two of its sheets",
		Args:  "SHEET SHEET",
		Help: `Each SHEET is a file with the numbered lines of one sheet, typed or as they were written, or with the text of its QR code (- for standard
input). A mistyped line is named. Sheets of two root keys, or of two splits, are refused. The key is written under a new passphrase.`,
		Examples: []string{"tocsin id root join -o root.key share-1.txt share-3.txt"},
		Flags:    newRootFlags(),
		Run: func(ctx context.Context, c *cli.Context) error {
			var shares [ceremony.Enough]ceremony.Share
			for i := range shares {
				path := c.Args().Get(i)
				text, err := readKeyRequest(e, path)
				if err != nil {
					return err
				}
				if shares[i], err = ceremony.ParseShare(string(text)); err != nil {
					return &userError{Code: exitFailed, Msg: inputName(path) + " cannot be used", Err: err, Hint: comparePaper(err)}
				}
			}
			root, err := ceremony.JoinShares(shares[0], shares[1])
			if err != nil {
				return &userError{Code: exitRefused, Err: err, Hint: fmt.Sprintf("they are share %d of team %s and share %d of team %s",
					shares[0].Number, short(shares[0].Team), shares[1].Number, short(shares[1].Team))}
			}
			return writeRoot(ctx, e, c, root)
		},
	})
}
