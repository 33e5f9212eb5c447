package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
)

// TestOwnUserAndRoot: where nothing else is said the daemon's user and root may call, nobody else, and
// not a caller of whom the kernel did not tell.
func TestOwnUserAndRoot(t *testing.T) {
	s, err := New(Options{Service: struct{ Service }{}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	self := uint32(os.Geteuid())
	for _, c := range []struct {
		name   string
		caller any
		status int
	}{
		{"own user", caller{uid: self}, http.StatusNotFound}, // let in: there is no such path
		{"root", caller{}, http.StatusNotFound},
		{"another", caller{uid: self + 1}, http.StatusForbidden},
		{"not told", caller{err: errors.New("no credentials")}, http.StatusForbidden},
		{"not asked", nil, http.StatusForbidden},
	} {
		r := httptest.NewRequestWithContext(context.WithValue(t.Context(), callerKey{}, c.caller), http.MethodGet, "/nothing", http.NoBody)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != c.status {
			t.Errorf("%s: status %d, want %d", c.name, w.Code, c.status)
		}
	}
}
