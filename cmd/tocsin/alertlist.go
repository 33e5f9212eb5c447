package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/client"
	"tocsin/pkg/notice"
)

// listFlags choose what a list shows.
func listFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "community", Usage: "only of this `COMMUNITY`: name, ID, or the first characters of it"},
		&cli.StringFlag{Name: "since", Usage: "only what came since `TIME`, or in the last span such as 24h or 7d"},
		&cli.IntFlag{Name: "limit", Usage: "at most `NUMBER` entries", Value: api.DefaultLimit},
		&cli.StringFlag{Name: "after", Usage: "go on from `PLACE`, which a list says that has older entries"},
	}
}

// listOf reads listFlags.
func listOf(e *env, c *cli.Context) (api.List, error) {
	l := api.List{Community: c.String("community"), Limit: c.Int("limit"), After: c.String("after")}
	if l.Limit < 1 || l.Limit > api.MaxLimit {
		return l, usageErrorf(fmt.Sprintf("from 1 to %d", api.MaxLimit), "--limit %d is out of range", l.Limit)
	}
	var err error
	l.Since, err = sinceFlag(e, c)
	return l, err
}

// runList is what a list command does: ask the daemon for what listFlags choose, and print it.
func runList(e *env, ask func(*client.Client, context.Context, api.List) (*api.Entries, error), write func(*env, []api.Entry) error,
) func(context.Context, *cli.Context) error {
	return func(ctx context.Context, c *cli.Context) error {
		list, err := listOf(e, c)
		if err != nil {
			return err
		}
		d, err := dial(e)
		if err != nil {
			return err
		}
		found, err := ask(d, ctx, list)
		if err != nil {
			return err
		}
		if e.JSON {
			return printAnswer(e, found)
		}
		if len(found.Entries) == 0 && list != (api.List{Limit: list.Limit}) {
			complain(e.Stderr, "", "none in that "+filterOf(list))
			return nil
		}
		err = write(e, found.Entries)
		if err != nil || found.Next == "" || c.IsSet("limit") && list.After == "" && len(found.Entries) == list.Limit {
			return err // whoever named a number has as many, and knows that there may be more
		}
		complain(e.Stderr, "", "there are older ones: --after "+found.Next)
		return nil
	}
}

// filterOf names what an empty list was limited to.
func filterOf(l api.List) string {
	switch {
	case l.After != "":
		return "part of the list"
	case l.Since.IsZero():
		return "community"
	case l.Community == "":
		return "time"
	}
	return "community and time"
}

func alertListCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "list",
		Usage: "list the alerts that are here, the newest first",
		Help: `SEEN is when this node first had the alert, by its own clock. An alert that its author has replaced or cancelled is marked so,
and so is one that replaces or cancels another.
The beginning of an ID that is shown here can be typed wherever an ID is asked for.`,
		Examples: []string{"tocsin alert list", "tocsin alert list --community drill --since 24h"},
		Flags:    listFlags(),
		Run:      runList(e, (*client.Client).Alerts, writeAlerts),
	})
}

func writeAlerts(e *env, entries []api.Entry) error {
	if len(entries) == 0 {
		complain(e.Stderr, "", "no alerts here")
		return nil
	}
	t := newTable("ID", "SEEN", "TLP", "SEVERITY", "FROM", "IN", "TITLE")
	for i := range entries {
		n := &entries[i]
		t.add(short(n.ID), showDistance(n.Sighting.Seen, e.Now()), markingOf(n), severityOf(n), teamName(n.Author), channelName(n),
			truncate(cleanLine(fate(n)+headline(n)), 100))
	}
	return t.write(e.Stdout)
}

// fate marks an alert that is over, by the newest word of its author, or that ended another. List and watch use the same words
// as show.
func fate(n *api.Entry) string {
	if len(n.SupersededBy) > 0 {
		newest := n.SupersededBy[len(n.SupersededBy)-1]
		if slices.Contains(n.CancelledBy, newest) {
			return "[cancelled] "
		}
		return "[replaced by " + short(newest) + "] "
	}
	if n.Alert == nil || len(n.Alert.Replaces) == 0 {
		return ""
	}
	var of []string
	for _, id := range n.Alert.Replaces {
		of = append(of, short(id))
	}
	if n.Alert.Type == notice.AlertCancel {
		return "[cancels " + strings.Join(of, ", ") + "] "
	}
	return "[replaces " + strings.Join(of, ", ") + "] "
}

