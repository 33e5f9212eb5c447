package main

import (
	"context"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
)

// sharingFlags say what onward sharing is asked for, or granted.
func sharingFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "community", Usage: "share with the members of `COMMUNITY`; may be repeated"},
		&cli.StringSliceFlag{Name: "team", Usage: "share with `TEAM`; may be repeated"},
		&cli.BoolFlag{Name: "constituents", Usage: "share with the organisations that the asking team serves"},
		&cli.BoolFlag{Name: "public", Usage: "share with anybody (TLP:CLEAR)"},
		&cli.StringSliceFlag{Name: "lift", Usage: "limit of `PURPOSE` that is not to hold for it; may be repeated"},
		&cli.StringFlag{Name: "until", Usage: "`TIME` at which the permission ends, or a span such as 30d (default: never)"},
	}
}

// sharing reads sharingFlags and the TLP label.
func (d *drafting) sharing(c *cli.Context) api.PermissionDraft {
	p := api.PermissionDraft{
		TLP:         word(d, "tlp", c.String("tlp"), notice.ParseTLP),
		Communities: c.StringSlice("community"), Teams: c.StringSlice("team"),
		Constituents: c.Bool("constituents"), Public: c.Bool("public"),
		Until: d.when("until", c.String("until")),
	}
	for _, typed := range c.StringSlice("lift") {
		if strings.EqualFold(typed, "none") {
			continue
		}
		p.Lifts = append(p.Lifts, word(d, "lift", typed, notice.ParsePurpose))
	}
	return p
}

func requestPermissionCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "permission",
		Usage: "ask the author of a record whether it may be passed on",
		Args:  "RECORD",
		Help: `RECORD is an ID or the first characters of one. Sends a private request to the team that wrote it, which says exactly to whom it is
to be passed on and under which marking. The author answers with tocsin reply ... accept --grant; what it grants is unlocked, for
this record alone: tocsin alert forward, and tocsin record export --for.

--tlp is the marking under which it would go on (default: that of the record). A team that is granted something under TLP:CLEAR
without --public gets it as TLP:GREEN. Unless --title and --text say more, the request names the record and nothing of its content;
it carries the record's own TLP label.`,
		Examples: []string{
			"tocsin request permission --community regional rafdcebd6a2x",
			"tocsin request permission --constituents --lift no-victim-contact --until 30d --reply-by 24h rafdcebd6a2x",
		},
		Flags: append(append([]cli.Flag{
			&cli.StringFlag{Name: "tlp", Usage: "marking under which it would go on: `LABEL`"},
		}, sharingFlags()...),
			&cli.StringFlag{Name: "reply-by", Usage: "by when a human answer is asked: a span such as 24h, or a `TIME`", Value: "2d"},
			&cli.StringFlag{Name: "priority", Usage: "`PRIORITY` low, normal, high or urgent", Value: "normal"},
			&cli.StringFlag{Name: "title", Usage: "one line that says what for, as `TEXT`"},
			&cli.StringFlag{Name: "text", Usage: "why it is needed, as `TEXT`"},
			&cli.StringFlag{Name: "lang", Usage: "`LANGUAGE` of title and text", Value: "en"},
			&cli.StringFlag{Name: "case", Usage: "`NAME` that the requests of one case share (default: a new one)"},
			&cli.StringFlag{Name: "our-ref", Usage: "your own ticket `NUMBER`"},
			personFlag(),
			despiteDutyFlag(),
			relabelFlag("title or text are here under a stricter marking: only with the permission of their source"),
		),
		Run: func(ctx context.Context, c *cli.Context) error {
			noteWhite(e, c.String("tlp"))
			d := newDrafting(e, origin{flags: map[string]string{"reply_by": "--reply-by", "lift": "--lift"}})
			q := api.PermissionRequest{Permission: d.sharing(c), DespiteDuty: c.Bool("despite-duty"), Relabel: c.Bool("relabel")}
			if q.Permission.Empty() {
				return usageErrorf("at least one of --community, --team, --constituents, --public", "nobody is named to share it with")
			}
			title := c.String("title")
			if title == "" {
				title = "May we pass on your record " + c.Args().First() + "?"
			}
			q.Request = notice.Request{
				Action: notice.ActionPermission, Status: notice.StatusActual, Priority: word(d, "priority", c.String("priority"), notice.ParsePriority),
				ReplyBy: d.when("reply_by", c.String("reply-by")), Case: c.String("case"), OurRef: c.String("our-ref"),
				Texts: []notice.Text{{Language: c.String("lang"), Title: title, Summary: c.String("text")}},
			}
			d.missingReplyBy(&q.Request)
			if err := d.err(); err != nil {
				return err
			}
			daemon, err := dial(e)
			if err != nil {
				return err
			}
			about, err := daemon.Record(ctx, c.Args().First())
			if err != nil {
				return err
			}
			if q.Request.Marking.TLP, err = notice.ParseTLP(markingOf(&about.Entry)); err != nil {
				return &userError{Code: exitRefused, Msg: "the record cannot be read here, so nobody can say what it is: " + about.Unread}
			}
			q.Request.Marking.Persons = c.StringSlice("person")
			done, err := daemon.RequestPermission(ctx, c.Args().First(), q)
			if err != nil {
				return err
			}
			return printRequested(e, done)
		},
	})
}

