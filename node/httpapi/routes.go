package httpapi

import (
	"context"
	"net/http"
	"net/url"

	"tocsin/pkg/api"
)

// routes is the whole contract in one place: method, path, what it reads, what it asks.
func (s *Server) routes() {
	svc := s.opt.Service
	get(s, api.PathStatus, svc.Status)
	get(s, api.PathIdentity, svc.Identity)
	list(s, api.PathAlerts, api.ParseList, svc.Alerts)
	list(s, api.PathRequests, api.ParseList, svc.Requests)
	list(s, api.PathLedger, api.ParseLedgerQuery, svc.Ledger)
	show(s, api.PathRecord, svc.Record)
	show(s, api.PathRequest, svc.Request)

	post(s, api.PathAlerts, svc.PublishAlert)
	post(s, api.PathRequests, svc.PublishRequest)
	act(s, api.PathOpenRecord, svc.OpenRecord)
	act(s, api.PathOpenRequest, svc.OpenRequest)
	act(s, api.PathReplies, svc.Reply)
	act(s, api.PathClose, svc.CloseRequest)
	act(s, api.PathWithdraw, svc.WithdrawRequest)

	s.membershipRoutes(svc)
	s.teamRoutes(svc)

	s.keyRoutes(svc)

	s.sharingRoutes(svc)

	s.mux.HandleFunc("GET "+api.PathAttachment, s.attachment)
	s.mux.HandleFunc("POST "+api.PathOpenAttachment, s.openAttachment)
	s.mux.HandleFunc("GET "+api.PathBackup, s.backup)
	s.mux.HandleFunc("GET "+api.PathEvents, s.events)
	s.mux.HandleFunc("/", s.nothing)
}

// get serves what takes no parameters.
func get[A any](s *Server, path string, ask func(context.Context) (*A, error)) {
	list(s, path, noParameters, func(ctx context.Context, _ struct{}) (*A, error) { return ask(ctx) })
}

// list serves what takes parameters.
func list[Q, A any](s *Server, path string, parse func(url.Values) (Q, error), ask func(context.Context, Q) (*A, error)) {
	s.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
		q, err := parameters(r, parse)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		a, err := ask(r.Context(), q)
		s.answer(w, r, reply{status: http.StatusOK, body: a, err: err})
	})
}

// show serves one thing.
func show[A any](s *Server, path string, ask func(context.Context, string) (*A, error)) {
	s.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
		if _, err := parameters(r, noParameters); err != nil {
			s.fail(w, r, err)
			return
		}
		a, err := ask(r.Context(), r.PathValue("id"))
		s.answer(w, r, reply{status: http.StatusOK, body: a, err: err})
	})
}

// post serves what makes something.
func post[B, A any](s *Server, path string, ask func(context.Context, B) (*A, error)) {
	s.mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
		var b B
		if err := decode(w, r, &b); err != nil {
			s.fail(w, r, err)
			return
		}
		a, err := ask(r.Context(), b)
		s.answer(w, r, reply{status: made(a), body: a, err: err})
	})
}

// act serves what does something to one thing.
func act[B, A any](s *Server, path string, ask func(context.Context, string, B) (*A, error)) {
	s.mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
		var b B
		if err := decode(w, r, &b); err != nil {
			s.fail(w, r, err)
			return
		}
		a, err := ask(r.Context(), r.PathValue("id"), b)
		s.answer(w, r, reply{status: made(a), body: a, err: err})
	})
}

// made is the status of a success: 207 where some of several failed, 202 where others must act first.
func made(a any) int {
	switch a := a.(type) {
	case *api.RequestsPublished:
		if a != nil && len(a.Failed) > 0 {
			return http.StatusMultiStatus
		}
	case *api.Founding:
		if a != nil && len(a.Unsigned) > 0 {
			return http.StatusAccepted
		}
	}
	return http.StatusCreated
}

func noParameters(q url.Values) (struct{}, error) {
	for name := range q {
		return struct{}{}, api.Invalid(name, "is not a parameter of this endpoint", "it takes none")
	}
	return struct{}{}, nil
}

func parameters[Q any](r *http.Request, parse func(url.Values) (Q, error)) (Q, error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		var none Q
		return none, api.NewProblem(api.BadRequest, "the parameters are not URL-encoded", "")
	}
	return parse(q)
}

func decode(w http.ResponseWriter, r *http.Request, v any) error {
	if _, err := parameters(r, noParameters); err != nil {
		return err
	}
	return api.DecodeRequest(http.MaxBytesReader(w, r.Body, api.MaxRequest+1), v)
}
