package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
)

func recordCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "record",
		Usage: "look at signed records, take them out, and verify files",
		Verbs: []*cli.Command{recordShowCommand(e), recordExportCommand(e), recordEraseCommand(e), recordVerifyCommand(e)},
	})
}

func recordShowCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "show",
		Usage: "show the signed header of a record and what proves it",
		Args:  "RECORD",
		Help: `RECORD is an ID or the first characters of one, of whatever kind. What the notice in it says: tocsin alert show, tocsin request show.
Of a record that is TLP:RED it lists who opened it here, and when: this node's own note, of which nothing leaves it.
` + redHelp,
		Examples: []string{"tocsin record show rafdcebd6a2x"},
		Flags:    []cli.Flag{asFlag()},
		Run: func(ctx context.Context, c *cli.Context) error {
			d, err := dial(e)
			if err != nil {
				return err
			}
			r, err := askRecord(ctx, d, c)
			if err != nil {
				return err
			}
			warnRed(e, &r.Entry)
			if e.JSON {
				return printAnswer(e, r)
			}
			if err := writeRecord(e, r); err != nil {
				return err
			}
			if !wasErased(&r.Entry) {
				return nil
			}
			gone, err := d.Erasure(ctx, r.ID.String())
			if err != nil {
				return err
			}
			s := &sheet{now: e.Now()}
			s.gap()
			writeErasure(s, gone)
			return s.write(e.Stdout)
		},
	})
}

func writeRecord(e *env, r *api.RecordView) error {
	s := &sheet{now: e.Now()}
	s.line("Kind", r.Kind)
	writeEnvelope(s, &r.Entry)
	s.line("Came by", r.Via)
	s.line("Class", string(r.Class))
	s.red(e, &r.Entry, "record")
	for _, o := range r.Readings {
		s.linef("Opened by", "%s, %s, as the user %s", o.As, showTime(o.At, s.now), o.By)
	}
	s.grants(r.Grants)
	if title := headline(&r.Entry); r.Alert != nil || r.Request != nil {
		s.line("Title", title)
	}
	s.gap()
	s.line("Node", r.Proof.Node.String())
	s.linef("Lane", "run %s, number %d", r.Header.Run, r.Header.Seq)
	if r.Header.Seq > 1 {
		s.line("Before it", r.Header.Prev.String())
	}
	s.linef("Body", "%s, %d bytes, SHA-256 tree %s", r.Header.MediaType, r.Header.Length, r.Header.Digest)
	for _, m := range r.Header.Crit {
		s.linef("Critical", "%s: not understood by this release, so the record is kept and not acted on", m)
	}
	s.gap()
	s.title("What was checked before it was kept:")
	s.prose(fmt.Sprintf("%s signature of node %s over the header", r.Proof.Suite, short(r.Proof.Node)))
	s.prose(fmt.Sprintf("delegation %s by the root key of team %s, in force from %s until %s", short(r.Proof.Delegation), short(r.Proof.Team),
		showInstant(r.Proof.From), showInstant(r.Proof.Until)))
	if r.Proof.BodyMatch {
		s.prose("the body is here and is the one that was signed")
	} else {
		s.prose("the body is not here")
	}
	return s.write(e.Stdout)
}

func recordExportCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "export",
		Usage: "write a record as a DSSE JSON file that others can verify",
		Args:  "RECORD",
		Help: `The file holds the signed header, its signature and the body; of a sealed record also the key that opens this body and no other.
Anybody can verify it without tocsin (docs/spec/record.md shows it with openssl alone), or with tocsin record verify.

--for says who gets the file, and the marking decides with that word: own (the default) for use within the team, constituents for
organisations that the team serves, public for anybody. What the author granted counts (tocsin request permission). TLP:RED is
never exported. Where this node knows what the record says under a stricter marking (stripped-marking), that one holds unless
--relabel says that its source allows the wider one. What is withheld is said on stderr, with exit code 11; so is what the marking asks of whoever gets the file.`,
		Examples: []string{"tocsin record export -o alert.dsse.json rafdcebd6a2x", "tocsin record export --for constituents rafdcebd6a2x"},
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write it to `FILE`, - for stdout (default: stdout)"},
			&cli.StringFlag{Name: "for", Usage: "who gets it: `AUDIENCE` own, constituents or public", Value: api.ForOwn},
			relabelFlag("its own marking holds, although this node knows what it says under a stricter one"),
		},
		Run: func(ctx context.Context, c *cli.Context) error {
			d, err := dial(e)
			if err != nil {
				return err
			}
			who := c.String("for")
			if !slices.Contains(api.ExportAudiences(), who) {
				return usageErrorf("one of "+strings.Join(api.ExportAudiences(), ", "), "--for %+q is no audience of an export", who)
			}
			out, err := d.Export(ctx, c.Args().First(), api.ExportQuery{For: who, Relabel: c.Bool("relabel")})
			if err != nil {
				return err
			}
			file := out.File
			for _, sentence := range out.Contracts {
				complain(e.Stderr, "", sentence)
			}
			if path := c.String("output"); path != "" && path != dash {
				if err := createFile(path, file, 0o600); err != nil {
					return err
				}
				if e.JSON {
					return printJSON(e.Stdout, struct {
						File string `json:"file"`
					}{path})
				}
				complain(e.Stderr, "", "wrote "+path)
				return nil
			}
			_, err = e.Stdout.Write(file)
			return err
		},
	})
}
