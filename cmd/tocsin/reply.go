package main

import (
	"context"
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
  done       it is finished; --result says what was done, --use-of-data what became of the data that came with it

Several may follow each other. The first stops the clock that the requester's ledger runs, so an ack at once and the work later
is the usual way. Declining is an answer like any other. The reply goes the way the request came, and carries its marking
unless --tlp says otherwise. What was replied already, and a reply to a request that is known to be closed or withdrawn, is
refused. The ID on stdout means that it is on stable storage here.`,
		Examples: []string{
			"tocsin reply rafdcebd6a2x ack",
			"tocsin reply --reason out-of-constituency --text 'The network is in XX; try their team.' rafdcebd6a2x decline",
			"tocsin reply --result 'Taken down at 14:00Z.' --use-of-data 'Deleted after use.' rafdcebd6a2x done",
		},
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "reason", Usage: "why it is declined: `WORD`, see above"},
			&cli.StringFlag{Name: "result", Usage: "what was done, as `TEXT`"},
			&cli.StringFlag{Name: "use-of-data", Usage: "what became of the data that came with the request, as `TEXT`"},
			&cli.StringFlag{Name: "our-ref", Usage: "your own ticket `NUMBER`"},
			&cli.StringFlag{Name: "your-ref", Usage: "the requester's ticket `NUMBER`"},
		}, answerFlags()...),
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
			n := notice.Reply{
				Request: a.id, State: state, Reason: word(a.d, "reason", c.String("reason"), notice.ParseReason), Marking: a.marking(),
				Texts: a.texts(replyTitle(state)), Result: c.String("result"), UseOfData: c.String("use-of-data"),
				OurRef: c.String("our-ref"), YourRef: c.String("your-ref"),
			}
			if state == notice.NeedInfo && strings.TrimSpace(c.String("text")) == "" {
				a.d.wrong("text", "is missing", "say what you need to know")
			}
			if err := a.checked(&n); err != nil {
				return err
			}
			done, err := a.client.Reply(ctx, a.id.String(), api.ReplyDraft{Reply: n})
			if err != nil {
				return err
			}
			return printPublished(e, done)
		},
	})
}

func replyTitle(state notice.ReplyState) string { return "Reply: " + state.String() }
