package client

import (
	"context"
	"net/http"
	"time"

	"tocsin/pkg/api"
)

// Keys lists the node keys of the team.
func (c *Client) Keys(ctx context.Context) (*api.Keys, error) {
	return get[api.Keys](ctx, c, call{path: api.PathKeys})
}

// KeyHeads asks where the lanes of a node key end; node may be api.AllKeys.
func (c *Client) KeyHeads(ctx context.Context, node string) (*api.KeyHeads, error) {
	return get[api.KeyHeads](ctx, c, call{path: api.Path(api.PathKeyHeads, node)})
}

// PublishKey hands over what a root key signed. It is durable when this returns.
func (c *Client) PublishKey(ctx context.Context, f api.KeyFile) (*api.KeyPublished, error) {
	return post[api.KeyPublished](ctx, c, call{path: api.PathKeys, body: f})
}

// Until returns when the node's delegation ends, as the last answer said; zero while nothing did.
func (c *Client) Until() time.Time {
	if until := c.until.Load(); until != nil {
		return *until
	}
	return time.Time{}
}

func (c *Client) noteUntil(h http.Header) {
	if until, err := time.Parse(time.RFC3339, h.Get(api.HeaderUntil)); err == nil {
		c.until.Store(&until)
	}
}
