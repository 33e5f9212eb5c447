package main

import (
	"context"
	"time"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/ceremony"
	"tocsin/pkg/identity"
	"tocsin/pkg/invite"
	"tocsin/pkg/keyfile"
)

func keyRequestCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "request",
		Usage: "ask the root key to let this node speak for the team",
		Help: `Makes the keys of a new node on a machine that the root key was never on, and writes a request for them; or, with --renew, a request
for the keys that are in use here. The request holds no secret. Carry it to the machine of the root key (tocsin key delegate), and the
answer back (tocsin key install). Run again it writes another request for the same keys.

A new node must know whose answer to take: --team is the team's ID, or the team's card file. Compare the node ID that is printed with
the one that key delegate shows. With --renew, --team is for the new ID of a team whose root key was rotated.`,
		Examples: []string{
			"tocsin key request --team cert-a.card -o node-2.request",
			"tocsin key request --renew -o node-1.request",
		},
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "renew", Usage: "for the keys in use here, whose delegation ends"},
			&cli.StringFlag{Name: "team", Usage: "the team's whole ID, or its `CARD` file (- for standard input)"},
			&cli.StringFlag{Name: "name", Usage: "what the team calls itself, as `NAME` (default: as it does now)"},
			&cli.StringFlag{Name: "valid", Usage: "wish for this `SPAN`, in days (default: the root's operator says it)"},
			outputFlag("the request"),
		},
		Run: func(_ context.Context, c *cli.Context) error {
			home, err := e.home()
			if err != nil {
				return err
			}
			r, err := typedRequest(e, c)
			if err != nil {
				return err
			}
			switch renew := c.Bool("renew"); {
			case renew:
				return requestRenewal(e, c, r)
			case nodeKeyHere(home):
				return &userError{
					Code: exitRefused, Msg: "this node has a key already",
					Hint: "to let it go on: tocsin key request --renew -o FILE\nto replace it by another: tocsin key rotate -o FILE",
				}
			case r.Team == (identity.TeamID{}):
				return usageErrorf("the team's ID is printed by its other node (tocsin id), or is in its card", "missing --team: whose node is this to be?")
			}
			return requestNext(e, c, r)
		},
	})
}

func keyRotateCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "rotate",
		Usage: "begin to replace the key of this node by another",
		Help: `Makes new keys beside those in use, which stay in use, and writes a request for them. Carry it to the machine of the root key (tocsin
key delegate) and install the answer here (tocsin key install): from the daemon's next start on the new keys sign. The store stays, and
so does the file of the old keys, which opens what was sealed to them. Then revoke the old key: tocsin key revoke --request.`,
		Examples: []string{"tocsin key rotate -o node-1.request"},
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "name", Usage: "what the team calls itself, as `NAME` (default: as it does now)"},
			&cli.StringFlag{Name: "valid", Usage: "wish for this `SPAN`, in days (default: the root's operator says it)"},
			outputFlag("the request"),
		},
		Run: func(_ context.Context, c *cli.Context) error {
			n, err := openNode(e)
			if err != nil {
				return err
			}
			r, err := typedRequest(e, c)
			if err != nil {
				return err
			}
			r.Team = n.Delegation.Team
			if r.Name == "" {
				r.Name = n.Delegation.Name
			}
			return requestNext(e, c, r)
		},
	})
}

// typedRequest is what the line says of a request.
func typedRequest(e *env, c *cli.Context) (*ceremony.Request, error) {
	r := &ceremony.Request{Name: c.String("name"), Created: e.Now().UTC().Truncate(time.Millisecond)}
	var err error
	if r.Valid, err = validFlag(c); err != nil {
		return nil, err
	}
	if typed := c.String("team"); typed != "" {
		name := ""
		if r.Team, name, err = typedTeam(e, typed); err != nil {
			return nil, err
		}
		if r.Name == "" {
			r.Name = name
		}
	}
	if r.Name != "" {
		if err := identity.CheckName(r.Name); err != nil {
			return nil, usageErrorf("", "--name: %v", err)
		}
	}
	return r, nil
}

// validFlag reads --valid; not given it is zero.
func validFlag(c *cli.Context) (time.Duration, error) {
	valid, err := spanFlag(c, "valid")
	if err == nil && valid != 0 && (valid < 24*time.Hour || valid > ceremony.MaxValid) {
		return 0, usageErrorf("such as 365d", "--valid %s is not from 1d to %s", c.String("valid"), words(ceremony.MaxValid))
	}
	return valid, err
}

// typedTeam reads a whole team ID, or a card, which tells the name too.
func typedTeam(e *env, typed string) (identity.TeamID, string, error) {
	id, err := identity.ParseTeam(typed)
	if err == nil || typed != dash && !exists(typed) {
		if err != nil {
			err = usageErrorf("tocsin id --card, at the team's other node, writes its card", "--team is neither a file nor a team ID: %v", err)
			return id, "", err
		}
		return id, "", nil
	}
	file, err := readFile(e, typed, "a card (made with: tocsin id --card)")
	if err != nil {
		return id, "", err
	}
	card, err := invite.OpenCard(file)
	if err != nil {
		return id, "", notTrusted(typed, err)
	}
	return card.Delegation.Team, card.Delegation.Name, nil
}

func requestRenewal(e *env, c *cli.Context, r *ceremony.Request) error {
	n, err := openNode(e)
	if err != nil {
		return err
	}
	if r.Team == (identity.TeamID{}) {
		r.Team = n.Delegation.Team
	}
	if r.Name == "" {
		r.Name = n.Delegation.Name
	}
	out, err := openOutput(c.String("output"))
	if err != nil {
		return err
	}
	defer out.drop()
	until := n.Delegation.Until
	complain(e.Stderr, "", "the delegation in use ends "+showTime(until, e.Now()))
	if r.Valid != 0 && r.Created.Add(r.Valid).Before(until) {
		complain(e.Stderr, "warning: ", "what is asked for ends earlier: "+showTime(r.Created.Add(r.Valid), e.Now()))
	}
	return printRequest(e, out, r, n.Key)
}

// requestNext asks for the key that waits, which is made if there is none.
func requestNext(e *env, c *cli.Context, r *ceremony.Request) error {
	home, err := e.home()
	if err != nil {
		return err
	}
	unlock, err := unlockSource(e, home)
	if err != nil {
		return err
	}
	out, err := openOutput(c.String("output"))
	if err != nil {
		return err
	}
	defer out.drop()
	next, err := keyfile.Prepare(home, unlock, keyfile.NextOptions{Team: r.Team, Rand: e.Rand})
	if err != nil {
		return keyError(home, err)
	}
	if next.Again {
		complain(e.Stderr, "", "these keys waited already, in "+keyfile.NextFile+"; this is another request for them")
	}
	r.Replaces = next.Replaces
	return printRequest(e, out, r, next.Key)
}

func printRequest(e *env, out *output, r *ceremony.Request, key *identity.NodeKey) error {
	file, err := r.Seal(key)
	if err != nil {
		return err
	}
	complain(e.Stderr, "", "node "+nodeGroups(r.Keys.Node))
	complain(e.Stderr, "", "asks team "+groups(r.Team))
	complain(e.Stderr, "", "next, on the machine of the root key, compare both and: tocsin key delegate --root ROOTFILE -o RESPONSE"+out.named("REQUEST"))
	return printFile(e, out, file, struct {
		Node     identity.NodeID `json:"node"`
		Team     identity.TeamID `json:"team"`
		Replaces identity.NodeID `json:"replaces,omitzero"`
		Request  api.File        `json:"request"`
	}{r.Keys.Node, r.Team, r.Replaces, file})
}
