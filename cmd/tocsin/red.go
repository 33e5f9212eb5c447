package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/client"
)

// redHelp is what the commands that open TLP:RED say of it.
const redHelp = `What is TLP:RED is shown only to whom it is for: --as NAME opens it if it names that person, or else if the RED desk of this team's
profile does; a record of this team's own opens to that desk. Every opening is noted here (tocsin record show). This guards
against accidents and keeps a record; whoever may call the daemon can give any name.`

// asFlag says who reads.
func asFlag() cli.Flag {
	return &cli.StringFlag{Name: "as", Usage: "open what is TLP:RED, as the person `NAME`; it is noted"}
}

// personFlag says for whom TLP:RED is.
func personFlag() cli.Flag {
	return &cli.StringSliceFlag{Name: "person", Usage: "with TLP:RED, `NAME` of a person there for whom it is (default: their RED desk); may be repeated"}
}

// askRequest asks for the request that the line names, and opens it where the line says who reads.
func askRequest(ctx context.Context, d *client.Client, c *cli.Context) (*api.RequestView, error) {
	if c.IsSet("as") {
		return d.OpenRequest(ctx, c.Args().First(), api.OpenDraft{As: c.String("as")})
	}
	return d.Request(ctx, c.Args().First())
}

// askRecord is askRequest for any record.
func askRecord(ctx context.Context, d *client.Client, c *cli.Context) (*api.RecordView, error) {
	if c.IsSet("as") {
		return d.OpenRecord(ctx, c.Args().First(), api.OpenDraft{As: c.String("as")})
	}
	return d.Record(ctx, c.Args().First())
}

// warnRed passes on what the daemon warns of when something was opened.
func warnRed(e *env, n *api.Entry) {
	if n.Red != nil && n.Red.Warning != "" {
		complain(e.Stderr, "warning: ", e.here(n.Red.Warning))
	}
}

// red says whom a record is for that is TLP:RED, and how to open it. What is the command that shows it.
func (s *sheet) red(e *env, n *api.Entry, what string) {
	if n.Red == nil {
		return
	}
	s.line("For", n.Red.For)
	if n.Red.OpenedAs != "" {
		s.line("Opened as", n.Red.OpenedAs+"; that is noted here")
		return
	}
	s.marking(&n.Red.Marking)
	s.limits(&n.Red.Marking)
	s.line("To open it", e.here(fmt.Sprintf("tocsin %s show --as NAME %s", what, n.ID)))
}
