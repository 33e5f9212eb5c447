package httpapi

import (
	"net/http"
	"time"

	"tocsin/pkg/api"
)

// reply is what becomes of a call.
type reply struct {
	status int
	body   any
	err    error
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, what reply) {
	if what.err != nil {
		s.fail(w, r, what.err)
		return
	}
	b, err := api.Encode(what.body)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.write(w, what.status, api.JSON, b)
}

func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := s.problem(r, err)
	b, err := api.Encode(p)
	if err != nil {
		b = []byte(`{"code":"internal","exit":1}`)
	}
	s.write(w, p.Status, api.ProblemJSON, b)
}

// write sends an answer. An error means that the caller is gone, and nobody is left to tell.
func (s *Server) write(w http.ResponseWriter, status int, kind string, b []byte) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout))
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-store")
	if s.opt.Until != nil {
		w.Header().Set(api.HeaderUntil, s.opt.Until().UTC().Format(time.RFC3339))
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) //nolint:gosec // JSON with its type and nosniff, to no browser
}
