package client

import (
	"context"
	"io"
	"net/http"

	"tocsin/pkg/api"
)

// Status asks how the node is.
func (c *Client) Status(ctx context.Context) (*api.Status, error) {
	return get[api.Status](ctx, c, call{path: api.PathStatus})
}

// Identity asks who the node is, with its card.
func (c *Client) Identity(ctx context.Context) (*api.Identity, error) {
	return get[api.Identity](ctx, c, call{path: api.PathIdentity})
}

// PublishAlert publishes an alert, an update or a cancel. It is durable when this returns.
func (c *Client) PublishAlert(ctx context.Context, d api.AlertDraft) (*api.Published, error) {
	return post[api.Published](ctx, c, call{path: api.PathAlerts, body: d})
}

// Alerts lists alerts, newest first.
func (c *Client) Alerts(ctx context.Context, l api.List) (*api.Entries, error) {
	return get[api.Entries](ctx, c, call{path: api.PathAlerts, query: l.Query()})
}

// Record shows one record, by its ID or a prefix of it, and what proves it.
func (c *Client) Record(ctx context.Context, id string) (*api.RecordView, error) {
	return get[api.RecordView](ctx, c, call{path: api.Path(api.PathRecord, id)})
}

// PublishRequest publishes a request, or one for each team asked privately. Some may fail: see the
// answer.
func (c *Client) PublishRequest(ctx context.Context, d api.RequestDraft) (*api.RequestsPublished, error) {
	return post[api.RequestsPublished](ctx, c, call{path: api.PathRequests, body: d})
}

// Requests lists requests, newest first.
func (c *Client) Requests(ctx context.Context, l api.List) (*api.Entries, error) {
	return get[api.Entries](ctx, c, call{path: api.PathRequests, query: l.Query()})
}

// Request shows one request with its answers, deliveries and standing.
func (c *Client) Request(ctx context.Context, id string) (*api.RequestView, error) {
	return get[api.RequestView](ctx, c, call{path: api.Path(api.PathRequest, id)})
}

// OpenRecord shows one record to a person who may read it although it is TLP:RED. It is noted who did.
func (c *Client) OpenRecord(ctx context.Context, id string, d api.OpenDraft) (*api.RecordView, error) {
	return post[api.RecordView](ctx, c, call{path: api.Path(api.PathOpenRecord, id), body: d})
}

// Attachment returns the bytes of one attachment of a record, by its place, to be read and closed. Where the record is
// TLP:RED a name says who reads it, which is noted.
func (c *Client) Attachment(ctx context.Context, id string, at int, as string) (io.ReadCloser, error) {
	what := call{method: http.MethodGet, path: api.AttachmentPath(api.PathAttachment, id, at)}
	if as != "" {
		what = call{method: http.MethodPost, path: api.AttachmentPath(api.PathOpenAttachment, id, at), body: api.OpenDraft{As: as}}
	}
	res, err := c.send(ctx, what)
	if err != nil {
		return nil, err
	}
	return res.Body, nil
}

// OpenRequest is OpenRecord for a request with its answers.
func (c *Client) OpenRequest(ctx context.Context, id string, d api.OpenDraft) (*api.RequestView, error) {
	return post[api.RequestView](ctx, c, call{path: api.Path(api.PathOpenRequest, id), body: d})
}

// Reply answers a request, the way it came.
func (c *Client) Reply(ctx context.Context, id string, d api.ReplyDraft) (*api.Published, error) {
	return post[api.Published](ctx, c, call{path: api.Path(api.PathReplies, id), body: d})
}

// CloseRequest says the last word on an own request.
func (c *Client) CloseRequest(ctx context.Context, id string, d api.CloseDraft) (*api.Published, error) {
	return post[api.Published](ctx, c, call{path: api.Path(api.PathClose, id), body: d})
}

// WithdrawRequest takes an own request back.
func (c *Client) WithdrawRequest(ctx context.Context, id string, d api.WithdrawDraft) (*api.Published, error) {
	return post[api.Published](ctx, c, call{path: api.Path(api.PathWithdraw, id), body: d})
}

// Ledger shows how requests were answered.
func (c *Client) Ledger(ctx context.Context, q api.LedgerQuery) (*api.Ledger, error) {
	return get[api.Ledger](ctx, c, call{path: api.PathLedger, query: q.Query()})
}

func get[T any](ctx context.Context, c *Client, what call) (*T, error) {
	what.method = http.MethodGet
	return answer[T](ctx, c, what)
}

func post[T any](ctx context.Context, c *Client, what call) (*T, error) {
	what.method = http.MethodPost
	return answer[T](ctx, c, what)
}

func answer[T any](ctx context.Context, c *Client, what call) (*T, error) {
	res, err := c.send(ctx, what)
	if err != nil {
		return nil, err
	}
	b, err := whole(res)
	if err != nil {
		return nil, err
	}
	a := new(T)
	if err := api.DecodeAnswer(b, a); err != nil {
		return nil, api.NewProblem(api.Incompatible, err.Error(), "check that the program and the daemon are of the same release")
	}
	return a, nil
}
