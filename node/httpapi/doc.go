// Package httpapi serves the local HTTP contract (pkg/api) on a Unix socket. Its handlers read a
// request, ask the Service and write the answer; what is done, and what may be done, is the Service's.
// Invariant: a caller that is neither this process's user nor root gets nothing but a refusal, and
// every answer that is not a success is an api.Problem made in problem.go.
package httpapi

import (
	"context"

	"tocsin/pkg/api"
)

// Service is what the node does for its operators. Methods may be called from many goroutines. What
// a publish returned without error is on stable storage. Errors become problems by problem.go: an
// *api.Problem or a *replica.Refusal says itself what it is; anything unexpected is logged and shown
// as internal.
type Service interface {
	Status(ctx context.Context) (*api.Status, error)
	Identity(ctx context.Context) (*api.Identity, error)

	PublishAlert(ctx context.Context, d api.AlertDraft) (*api.Published, error)
	Alerts(ctx context.Context, l api.List) (*api.Entries, error)
	Record(ctx context.Context, id string) (*api.RecordView, error)
	OpenRecord(ctx context.Context, id string, d api.OpenDraft) (*api.RecordView, error)
	Attachment(ctx context.Context, id string, at int) ([]byte, error)
	OpenAttachment(ctx context.Context, id string, at int, d api.OpenDraft) ([]byte, error)

	PublishRequest(ctx context.Context, d api.RequestDraft) (*api.RequestsPublished, error)
	Requests(ctx context.Context, l api.List) (*api.Entries, error)
	Request(ctx context.Context, id string) (*api.RequestView, error)
	OpenRequest(ctx context.Context, id string, d api.OpenDraft) (*api.RequestView, error)
	Reply(ctx context.Context, id string, d api.ReplyDraft) (*api.Published, error)
	CloseRequest(ctx context.Context, id string, d api.CloseDraft) (*api.Published, error)
	WithdrawRequest(ctx context.Context, id string, d api.WithdrawDraft) (*api.Published, error)

	Memberships
	Teams
	Sharing

	Keys

	Ledger(ctx context.Context, q api.LedgerQuery) (*api.Ledger, error)

	// Backup calls fn for each key and value of the store, as of one moment.
	Backup(ctx context.Context, fn func(key, value []byte) error) error

	// Watch calls fn for each event after the one named (empty: from now on) until ctx ends or fn
	// returns an error, which it returns. It calls fn from one goroutine, first with an event without a
	// type, which says that it is listening from now on.
	Watch(ctx context.Context, from string, fn func(api.Event) error) error
}
