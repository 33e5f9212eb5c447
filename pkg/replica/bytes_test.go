package replica_test

import (
	"testing"
	"time"

	"tocsin/pkg/policy"
	"tocsin/pkg/record"
)

// Bytes are rationed as records are, whatever their classes, and anew each day.
func TestBytesAreRationedPerAuthorAndDay(t *testing.T) {
	us, p, ch := village(t)
	first := p.say(t, ch, alert("x"), nil)
	second := p.say(t, ch, alert("x"), func(h *record.Header) { h.Class = record.Urgent })
	us.opt.Limits.PerAuthorDayBytes = policy.Size(first) + policy.Size(second) - 1
	us.restart(t, noon)
	us.accept(t, noon, first.Frame())
	if o := us.offer(noon.Add(time.Hour), second.Frame()); o.Verdict != policy.Ignore || o.Reason != policy.Quota {
		t.Fatalf("%s %s", o.Verdict, o.Reason)
	}
	us.accept(t, noon.Add(day), second.Frame())
}
