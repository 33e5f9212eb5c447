package httpapi

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"time"

	"tocsin/pkg/api"
)

// events is the live feed. The answer begins at once, so that a caller knows it is listened to before
// anything happens.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	if _, err := parameters(r, noParameters); err != nil {
		s.fail(w, r, err)
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	if feeds, ok := r.Context().Value(feedKey{}).(context.Context); ok {
		defer context.AfterFunc(feeds, cancel)() //nolint:contextcheck // feeds is the server's end, not the caller's
	}
	f := feed{w: w, control: http.NewResponseController(w)}
	err := s.opt.Service.Watch(ctx, r.Header.Get("Last-Event-ID"), f.send)
	if !f.begun && err != nil && ctx.Err() == nil {
		s.fail(w, r, err)
	}
}

// feed is one feed being written.
type feed struct {
	w       http.ResponseWriter
	control *http.ResponseController
	begun   bool
}

// send writes one event and hands it to the caller at once. An event without a type only begins the
// feed.
func (f *feed) send(e api.Event) error {
	// A minute without the other end reading ends the feed: it is told again what it missed.
	if err := f.control.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if !f.begun {
		f.begun = true
		f.w.Header().Set("Content-Type", api.EventStream)
		f.w.Header().Set("Cache-Control", "no-store")
		f.w.WriteHeader(http.StatusOK)
	}
	b := []byte(": tocsin\n\n")
	if e.Type != "" {
		data, err := api.Encode(e)
		if err != nil {
			return err
		}
		b = bytes.Join([][]byte{
			[]byte("id: " + e.ID), []byte("event: " + string(e.Type)), append([]byte("data: "), data...), nil, nil,
		}, []byte("\n"))
	}
	if _, err := f.w.Write(b); err != nil {
		return err
	}
	return f.control.Flush()
}
