package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
)

// site is a web server that stands for every host, and a zone.
type site struct {
	*domainLook
	zone map[string][]string
	fail error
}

func newSite(t *testing.T, h http.HandlerFunc) *site {
	t.Helper()
	srv := httptest.NewTLSServer(h)
	t.Cleanup(srv.Close)
	transport, ok := srv.Client().Transport.(*http.Transport)
	if !ok {
		t.Fatal("the test server's client has no transport")
	}
	transport = transport.Clone()
	transport.TLSClientConfig.ServerName = "example.com" // of the server's certificate
	transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", srv.Listener.Addr().String())
	}
	s := &site{zone: map[string][]string{}}
	s.domainLook = &domainLook{
		client: &http.Client{Transport: transport, Timeout: lookTime, CheckRedirect: sameHost},
		txt: func(_ context.Context, name string) ([]string, error) {
			if s.fail != nil {
				return nil, s.fail
			}
			if lines, ok := s.zone[name]; ok {
				return lines, nil
			}
			return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
		},
	}
	return s
}

func TestDomainProof(t *testing.T) {
	c, other := identity.CommunityID{7}, identity.CommunityID{8}
	line := func(id identity.CommunityID) string { return proofPrefix + id.String() }
	down := errors.New("server misbehaving")
	for _, tt := range []struct {
		name  string
		zone  []string
		fail  error
		web   string // body; empty: not found; a status: that
		state api.ProofState
		how   string
		says  string
	}{
		{name: "dns", zone: []string{"v=spf1 -all", line(other), line(c)}, state: api.ProofFound, how: "dns"},
		{name: "web", web: "# ours\n" + line(other) + "\r\n  " + line(c) + "\n", state: api.ProofFound, how: "https"},
		{name: "dns names another", zone: []string{line(other)}, state: api.ProofMissing},
		{name: "nothing", state: api.ProofMissing},
		{name: "web without dns", fail: down, web: line(c), state: api.ProofFound, how: "https"},
		{name: "half an answer", fail: down, state: api.ProofMissing, says: "dns: server misbehaving"},
		{name: "no answer", fail: down, web: "500", state: api.ProofFailed, says: "https: it answers with status 500"},
		{name: "too long", fail: down, web: strings.Repeat("#\n", maxWellKnown) + line(c), state: api.ProofFailed, says: "more than 65536 bytes"},
		{name: "one long line", web: strings.Repeat("#", maxWellKnown-200) + line(c), state: api.ProofMissing},
		{name: "elsewhere", web: "https://other.example/", state: api.ProofMissing, says: "it redirects to https://other.example"},
		{name: "in the clear", web: "http://fin.example/", state: api.ProofMissing, says: "it redirects to http://fin.example"},
		{name: "in a circle", web: "https://fin.example" + wellKnownPath, state: api.ProofMissing, says: "more than 3 redirects"},
		{name: "an ID alone", zone: []string{c.String()}, state: api.ProofMissing},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.Host != "fin.example" || r.URL.Path != wellKnownPath || tt.web == "":
					w.WriteHeader(http.StatusNotFound)
				case tt.web == "500":
					w.WriteHeader(http.StatusInternalServerError)
				case strings.HasPrefix(tt.web, "http"):
					http.Redirect(w, r, tt.web, http.StatusFound)
				default:
					fmt.Fprint(w, tt.web)
				}
			})
			s.zone["_tocsin.fin.example."], s.fail = tt.zone, tt.fail
			if tt.zone == nil {
				delete(s.zone, "_tocsin.fin.example.")
			}
			p := s.look(t.Context(), "fin.example", c)
			if p.State != tt.state || p.How != tt.how || !strings.Contains(p.Detail, tt.says) || p.Domain != "fin.example" {
				t.Errorf("%+v", p)
			}
		})
	}
}

// A charter is a stranger's: the name in it must not lead a look into the network that it runs in.
func TestNoLookInside(t *testing.T) {
	for address, want := range map[string]bool{
		"192.0.2.7:443": true, "[2001:db8::7]:443": true, "127.0.0.1:443": false, "[::1]:443": false, "10.1.2.3:443": false,
		"172.16.0.1:443": false, "192.168.1.1:443": false, "169.254.169.254:80": false, "[fe80::1]:443": false, "[fd00::1]:443": false,
		"100.64.0.1:443": false, "0.0.0.0:443": false, "[::ffff:127.0.0.1]:443": false, "[::ffff:10.0.0.1]:443": false, "[64:ff9b::a00:1]:443": false,
		"224.0.0.1:443": false, "nonsense": false,
	} {
		if err := public(address); (err == nil) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
	srv := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(srv.Close)
	if _, err := newDomainLook().askWeb(t.Context(), srv.Listener.Addr().String()); !errors.Is(err, errInside) {
		t.Errorf("asked a server on this machine: %v", err)
	}
}

func TestCommunityProve(t *testing.T) {
	f := newFake(t)
	c := api.Community{ID: identity.CommunityID{7}, Name: "Fin", Domain: "fin.example"}
	f.answers["GET /v1/communities/Fin"] = c
	f.answers["POST /v1/communities/"+c.ID.String()+"/proof"] = c
	s := newSite(t, http.NotFound)
	code, out, errs := f.runLooking(s.domainLook, "community", "prove", "Fin")
	record := `_tocsin.fin.example. IN TXT "tocsin-community=` + c.ID.String() + `"`
	if code != 1 || !strings.Contains(out, record+"\nhttps://fin.example/.well-known/tocsin-community: tocsin-community=c") || !strings.Contains(errs, "does not name Fin") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	s.zone["_tocsin.fin.example."] = []string{proofPrefix + c.ID.String()}
	if code, out, errs = f.runLooking(s.domainLook, "community", "prove", "Fin"); code != 0 || !strings.HasPrefix(out, "fin.example names Fin (c") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	var told api.DomainProof
	f.got("POST /v1/communities/"+c.ID.String()+"/proof", &told)
	if told.State != api.ProofFound || told.How != "dns" || told.At.IsZero() {
		t.Errorf("told the node %+v", told)
	}
	c.Domain, c.Proof = "", nil
	f.answers["GET /v1/communities/Fin"] = c
	if code, _, errs = f.runLooking(s.domainLook, "community", "prove", "Fin"); code != 11 || !strings.Contains(errs, "names no domain") {
		t.Errorf("exit %d, %s", code, errs)
	}
}

// runLooking runs a line with a resolver and a network of its own.
func (f *fake) runLooking(look *domainLook, args ...string) (code int, stdout, stderr string) {
	f.t.Helper()
	return tryWith(f.t, func(e *env) { e.Domains = look }, append([]string{"--home", f.home}, args...)...)
}
