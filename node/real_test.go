package node

import (
	"context"
	"crypto/rand"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tocsin/node/config"
	"tocsin/pkg/api"
	"tocsin/pkg/client"
	"tocsin/pkg/keyfile"
)

// daemon is a real one: keys and store on disk, libp2p on loopback, a socket.
type daemon struct {
	*client.Client
	home  string
	ahead *atomic.Int64 // nanoseconds of its clock before this machine's
	stop  func() error
}

func newHome(t *testing.T, name string) string {
	t.Helper()
	home, err := os.MkdirTemp("", "tn") //nolint:usetesting // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	if _, err := keyfile.Create(home, keyfile.CreateOptions{
		Name: name, Passphrase: "correct horse battery staple", Now: time.Now(), Rand: rand.Reader, ScryptWorkFactor: 10,
	}); err != nil {
		t.Fatal(err)
	}
	return home
}

func realOptions(t *testing.T, home string) Options {
	t.Helper()
	keys, err := keyfile.Load(home, keyfile.UnlockSource{Path: filepath.Join(home, keyfile.UnlockFile)})
	if err != nil {
		t.Fatal(err)
	}
	cfg := config.Default()
	cfg.Mesh.Listen = []string{"/ip4/127.0.0.1/tcp/0"}
	return Options{
		Home: home, Config: cfg, Keys: keys, Version: "test", Logger: slog.New(slog.DiscardHandler), Now: time.Now, Rand: rand.Reader,
	}
}

func run(t *testing.T, home string) *daemon {
	t.Helper()
	begin := time.Now()
	opt, ahead := realOptions(t, home), new(atomic.Int64)
	opt.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	n, err := New(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	d := &daemon{Client: client.New(n.Addr()), home: home, ahead: ahead, stop: func() error { cancel(); return <-done }}
	if _, err := d.Status(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("ready after %s", time.Since(begin))
	return d
}

// TestTwoDaemons is the whole thing: two real daemons on loopback make a community, exchange a
// request, and one comes back after a stop.
func TestTwoDaemons(t *testing.T) {
	if testing.Short() {
		t.Skip("real sockets and disks")
	}
	a, b := run(t, newHome(t, "Alpha")), run(t, newHome(t, "Bravo"))
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	events := make(chan api.Event, 64)
	go func() {
		// From an event that never was: the feed says at once that it lost some, and so that it is listening.
		_ = b.Watch(ctx, "never-1", func(e api.Event) error { events <- e; return nil })
	}()
	await(t, events, func(e api.Event) bool { return e.Type == api.EventLost })
	must(a.Found(ctx, api.Found{Name: "Demo"}))(t)
	id := must(b.Identity(ctx))(t)
	invited := must(a.Invite(ctx, "Demo", api.InviteDraft{Card: id.Card}))(t)
	must(b.Join(ctx, api.Join{Invite: invited.Invite}))(t)
	published := must(a.PublishAlert(ctx, draft("over the wire")))(t)
	await(t, events, func(e api.Event) bool { return e.Type == api.EventRecord && e.Record == published.ID })

	asked := must(a.PublishRequest(ctx, ask("Bravo")))(t)
	await(t, events, func(e api.Event) bool { return e.Type == api.EventRecord && e.Record == asked.Published[0].ID })
	for view := must(a.Request(ctx, asked.Published[0].ID.String()))(t); view.Standing[0].Receipt.IsZero(); {
		if ctx.Err() != nil {
			t.Fatalf("no receipt: %+v", view.Deliveries)
		}
		view = must(a.Request(ctx, asked.Published[0].ID.String()))(t)
	}

	if _, err := New(ctx, realOptions(t, a.home)); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second daemon in one home: %v", err)
	}
	if err := a.stop(); err != nil {
		t.Error(err)
	}
	if left, err := filepath.Glob(filepath.Join(a.home, "tocsin.sock*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	a = run(t, a.home)
	if got := must(a.Alerts(ctx, api.List{}))(t); !slices.ContainsFunc(got.Entries, func(e api.Entry) bool { return e.ID == published.ID }) {
		t.Error("the alert did not survive a restart")
	}
	for _, d := range []*daemon{a, b} {
		if err := d.stop(); err != nil {
			t.Error(err)
		}
	}
}

// TestTwoDaemonsWithClocksApart: the fast one is told by the other, and what waits outside comes in by itself.
func TestTwoDaemonsWithClocksApart(t *testing.T) {
	if testing.Short() {
		t.Skip("real sockets and disks")
	}
	a, b := run(t, newHome(t, "Alpha")), run(t, newHome(t, "Bravo"))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	events := make(chan api.Event, 64)
	go func() {
		_ = b.Watch(ctx, "", func(e api.Event) error { events <- e; return nil })
	}()
	must(a.Found(ctx, api.Found{Name: "Demo"}))(t)
	invited := must(a.Invite(ctx, "Demo", api.InviteDraft{Card: must(b.Identity(ctx))(t).Card}))(t)
	must(b.Join(ctx, api.Join{Invite: invited.Invite}))(t)
	said := func(d *daemon, what string) {
		t.Helper()
		for !slices.ContainsFunc(must(d.Status(ctx))(t).Warnings, func(w string) bool { return strings.Contains(w, what) }) {
		}
	}
	before := must(a.PublishAlert(ctx, draft("on time")))(t)
	await(t, events, func(e api.Event) bool { return e.Type == api.EventRecord && e.Record == before.ID })
	a.ahead.Store(int64(config.Default().Limits.ClockAhead.Std() + 5*time.Second))
	published := must(a.PublishAlert(ctx, draft("from the future")))(t)
	said(b, "its records wait outside")
	said(a, "ahead of that of Bravo")
	await(t, events, func(e api.Event) bool { return e.Type == api.EventRecord && e.Record == published.ID })
	for _, d := range []*daemon{a, b} {
		if err := d.stop(); err != nil {
			t.Error(err)
		}
	}
}

func await(t *testing.T, events <-chan api.Event, ok func(api.Event) bool) {
	t.Helper()
	timeout := time.After(3 * time.Minute)
	for {
		select {
		case e := <-events:
			if ok(e) {
				return
			}
		case <-timeout:
			t.Fatal("the event did not come")
		}
	}
}