func severityOf(n *api.Entry) string {
	if n.Alert == nil || n.Alert.Severity == "" {
		return "-"
	}
	return n.Alert.Severity.String()
}

func alertShowCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "show",
		Usage: "show one alert in full",
		Args:  "ALERT",
		Help: `ALERT is an ID or the first characters of one. Every language is shown. Text of the author is indented, and what in it could
act on a terminal is shown as escapes. --save writes the attachments, verbatim, as new files into a directory; nothing is
overwritten. They are a stranger's files: open them accordingly.
` + redHelp,
		Examples: []string{"tocsin alert show rafdcebd6a2x", "tocsin alert show --save ./in rafdcebd6a2x"},
		Flags:    []cli.Flag{&cli.PathFlag{Name: "save", Usage: "write the attachments into `DIR`"}, asFlag()},
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
			if r.Kind == notice.KindRequest {
				return &userError{Code: exitNotFound, Msg: short(r.ID) + " is no alert but a request", Hint: "tocsin request show " + c.Args().First()}
			}
			if r.Kind != notice.KindAlert {
				return &userError{
					Code: exitNotFound, Msg: fmt.Sprintf("%s is no alert but a %s", short(r.ID), r.Kind),
					Hint: "tocsin record show " + c.Args().First(),
				}
			}
			if e.JSON {
				err = printAnswer(e, r)
			} else {
				err = writeAlert(e, r)
			}
			if err != nil || !c.IsSet("save") || r.Alert == nil {
				return err
			}
			return attached{d, &r.Entry}.save(ctx, e, c.Path("save"))
		},
	})
}

func writeAlert(e *env, r *api.RecordView) error {
	s := &sheet{now: e.Now()}
	if r.Alert != nil {
		s.limits(&r.Alert.Marking)
	}
	s.title(headline(&r.Entry))
	s.gap()
	writeEnvelope(s, &r.Entry)
	s.red(e, &r.Entry, "alert")
	if a := r.Alert; a != nil {
		s.marking(&a.Marking)
		s.line("Type", alertKind(a))
		s.line("Weight", weight(a))
		s.line("Kind", kindOf(a.Classification))
		s.at("Observed", a.Observed)
		s.at("Valid until", a.ValidUntil)
		s.affected(&a.Affected)
		s.references(a.References)
		s.attachments(r.Attachments)
		s.line("Their ref", a.OurRef)
		s.line("Your ref", a.YourRef)
	}
	s.grants(r.Grants)
	for _, by := range r.SupersededBy {
		if slices.Contains(r.CancelledBy, by) {
			s.line("Cancelled by", by.String())
		} else {
			s.line("Replaced by", by.String())
		}
	}
	if r.Alert != nil {
		s.texts(r.Alert.Texts)
	}
	return s.write(e.Stdout)
}

// writeEnvelope prints what every record has.
func writeEnvelope(s *sheet, n *api.Entry) {
	s.line("ID", n.ID.String())
	s.line("From", showTeam(n.Author))
	if n.With != nil {
		s.line("Private with", showTeam(*n.With))
	} else {
		s.line("Community", channelName(n))
	}
	s.at("Written", n.Created)
	s.at("Seen here", n.Sighting.Seen)
	if n.Own && n.Sighting.Left.IsZero() {
		s.line("Left here", "not yet: no peer has taken it")
	}
	s.at("Expires", n.Expires)
	if n.Unread != "" {
		s.line("Not readable", n.Unread)
	}
	for _, m := range n.Marks {
		s.line("Beware", m.Word+": "+m.Detail)
	}
}

func alertKind(a *notice.Alert) string {
	text := a.Type.String()
	verb := " replaces "
	if a.Type == notice.AlertCancel {
		verb = " cancels "
	}
	var of []string
	for _, id := range a.Replaces {
		of = append(of, id.String())
	}
	if len(of) > 0 {
		text += "," + verb + strings.Join(of, ", ")
	}
	if a.Status.Drill() {
		text += ", " + a.Status.String()
	}
	return text
}

// weight joins severity, urgency and certainty as far as they were said.
func weight(a *notice.Alert) string {
	var said []string
	for _, w := range []string{a.Severity.String(), a.Urgency.String(), a.Certainty.String()} {
		if w != "" {
			said = append(said, w)
		}
	}
	return strings.Join(said, ", ")
}

func kindOf(c notice.Classification) string {
	if c.IsZero() {
		return ""
	}
	if label := c.Label(); label != "" {
		return label + " (" + c.String() + ")"
	}
	return c.String()
}
