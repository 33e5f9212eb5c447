package client

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"tocsin/pkg/api"
)

// maxEvent bounds one line of the feed: the longest notice without its attachments.
const maxEvent = 32 << 20

// Watch calls fn for each event after the one with the ID from (empty: from now on), until ctx ends,
// fn returns an error, or the daemon goes, which is an error that wraps ErrNotRunning. To carry on
// later give the last event's ID. An api.EventLost says that events are missing: list again.
func (c *Client) Watch(ctx context.Context, from string, fn func(api.Event) error) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://tocsin"+api.PathEvents, nil)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Accept", api.EventStream)
	if from != "" {
		req.Header.Set("Last-Event-ID", from)
	}
	res, err := c.roundTrip(req)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // only read from
	err = readEvents(res.Body, fn)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil || errors.Is(err, io.ErrUnexpectedEOF):
		return c.notRunning("it ended the feed", "start it with: tocsin daemon")
	}
	return err
}

// readEvents reads server-sent events until the feed ends. Lines that carry nothing for us (comments,
// retry, other fields) are passed over, as the format asks.
func readEvents(r io.Reader, fn func(api.Event) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), maxEvent)
	var data strings.Builder
	for lines.Scan() {
		line := lines.Text()
		if line == "" {
			if data.Len() == 0 {
				continue
			}
			var e api.Event
			if err := api.DecodeAnswer([]byte(data.String()), &e); err != nil {
				return api.NewProblem(api.Incompatible, err.Error(), "check that the program and the daemon are of the same release")
			}
			data.Reset()
			if err := fn(e); err != nil {
				return err
			}
			continue
		}
		if value, ok := strings.CutPrefix(line, "data:"); ok {
			if data.Len()+len(value) > maxEvent {
				return bufio.ErrTooLong
			}
			data.WriteString(strings.TrimPrefix(value, " "))
			data.WriteByte('\n')
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read the feed: %w", err)
	}
	return nil
}
