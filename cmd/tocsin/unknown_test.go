package main

import (
	"strings"
	"testing"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
)

// TestUnknownKind: a record of a kind that a later release may know is shown as just that, and never as an alert.
func TestUnknownKind(t *testing.T) {
	f := newFake(t)
	n := alertEntry(1, "")
	n.Kind, n.Alert, n.Unread = "earthquake.v2", nil, "kind \"earthquake.v2\" is not known to this release"
	f.answers["GET /v1/records/r1"] = api.RecordView{Entry: n}
	out := f.ok("record", "show", "r1")
	for _, want := range []string{"earthquake.v2", "Not readable"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	code, out, errs := f.run("alert", "show", "r1")
	if code != int(exitNotFound) || out != "" || !strings.Contains(errs, "is no alert but a earthquake.v2") {
		t.Errorf("exit %d, stdout %q, stderr %q", code, out, errs)
	}
	f.answers["GET /v1/events"] = "event: record\ndata: " + string(encoded(t, api.Event{Type: api.EventRecord, Entry: &n})) + "\n\n" +
		"event: record\ndata: " + string(encoded(t, api.Event{Type: api.EventRecord, Entry: &api.Entry{Kind: notice.KindAlert, Unread: "sealed"}})) + "\n\n"
	if out := f.ok("alert", "watch", "--count", "1"); strings.Contains(out, "earthquake") {
		t.Errorf("the watch shows\n%s", out)
	}
}
