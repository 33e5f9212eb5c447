package client

import (
	"context"
	"io"
	"net/http"

	"tocsin/pkg/api"
)

// Backup returns the daemon's store as a stream of pairs (see pkg/backup), to be read to its end and
// closed. A stream that breaks off ends with an error, not with io.EOF.
func (c *Client) Backup(ctx context.Context) (io.ReadCloser, error) {
	res, err := c.send(ctx, call{method: http.MethodGet, path: api.PathBackup})
	if err != nil {
		return nil, err
	}
	return res.Body, nil
}
