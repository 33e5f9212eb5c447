package local

import (
	"context"
	"fmt"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/keyfile"
)

// meshTime is how long the nodes may take to find each other; far above what they take on a machine that is not busy.
const meshTime = 3 * time.Minute

// enoughPeers is what a node looks for at least in a community (pkg/mesh keeps about ten).
const enoughPeers = 9

// Boot makes identities, starts the daemons, founds the community and brings everybody in. When it
// returns the nodes are Connected.
func (c *Cluster) Boot(ctx context.Context) error {
	if err := c.Each((*Team).MakeIdentity); err != nil {
		return err
	}
	if err := c.Each(func(t *Team) error { return t.Start(ctx) }); err != nil {
		return err
	}
	if c.Schema.Community == "" {
		return nil
	}
	founder := c.teams[0]
	if _, err := founder.Client().Found(ctx, api.Found{
		Name: c.Schema.Community, Region: c.Schema.Region, ReplyByFloor: int(time.Duration(c.Schema.ReplyByFloor) / time.Second),
	}); err != nil {
		return fmt.Errorf("found community: %w", err)
	}
	for _, t := range c.teams[1:] {
		if err := c.bringIn(ctx, founder, t); err != nil {
			return err
		}
	}
	return c.Connected(ctx)
}

// MakeIdentity makes the team's keys, with a root key that is cheap to encrypt and to guess.
func (t *Team) MakeIdentity() error {
	_, err := keyfile.Create(t.Home, keyfile.CreateOptions{ //nolint:gosec // the passphrase guards nothing
		Name: t.Name, Passphrase: "a cluster on loopback", Now: time.Now(), ScryptWorkFactor: 4,
	})
	if err != nil {
		return fmt.Errorf("make identity of %s: %w", t.Name, err)
	}
	return nil
}

func (c *Cluster) bringIn(ctx context.Context, founder, t *Team) error {
	id, err := t.Client().Identity(ctx)
	if err != nil {
		return fmt.Errorf("ask %s for its card: %w", t.Name, err)
	}
	invited, err := founder.Client().Invite(ctx, c.Schema.Community, api.InviteDraft{Card: id.Card})
	if err != nil {
		return fmt.Errorf("invite %s: %w", t.Name, err)
	}
	if _, err := t.Client().Join(ctx, api.Join{Invite: invited.Invite}); err != nil {
		return fmt.Errorf("join as %s: %w", t.Name, err)
	}
	return nil
}

// Connected waits until every running node is connected to every other, or to enough of them, and
// knows all members.
func (c *Cluster) Connected(ctx context.Context) error {
	return c.Until(ctx, meshTime, func(ctx context.Context) error {
		running := 0
		for _, t := range c.teams {
			if t.Running() {
				running++
			}
		}
		for _, t := range c.teams {
			if !t.Running() {
				continue
			}
			if err := t.connected(ctx, min(running-1, enoughPeers), len(c.teams)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *Team) connected(ctx context.Context, peers, members int) error {
	s, err := t.Client().Status(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", t.Name, err)
	case len(s.Peers) < peers:
		return fmt.Errorf("%s is connected to %d of %d nodes", t.Name, len(s.Peers), peers)
	case len(s.Communities) == 0:
		return fmt.Errorf("%s knows no community", t.Name)
	case len(s.Communities[0].Members) < members:
		return fmt.Errorf("%s knows %d of %d members", t.Name, len(s.Communities[0].Members), members)
	}
	return nil
}
