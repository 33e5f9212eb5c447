// Package client speaks the local HTTP contract (pkg/api) to the daemon of this machine over its Unix
// socket. It is not a node: it holds no keys, verifies nothing and starts in a few milliseconds.
// Invariant: every refusal that it returns is an *api.Problem (use errors.As), those it makes itself
// too, so that a caller needs one way to print and to end.
package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"syscall"
	"time"

	"tocsin/pkg/api"
)

// ErrNotRunning says that nothing answers on the socket. The error that wraps it is an *api.Problem
// with the code api.NotRunning and a hint. Test with errors.Is.
var ErrNotRunning = errors.New("the daemon is not running")

// maxAnswer bounds an answer: MaxLimit entries of ordinary size, or one of the largest with its
// attachments in base64.
const maxAnswer = 64 << 20

// Client is a client of one daemon. It is safe for concurrent use. It keeps no connection.
type Client struct {
	socket string
	http   *http.Client
	until  atomic.Pointer[time.Time] // see Until
}

// New returns a client of the daemon that listens on the socket. It connects to nothing.
func New(socket string) *Client {
	var dialer net.Dialer
	return &Client{socket: socket, http: &http.Client{
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return dialer.DialContext(ctx, "unix", socket)
			},
			DisableKeepAlives:  true, // one command, one call
			DisableCompression: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// call is one request and its answer.
type call struct {
	method string
	path   string
	query  url.Values
	body   any // nil for none
}

// whole reads an answer to its end and closes it.
func whole(res *http.Response) ([]byte, error) {
	defer res.Body.Close() //nolint:errcheck // only read from
	b, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read answer of the daemon: %w", err)
	case len(b) > maxAnswer:
		return nil, api.NewProblem(api.Incompatible, fmt.Sprintf("the daemon's answer has more than %d bytes", maxAnswer), "ask for less at once")
	}
	return b, nil
}

// send returns an answer of success with its body to be read, or an error.
func (c *Client) send(ctx context.Context, what call) (*http.Response, error) {
	u := url.URL{Scheme: "http", Host: "tocsin", Opaque: "", RawQuery: what.query.Encode()}
	var err error
	if u.Path, err = url.PathUnescape(what.path); err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	u.RawPath = what.path
	var body io.Reader
	if what.body != nil {
		b, err := api.EncodeRequest(what.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, what.method, u.String(), body)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	if body != nil {
		req.Header.Set("Content-Type", api.JSON)
	}
	return c.roundTrip(req)
}

func (c *Client) roundTrip(req *http.Request) (*http.Response, error) {
	res, err := c.http.Do(req)
	if err != nil {
		return nil, c.explain(req.Context(), err)
	}
	c.noteUntil(res.Header)
	if res.StatusCode >= 200 && res.StatusCode < 300 {
		return res, nil
	}
	defer res.Body.Close() //nolint:errcheck // only read from
	return nil, problemOf(res)
}

// explain turns an error of the connection into what the user can do about it.
func (c *Client) explain(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, fs.ErrNotExist):
		return c.notRunning("there is no socket at "+c.socket, "start it with: tocsin daemon; or name its directory with --home")
	case errors.Is(err, syscall.ECONNREFUSED):
		return c.notRunning("nobody listens on "+c.socket, "start it with: tocsin daemon")
	case errors.Is(err, fs.ErrPermission):
		return api.NewProblem(api.Denied, "not allowed to open "+c.socket, "run this as the user that the daemon runs as")
	case errors.Is(err, syscall.EINVAL):
		return api.NewProblem(api.BadRequest, "the path of the socket is too long: "+c.socket, "choose a shorter directory, or set socket in its config.toml")
	}
	if urlErr, ok := errors.AsType[*url.Error](err); ok {
		err = urlErr.Err
	}
	return fmt.Errorf("talk to the daemon at %s: %w", c.socket, err)
}

// absent is a problem that is ErrNotRunning too.
type absent struct{ *api.Problem }

// Unwrap shows both.
func (a absent) Unwrap() []error { return []error{a.Problem, ErrNotRunning} }

func (c *Client) notRunning(detail, hint string) error {
	return absent{api.NewProblem(api.NotRunning, "the daemon is not running: "+detail, hint)}
}

// problemOf reads the problem of an answer that is not a success.
func problemOf(res *http.Response) error {
	b, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("read answer of the daemon: %w", err)
	}
	var p api.Problem
	kind, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil || kind != api.ProblemJSON || api.DecodeAnswer(b, &p) != nil || p.Code == "" {
		return api.NewProblem(api.Incompatible, "the daemon answered "+res.Status+" in a way that is not understood",
			"check that the program and the daemon are of the same release")
	}
	return &p
}
