package main

import (
	"context"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/ceremony"
	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

const (
	// defaultValid is how long a delegation lasts where neither the line nor the request says it.
	defaultValid = 365 * 24 * time.Hour
	// backdated lets a delegation begin before it is made, so that a node whose clock is behind can use it.
	backdated = time.Hour
	// aheadAtMost is how far the clocks of the two machines may differ: beyond it the delegation would not be in force
	// where it is needed.
	aheadAtMost = 24 * time.Hour
)

func keyDelegateCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "delegate",
		Usage: "sign a node's request with the root key",
		Args:  "REQUEST",
		Help: `For the machine of the root key, which needs no network and no daemon. Shows what it is going to sign: the team, the node's ID to
compare with what key request printed, the name and the time. Then it asks for the passphrase; to refuse, interrupt it there. The
answer holds no secret; carry it to the node: tocsin key install.

Refused are requests that their keys have not signed, that ask another team, or whose time is more than a day ahead of this machine's
clock.`,
		Examples: []string{"tocsin key delegate --root /media/stick/root.key --valid 365d -o node-2.response node-2.request"},
		Flags: append(rootFlags("sign with"),
			&cli.StringFlag{Name: "name", Usage: "what the team calls itself, as `NAME` (default: as the request says)"},
			&cli.StringFlag{Name: "valid", Usage: "for this `SPAN` from now (default: as the request wishes, else 365d)"},
			outputFlag("the answer"),
		),
		Run: func(ctx context.Context, c *cli.Context) error {
			path := c.Args().First()
			file, err := readKeyRequest(e, path)
			if err != nil {
				return err
			}
			r, err := ceremony.OpenRequest(file)
			if err != nil {
				return notTrusted(path, err)
			}
			term, err := termOf(e, c, r)
			if err != nil {
				return err
			}
			out, err := openOutput(c.String("output"))
			if err != nil {
				return err
			}
			defer out.drop()
			showRequest(e, r, term)
			root, err := openRoot(ctx, e, c)
			if err != nil {
				return err
			}
			if root.Team() != r.Team {
				return &userError{
					Code: exitRefused, Msg: fmt.Sprintf("the request asks team %s, and this is the root key of team %s", r.Team, root.Team()),
					Hint: "if the root key was rotated, ask for the new ID on the node: tocsin key request --renew --team ID",
				}
			}
			d, err := root.DelegateTo(r.Keys, term)
			if err != nil {
				return err
			}
			return printDelegation(e, out, d)
		},
	})
}

// termOf is the name and the time of the delegation.
func termOf(e *env, c *cli.Context, r *ceremony.Request) (identity.Term, error) {
	now := e.Now()
	t := identity.Term{Name: r.Name, From: now.Add(-backdated)}
	if c.IsSet("name") {
		t.Name = c.String("name")
	}
	if err := identity.CheckName(t.Name); err != nil {
		return t, usageErrorf("say what the team calls itself: --name NAME", "the team's name: %v", err)
	}
	if r.Created.After(now.Add(aheadAtMost)) {
		return t, &userError{
			Code: exitRefused, Msg: "the request was made at " + showTime(r.Created, now) + ", by the node's clock",
			Hint: "set the clock of this machine, or that of the node",
		}
	}
	valid, err := validFlag(c)
	if err != nil {
		return t, err
	}
	if valid == 0 {
		valid = r.Valid
	}
	if valid == 0 {
		valid = defaultValid
	}
	t.Until = now.Add(valid)
	return t, nil
}

// showRequest says what will be signed, before the passphrase is asked for.
func showRequest(e *env, r *ceremony.Request, t identity.Term) {
	complain(e.Stderr, "", "this lets a node key speak for the team:")
	for _, row := range [][2]string{
		{"Team", t.Name},
		{"Team ID", groups(r.Team)},
		{"Node", nodeGroups(r.Keys.Node)},
		{"Until", showTime(t.Until, e.Now())},
		{"Asked", showTime(r.Created, e.Now())},
	} {
		complain(e.Stderr, "", fmt.Sprintf("  %-8s %s", row[0], cleanLine(row[1])))
	}
	if r.Replaces != (identity.NodeID{}) {
		complain(e.Stderr, "", "  it is to replace node "+r.Replaces.String()+", which is then to be revoked")
	}
	complain(e.Stderr, "", "compare the node and the team ID with what the node printed")
}

func printDelegation(e *env, out *output, d *identity.Delegation) error {
	file, err := ceremony.File(record.DelegationStatement(d))
	if err != nil {
		return err
	}
	complain(e.Stderr, "", "signed; next, on the node: tocsin key install"+out.named("RESPONSE"))
	return printFile(e, out, file, struct {
		Team     identity.TeamID `json:"team"`
		Node     identity.NodeID `json:"node"`
		Name     string          `json:"name"`
		From     time.Time       `json:"from"`
		Until    time.Time       `json:"until"`
		Response api.File        `json:"response"`
	}{d.Team, d.Node, d.Name, d.From, d.Until, file})
}
