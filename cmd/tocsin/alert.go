package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
)

func alertCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "alert",
		Usage: "warn a community, and read its warnings",
		Verbs: []*cli.Command{
			alertSendCommand(e), alertListCommand(e), alertShowCommand(e), alertUpdateCommand(e), alertCancelCommand(e),
			alertForwardCommand(e), alertImportCommand(e), alertHeldCommand(e), alertMarkCommand(e), alertWatchCommand(e),
		},
	})
}

func alertFlags() []cli.Flag {
	flags := append(audienceFlags(),
		&cli.StringFlag{Name: "severity", Usage: "how bad it is: `WORD` extreme, severe, moderate, minor or unknown"},
		&cli.StringFlag{Name: "urgency", Usage: "how soon to act: `WORD` immediate, expected, future, past or unknown"},
		&cli.StringFlag{Name: "certainty", Usage: "how sure it is: `WORD` observed, likely, possible, unlikely or unknown"},
		&cli.StringFlag{Name: "classification", Usage: "what kind of incident, as RSIT `TYPE` or class/type: phishing, vulnerable/vulnerable-system"},
		&cli.StringFlag{Name: "observed", Usage: "`TIME` when it was seen, with its zone"},
		&cli.StringFlag{Name: "valid-until", Usage: "`TIME` after which it is history, or a span such as 7d"},
	)
	flags = append(flags, contentFlags()...)
	return append(flags, draftFlags()...)
}

func alertSendCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "send",
		Usage: "publish a new alert to a community",
		Args:  "[DRAFT]",
		Help: `Signs the alert, keeps it on stable storage and sends it to every member of the community. The ID printed on stdout is the
proof: whatever happens to this machine afterwards, the record survives; members that are away get it when they are back.

What the alert says comes from flags, from a DRAFT file in TOML (--template prints a commented one), or from both; a flag
replaces what the draft says. A draft has room for several languages. Everything that is wrong with it is told at once, with
file, line and field.

There is no default marking: without --tlp (or tlp in the draft) the alert is refused. An attached CSAF advisory (JSON) is
recognised; title, text and references are taken from it where you give none, its marking never. A file whose own TLP label is
stricter than yours - CSAF, MISP, STIX, other JSON and text - is refused, and so is a text that this node has under a stricter
marking, unless --relabel says that the source allows it. Archives, PDF, office and mail files are not looked into: stderr names them.`,
		Examples: []string{
			"tocsin alert send --community drill --tlp clear --title 'Mass exploitation of CVE-2024-3400' --severity severe",
			"tocsin alert send --community drill --tlp clear --attach advisory.json",
			"tocsin alert send --template > alert.toml && $EDITOR alert.toml && tocsin alert send alert.toml",
		},
		Flags: alertFlags(),
		Run: func(ctx context.Context, c *cli.Context) error {
			if c.Bool("template") {
				_, err := fmt.Fprint(e.Stdout, alertTemplate())
				return err
			}
			w := &alertDraft{}
			d, err := readAlert(e, c, 0, w)
			if err != nil {
				return err
			}
			draft, err := d.alert(w, notice.AlertNew)
			if err != nil {
				return err
			}
			return publishAlert(ctx, e, draft)
		},
	})
}

// readAlert reads the draft file into w, if the line names one (at place arg), and lays the flags over it.
func readAlert(e *env, c *cli.Context, arg int, w *alertDraft) (*drafting, error) {
	from, err := readDraft(e, c, arg, w)
	if err != nil {
		return nil, err
	}
	o := over{c, from}
	if err := o.draft(e, &w.draft); err != nil {
		return nil, err
	}
	if len(w.Attach) > 0 {
		w.kept = nil
	}
	o.text("severity", &w.Severity)
	o.text("urgency", &w.Urgency)
	o.text("certainty", &w.Certainty)
	o.text("classification", &w.Classification)
	o.when("observed", &w.Observed)
	o.when("valid_until", &w.ValidUntil)
	d := newDrafting(e, from)
	d.relabel = c.Bool("relabel")
	return d, nil
}

// publishAlert sends it and prints the ID, alone on stdout: an ID printed is a record kept.
func publishAlert(ctx context.Context, e *env, draft api.AlertDraft) error {
	d, err := dial(e)
	if err != nil {
		return err
	}
	done, err := d.PublishAlert(ctx, draft)
	if err != nil {
		return err
	}
	return printPublished(e, done)
}

func printPublished(e *env, p *api.Published) error {
	if e.JSON {
		return printAnswer(e, p)
	}
	for _, w := range p.Warnings {
		complain(e.Stderr, "warning: ", w)
	}
	if p.To != nil && p.Apart {
		complain(e.Stderr, "", waitsApart(p))
	}
	_, err := fmt.Fprintln(e.Stdout, p.ID)
	return err
}
