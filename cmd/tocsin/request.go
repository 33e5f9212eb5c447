package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
)

func requestCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "request",
		Usage: "ask teams for cooperation, and see who answers",
		Verbs: []*cli.Command{
			requestSendCommand(e), requestPermissionCommand(e), requestListCommand(e), requestShowCommand(e), requestWithdrawCommand(e),
			requestCloseCommand(e),
		},
	})
}

func requestFlags() []cli.Flag {
	flags := append([]cli.Flag{
		&cli.BoolFlag{Name: "private", Usage: "send it to the teams alone, each on a direct stream, instead of into a community"},
		&cli.StringSliceFlag{Name: "to", Usage: "`TEAM` that is asked: name, ID, or the first characters of it; may be repeated"},
		&cli.StringFlag{Name: "action", Usage: "what is asked: `ACTION` takedown, information, victim-notification, log-preservation, sinkhole, contact, assistance or other"},
		&cli.StringFlag{Name: "reply-by", Usage: "by when a human answer is asked: a span such as 24h, or a `TIME` with its zone; due at the floor at the earliest (private: 1 h)"},
		&cli.StringFlag{Name: "priority", Usage: "`PRIORITY` low, normal (the default), high or urgent"},
		&cli.StringFlag{Name: "case", Usage: "`NAME` that the requests of one case share (default: a new one)"},
		&cli.StringFlag{Name: "legal-basis", Usage: "legal ground of the request, as `TEXT`"},
		personFlag(),
		despiteDutyFlag(),
	}, audienceFlags()...)
	flags = append(flags, contentFlags()...)
	return append(flags, draftFlags()...)
}

func requestSendCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "send",
		Usage: "ask a community or some teams to do something by a time",
		Args:  "[DRAFT]",
		Help: `A request goes one of two ways. Into a community (--community): every member sees it and its answers, and it counts in each
member's ledger; --to names the teams that are asked, without it everybody is and nobody counts as silent. Or privately
(--private --to TEAM ...): each team gets a record of its own on a direct stream, which only the two of you see; while a team
is away it waits here and is tried again. TLP:RED is always private, and for persons: those that --person names at the team, else
the RED desk of its published profile; to a team without one it is not sent unless it names somebody. Where the published profile of a team asked privately names a
duty to hand on what it is told, and that matters for the marking or its limits of purpose, the sentence is shown and nothing is
sent before --despite-duty says that you know. Files and texts under a stricter label are refused as tocsin alert send does it.

The IDs are printed on stdout, one to a line: those requests are on stable storage here. With several private requests some may
fail; the exit code is then 3 and stderr says which.

What the request says comes from flags, a DRAFT file (--template prints a commented one), or both; a flag replaces what the draft
says. --tlp and --reply-by have no default. A community has a floor, the shortest time to answer that counts (of
private requests: 1 h): an earlier --reply-by is sent, and counted as due at the floor.`,
		Examples: []string{
			"tocsin request send --community drill --to CERT-B --action takedown --reply-by 24h --tlp clear --title 'C2 at 192.0.2.7'",
			"tocsin request send --private --to CERT-A --to CERT-B --action information --reply-by 2d --tlp clear --title 'Logs of 1 March'",
			"tocsin request send --template > request.toml",
		},
		Flags: requestFlags(),
		Run: func(ctx context.Context, c *cli.Context) error {
			if c.Bool("template") {
				_, err := fmt.Fprint(e.Stdout, requestTemplate())
				return err
			}
			draft, err := readRequest(e, c)
			if err != nil {
				return err
			}
			draft.DespiteDuty = c.Bool("despite-duty")
			d, err := dial(e)
			if err != nil {
				return err
			}
			done, err := d.PublishRequest(ctx, draft)
			if err != nil {
				return inFlags(c, err)
			}
			return printRequested(e, done)
		},
	})
}

