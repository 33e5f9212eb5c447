package main

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tocsin/pkg/api"
)

// fake is a daemon that answers what a test has put into it, over the real contract and a real socket. It serves one test.
type fake struct {
	t    *testing.T
	home string
	// answers by "METHOD path": an answer, or a *api.Problem.
	answers map[string]any
	// asked are the bodies of the calls, by the same key.
	asked map[string][]byte
	query map[string]string
}

// newFake starts one in a directory with a name short enough for a socket.
func newFake(t *testing.T) *fake {
	t.Helper()
	home, err := os.MkdirTemp("", "tocsin") //nolint:usetesting // the name of a test's directory is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "unix", filepath.Join(home, "tocsin.sock"))
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{t: t, home: home, answers: map[string]any{}, asked: map[string][]byte{}, query: map[string]string{}}
	srv := &http.Server{Handler: f} //nolint:gosec // a test
	go srv.Serve(l)
	t.Cleanup(func() { _ = srv.Close() })
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key := r.Method + " " + r.URL.Path
	body, _ := io.ReadAll(r.Body)
	f.asked[key], f.query[key] = body, r.URL.RawQuery
	answer, ok := f.answers[key]
	if !ok {
		answer = api.NewProblem(api.NotFound, "no answer for "+key, "")
	}
	if raw, ok := answer.([]byte); ok {
		w.Header().Set("Content-Type", api.OctetStream)
		_, _ = w.Write(raw) //nolint:gosec // a test's own text
		return
	}
	if raw, ok := answer.(string); ok {
		w.Header().Set("Content-Type", api.EventStream)
		_, _ = io.WriteString(w, raw) //nolint:gosec // a test's own text
		return
	}
	text, err := api.Encode(answer)
	if err != nil {
		f.t.Error(err)
	}
	w.Header().Set("Content-Type", api.JSON)
	if p, ok := answer.(*api.Problem); ok {
		w.Header().Set("Content-Type", api.ProblemJSON)
		w.WriteHeader(p.Status)
	}
	_, _ = w.Write(text) //nolint:gosec // a test's own text
}

// got reads what a call asked into v, as strictly as the daemon does.
func (f *fake) got(key string, v any) {
	f.t.Helper()
	if f.asked[key] == nil {
		f.t.Fatalf("%s was not called", key)
	}
	if err := api.DecodeRequest(bytes.NewReader(f.asked[key]), v); err != nil {
		f.t.Fatalf("%s: %v", key, err)
	}
}

// run runs a line against the fake, and holds stdout and stderr to what may reach a terminal.
func (f *fake) run(args ...string) (code int, stdout, stderr string) {
	f.t.Helper()
	code, stdout, stderr = try(f.t, append([]string{"--home", f.home}, args...)...)
	for _, out := range []string{stdout, stderr} {
		for line := range strings.SplitSeq(out, "\n") {
			if line != cleanLine(line) && !strings.Contains(line, "\t") {
				f.t.Errorf("%q can act on a terminal", line)
			}
		}
	}
	return code, stdout, stderr
}

// ok is run for a line that must succeed.
func (f *fake) ok(args ...string) string {
	f.t.Helper()
	code, stdout, stderr := f.run(args...)
	if code != 0 {
		f.t.Fatalf("%q: exit %d: %s", args, code, stderr)
	}
	return stdout
}
