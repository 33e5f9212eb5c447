package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"tocsin/node/httpapi"
	"tocsin/pkg/api"
	"tocsin/pkg/client"
	"tocsin/pkg/invite"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// fake is a Service of which each test sets what it needs; the rest panics.
type fake struct {
	httpapi.Service
	publish func(context.Context, api.AlertDraft) (*api.Published, error)
	request func(api.RequestDraft) (*api.RequestsPublished, error)
	invite  func(string, api.InviteDraft) (*api.Invited, error)
	list    func(api.List) (*api.Entries, error)
	watch   func(context.Context, string, func(api.Event) error) error
}

func (f *fake) PublishAlert(ctx context.Context, d api.AlertDraft) (*api.Published, error) {
	return f.publish(ctx, d)
}

func (f *fake) PublishRequest(_ context.Context, d api.RequestDraft) (*api.RequestsPublished, error) {
	return f.request(d)
}

func (f *fake) Invite(_ context.Context, id string, d api.InviteDraft) (*api.Invited, error) {
	return f.invite(id, d)
}

func (f *fake) Alerts(_ context.Context, l api.List) (*api.Entries, error) { return f.list(l) }

func (f *fake) Watch(ctx context.Context, from string, fn func(api.Event) error) error {
	return f.watch(ctx, from, fn)
}

func (f *fake) Export(_ context.Context, _ string, q api.ExportQuery) (*api.Exported, error) {
	return &api.Exported{File: []byte("{}\n"), Contracts: []string{"for " + q.For}}, nil
}

// tempDir is a directory with a short path: a socket's has at most 107 bytes.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ts") //nolint:usetesting // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func draft() api.AlertDraft {
	return api.AlertDraft{Community: "demo", Alert: notice.Alert{Marking: notice.Marking{TLP: notice.TLPClear}}}
}

type running struct {
	socket string
	client *client.Client
	stop   func() error
}

func start(t *testing.T, svc httpapi.Service, allowed func(uint32) bool) running {
	t.Helper()
	return startLogging(t, svc, allowed, slog.DiscardHandler)
}

func startLogging(t *testing.T, svc httpapi.Service, allowed func(uint32) bool, log slog.Handler) running {
	t.Helper()
	socket := filepath.Join(tempDir(t), "s")
	l, err := httpapi.Listen(t.Context(), socket)
	if err != nil {
		t.Fatal(err)
	}
	s, err := httpapi.New(httpapi.Options{Service: svc, Logger: slog.New(log), Allowed: allowed})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	stop := sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return running{socket: socket, client: client.New(socket), stop: stop}
}