func readRequest(e *env, c *cli.Context) (api.RequestDraft, error) {
	w := &requestDraft{}
	from, err := readDraft(e, c, 0, w)
	if err != nil {
		return api.RequestDraft{}, err
	}
	o := over{c, from}
	if err := o.draft(e, &w.draft); err != nil {
		return api.RequestDraft{}, err
	}
	if c.IsSet("private") {
		w.Private = c.Bool("private")
		from.flags["private"] = "--private"
	}
	o.list("to", &w.To)
	o.list("persons", &w.Persons)
	o.text("action", &w.Action)
	o.when("reply_by", &w.ReplyBy)
	o.text("priority", &w.Priority)
	o.text("case", &w.Case)
	o.text("legal_basis", &w.LegalBasis)
	reading := newDrafting(e, from)
	reading.relabel = c.Bool("relabel")
	return reading.request(w)
}

// inFlags names the flag that a problem of the daemon is about: it knows teams and communities, but not what was typed.
func inFlags(c *cli.Context, err error) error {
	var p *api.Problem
	if !errors.As(err, &p) {
		return err
	}
	if len(p.Fields) == 1 && p.Fields[0].Field == "to" && c.IsSet("to") {
		return &userError{Code: api.ExitOf(p), Msg: "--to " + p.Fields[0].Problem, Hint: p.Fields[0].Hint}
	}
	if p.Code != api.NotFound && p.Code != api.Ambiguous {
		return err
	}
	for word, flag := range map[string]string{"team": "to", "community": "community"} {
		several := strings.Contains(p.Detail, " may be one of ") && strings.HasSuffix(p.Detail, " "+word+"s")
		if c.IsSet(flag) && (several || strings.HasPrefix(p.Detail, "no "+word+" ")) {
			return &userError{Code: api.ExitOf(p), Msg: "--" + flag, Hint: p.Hint, Err: p}
		}
	}
	return err
}

// tellRequested says what a sender would else learn too late: which request went to whom, which waits, and when they are due.
func tellRequested(e *env, done *api.RequestsPublished) {
	for _, w := range done.Warnings {
		complain(e.Stderr, "warning: ", e.here(w))
	}
	for i := range done.Published {
		p := &done.Published[i]
		if p.To == nil {
			continue
		}
		if len(done.Published)+len(done.Failed) > 1 {
			complain(e.Stderr, "", short(p.ID)+" goes to "+showTeam(*p.To))
		}
		if p.Apart {
			complain(e.Stderr, "", waitsApart(p))
		}
	}
	for i := range done.Published {
		if d := done.Published[i].Due; d != nil && d.Floor > 0 {
			floor := "the floor of the community"
			if done.Published[i].To != nil {
				floor = "the floor of private requests"
			}
			complain(e.Stderr, "", "counted as due in "+words(d.At.Sub(e.Now()))+": "+floor+" is "+waited(d.Floor))
			break
		}
	}
}

// waitsApart says why a private record does not go out now.
func waitsApart(p *api.Published) string {
	return showTeam(*p.To) + " shares no community with this team: the " + cmp.Or(cleanLine(p.Kind), "request") + " waits here until it does"
}

// printRequested prints the IDs that are kept, and complains of those that are not.
func printRequested(e *env, done *api.RequestsPublished) error {
	if e.JSON {
		if err := printAnswer(e, done); err != nil {
			return err
		}
	} else {
		for _, p := range done.Published {
			fmt.Fprintln(e.Stdout, p.ID)
		}
		tellRequested(e, done)
	}
	if done.Exit() == exitDone {
		return nil
	}
	for _, f := range done.Failed {
		complain(e.Stderr, "", "not sent to "+showTeam(f.To)+": "+f.Problem.Error())
		e.hint(f.Problem.Hint)
	}
	return &userError{
		Code: done.Exit(),
		Msg:  fmt.Sprintf("%d of %d requests are kept, case %s", len(done.Published), len(done.Published)+len(done.Failed), done.Case),
	}
}
