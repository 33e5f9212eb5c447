package main

import (
	"context"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
)

func ledgerCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "ledger",
		Usage: "say how teams answered requests, as this node saw it",
		Help: `One sentence for each team first: how many requests were answered in the time asked, the median time to a human answer with the
unanswered counted as long as they have been waited for (Kaplan-Meier), and what is open. Then overdue, and why: unreachable (its
machine did not get it), silent (its machine has it, no human answered), late and declined are told apart. Requests of this team and
what was seen of others' requests are never mixed. With fewer than 5 requests no median is given. There is no ranking, teams stand by
name, and nothing of this leaves the node by itself.

--team shows the requests behind the numbers and the response curve.`,
		Examples: []string{"tocsin ledger", "tocsin ledger --team CERT-B", "tocsin ledger --drills --community drill --json"},
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "team", Usage: "only this `TEAM`, with the requests behind the numbers: name, ID, or its first characters"},
			&cli.StringFlag{Name: "community", Usage: "only requests in this `COMMUNITY`: name, ID, or its first characters"},
			&cli.StringFlag{Name: "since", Usage: "only requests sent since `TIME`, or in the last span such as 90d"},
			&cli.BoolFlag{Name: "drills", Usage: "exercises and tests instead of actual requests"},
			&cli.BoolFlag{Name: "detail", Usage: "show the requests behind the numbers of all teams"},
		},
		Run: func(ctx context.Context, c *cli.Context) error {
			since, err := sinceFlag(e, c)
			if err != nil {
				return err
			}
			d, err := dial(e)
			if err != nil {
				return err
			}
			q := api.LedgerQuery{
				Community: c.String("community"), Team: c.String("team"), Drills: c.Bool("drills"), Since: since,
				Detail: c.Bool("detail") || c.IsSet("team"),
			}
			l, err := d.Ledger(ctx, q)
			if err != nil {
				return err
			}
			if e.JSON {
				return printAnswer(e, l)
			}
			if len(l.Teams) == 0 {
				complain(e.Stderr, "", emptyLedger(&q))
				return nil
			}
			return writeLedger(e, l)
		},
	})
}

// emptyLedger does not call a ledger empty of which only a part was asked for.
func emptyLedger(q *api.LedgerQuery) string {
	what := "actual requests"
	if q.Drills {
		what = "exercises or tests"
	}
	switch {
	case !q.Since.IsZero() && q.Team == "" && q.Community == "":
		return "the ledger holds no " + what + ": none in that time"
	case !q.Since.IsZero():
		return "the ledger holds no such " + what + ": none in that time"
	case q.Team != "" || q.Community != "":
		return "the ledger holds no such " + what
	}
	return "the ledger holds no " + what + " yet"
}

func writeLedger(e *env, l *api.Ledger) error {
	s := &sheet{now: e.Now()}
	for i := range l.Teams {
		t := &l.Teams[i]
		s.title(showTeam(t.Team) + ": " + t.Sentence)
		writeSummary(s, "asked by us", &t.Own)
		writeSummary(s, "seen asked", &t.Others)
	}
	if l.Note != "" {
		s.gap()
		s.prose(l.Note)
	}
	if err := s.write(e.Stdout); err != nil {
		return err
	}
	if l.OlderRows > 0 {
		complain(e.Stderr, "", plural(l.OlderRows, "older row")+" left out: name a --team, or a time with --since")
	}
	if err := writeStandings(e, l.Rows); err != nil {
		return err
	}
	return writeCurves(e.Stdout, l)
}

// writeSummary puts what is overdue, and why, under the sentence. A team with nothing overdue needs no second line.
func writeSummary(s *sheet, label string, m *api.LedgerSummary) {
	if m.Overdue == 0 && m.Missed == 0 && m.Unsent == 0 {
		return
	}
	text := ""
	for _, part := range []struct {
		n    int
		what string
	}{
		{m.Overdue, "overdue now"},
		{m.Silent, "silent (its machine has it)"},
		{m.Unreachable, "unreachable"},
		{m.Unseen, "no answer seen"},
		{m.Missed, "closed without an answer"},
		{m.Unsent, "not sent yet"},
	} {
		if part.n > 0 {
			if text != "" {
				text += ", "
			}
			text += fmt.Sprintf("%d %s", part.n, part.what)
		}
	}
	s.prose(label + ": " + text)
}

// writeStandings lists the requests behind the numbers.
func writeStandings(e *env, rows []api.Standing) error {
	if len(rows) == 0 {
		return nil
	}
	if _, err := io.WriteString(e.Stdout, "\n"); err != nil {
		return err
	}
	t := newTable("REQUEST", "SENT", "BY", "TO", "STATE", "IN TIME", "WAITED>", "DUE")
	for i := range rows {
		r := &rows[i]
		state := r.State
		if r.Reason != "" {
			state += ": " + r.Reason.String()
		}
		by := teamName(r.Requester)
		if r.Own {
			by = "us"
		}
		sent := showDistance(r.Sent, e.Now())
		if r.Sent.IsZero() {
			sent = "not yet"
		}
		t.add(short(r.Request), sent, by, teamName(r.Team), state, r.Timing, waited(r.Waited), dueOf(e, r))
	}
	return t.write(e.Stdout)
}

func dueOf(e *env, r *api.Standing) string {
	if r.Due.IsZero() {
		return "-"
	}
	return showDistance(r.Due, e.Now())
}