func TestAnswersAndProblems(t *testing.T) {
	f := &fake{}
	r := start(t, f, nil)
	id := record.ID{1}
	for _, c := range []struct {
		name string
		err  error
		code api.Code
		exit api.Exit
	}{
		{"done", nil, "", api.ExitDone},
		{"refusal", &replica.Refusal{Reason: policy.Marking, Detail: "no", Hint: "do that"}, api.Marking, api.ExitRefused},
		{"wrapped", fmt.Errorf("publish: %w", &replica.Refusal{Reason: policy.Full}), api.Full, api.ExitFailed},
		{"broken store", fmt.Errorf("publish: %w", replica.ErrBroken), api.Unavailable, api.ExitFailed},
		{"problem", api.NewProblem(api.NotAllowed, "no", ""), api.NotAllowed, api.ExitRefused},
		{"fields", notice.FieldErrors{{Field: "texts[0].title", Problem: "is missing"}}, api.BadNotice, api.ExitUsage},
		{"unmarked", notice.FieldErrors{{Field: "marking.tlp", Problem: "is missing"}}, api.MarkingAbsent, api.ExitRefused},
		{"not found", fmt.Errorf("x: %w", replica.ErrNotFound), api.NotFound, api.ExitNotFound},
		{"expired", fmt.Errorf("x: %w", invite.ErrExpired), api.Expired, api.ExitRefused},
		{"foreign", fmt.Errorf("x: %w", invite.ErrForeign), api.NotOurs, api.ExitRefused},
		{"tampered", fmt.Errorf("x: %w", invite.ErrSignature), api.BadSignature, api.ExitRefused},
		{"unforeseen", errors.New("the roof is on fire"), api.Internal, api.ExitFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			f.publish = func(_ context.Context, d api.AlertDraft) (*api.Published, error) {
				if d.Community != "demo" {
					t.Errorf("got %+v", d)
				}
				if c.err != nil {
					return nil, c.err
				}
				return &api.Published{ID: id, Kind: notice.KindAlert}, nil
			}
			got, err := r.client.PublishAlert(t.Context(), draft())
			if api.ExitOf(err) != c.exit || c.code != "" && !api.Is(err, c.code) {
				t.Fatalf("got %v", err)
			}
			if c.err == nil && got.ID != id {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestPartlyDoneIsSaid(t *testing.T) {
	f := &fake{request: func(api.RequestDraft) (*api.RequestsPublished, error) {
		return &api.RequestsPublished{Case: "c", Failed: []api.Failed{{Problem: api.NewProblem(api.Full, "x", "")}}}, nil
	}}
	r := start(t, f, nil)
	got, err := r.client.PublishRequest(t.Context(), api.RequestDraft{Request: notice.Request{Marking: draft().Alert.Marking}})
	if err != nil || got.Exit() != api.ExitPartly || got.Failed[0].Problem.Code != api.Full {
		t.Errorf("%+v %v", got, err)
	}
}

func TestWrongRequests(t *testing.T) {
	r := start(t, &fake{list: func(api.List) (*api.Entries, error) { return &api.Entries{}, nil }}, nil)
	raw := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", r.socket)
	}}}
	t.Cleanup(raw.CloseIdleConnections)
	for _, c := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"GET", "/v1/alerts", "", 200, "{"},
		{"GET", "/v1/records/rabcdefgh/export", "", 200, "{}"},
		{"GET", "/v1/alerts?limit=x", "", 400, "limit"},
		{"GET", "/v1/status?verbose=1", "", 400, "verbose"},
		{"POST", "/v1/alerts", `{"alert":{"titel":"x"}}`, 400, "alert.titel"},
		{"POST", "/v1/alerts", ``, 400, "no body"},
		{"DELETE", "/v1/alerts", "", 405, "GET and POST"},
		{"GET", "/v1/join", "", 405, "POST"},
		{"GET", "/v2/alerts", "", 404, "no such path"},
		{"GET", "/", "", 404, "no such path"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, "http://x"+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		res, err := raw.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 4096)
		n, _ := res.Body.Read(b)
		_ = res.Body.Close()
		if res.StatusCode != c.status || !strings.Contains(string(b[:n]), c.says) {
			t.Errorf("%s %s: %d %s", c.method, c.path, res.StatusCode, b[:n])
		}
	}
}

func TestNamesTravel(t *testing.T) {
	f := &fake{invite: func(id string, d api.InviteDraft) (*api.Invited, error) {
		if id != "Demo / East & co" || string(d.Card) != `{"payload":"x"}` {
			t.Errorf("%q %s", id, d.Card)
		}
		return &api.Invited{Invite: api.File(`{"payload":"y"}`)}, nil
	}}
	r := start(t, f, nil)
	got, err := r.client.Invite(t.Context(), "Demo / East & co", api.InviteDraft{Card: api.File(`{"payload":"x"}`)})
	if err != nil || string(got.Invite) != `{"payload":"y"}` {
		t.Errorf("%+v %v", got, err)
	}
}

func TestStrangersAreRefused(t *testing.T) {
	var asked uint32
	r := start(t, &fake{}, func(uid uint32) bool { asked = uid; return false })
	_, err := r.client.Alerts(t.Context(), api.List{})
	if !api.Is(err, api.Denied) || api.ExitOf(err) != api.ExitDenied {
		t.Errorf("got %v", err)
	}
	if int(asked) != os.Geteuid() {
		t.Errorf("the kernel named user %d", asked)
	}
}

