package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// heldDigits is how much of the ID of a held document is shown.
const heldDigits = 12

func shortHeld(h *api.Held) string { return cleanLine(h.ID[:min(len(h.ID), heldDigits)]) }

// heldMarking is the document's own marking, or what stands in its place.
func heldMarking(h *api.Held) string {
	switch {
	case h.TLP != "":
		return h.TLP.String()
	case len(h.Labels) > 0:
		return "? " + cleanLine(truncate(strings.Join(h.Labels, ", "), 40))
	}
	return "-"
}

func alertHeldCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "held",
		Usage: "documents that were brought in and are shared with nobody yet",
		Flags: []cli.Flag{allHeldFlag()},
		Verbs: []*cli.Command{heldListCommand(e), heldDropCommand(e)},
		Run:   runHeldList(e), // the usual question, without a verb
	})
}

func heldListCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "list",
		Usage: "list the held documents, the oldest first",
		Help: `MARKING is the document's own TLP label, - where it has none, and ? before one that is not known. With --all also those that were
marked: by which local user, when, as what, and which alert each became.`,
		Examples: []string{"tocsin alert held list", "tocsin alert held list --all"},
		Flags:    []cli.Flag{allHeldFlag()},
		Run:      runHeldList(e),
	})
}

func allHeldFlag() cli.Flag { return &cli.BoolFlag{Name: "all", Usage: "also those that were marked"} }

func runHeldList(e *env) func(context.Context, *cli.Context) error {
	return func(ctx context.Context, c *cli.Context) error {
		d, err := dial(e)
		if err != nil {
			return err
		}
		got, err := d.Held(ctx)
		if err != nil {
			return err
		}
		list := &api.HeldList{Held: []api.Held{}}
		for _, h := range got.Held {
			if h.Released == nil || c.Bool("all") {
				list.Held = append(list.Held, h)
			}
		}
		if e.JSON {
			return printAnswer(e, list)
		}
		return writeHeld(e, list.Held)
	}
}

func writeHeld(e *env, list []api.Held) error {
	if len(list) == 0 {
		complain(e.Stderr, "", "nothing is held")
		return nil
	}
	t := newTable("ID", "IN", "BY", "FORM", "MARKING", "STATE", "TITLE")
	for i := range list {
		h := &list[i]
		t.add(shortHeld(h), showDistance(h.At, e.Now()), cleanLine(h.By), cleanLine(h.Source), heldMarking(h), heldState(e, h), truncate(cleanLine(h.Title), 80))
	}
	return t.write(e.Stdout)
}

func heldState(e *env, h *api.Held) string {
	as := h.Released
	if as == nil {
		return "held"
	}
	return fmt.Sprintf("%s by %s %s: %s", as.TLP, cleanLine(as.By), showDistance(as.At, e.Now()), short(as.Record))
}

func heldDropCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:     "drop",
		Usage:    "remove a held document",
		Args:     "HELD",
		Help:     "HELD is the ID of a held document, or the first 8 characters or more. Nothing of it is left here; nobody else ever had it.",
		Examples: []string{"tocsin alert held drop 3f9ac01b77de"},
		Run: func(ctx context.Context, c *cli.Context) error {
			d, err := dial(e)
			if err != nil {
				return err
			}
			h, err := d.DropHeld(ctx, c.Args().First())
			if err != nil {
				return err
			}
			if e.JSON {
				return printAnswer(e, h)
			}
			complain(e.Stderr, "", "dropped "+shortHeld(h)+" "+cleanLine(h.Title))
			return nil
		},
	})
}

func alertMarkCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "mark",
		Usage: "say how a held document may be shared, and send it as an alert",
		Args:  "HELD",
		Help: `HELD is the ID of a held document (tocsin alert held list), or the first 8 characters or more. It becomes an alert of this team, the
document attached, in a community or privately at a team; who marked it and when is remembered here. Without --tlp the document's
own label holds. A marking that is wider than the document's own, or one for a document whose label is not known, needs
--relabel: your word that its source allows it. A record of another team keeps to what its author marked or granted. The ID on
stdout means that the alert is on stable storage here.`,
		Examples: []string{"tocsin alert mark --tlp clear --community drill 3f9ac01b77de"},
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "tlp", Usage: "who may see it: `LABEL` (default: the document's own)"},
			&cli.StringFlag{Name: "pap", Usage: "what may be done with it: `LABEL` clear, green, amber or red"},
			&cli.StringSliceFlag{Name: "purpose", Usage: "limit of `PURPOSE`; may be repeated"},
			personFlag(),
			&cli.StringFlag{Name: "community", Usage: "`COMMUNITY` that it goes to: name, ID, or the first characters of it"},
			&cli.StringFlag{Name: "to", Usage: "`TEAM` that it goes to, privately"},
			&cli.StringFlag{Name: "class", Usage: "`CLASS` routine, urgent or emergency"},
			&cli.BoolFlag{Name: "relabel", Usage: "the source allows a wider marking than its own"},
			despiteDutyFlag(),
		},
		Run: func(ctx context.Context, c *cli.Context) error {
			if err := oneDestination(c); err != nil {
				return err
			}
			noteWhite(e, c.String("tlp"))
			d := newDrafting(e, origin{flags: map[string]string{}})
			m := api.MarkDraft{
				TLP: word(d, "tlp", c.String("tlp"), notice.ParseTLP), PAP: word(d, "pap", c.String("pap"), notice.ParsePAP),
				Community: c.String("community"), To: c.String("to"), Class: record.Class(c.String("class")),
				Persons: c.StringSlice("person"), Relabel: c.Bool("relabel"), DespiteDuty: c.Bool("despite-duty"),
			}
			for i, typed := range c.StringSlice("purpose") {
				m.Purpose = append(m.Purpose, word(d, fmt.Sprintf("purpose[%d]", i), typed, notice.ParsePurpose))
			}
			if err := d.err(); err != nil {
				return err
			}
			daemon, err := dial(e)
			if err != nil {
				return err
			}
			done, err := daemon.MarkHeld(ctx, c.Args().First(), m)
			if err != nil {
				return inFlags(c, err)
			}
			if e.JSON {
				return printAnswer(e, done)
			}
			return printPublished(e, &done.Published)
		},
	})
}
