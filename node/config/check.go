package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Error is one mistake in the settings.
type Error struct {
	File    string // empty if it is not in the file
	Line    int    // 0 if not known
	Where   string // the environment variable, or "flag"; empty for the file
	Key     string
	Problem string
	Hint    string // the next step; may be empty
}

// Error implements error.
func (e *Error) Error() string {
	var b strings.Builder
	switch {
	case e.File != "" && e.Line > 0:
		fmt.Fprintf(&b, "%s:%d: ", e.File, e.Line)
	case e.File != "":
		b.WriteString(e.File + ": ")
	case e.Where != "":
		b.WriteString(e.Where + ": ")
	}
	if e.Key != "" {
		b.WriteString(e.Key + ": ")
	}
	b.WriteString(e.Problem)
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

// Errors is every mistake found, one a line.
type Errors []*Error

// Error implements error.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Check returns nil, or Errors with every mistake in the values.
func (c *Config) Check() error {
	l := Loaded{Config: *c}
	if errs := l.check(); len(errs) > 0 {
		return errs
	}
	return nil
}

// maxSocket is what a Unix socket's path may have at most, with room for the home directory checked
// where that is known.
const maxSocket = 100

func (l *Loaded) check() Errors {
	var errs Errors
	bad := func(key, problem, hint string) {
		o := l.OriginOf(key)
		e := &Error{Key: key, Where: strings.TrimSpace(o.Layer + " " + o.Where), Problem: problem, Hint: hint}
		if o.Layer == "default" {
			e.Where = ""
		}
		errs = append(errs, e)
	}
	span := func(key string, d, low, high Duration) {
		if d < low || d > high {
			bad(key, "is "+d.String(), "give a time span from "+low.String()+" to "+high.String())
		}
	}
	word := func(key, s string, allowed ...string) {
		if !slices.Contains(allowed, s) {
			bad(key, fmt.Sprintf("%+.40q is not known", s), "one of "+strings.Join(allowed, ", "))
		}
	}
	for key, s := range map[string]string{"socket": l.Socket, "keys.unlock": l.Keys.Unlock, "store.dir": l.Store.Dir} {
		if s == "" {
			bad(key, "is empty", "leave the line out to get the default")
		}
	}
	if len(l.Socket) > maxSocket {
		bad("socket", fmt.Sprintf("has %d characters", len(l.Socket)), fmt.Sprintf("choose a path of at most %d", maxSocket))
	}
	for key, list := range map[string][]string{"mesh.listen": l.Mesh.Listen, "mesh.announce": l.Mesh.Announce, "mesh.peers": l.Mesh.Peers} {
		for _, a := range list {
			if err := checkAddress(a, key == "mesh.peers"); err != nil {
				bad(key, fmt.Sprintf("%+.80q is not an address: %v", a, err), exampleOf(key))
			}
		}
	}
	word("mesh.profile", l.Mesh.Profile, "balanced", "wide", "leaf")
	span("mesh.sync_every", l.Mesh.SyncEvery, 10*second, day)
	span("store.private_retention", l.Store.PrivateRetention, 30*day, 3660*day)
	span("limits.clock_ahead", l.Limits.ClockAhead, minute, day)
	if l.Store.Floor < 128*mebibyte {
		bad("store.floor", "is "+l.Store.Floor.String(), "the store needs room to tidy up: give at least 128MiB")
	}
	if q := l.Store.Quota; q != 0 && q < 64*mebibyte {
		bad("store.quota", "is "+q.String(), "give 0 for no limit, or at least 64MiB")
	}
	if l.Limits.FetchBody > 16*mebibyte {
		bad("limits.fetch_body", "is "+l.Limits.FetchBody.String(), "no body is larger than 16MiB")
	}
	if l.Limits.Queue < 1 || l.Limits.Queue > 65536 {
		bad("limits.queue", fmt.Sprintf("is %d", l.Limits.Queue), "give a number from 1 to 65536")
	}
	word("log.level", l.Log.Level, "debug", "info", "warn", "error")
	word("log.format", l.Log.Format, "text", "json")
	order := Names()
	slices.SortStableFunc(errs, func(a, b *Error) int { return slices.Index(order, a.Key) - slices.Index(order, b.Key) })
	return errs
}

// checkAddress finds what is most often wrong; the mesh reads addresses in full.
func checkAddress(a string, peer bool) error {
	parts := strings.Split(a, "/")
	switch {
	case len(parts) < 3 || parts[0] != "":
		return errors.New("it is not a multiaddr")
	case !slices.Contains([]string{"ip4", "ip6", "dns", "dns4", "dns6", "dnsaddr"}, parts[1]):
		return fmt.Errorf("it begins with /%s", parts[1])
	case slices.Contains(parts[1:], ""):
		return errors.New("a part of it is empty")
	case peer && (len(parts) < 5 || parts[len(parts)-2] != "p2p"):
		return errors.New("it does not end in /p2p/ and the peer's ID")
	case !peer && slices.Contains(parts, "p2p"):
		return errors.New("it names a peer")
	}
	return nil
}

func exampleOf(key string) string {
	if key == "mesh.peers" {
		return "such as /dns4/tocsin.csirt.example/udp/4733/quic-v1/p2p/12D3KooW..., from the other node's: tocsin id"
	}
	return "such as /ip4/0.0.0.0/udp/4733/quic-v1"
}

// suggest names the setting that was probably meant: the one with the same last part, else all.
func suggest(name string) string {
	norm := func(s string) string {
		return strings.NewReplacer("_", "", "-", "", ".", "").Replace(strings.ToLower(strings.TrimPrefix(s, "TOCSIN_")))
	}
	last := name[strings.LastIndexByte(name, '.')+1:]
	for _, k := range Names() {
		kLast := k[strings.LastIndexByte(k, '.')+1:]
		if norm(k) == norm(name) || norm(kLast) == norm(last) ||
			near(norm(k), norm(name)) || near(norm(kLast), norm(last)) {
			return "did you mean " + k + "?"
		}
	}
	return "tocsin config show lists the settings"
}

// near reports whether one text becomes the other by one letter changed, added or taken
// away, or two neighbours swapped.
func near(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 || len(a) < 3 {
		return false
	}
	for i := range len(a) {
		if a[i] != b[i] {
			if len(a) == len(b) {
				swapped := i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
				return swapped || a[i+1:] == b[i+1:]
			}
			return a[i:] == b[i+1:]
		}
	}
	return true
}