func TestFeed(t *testing.T) {
	ended := make(chan struct{})
	f := &fake{watch: func(ctx context.Context, from string, fn func(api.Event) error) error {
		defer close(ended)
		for _, e := range []api.Event{{}, {ID: from + "1", Type: api.EventRecord}, {ID: from + "2", Type: api.EventLost}} {
			if err := fn(e); err != nil {
				return err
			}
		}
		<-ctx.Done()
		return ctx.Err()
	}}
	r := start(t, f, nil)
	seen := make(chan string, 2)
	watched := make(chan error, 1)
	go func() {
		watched <- r.client.Watch(t.Context(), "x-", func(e api.Event) error { seen <- e.ID; return nil })
	}()
	if a, b := <-seen, <-seen; a != "x-1" || b != "x-2" {
		t.Errorf("%s %s", a, b)
	}
	if err := r.stop(); err != nil { // the feed must not hold up the end
		t.Error(err)
	}
	<-ended
	if err := <-watched; !errors.Is(err, client.ErrNotRunning) {
		t.Errorf("got %v", err)
	}
}

func TestCallsUnderWayEndInOrder(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	f := &fake{publish: func(ctx context.Context, _ api.AlertDraft) (*api.Published, error) {
		close(entered)
		<-release
		return &api.Published{Kind: notice.KindAlert}, ctx.Err()
	}}
	r := start(t, f, nil)
	result := make(chan error, 1)
	go func() {
		_, err := r.client.PublishAlert(t.Context(), draft())
		result <- err
	}()
	<-entered
	stopped := make(chan error, 1)
	go func() { stopped <- r.stop() }()
	close(release)
	if err := <-result; err != nil {
		t.Errorf("a call under way got %v", err)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestListen(t *testing.T) {
	dir := tempDir(t)
	path := filepath.Join(dir, "s")
	l, err := httpapi.Listen(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if _, err := httpapi.Listen(t.Context(), path); !errors.Is(err, httpapi.ErrInUse) {
		t.Errorf("a second daemon: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}

	stale, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	stale.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := stale.Close(); err != nil {
		t.Fatal(err)
	}
	if l, err = httpapi.Listen(t.Context(), path); err != nil {
		t.Fatalf("over a stale socket: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}

	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := httpapi.Listen(t.Context(), path); err == nil {
		t.Error("a file was replaced by a socket")
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "precious" { //nolint:gosec // the test's own
		t.Errorf("%s %v", b, err)
	}
}

// TestExportTells: the file comes as it is, and what to tell beside it.
func TestExportTells(t *testing.T) {
	r := start(t, &fake{}, nil)
	for typed, want := range map[string]string{"": api.ForOwn, api.ForPublic: api.ForPublic} {
		out, err := r.client.Export(t.Context(), "r1", api.ExportQuery{For: typed})
		if err != nil || string(out.File) != "{}\n" || len(out.Contracts) != 1 || out.Contracts[0] != "for "+want {
			t.Errorf("%q: %+v %v", typed, out, err)
		}
	}
	if _, err := r.client.Export(t.Context(), "r1", api.ExportQuery{For: "everybody"}); !api.Is(err, api.BadRequest) {
		t.Errorf("%v", err)
	}
	if name := httpapi.CallerName(t.Context()); name != "unknown" {
		t.Errorf("outside of a call: %q", name)
	}
}

func (f *fake) Attachment(_ context.Context, id string, at int) ([]byte, error) {
	return []byte(fmt.Sprint(id, " ", at)), nil
}

func (f *fake) OpenAttachment(_ context.Context, id string, at int, d api.OpenDraft) ([]byte, error) {
	return []byte(fmt.Sprint(id, " ", at, " ", d.As)), nil
}

func TestAttachmentsAreBytes(t *testing.T) {
	run := start(t, &fake{}, nil)
	for as, want := range map[string]string{"": "r1 7", "Ada": "r1 7 Ada"} {
		r, err := run.client.Attachment(t.Context(), "r1", 7, as)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err = errors.Join(err, r.Close()); err != nil || string(got) != want {
			t.Errorf("as %q: %q %v", as, got, err)
		}
	}
	if _, err := run.client.Attachment(t.Context(), "r1", -1, ""); !api.Is(err, api.NotFound) {
		t.Errorf("a place that is none: %v", err)
	}
}