// despiteDutyFlag is the sender's word that it knows what the recipient must do with what it is told.
func despiteDutyFlag() cli.Flag {
	return &cli.BoolFlag{Name: "despite-duty", Usage: "send it although the recipient's profile names a duty to hand on what it is told"}
}

// permission shows what onward sharing is asked for, or granted; each of its lines is indented as its label is.
func (s *sheet) permission(label string, p *notice.Permission, names map[string]string) {
	if p == nil {
		return
	}
	in := label[:len(label)-len(strings.TrimLeft(label, " "))]
	s.line(label, p.Record.String())
	s.line(in+"Goes on as", p.TLP.String())
	for _, c := range p.Communities {
		s.line(in+"To members", named(names, c.String()))
	}
	for _, t := range p.Teams {
		s.line(in+"To team", named(names, t.String()))
	}
	if p.Constituents {
		s.line(in+"To", "the constituents of the team that asks")
	}
	if p.Public {
		s.line(in+"To", "anybody")
	}
	for _, l := range p.Lifts {
		s.line(in+"Lifts", limitSentence(l))
	}
	s.at(in+"Until", p.Until)
}

// grants shows what the author of a record allows this team beyond the marking, one line each.
func (s *sheet) grants(list []api.Grant) {
	for i := range list {
		g := &list[i]
		s.line("Granted", grantSentence(g, s.now))
	}
}

func grantSentence(g *api.Grant, now time.Time) string {
	p := &g.Permission
	var to []string
	for _, c := range p.Communities {
		to = append(to, "the members of "+orID(g.Names, c.String()))
	}
	for _, t := range p.Teams {
		to = append(to, orID(g.Names, t.String()))
	}
	if p.Constituents {
		to = append(to, "constituents")
	}
	if p.Public {
		to = append(to, "anybody")
	}
	text := p.TLP.String() + " to " + strings.Join(to, ", ")
	switch {
	case g.Over:
		text += " (over: until " + showTime(p.Until, now) + ")"
	case !p.Until.IsZero():
		text += " until " + showTime(p.Until, now)
	}
	if len(p.Lifts) > 0 {
		text += ", without " + strings.Join(texts(p.Lifts), ", ")
	}
	return text + " by " + showTeam(g.By) + " (request " + short(g.Request) + ")"
}

// orID is a name in a sentence, or the ID where none is known.
func orID(names map[string]string, id string) string {
	if n := names[id]; n != "" {
		return n
	}
	return id
}

func named(names map[string]string, id string) string {
	if n := names[id]; n != "" {
		return n + " (" + id + ")"
	}
	return id
}
