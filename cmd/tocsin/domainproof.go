package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
)

// Limits of a look at a domain, which a stranger's charter names.
const (
	lookTime      = 10 * time.Second
	maxWellKnown  = 64 << 10
	maxRedirects  = 3
	proofLabel    = "_tocsin."
	wellKnownPath = "/.well-known/tocsin-community"
	proofPrefix   = "tocsin-community=" // and the community's ID
)

// domainLook asks a domain which communities are its own. It asks the two places that docs/spec/roster.md names, and
// nothing inside the network that it runs in: the name is a stranger's.
type domainLook struct {
	txt    func(ctx context.Context, name string) ([]string, error)
	client *http.Client
}

func newDomainLook() *domainLook {
	dialer := &net.Dialer{Timeout: lookTime, Control: func(_, address string, _ syscall.RawConn) error { return public(address) }}
	guarded := &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: lookTime, DisableKeepAlives: true, MaxResponseHeaderBytes: maxWellKnown}
	return &domainLook{txt: net.DefaultResolver.LookupTXT, client: &http.Client{Transport: guarded, Timeout: lookTime, CheckRedirect: sameHost}}
}

// errInside is the answer to a name that leads into a network which is not the public one.
var errInside = errors.New("the domain leads to an address that is not a public one")

// public refuses addresses that are not of the public network.
func public(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("read address: %w", err)
	}
	a := at.Addr().Unmap()
	shared := netip.MustParsePrefix("100.64.0.0/10")
	translated := netip.MustParsePrefix("64:ff9b::/96") // may stand for any IPv4 address
	if !a.IsGlobalUnicast() || a.IsPrivate() || shared.Contains(a) || translated.Contains(a) {
		return fmt.Errorf("%w: %s", errInside, a)
	}
	return nil
}

func sameHost(req *http.Request, via []*http.Request) error {
	switch {
	case len(via) > maxRedirects:
		return fmt.Errorf("more than %d redirects", maxRedirects)
	case req.URL.Scheme != "https" || req.URL.Host != via[0].URL.Host:
		return fmt.Errorf("it redirects to %s://%s: only the domain itself can say so", req.URL.Scheme, req.URL.Host)
	}
	return nil
}

// look asks the DNS, then the web. An answer that names the community is enough; one that does not is worth more than none.
func (l *domainLook) look(ctx context.Context, domain string, c identity.CommunityID) api.DomainProof {
	ctx, cancel := context.WithTimeout(ctx, 2*lookTime)
	defer cancel()
	p := api.DomainProof{Domain: domain, State: api.ProofMissing}
	var failed []string
	for _, way := range []struct {
		how string
		ask func(context.Context, string) ([]string, error)
	}{{"dns", l.askDNS}, {"https", l.askWeb}} {
		lines, err := way.ask(ctx, domain)
		if err != nil {
			failed = append(failed, way.how+": "+err.Error())
			continue
		}
		if names(lines, c) {
			p.State, p.How = api.ProofFound, way.how
			return p
		}
	}
	if p.Detail = strings.Join(failed, "; "); len(failed) == 2 {
		p.State = api.ProofFailed
	}
	return p
}

// names reports whether one of the lines is that of the community.
func names(lines []string, c identity.CommunityID) bool {
	for _, line := range lines {
		text, ok := strings.CutPrefix(strings.TrimSpace(line), proofPrefix)
		if id, err := identity.ParseCommunity(strings.TrimSpace(text)); ok && err == nil && id == c {
			return true
		}
	}
	return false
}

func (l *domainLook) askDNS(ctx context.Context, domain string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	lines, err := l.txt(ctx, proofLabel+domain+".")
	if fault, ok := errors.AsType[*net.DNSError](err); ok && fault.IsNotFound {
		return nil, nil
	}
	return lines, err
}

func (l *domainLook) askWeb(ctx context.Context, domain string) ([]string, error) {
	where := url.URL{Scheme: "https", Host: domain, Path: wellKnownPath}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, where.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Accept", "text/plain")
	res, err := l.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close() //nolint:errcheck // only read from
	switch res.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound, http.StatusGone:
		return nil, nil
	default:
		return nil, fmt.Errorf("it answers with status %d", res.StatusCode)
	}
	var lines []string
	body := &io.LimitedReader{R: res.Body, N: maxWellKnown + 1}
	text := bufio.NewScanner(body)
	for text.Scan() {
		lines = append(lines, text.Text())
	}
	if body.N <= 0 {
		return nil, fmt.Errorf("the file has more than %d bytes", maxWellKnown)
	}
	return lines, text.Err()
}
