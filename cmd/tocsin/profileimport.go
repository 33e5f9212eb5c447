package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/notice"
	"tocsin/pkg/rfc2350"
)

func profileImportCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "import",
		Usage: "make a draft of the profile from an RFC 2350 text",
		Args:  "FILE",
		Help: `Reads the text document that the team has on its web site (- is standard input) and writes what it understands of it into a draft:
profile.toml in the home directory, or the file of -o. What was not understood, or not taken whole, is named with its line, and stands in
the draft as comments. Nothing is published. Exit code 3: something was not understood.`,
		Examples: []string{"tocsin profile import rfc2350.txt", "tocsin profile import -o draft.toml rfc2350.txt"},
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "lang", Usage: "the language of the text, where it does not say: `TAG`", Value: "en"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the draft to `FILE` instead, - for stdout"},
		},
		Run: func(_ context.Context, c *cli.Context) error {
			text, err := readInput(e, c.Args().First(), rfc2350.MaxText)
			if err != nil {
				return cannotRead("", err)
			}
			r, err := rfc2350.Read(text)
			if err != nil {
				return &userError{Code: exitFailed, Msg: c.Args().First(), Err: err, Hint: "it must be text, with the section numbers of RFC 2350"}
			}
			r.Profile.Language = orElse(r.Profile.Language, c.String("lang"))
			return writeImport(e, c.String("output"), r)
		},
	})
}

func writeImport(e *env, typed string, r *rfc2350.Reading) error {
	var lines []string
	for _, m := range r.Missed {
		lines = append(lines, missedLine(m))
	}
	for _, l := range lines {
		complain(e.Stderr, "", l)
	}
	notes := lines
	if len(lines) > 0 {
		notes = append([]string{"", "Not understood in the text that this was made from:"}, lines...)
	}
	if err := writeProfileDraft(e, typed, profileDraft(r.Profile, notes...)); err != nil {
		return err
	}
	if wrong, ok := errors.AsType[notice.FieldErrors](r.Profile.Validate()); ok {
		complain(e.Stderr, "", fmt.Sprintf("before it can be published, fields that need a look: %v", wrong))
	}
	if len(r.Missed) > 0 {
		return &userError{Code: exitPartly, Msg: fmt.Sprintf("not understood in the text, or not taken whole: %d", len(r.Missed))}
	}
	return nil
}

func missedLine(m rfc2350.Missed) string {
	s := ""
	if m.Line > 0 {
		s = fmt.Sprintf("line %d: ", m.Line)
	}
	if m.Section != "" {
		s += cleanLine(m.Section) + ": "
	}
	s += m.Why
	if m.Text != "" {
		s += ": " + cleanLine(fmt.Sprintf("%q", m.Text))
	}
	return s
}

// warnZone says that this machine does not know a time zone: the name may be misspelt.
func warnZone(e *env, name string) {
	if _, err := time.LoadLocation(name); err != nil {
		complain(e.Stderr, "warning: ", "this machine does not know the time zone "+cleanLine(name)+"; check its name in the IANA time zone database")
	}
}
