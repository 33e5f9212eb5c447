package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"tocsin/pkg/api"
	"tocsin/pkg/invite"
	"tocsin/pkg/notice"
	"tocsin/pkg/replica"
)

// problem turns an error into what the caller is told; nothing else in the daemon does. What is not
// meant for callers is logged and shown as internal.
func (s *Server) problem(r *http.Request, err error) *api.Problem {
	if p := Problem(err); p != nil {
		return p
	}
	if r.Context().Err() == nil {
		s.opt.Logger.ErrorContext(r.Context(), "local call failed",
			slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.Any("err", err))
	}
	return api.NewProblem(api.Internal, "the node could not do it: "+err.Error(), "the daemon's log says more")
}

// Problem returns the problem that an error of the node's is, or nil for one that nobody expected.
func Problem(err error) *api.Problem {
	var problem *api.Problem
	var refusal *replica.Refusal
	var fields notice.FieldErrors
	switch {
	case errors.As(err, &problem):
		return problem
	case errors.As(err, &refusal):
		return api.NewProblem(api.Code(refusal.Reason), refusal.Detail, refusal.Hint)
	case errors.As(err, &fields):
		return unfit(fields)
	case errors.Is(err, replica.ErrNotFound):
		return api.NewProblem(api.NotFound, err.Error(), "")
	case errors.Is(err, replica.ErrAmbiguous):
		return api.NewProblem(api.Ambiguous, err.Error(), "give more characters of it")
	case errors.Is(err, replica.ErrFull):
		return api.NewProblem(api.Full, err.Error(), "make room on the disk, or raise store.quota")
	case errors.Is(err, replica.ErrBroken):
		return api.NewProblem(api.Unavailable, err.Error(), "make the disk writable; the store then opens itself again, and tocsin status says so")
	case errors.Is(err, replica.ErrClosed):
		return api.NewProblem(api.Unavailable, "the node is stopping", "")
	case errors.Is(err, invite.ErrSignature):
		return api.NewProblem(api.BadSignature, err.Error(), "get the file again from whoever made it, by another way")
	case errors.Is(err, invite.ErrExpired):
		return api.NewProblem(api.Expired, err.Error(), "ask the sponsor for a new one")
	case errors.Is(err, invite.ErrForeign):
		return api.NewProblem(api.NotOurs, err.Error(), "ask the sponsor for one made with your card: tocsin id --card")
	case errors.Is(err, invite.ErrMalformed):
		return api.NewProblem(api.Malformed, err.Error(), "check that the file arrived whole")
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return api.NewProblem(api.Unavailable, "the call ended before it was done; it may have been done", "look before trying again")
	}
	return nil
}

// unfit shows what is wrong with a notice. A missing marking has a code of its own.
func unfit(fields notice.FieldErrors) *api.Problem {
	code, hint := api.BadNotice, ""
	for _, f := range fields {
		if f.Field == "marking.tlp" && len(fields) == 1 {
			code, hint = api.MarkingAbsent, "say how it may be shared, e.g. TLP:CLEAR"
		}
	}
	p := api.NewProblem(code, fields.Error(), hint)
	for _, f := range fields {
		p.Fields = append(p.Fields, api.Field{Field: f.Field, Problem: f.Problem, Hint: f.Hint})
	}
	return p
}
