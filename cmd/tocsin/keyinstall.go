package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/ceremony"
	"tocsin/pkg/identity"
	"tocsin/pkg/keyfile"
)

func keyInstallCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "install",
		Usage: "put the root's answer to a request to use",
		Args:  "RESPONSE",
		Help: `RESPONSE is what tocsin key delegate wrote. It must be the delegation of keys that are here (those in use, or those that a request was
made for), by this team's root, and not ended; anything else changes nothing. The daemon uses it from its next start on. Keys that
were in use before stay in a file of their own, since they open what was sealed to them.`,
		Examples: []string{"tocsin key install node-2.response"},
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "team", Usage: "the new `ID` of the team, if its root key was rotated"},
		},
		Run: func(ctx context.Context, c *cli.Context) error {
			path := c.Args().First()
			file, err := readKeyRequest(e, path)
			if err != nil {
				return err
			}
			d, err := ceremony.ReadDelegation(file)
			if err != nil {
				return notTrusted(path, err)
			}
			home, err := e.home()
			if err != nil {
				return err
			}
			unlock, err := unlockSource(e, home)
			if err != nil {
				return err
			}
			opt := keyfile.InstallOptions{Now: e.Now()}
			if c.IsSet("team") {
				if opt.Team, err = identity.ParseTeam(c.String("team")); err != nil {
					return usageErrorf("give the whole ID", "--team: %v", err)
				}
			}
			var before *identity.Delegation
			if nodeKeyHere(home) {
				if n, err := keyfile.Load(home, unlock); err == nil { // else Install tells what is wrong
					before = n.Delegation
				}
			}
			done, err := keyfile.Install(home, unlock, d, opt)
			if err != nil {
				return keyError(home, err)
			}
			if err := printInstalled(ctx, e, d, &done); err != nil {
				return err
			}
			switch {
			case done.Already:
			case before == nil:
				tellOtherNode(e, filepath.Base(path))
			case before.Node == d.Node:
				tellEnds(e, before.Until, d.Until)
			}
			return nil
		},
	})
}

// tellOtherNode says what the other node of the team has to do, if there is one, before the communities know of this one.
func tellOtherNode(e *env, response string) {
	complain(e.Stderr, "", "next, if the team has another node, there: tocsin key publish"+quoteAll([]string{response}))
	complain(e.Stderr, "", "and there, for each community, with the team's own card: tocsin invite --team OWN-CARD -o INVITE COMMUNITY")
	complain(e.Stderr, "", e.here("and here, when the daemon runs, with each: tocsin join INVITE"))
}

// tellEnds shows the end of a renewed delegation beside that of the one before, and warns where the renewal took time away.
func tellEnds(e *env, before, after time.Time) {
	text := "this node could speak for the team until " + showTime(before, e.Now()) + ", and now until " + showTime(after, e.Now())
	if after.Before(before) {
		complain(e.Stderr, "warning: ", text+", which is earlier")
		complain(e.Stderr, "hint: ", "for longer, ask the root key again: tocsin key delegate --valid SPAN")
		return
	}
	complain(e.Stderr, "", text)
}

func printInstalled(ctx context.Context, e *env, d *identity.Delegation, done *keyfile.Installed) error {
	e.Ends = d.Until
	if e.JSON {
		if err := printJSON(e.Stdout, struct {
			Team     identity.TeamID `json:"team"`
			Node     identity.NodeID `json:"node"`
			Name     string          `json:"name"`
			From     time.Time       `json:"from"`
			Until    time.Time       `json:"until"`
			Already  bool            `json:"already,omitzero"`
			Replaced identity.NodeID `json:"replaced,omitzero"`
		}{d.Team, d.Node, d.Name, d.From, d.Until, done.Already, done.Replaced}); err != nil {
			return err
		}
	} else {
		s := &sheet{now: e.Now()}
		s.line("Team", d.Name)
		s.line("Team ID", groups(d.Team))
		s.line("Node", d.Node.String())
		s.line("Node until", showTime(d.Until, s.now))
		if err := s.write(e.Stdout); err != nil {
			return err
		}
	}
	if done.Already {
		complain(e.Stderr, "", "it was in use already; nothing was changed")
		return nil
	}
	if daemonRuns(ctx, e) {
		complain(e.Stderr, "", "next: restart the daemon; until then it goes on under the delegation that it started with")
	} else {
		complain(e.Stderr, "", e.here("next: start the node with: tocsin daemon"))
	}
	if done.Replaced != (identity.NodeID{}) {
		complain(e.Stderr, "", "the keys before are kept in "+done.Kept+": they open what was sealed to them")
		complain(e.Stderr, "", e.here(fmt.Sprintf("then revoke the key before, beginning with: tocsin key revoke --request %s -o FILE", short(done.Replaced))))
	}
	return nil
}
