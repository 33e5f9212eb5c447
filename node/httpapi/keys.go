package httpapi

import (
	"context"

	"tocsin/pkg/api"
)

// Keys is what the node does about the node keys of its team. What PublishKey returned without error is on
// stable storage.
type Keys interface {
	Keys(ctx context.Context) (*api.Keys, error)
	KeyHeads(ctx context.Context, node string) (*api.KeyHeads, error)
	PublishKey(ctx context.Context, f api.KeyFile) (*api.KeyPublished, error)
}

func (s *Server) keyRoutes(svc Keys) {
	get(s, api.PathKeys, svc.Keys)
	show(s, api.PathKeyHeads, svc.KeyHeads)
	post(s, api.PathKeys, svc.PublishKey)
}
