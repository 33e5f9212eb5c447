package client_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/client"
)

// serve answers on a socket in a short temporary directory (socket paths are at most 107 bytes).
func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "tocsin") //nolint:usetesting // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close(); <-done })
	return socket
}

func TestCall(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+api.PathInvites, func(w http.ResponseWriter, r *http.Request) {
		var d api.InviteDraft
		if err := api.DecodeRequest(r.Body, &d); err != nil || r.PathValue("id") != "a/b c" || d.Team != "x" {
			t.Errorf("%q %+v %v", r.PathValue("id"), d, err)
		}
		fmt.Fprint(w, `{"addresses":["/dns/x"],"of_a_later_release":1}`)
	})
	c := client.New(serve(t, mux))
	got, err := c.Invite(t.Context(), "a/b c", api.InviteDraft{Team: "x"})
	if err != nil || len(got.Addresses) != 1 {
		t.Fatalf("%+v %v", got, err)
	}
}

func TestProblems(t *testing.T) {
	answer := func(status int, kind, body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		})
	}
	for name, c := range map[string]struct {
		h    http.Handler
		code api.Code
		exit api.Exit
	}{
		"a problem":     {answer(404, api.ProblemJSON, `{"code":"not-found","detail":"no","candidates":[{"id":"x"}],"exit":12}`), api.NotFound, api.ExitNotFound},
		"of later":      {answer(418, api.ProblemJSON+"; charset=utf-8", `{"code":"teapot","exit":11}`), "teapot", api.ExitRefused},
		"no problem":    {answer(502, "text/html", `<html>`), api.Incompatible, api.ExitFailed},
		"broken answer": {answer(200, api.JSON, `{"version":`), api.Incompatible, api.ExitFailed},
		"redirect":      {http.RedirectHandler("http://example.org/", http.StatusFound), api.Incompatible, api.ExitFailed},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := client.New(serve(t, c.h)).Status(t.Context())
			if !api.Is(err, c.code) || api.ExitOf(err) != c.exit {
				t.Errorf("%v, exit code %v", err, api.ExitOf(err))
			}
		})
	}
}

func TestNotRunning(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "no.sock")
	stale := filepath.Join(dir, "stale.sock")
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", stale)
	if err != nil {
		t.Skip("no socket here:", err) // a long temporary directory
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, socket := range []string{missing, stale} {
		_, err := client.New(socket).Status(t.Context())
		var p *api.Problem
		if !errors.Is(err, client.ErrNotRunning) || !errors.As(err, &p) || p.Hint == "" || api.ExitOf(err) != api.ExitNotRunning {
			t.Errorf("%s: %v", socket, err)
		}
	}
}

func TestWatch(t *testing.T) {
	socket := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Last-Event-ID"); got != "7" {
			t.Errorf("Last-Event-ID %q", got)
		}
		fmt.Fprint(w, ": hello\n\nid: 8\nevent: record\ndata: {\"id\":\"8\",\ndata: \"type\":\"record\"}\n\nretry: 3\n\nid: 9\ndata: {\"id\":\"9\",\"type\":\"lost\"}\n\n")
	}))
	var got []string
	err := client.New(socket).Watch(t.Context(), "7", func(e api.Event) error {
		got = append(got, e.ID+string(e.Type))
		return nil
	})
	if !errors.Is(err, client.ErrNotRunning) {
		t.Errorf("at the end of the feed: %v", err)
	}
	if len(got) != 2 || got[0] != "8record" || got[1] != "9lost" {
		t.Errorf("got %v", got)
	}
	stop := errors.New("stop")
	if err := client.New(socket).Watch(t.Context(), "7", func(api.Event) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
}

func TestCancelled(t *testing.T) {
	blocked := make(chan struct{})
	socket := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { close(blocked); <-r.Context().Done() }))
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-blocked; cancel() }()
	if _, err := client.New(socket).Status(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
