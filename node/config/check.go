package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Error is one mistake in the settings.
type Error struct {
	File    string // its last part; empty if it is not in the file
	Line    int    // 0 if not known
	Where   string // the environment variable, or "--set" for a flag; empty for the file
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
	case e.Where == setFlag:
		b.WriteString(setFlag + " ")
	case e.Where != "":
		b.WriteString(e.Where + ": ") // which names the key
	}
	if e.Key != "" && (e.File != "" || e.Where == "" || e.Where == setFlag) {
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
	errs := l.check()
	if len(errs) == 0 {
		return nil
	}
	errs.sort()
	return errs
}

// maxSocket is what a Unix socket's path may have at most, with room for the home directory checked
// where that is known.
const maxSocket = 100

func (l *Loaded) check() Errors {
	var errs Errors
	bad := func(key, problem, hint string) {
		errs = append(errs, l.OriginOf(key).mistake(key, problem, hint))
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
			if err := placeOf(key).check(a); err != nil {
				bad(key, fmt.Sprintf("%+.200q cannot be used: %v", a, err), placeOf(key).such)
			}
		}
	}
	if l.Mesh.AnnounceOnly && len(l.Mesh.Announce) == 0 {
		bad("mesh.announce_only", "is set, and mesh.announce is empty", "name the addresses under which others reach this node in mesh.announce")
	}
	word("mesh.profile", l.Mesh.Profile, "balanced", "wide", "leaf")
	word("community.attest", l.Community.Attest, AttestAuto, AttestAsk)
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
	if l.Trust.Vouches < 1 || l.Trust.Vouches > 16 {
		bad("trust.vouches", fmt.Sprintf("is %d", l.Trust.Vouches), "give a number from 1 to 16")
	}
	if l.Limits.Queue < 1 || l.Limits.Queue > 65536 {
		bad("limits.queue", fmt.Sprintf("is %d", l.Limits.Queue), "give a number from 1 to 65536")
	}
	word("log.level", l.Log.Level, "debug", "info", "warn", "error")
	word("log.format", l.Log.Format, "text", "json")
	return errs
}

// sort puts mistakes in the order in which an operator meets them: the file by its lines, the
// environment, the flags.
func (e Errors) sort() {
	layer := func(one *Error) int {
		switch {
		case one.File != "":
			return 0
		case one.Where == setFlag:
			return 2
		}
		return 1
	}
	order := Names()
	slices.SortStableFunc(e, func(a, b *Error) int {
		return cmp.Or(layer(a)-layer(b), a.Line-b.Line, slices.Index(order, a.Key)-slices.Index(order, b.Key), strings.Compare(a.Key, b.Key))
	})
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
