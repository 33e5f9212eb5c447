package api

import (
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Path puts an ID, a prefix of one or a name into one of the paths above.
func Path(pattern, id string) string { return strings.Replace(pattern, "{id}", url.PathEscape(id), 1) }

// AttachmentPath puts a record and the place of an attachment into one of the paths of attachments.
func AttachmentPath(pattern, id string, n int) string {
	return strings.Replace(Path(pattern, id), "{n}", strconv.Itoa(n), 1)
}

// List chooses what GET of PathAlerts and PathRequests returns, newest first. The zero List is the
// newest DefaultLimit entries of all channels.
type List struct {
	Community string    // a name, an ID or a prefix of one; empty for all, private ones too
	Since     time.Time // seen here at or after; zero for all
	Limit     int       // 0 is DefaultLimit; at most MaxLimit
	After     string    // Next of the answer before; empty for the newest
}

// Query returns the list's parameters.
func (l List) Query() url.Values {
	q := url.Values{}
	setText(q, "community", l.Community)
	setTime(q, "since", l.Since)
	setText(q, "after", l.After)
	if l.Limit != 0 {
		q.Set("limit", strconv.Itoa(l.Limit))
	}
	return q
}

// ParseList is the inverse of Query.
func ParseList(q url.Values) (List, error) {
	l := List{Community: q.Get("community"), After: q.Get("after"), Limit: DefaultLimit}
	if err := only(q, "community", "since", "limit", "after"); err != nil {
		return l, err
	}
	if s := q.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > MaxLimit {
			return l, Invalid("limit", strconv.Quote(s)+" is not a number from 1 to "+strconv.Itoa(MaxLimit), "")
		}
		l.Limit = n
	}
	var err error
	l.Since, err = getTime(q, "since")
	return l, err
}

// LedgerQuery chooses what GET of PathLedger returns.
type LedgerQuery struct {
	Community string    // a name, an ID or a prefix of one; empty for all
	Team      string    // the same; empty for all
	Drills    bool      // exercises and tests instead of actual requests
	Since     time.Time // requests sent at or after; zero for all
	Detail    bool      // with the rows, and for a single team the response curves
}

// Query returns the parameters.
func (l LedgerQuery) Query() url.Values {
	q := url.Values{}
	setText(q, "community", l.Community)
	setText(q, "team", l.Team)
	setTime(q, "since", l.Since)
	setBool(q, "drills", l.Drills)
	setBool(q, "detail", l.Detail)
	return q
}

// ParseLedgerQuery is the inverse of Query.
func ParseLedgerQuery(q url.Values) (LedgerQuery, error) {
	l := LedgerQuery{Community: q.Get("community"), Team: q.Get("team")}
	if err := only(q, "community", "team", "since", "drills", "detail"); err != nil {
		return l, err
	}
	var err error
	if l.Since, err = getTime(q, "since"); err != nil {
		return l, err
	}
	if l.Drills, err = getBool(q, "drills"); err != nil {
		return l, err
	}
	l.Detail, err = getBool(q, "detail")
	return l, err
}

func setText(q url.Values, name, s string) {
	if s != "" {
		q.Set(name, s)
	}
}

func setTime(q url.Values, name string, t time.Time) {
	if !t.IsZero() {
		q.Set(name, t.UTC().Format(time.RFC3339Nano))
	}
}

func setBool(q url.Values, name string, b bool) {
	if b {
		q.Set(name, "true")
	}
}

func getTime(q url.Values, name string) (time.Time, error) {
	s := q.Get(name)
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, Invalid(name, strconv.QuoteToASCII(s)+" is not a time", "RFC 3339, such as 2026-11-21T08:00:00Z")
	}
	return t.UTC(), nil
}

func getBool(q url.Values, name string) (bool, error) {
	switch s := q.Get(name); s {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	default:
		return false, Invalid(name, strconv.QuoteToASCII(s)+" is neither true nor false", "")
	}
}

// only refuses a parameter that the endpoint does not have, as unknown members of a body are.
func only(q url.Values, names ...string) error {
	for name, values := range q {
		known := false
		for _, n := range names {
			known = known || n == name
		}
		if !known {
			return Invalid(name, "is not a parameter of this endpoint", "one of "+strings.Join(names, ", "))
		}
		if len(values) > 1 {
			return Invalid(name, "is given more than once", "")
		}
	}
	return nil
}
