package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"tocsin/pkg/api"
)

// Limits of the server.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = time.Minute // the longest request comes from this machine
	writeTimeout  = time.Minute // one answer, or one event of a feed
	idleTimeout   = time.Minute
	maxHeader     = 16 << 10
	// maxAtOnce bounds the requests that are worked on, each with up to api.MaxRequest in memory. More
	// wait their turn.
	maxAtOnce = 8
	// drain is how long calls under way may take after the end was asked for.
	drain = 5 * time.Second
)

// Options configure a Server.
type Options struct {
	Service Service      // required
	Logger  *slog.Logger // required
	// Until says when the delegation of the node ends, for api.HeaderUntil. Nil: no answer says so.
	Until func() time.Time
	// Allowed decides which user may call. Nil: the user of this process, and root.
	Allowed func(uid uint32) bool
}

// Server serves the contract.
type Server struct {
	opt Options
	mux *http.ServeMux
	// turns has a place for each request under way; taking one waits for another to end.
	turns chan struct{}
}

// New returns a server. Nothing runs before Serve.
func New(opt Options) (*Server, error) {
	if opt.Service == nil || opt.Logger == nil {
		return nil, errors.New("http api needs a service and a logger")
	}
	if opt.Allowed == nil {
		self := uint32(os.Geteuid()) //nolint:gosec // a user number
		opt.Allowed = func(uid uint32) bool { return uid == self || uid == 0 }
	}
	s := &Server{opt: opt, mux: http.NewServeMux(), turns: make(chan struct{}, maxAtOnce)}
	s.routes()
	return s, nil
}

// Serve answers on the listener until ctx ends; calls under way then get some seconds to end, feeds
// end at once. It closes the listener.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	feeds, endFeeds := context.WithCancel(context.WithoutCancel(ctx))
	defer endFeeds()
	srv := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(s.opt.Logger.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context {
			return context.WithValue(context.WithoutCancel(ctx), feedKey{}, feeds)
		},
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			uid, err := peerUser(c)
			return context.WithValue(ctx, callerKey{}, caller{uid: uid, err: err})
		},
	}
	var ended sync.WaitGroup
	stopped := make(chan struct{})
	ended.Go(func() {
		select {
		case <-ctx.Done():
		case <-stopped:
		}
		endFeeds()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer cancel()
		if srv.Shutdown(grace) != nil {
			// Somebody is still at it. What it asked for is either durable or not; nobody waits longer.
			_ = srv.Close()
		}
	})
	err := srv.Serve(l)
	close(stopped)
	ended.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve local api: %w", err)
}

type (
	callerKey struct{}
	feedKey   struct{}
)

// caller is who opened a connection.
type caller struct {
	uid uint32
	err error
}

// ServeHTTP lets allowed callers in, a few at a time.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	who, ok := r.Context().Value(callerKey{}).(caller)
	if !ok || who.err != nil || !s.opt.Allowed(who.uid) {
		s.opt.Logger.WarnContext(r.Context(), "refused a caller on the local socket", slog.Uint64("uid", uint64(who.uid)))
		s.fail(w, r, api.NewProblem(api.Denied, "only the user of the daemon and root may use it",
			"run this as the user that the daemon runs as"))
		return
	}
	if r.URL.Path == api.PathEvents {
		s.mux.ServeHTTP(w, r)
		return
	}
	select {
	case s.turns <- struct{}{}:
		defer func() { <-s.turns }()
	case <-r.Context().Done():
		return
	}
	s.mux.ServeHTTP(w, r)
}

// nothing answers for paths and methods that do not exist.
func (s *Server) nothing(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := s.mux.Handler(other); pattern != "/" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		s.fail(w, r, api.NewProblem(api.NotFound, "there is no such path in the interface", "docs/api.md lists the paths"))
		return
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	s.fail(w, r, api.NewProblem(api.BadMethod, "the path takes "+strings.Join(allowed, " and "), ""))
}
