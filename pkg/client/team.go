package client

import (
	"context"

	"tocsin/pkg/api"
)

// Profile shows the profile of the node's own team.
func (c *Client) Profile(ctx context.Context) (*api.ProfileView, error) {
	return get[api.ProfileView](ctx, c, call{path: api.PathProfile})
}

// PublishProfile signs and publishes a profile of the node's own team. It is durable when this returns.
func (c *Client) PublishProfile(ctx context.Context, d api.ProfileDraft) (*api.ProfilePublished, error) {
	return post[api.ProfilePublished](ctx, c, call{path: api.PathProfile, body: d})
}

// Teams lists the teams that the node knows.
func (c *Client) Teams(ctx context.Context) (*api.Teams, error) {
	return get[api.Teams](ctx, c, call{path: api.PathTeams})
}

// Team shows one team, by name, ID or prefix.
func (c *Client) Team(ctx context.Context, id string) (*api.TeamView, error) {
	return get[api.TeamView](ctx, c, call{path: api.Path(api.PathTeam, id)})
}

// Pin notes that a team's ID was compared.
func (c *Client) Pin(ctx context.Context, id string, d api.PinDraft) (*api.TeamView, error) {
	return post[api.TeamView](ctx, c, call{path: api.Path(api.PathPin, id), body: d})
}

// Unpin forgets that.
func (c *Client) Unpin(ctx context.Context, id string) (*api.TeamView, error) {
	return post[api.TeamView](ctx, c, call{path: api.Path(api.PathUnpin, id), body: api.UnpinDraft{}})
}

// Vouch says to others that the node's team met a team and that this is its key.
func (c *Client) Vouch(ctx context.Context, id string, d api.VouchDraft) (*api.Vouched, error) {
	return post[api.Vouched](ctx, c, call{path: api.Path(api.PathVouch, id), body: d})
}

// WithdrawVouch takes all vouches of the node's team for a team back.
func (c *Client) WithdrawVouch(ctx context.Context, id string) (*api.Vouched, error) {
	return post[api.Vouched](ctx, c, call{path: api.Path(api.PathUnvouch, id), body: api.WithdrawVouchDraft{}})
}
