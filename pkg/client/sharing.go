package client

import (
	"context"
	"net/http"

	"tocsin/pkg/api"
)

// Export returns a record as a DSSE JSON file, byte for byte as the daemon made it, and what to tell whoever
// gets it.
func (c *Client) Export(ctx context.Context, id string, q api.ExportQuery) (*api.Exported, error) {
	res, err := c.send(ctx, call{method: http.MethodGet, path: api.Path(api.PathExport, id), query: q.Query()})
	if err != nil {
		return nil, err
	}
	b, err := whole(res)
	if err != nil {
		return nil, err
	}
	return &api.Exported{File: b, Contracts: res.Header.Values(api.HeaderTell)}, nil
}

// RequestPermission asks the author of a record for onward sharing.
func (c *Client) RequestPermission(ctx context.Context, id string, d api.PermissionRequest) (*api.RequestsPublished, error) {
	return post[api.RequestsPublished](ctx, c, call{path: api.Path(api.PathPermission, id), body: d})
}

// Forward publishes an alert of another team anew.
func (c *Client) Forward(ctx context.Context, id string, d api.ForwardDraft) (*api.Published, error) {
	return post[api.Published](ctx, c, call{path: api.Path(api.PathForward, id), body: d})
}

// Erase takes the body of an own record back.
func (c *Client) Erase(ctx context.Context, id string, d api.EraseDraft) (*api.Erasure, error) {
	return post[api.Erasure](ctx, c, call{path: api.Path(api.PathErase, id), body: d})
}

// Erasure asks who has erased a record.
func (c *Client) Erasure(ctx context.Context, id string) (*api.Erasure, error) {
	return get[api.Erasure](ctx, c, call{path: api.Path(api.PathErase, id)})
}

// Import brings a document in. It is held, not shared.
func (c *Client) Import(ctx context.Context, d api.ImportDraft) (*api.Imported, error) {
	return post[api.Imported](ctx, c, call{path: api.PathHeld, body: d})
}

// Held lists the documents that are held, and what became of others.
func (c *Client) Held(ctx context.Context) (*api.HeldList, error) {
	return get[api.HeldList](ctx, c, call{path: api.PathHeld})
}

// MarkHeld makes a held document an alert of this team.
func (c *Client) MarkHeld(ctx context.Context, id string, d api.MarkDraft) (*api.MarkedHeld, error) {
	return post[api.MarkedHeld](ctx, c, call{path: api.Path(api.PathHeldMark, id), body: d})
}

// DropHeld removes a held document.
func (c *Client) DropHeld(ctx context.Context, id string) (*api.Held, error) {
	return post[api.Held](ctx, c, call{path: api.Path(api.PathHeldDrop, id), body: api.DropDraft{}})
}
