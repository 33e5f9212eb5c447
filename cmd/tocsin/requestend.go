package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/client"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// answerFlags are the few things that a reply, a close and a withdrawal have in common.
func answerFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "text", Usage: "words for the other side, as `TEXT`"},
		&cli.StringFlag{Name: "lang", Usage: "`LANGUAGE` of the text, such as en or pt-BR", Value: "en"},
		&cli.StringFlag{Name: "tlp", Usage: "who may see this: `LABEL` (default: the marking of the request)"},
		personFlag(),
		relabelFlag("mark it less strictly than the request, or than something that it repeats: only with the permission of their source"),
	}
}

// The titles of the text that goes with an answer, for readers that show titles alone.
const (
	closeTitle    = "Closed"
	withdrawTitle = "Withdrawn"
)

// answering is a request that is about to be answered, closed or withdrawn.
type answering struct {
	d       *drafting
	client  *client.Client
	id      record.ID
	request *notice.Request
	own     bool // the request is this team's
	c       *cli.Context
}

// beginAnswer looks at the request, whose marking an answer carries unless told otherwise: the answer is about it.
func beginAnswer(ctx context.Context, e *env, c *cli.Context) (*answering, error) {
	daemon, err := dial(e)
	if err != nil {
		return nil, err
	}
	noteWhite(e, c.String("tlp"))
	id := c.Args().First()
	r, err := askRequest(ctx, daemon, c)
	if err != nil {
		return nil, err
	}
	switch {
	case r.Request != nil:
	case r.Red != nil: // answering needs the marking alone
		r.Request = &notice.Request{Marking: r.Red.Marking}
	default:
		return nil, &userError{Code: exitFailed, Msg: "this request is not readable here: " + r.Unread, Hint: "tocsin record show " + id}
	}
	return &answering{
		d: newDrafting(e, origin{flags: map[string]string{"text": "--text"}}), client: daemon, id: r.ID, request: r.Request, own: r.Own, c: c,
	}, nil
}

func (a *answering) marking() notice.Marking {
	m := a.request.Marking
	if a.c.IsSet("tlp") && !a.c.Bool("grant") {
		m.TLP = word(a.d, "tlp", a.c.String("tlp"), notice.ParseTLP)
		a.d.missingTLP(m, "")
	}
	switch {
	case a.c.IsSet("person"):
		m.Persons = a.c.StringSlice("person")
	case !a.own, m.TLP != notice.TLPRed:
		m.Persons = nil // the request names persons of the other team than a reply to it does
	}
	return m
}

// texts is the text of the flags as one block.
func (a *answering) texts(title string) []notice.Text {
	if a.c.String("text") == "" {
		return nil
	}
	return []notice.Text{{Language: a.c.String("lang"), Title: title, Summary: a.c.String("text")}}
}

// checked is the notice's own check, in the words of the flags.
func (a *answering) checked(n notice.Content) error {
	n.Normalise()
	a.d.take(n.Validate())
	return a.d.err()
}

func requestWithdrawCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "withdraw",
		Usage: "take a request of yours back",
		Args:  "REQUEST",
		Help: `REQUEST is an ID or the first characters of one. A withdrawn request counts against nobody, in nobody's ledger. It goes the way
the request went, and carries its marking unless --tlp says otherwise; one that is less strict needs --relabel.`,
		Examples: []string{"tocsin request withdraw --text 'Solved on our side.' rafdcebd6a2x"},
		Flags:    answerFlags(),
		Run: func(ctx context.Context, c *cli.Context) error {
			a, err := beginAnswer(ctx, e, c)
			if err != nil {
				return err
			}
			w := notice.Withdraw{Request: a.id, Marking: a.marking(), Texts: a.texts(withdrawTitle)}
			if err := a.checked(&w); err != nil {
				return err
			}
			done, err := a.client.WithdrawRequest(ctx, a.id.String(), api.WithdrawDraft{Withdraw: w, Relabel: c.Bool("relabel")})
			if err != nil {
				return err
			}
			return printPublished(e, done)
		},
	})
}

func requestCloseCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "close",
		Usage: "say the last word on a request of yours",
		Args:  "REQUEST",
		Help: `REQUEST is an ID or the first characters of one. Ends the request, with an opinion on the help received: helped, partly-helped,
not-helped, not-needed. It goes the way the request went, and carries its marking unless --tlp says otherwise; one that is less
strict needs --relabel.`,
		Examples: []string{"tocsin request close --opinion helped --text 'Thank you.' rafdcebd6a2x"},
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "opinion", Usage: "`WORD` helped, partly-helped, not-helped or not-needed"},
		}, answerFlags()...),
		Run: func(ctx context.Context, c *cli.Context) error {
			a, err := beginAnswer(ctx, e, c)
			if err != nil {
				return err
			}
			n := notice.Close{
				Request: a.id, Opinion: word(a.d, "opinion", c.String("opinion"), notice.ParseOpinion), Marking: a.marking(), Texts: a.texts(closeTitle),
			}
			if err := a.checked(&n); err != nil {
				return err
			}
			done, err := a.client.CloseRequest(ctx, a.id.String(), api.CloseDraft{Close: n, Relabel: c.Bool("relabel")})
			if err != nil {
				return err
			}
			return printPublished(e, done)
		},
	})
}
