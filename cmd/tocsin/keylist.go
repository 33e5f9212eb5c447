package main

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/client"
	"tocsin/pkg/identity"
	"tocsin/pkg/keyfile"
)

// waitingKey is a node key whose request has not been answered.
type waitingKey struct {
	Node identity.NodeID `json:"node"`
	Team identity.TeamID `json:"team"`
}

func keyListCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "list",
		Usage: "list the node keys of this team",
		Help: `Each node key that speaks or has spoken for the team, as far as this node knows: until when, and whether it was revoked or frozen. Keys
of this node that are older than 90 days are told of. Works
without the daemon too, and then knows of this node alone. A key that waits for the root's answer is listed as waiting.`,
		Examples: []string{"tocsin key list"},
		Run: func(ctx context.Context, _ *cli.Context) error {
			keys, err := listKeys(ctx, e)
			if err != nil {
				return err
			}
			waiting, err := waitingHere(e)
			if err != nil {
				return err
			}
			e.Warned = true
			if e.JSON {
				return printAnswer(e, struct {
					*api.Keys

					Waiting *waitingKey `json:"waiting,omitempty"`
				}{keys, waiting})
			}
			t := newTable("NODE", "STATE", "FROM", "UNTIL", "")
			for _, k := range keys.Keys {
				here := ""
				if k.Here {
					here = "this node"
				}
				t.add(short(k.Node), string(k.State), showInstant(k.From), showTime(k.Until, e.Now()), here)
			}
			if waiting != nil {
				t.add(short(waiting.Node), "waiting", "-", "-", "for an answer to its request: tocsin key install")
			}
			if err := t.write(e.Stdout); err != nil {
				return err
			}
			for _, k := range keys.Keys {
				for _, w := range []string{k.Warning, k.Aged} {
					if w != "" {
						complain(e.Stderr, "warning: ", e.here(w))
					}
				}
			}
			return nil
		},
	})
}

// listKeys asks the daemon; without one it reads the key files.
func listKeys(ctx context.Context, e *env) (*api.Keys, error) {
	d, err := dial(e)
	if err != nil {
		return nil, err
	}
	keys, err := d.Keys(ctx)
	if !errors.Is(err, client.ErrNotRunning) {
		return keys, err
	}
	home, err := e.home()
	if err != nil {
		return nil, err
	}
	if !nodeKeyHere(home) && exists(filepath.Join(home, keyfile.NextFile)) {
		return &api.Keys{Keys: []api.Key{}}, nil
	}
	n, err := openNode(e)
	if err != nil {
		return nil, err
	}
	of, now := n.Delegation, e.Now()
	return &api.Keys{Team: api.Team{ID: of.Team, Name: of.Name}, Keys: []api.Key{{
		Node: of.Node, Name: of.Name, From: of.From, Until: of.Until, Here: true, State: api.KeyStateOf(of, now),
		Warning: api.ExpiryWarning("this node", of.Until, now), Since: of.From, Aged: api.AgeWarning("this node", of.From, now),
	}}}, nil
}

func waitingHere(e *env) (*waitingKey, error) {
	home, err := e.home()
	if err != nil || !exists(filepath.Join(home, keyfile.NextFile)) {
		return nil, err
	}
	unlock, err := unlockSource(e, home)
	if err != nil {
		return nil, err
	}
	next, err := keyfile.LoadNext(home, unlock)
	if err != nil {
		return nil, keyError(home, err)
	}
	if next == nil {
		return nil, nil //nolint:nilnil // none waits
	}
	return &waitingKey{next.Key.Node(), next.Team}, nil
}
