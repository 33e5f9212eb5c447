package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/client"
	"tocsin/pkg/intake"
)

func alertImportCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "import",
		Usage: "bring in warnings that came by another way: CSAF, MISP, exported records",
		Args:  "FILE...",
		Help: `Each FILE (- for standard input) is a CSAF advisory, a MISP event, or a record that tocsin record export wrote. It is kept on stable
storage by the daemon, and shared with nobody: it becomes an alert only when it is marked, by tocsin alert mark. A document that
carries a TLP label of its own (the strictest, where it has several) is a draft with that marking; with --community those go out
at once, as they are labelled. One without a label, or with one that is not known, is held until a person says how it may be
shared. A record in a channel of which this node is part is kept as what it is.

Prints one line for each file: the ID, its marking or - where there is none, its title. Of several files some may fail: exit code 3.`,
		Examples: []string{"tocsin alert import advisory.json", "tocsin alert import --community drill advisory.json event.json"},
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "community", Usage: "`COMMUNITY` that those with a marking of their own go to at once"},
		},
		Run: func(ctx context.Context, c *cli.Context) error {
			d, err := dial(e)
			if err != nil {
				return err
			}
			in := importing{e, d, c.String("community")}
			failed := 0
			var last error
			for _, path := range c.Args().Slice() {
				if err := in.bring(ctx, path); err != nil {
					if c.NArg() == 1 {
						return err
					}
					failed, last = failed+1, err
					f := explain(err)
					complain(e.Stderr, "", path+": "+f.Message)
					e.hint(f.Hint)
				}
			}
			if failed == 0 {
				return nil
			}
			code := exitPartly
			if failed == c.NArg() {
				code = explain(last).Code
			}
			return &userError{Code: code, Msg: fmt.Sprintf("%d of %s could not be brought in or sent", failed, plural(c.NArg(), "file"))}
		},
	})
}

// imported is one line of the answer.
type imported struct {
	File string `json:"file"`
	api.Imported
	Published *api.Published `json:"published,omitempty"`
}

// importing is one run of the command.
type importing struct {
	e         *env
	client    *client.Client
	community string // where those that are marked go at once; empty for nowhere
}

func (i importing) bring(ctx context.Context, path string) error {
	data, err := readInput(i.e, path, intake.MaxFile)
	if err != nil {
		return cannotRead("", err)
	}
	in, err := i.client.Import(ctx, api.ImportDraft{Name: filepath.Base(path), Data: data})
	if err != nil {
		return err
	}
	line := imported{File: path, Imported: *in}
	if in.Held != nil && in.Held.TLP != "" && i.community != "" {
		done, err := i.client.MarkHeld(ctx, in.Held.ID, api.MarkDraft{Community: i.community})
		if err != nil {
			complain(i.e.Stderr, "", path+": it is held as "+shortHeld(in.Held))
			return err
		}
		line.Published = &done.Published
	}
	return writeImported(i.e, &line)
}

func writeImported(e *env, in *imported) (err error) {
	if e.JSON {
		return printAnswer(e, in)
	}
	switch h := in.Held; {
	case in.Published != nil:
		for _, w := range in.Published.Warnings {
			complain(e.Stderr, "warning: ", in.File+": "+w)
		}
		_, err = fmt.Fprintf(e.Stdout, "%s  %s  %s\n", in.Published.ID, h.TLP, cleanLine(h.Title))
	case h == nil:
		_, err = fmt.Fprintf(e.Stdout, "%s\n", in.Kept)
	default:
		if _, err = fmt.Fprintf(e.Stdout, "%s  %s  %s\n", shortHeld(h), heldMarking(h), cleanLine(h.Title)); err != nil {
			return err
		}
		if h.TLP == "" {
			complain(e.Stderr, "", in.File+" has no marking that is known, and is shared with nobody")
			e.hint("tocsin alert mark --tlp LABEL --community COMMUNITY " + shortHeld(h))
		} else {
			e.hint("tocsin alert mark --community COMMUNITY " + shortHeld(h))
		}
	}
	return err
}
