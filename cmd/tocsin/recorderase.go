package main

import (
	"context"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
)

func recordEraseCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "erase",
		Usage: "take the body of an own record back, and see who has done so",
		Args:  "RECORD",
		Help: `RECORD is an ID or the first characters of one. Removes what the record says here at once, and asks every node that has it to do the
same: those that can be reached now, the others when they are back. The header stays, so that all members go on counting the
same records. --reason is one line that every node can read. With --status nothing is asked: it lists who confirmed and who has
not, as tocsin record show does.

What this does not promise: a confirmation is a node's word. Copies outside the mesh are not reached (exports, mail, backups,
screens, what another team forwarded as its own alert), nor a member that is away or does not do as asked. It cannot be undone.`,
		Examples: []string{
			"tocsin record erase --reason 'Named the wrong company' rafdcebd6a2x",
			"tocsin record erase --status rafdcebd6a2x",
		},
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "reason", Usage: "why, as one line of `TEXT` that all can read"},
			&cli.BoolFlag{Name: "status", Usage: "ask nothing; list who has erased it"},
		},
		Run: func(ctx context.Context, c *cli.Context) error {
			id := c.Args().First()
			if c.Bool("status") && c.IsSet("reason") {
				return usageErrorf("", "--status asks nothing, so it takes no --reason")
			}
			d, err := dial(e)
			if err != nil {
				return err
			}
			var got *api.Erasure
			if c.Bool("status") {
				got, err = d.Erasure(ctx, id)
			} else {
				got, err = d.Erase(ctx, id, api.EraseDraft{Reason: c.String("reason")})
			}
			if err != nil {
				return err
			}
			if e.JSON {
				return printAnswer(e, got)
			}
			s := &sheet{now: e.Now()}
			writeErasure(s, got)
			return s.write(e.Stdout)
		},
	})
}

// wasErased reports whether the author of a record asked to have it erased.
func wasErased(n *api.Entry) bool {
	return slices.ContainsFunc(n.Marks, func(m api.Mark) bool { return m.Word == "erased" })
}

// writeErasure says how far an erasing has come, and what it does not promise.
func writeErasure(s *sheet, g *api.Erasure) {
	s.line("Erased", g.Record.String())
	s.line("Asked by", showTeam(g.Author)+", with "+short(g.Asked))
	s.at("Asked", g.At)
	s.line("Reason", g.Reason)
	here := "the body is gone"
	if g.BodyHere {
		here = "the body is still here"
	}
	s.line("Here", here)
	for _, c := range g.Confirmed {
		s.line("Confirmed", showTeam(c.Team)+", "+showTime(c.At, s.now))
	}
	for _, t := range g.Waiting {
		s.line("Not confirmed", showTeam(t))
	}
	s.gap()
	s.title("What this does not promise:")
	s.prose(strings.Join(api.EraseCaveats(), "\n"))
}
