package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
)

func teamPinCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "pin",
		Usage: "note that a team's ID was compared with the team itself",
		Args:  "TEAM",
		Help: `Prints the ID, the sixteen words that stand for it and, on a terminal, a QR code. Ask the team for its own, in person or on a
telephone number that you know to be theirs (they see it with tocsin id), and type what they tell you: the ID or the words. What differs
is refused, and nothing is pinned. --fingerprint gives it on the command line, as it came from them, not from here.

Everything else that this node believes of others rests on pins. A pin is this node's own: nobody else learns of it, it follows the team
when that replaces its root key with continuity, and tocsin team unpin takes it away.`,
		Examples: []string{
			"tocsin team pin CERT-B",
			"tocsin team pin --note 'at the meeting in Lantau' --fingerprint 'frost amber mirror guitar harbour voyage squash tennis zebra koala lasso lagoon panda river epoch daisy' CERT-B",
		},
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "fingerprint", Usage: "the ID or the words, as the team told them: `TEXT`"},
			&cli.StringFlag{Name: "note", Usage: "keep a `NOTE` of how it was done"},
			&cli.StringFlag{Name: "how", Usage: "what was compared, in a `WORD`, if it is neither the ID nor the words: qr, openpgp"},
		}, qrFlags()...),
		Run: func(ctx context.Context, c *cli.Context) error {
			d, err := dial(e)
			if err != nil {
				return err
			}
			v, err := d.Team(ctx, c.Args().First())
			if err != nil {
				return err
			}
			typed := c.String("fingerprint")
			if !c.IsSet("fingerprint") {
				if typed, err = askFingerprint(ctx, e, c, v); err != nil {
					return err
				}
			}
			if err := compareTeam(v, typed); err != nil {
				return err
			}
			how := orElse(c.String("how"), howCompared(typed))
			pinned, err := d.Pin(ctx, v.Team.ID.String(), api.PinDraft{Fingerprint: typed, How: how, Note: c.String("note")})
			if err != nil {
				return err
			}
			if e.JSON {
				return printAnswer(e, pinned)
			}
			complain(e.Stderr, "", "pinned "+showTeam(pinned.Team))
			_, err = fmt.Fprintln(e.Stdout, pinned.Team.ID)
			return err
		},
	})
}

// compareTeam refuses what is not the ID or the words of the team, before the daemon does.
func compareTeam(v *api.TeamView, typed string) error {
	same, err := identity.SameTeam(v.Team.ID, typed)
	switch {
	case err != nil:
		return usageErrorf("type it again as the team told it", "what was typed is neither the ID nor the words of a team: %v", err)
	case !same:
		return &userError{
			Code: exitRefused, Msg: "what was typed is not the ID of " + showTeam(v.Team) + "; nothing is pinned",
			Hint: "ask the team again, by a way that you know to be theirs; if it still differs, somebody uses its name",
		}
	}
	return nil
}

// askFingerprint shows what this node holds for the team's ID, and asks on the terminal for what the team says.
func askFingerprint(ctx context.Context, e *env, c *cli.Context, v *api.TeamView) (string, error) {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return "", usageErrorf("give what the team told you: --fingerprint TEXT", "there is no terminal to ask on")
	}
	defer tty.Close() //nolint:errcheck // nothing is kept in it
	s := &sheet{now: e.Now()}
	s.title(orElse(v.Team.Name, "(no name)"))
	s.line("Team ID", groups(v.Team.ID))
	s.list("Words", wordLines(v.Words))
	if err := s.write(tty); err != nil {
		return "", err
	}
	if !c.Bool("no-qr") {
		if err := writeQR(tty, v.Team.ID.String()); err != nil {
			return "", err
		}
	}
	return askLine(ctx, tty, "Type the ID or the words that the team itself tells you (nothing: stop): ")
}

// askLine asks a question and reads a line that is shown. An empty one ends the command.
func askLine(ctx context.Context, tty io.ReadWriter, question string) (string, error) {
	if _, err := io.WriteString(tty, question); err != nil {
		return "", fmt.Errorf("ask: %w", err)
	}
	type line struct {
		text string
		err  error
	}
	done := make(chan line, 1) // one answer; the reader must be able to leave it after an interrupt
	go func() {
		text, err := bufio.NewReader(io.LimitReader(tty, 4096)).ReadString('\n')
		done <- line{text, err}
	}()
	select {
	case got := <-done:
		text := strings.TrimSpace(got.text)
		if got.err != nil && !errors.Is(got.err, io.EOF) {
			return "", fmt.Errorf("read answer: %w", got.err)
		}
		if text == "" {
			return "", &userError{Code: exitFailed, Msg: "nothing was typed; nothing is pinned"}
		}
		return text, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func teamUnpinCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:     "unpin",
		Usage:    "take a pin away",
		Args:     "TEAM",
		Help:     "The team is then what vouches make of it; those that rested on its own vouches lose them here. Nobody else learns of it.",
		Examples: []string{"tocsin team unpin CERT-B"},
		Run: func(ctx context.Context, c *cli.Context) error {
			d, err := dial(e)
			if err != nil {
				return err
			}
			v, err := d.Unpin(ctx, c.Args().First())
			if err != nil {
				return err
			}
			if e.JSON {
				return printAnswer(e, v)
			}
			complain(e.Stderr, "", "no longer pinned: "+showTeam(v.Team)+"; trust is now: "+trustWords(v.Trust))
			_, err = fmt.Fprintln(e.Stdout, v.Team.ID)
			return err
		},
	})
}
