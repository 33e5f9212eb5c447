package main

import (
	"context"
	"errors"
	"strings"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
)

func replyCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "reply",
		Usage: "answer a request",
		Args:  "REQUEST STATE",
		Help: `REQUEST is an ID or the first characters of one; STATE is one of

  ack        a human has read it
  accept     we will do it
  decline    we will not; --reason says why: out-of-constituency, legal, political, capacity, unclear, unverified,
             duplicate, resolved, other
  need-info  we cannot go on without an answer; --text says to what
  progress   it is under way
  done       it is finished; --result says what was done, --use-of-data what became of the data that came with it (to be said
             where the request limits the purpose of its data)

Several may follow each other. The first stops the clock that the requester's ledger runs, so an ack at once and the work later
is the usual way. Declining is an answer like any other. The reply goes the way the request came, and carries its marking
unless --tlp says otherwise; one that is less strict than that of the request, or of the record that the request is about, needs
--relabel. What was replied already, and a reply to a request that is known to be closed or withdrawn, is refused. The ID on stdout means that it is on stable storage here. A reply that is TLP:RED is for the RED desk of the team that
asked, or for the persons there that --person names; --as NAME opens a request that is TLP:RED, as tocsin request show does.

A request for permission to pass a record of yours on (tocsin request permission) is accepted with --grant: it allows what was
asked. --community, --team, --constituents and --public allow only those audiences, --tlp a stricter marking, --until an earlier end,
--lift only those limits (--lift none: no limit); more than was asked cannot be granted. An audience is typed by its name or by
8 or more characters of its ID, as tocsin request show lists it, whether this team knows it or not. A later decline takes it back for what
has not gone out yet.`,
		Examples: []string{
			"tocsin reply rafdcebd6a2x ack",
			"tocsin reply --grant --until 30d rafdcebd6a2x accept",
			"tocsin reply --reason out-of-constituency --text 'The network is in XX; try their team.' rafdcebd6a2x decline",
			"tocsin reply --result 'Taken down at 14:00Z.' --use-of-data 'Deleted after use.' rafdcebd6a2x done",
		},
		Flags: append(append([]cli.Flag{
			&cli.BoolFlag{Name: "grant", Usage: "allow what a request for permission asks, or the part of it that the flags name"},
			&cli.StringFlag{Name: "reason", Usage: "why it is declined: `WORD`, see above"},
			&cli.StringFlag{Name: "result", Usage: "what was done, as `TEXT`"},
			&cli.StringFlag{Name: "use-of-data", Usage: "what became of the data that came with the request, as `TEXT`"},
			asFlag(),
			&cli.StringFlag{Name: "our-ref", Usage: "your own ticket `NUMBER`"},
			&cli.StringFlag{Name: "your-ref", Usage: "the requester's ticket `NUMBER`"},
		}, sharingFlags()...), answerFlags()...),
		Run: func(ctx context.Context, c *cli.Context) error {
			if _, err := notice.ParseReplyState(c.Args().First()); err == nil {
				return usageErrorf("tocsin reply "+c.Args().Get(1)+" "+c.Args().First(), "the request comes first, then the state")
			}
			state, err := notice.ParseReplyState(c.Args().Get(1))
			if err != nil {
				return usageErrorf("one of: ack, accept, decline, need-info, progress, done", "%+q is not a state of a reply", c.Args().Get(1))
			}
			a, err := beginAnswer(ctx, e, c)
			if err != nil {
				return err
			}
			grant, err := a.grant(state)
			if err != nil {
				return err
			}
			n := notice.Reply{
				Request: a.id, State: state, Reason: word(a.d, "reason", c.String("reason"), notice.ParseReason), Marking: a.marking(),
				Texts: a.texts(replyTitle(state)), Result: c.String("result"), UseOfData: c.String("use-of-data"),
				OurRef: c.String("our-ref"), YourRef: c.String("your-ref"),
			}
			if state == notice.NeedInfo && strings.TrimSpace(c.String("text")) == "" {
				a.d.wrong("text", "is missing", "say what you need to know")
			}
			if state == notice.Done && len(a.request.Marking.Purpose) > 0 && strings.TrimSpace(n.UseOfData) == "" {
				a.d.wrong("use_of_data", "is missing", "the request limits what its data may be used for: say what became of it")
			}
			if err := a.checked(&n); err != nil {
				return err
			}
			done, err := a.client.Reply(ctx, a.id.String(), api.ReplyDraft{Reply: n, Grant: grant, Relabel: c.Bool("relabel")})
			if err != nil {
				return inGrantFlags(err)
			}
			return printPublished(e, done)
		},
	})
}

// inGrantFlags names the flag that a problem of the daemon with what is granted is about.
func inGrantFlags(err error) error {
	var p *api.Problem
	if !errors.As(err, &p) || len(p.Fields) != 1 {
		return err
	}
	f := p.Fields[0]
	part, ok := strings.CutPrefix(f.Field, "grant.")
	if !ok {
		part, ok = strings.CutPrefix(f.Field, "permission.")
	}
	if !ok {
		return err
	}
	switch part {
	case "communities":
		part = "community"
	case "teams":
		part = "team"
	case "lifts", "no_lifts":
		part = "lift"
	}
	told := *p
	told.Detail, told.Hint, told.Fields = "--"+part+" "+f.Problem, f.Hint, nil
	return &told
}

func replyTitle(state notice.ReplyState) string { return "Reply: " + state.String() }

// grant reads what the reply allows; nil for nothing. With it --tlp is the marking that is granted, and the reply
// carries that of the request.
func (a *answering) grant(state notice.ReplyState) (*api.GrantDraft, error) {
	if !a.c.Bool("grant") {
		for _, flag := range sharingFlags() {
			if a.c.IsSet(flag.Names()[0]) {
				return nil, usageErrorf("add --grant", "--%s says what is granted, and nothing is", flag.Names()[0])
			}
		}
		if a.request.Permission != nil && state == notice.Accepted {
			return nil, usageErrorf("reply with --grant, or decline", "the request asks for permission, and accepting alone allows nothing")
		}
		return nil, nil //nolint:nilnil // most replies grant nothing
	}
	if a.request.Action == "" {
		return nil, usageErrorf("--as NAME, with your name", "the request is TLP:RED and was not opened, so nobody can say what it asks")
	}
	if a.request.Permission == nil {
		return nil, usageErrorf("", "--grant answers a request for permission, and this asks for %s", a.request.Action)
	}
	g := &api.GrantDraft{PermissionDraft: a.d.sharing(a.c)}
	g.NoLifts = a.c.IsSet("lift") && len(g.Lifts) == 0
	return g, nil
}
