package node

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
)

// TestTwoProposalsAtOnce: members that begin a removal at the same moment make two, and the same command gives one of them all
// the votes.
func TestTwoProposalsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b, c, d := w.member("alpha"), w.member("bravo"), w.member("charlie"), w.member("delta")
		all := []*member{a, b, c, d}
		council(t, notice.Admission{}, all...)
		spread(t, all...)
		for _, m := range []*member{a, b} {
			if r := must(m.Remove(t.Context(), "Demo", api.RemoveDraft{Team: "delta", Reason: "leaked"}))(t); !r.Proposed || r.Votes != 1 {
				t.Fatalf("%+v", r)
			}
		}
		spread(t, all...)
		view := must(d.Community(t.Context(), "Demo"))(t)
		if st := must(d.Status(t.Context()))(t); len(st.Warnings) != 2 || !strings.Contains(st.Warnings[0], "members propose to remove this team from Demo, with 1 of 2 votes (leaked); see: ") {
			t.Errorf("%q", st.Warnings)
		}
		if len(view.Proposals) != 2 || view.Proposals[0].Votes.Counted != 1 || view.Role != "founder" {
			t.Errorf("%+v", view.Proposals)
		}
		r := must(a.Remove(t.Context(), "Demo", api.RemoveDraft{Team: "delta"}))(t)
		if r.Proposed || !r.Removed || r.Votes != 2 || r.By.ID != b.id() || r.Beside != 1 {
			t.Errorf("%+v", r)
		}
		spread(t, all...)
		if got := d.role(t); got != "removed" {
			t.Errorf("it is %s", got)
		}
		if st := must(d.Status(t.Context()))(t); len(st.Warnings) != 1 || !strings.Contains(st.Warnings[0], "this team was removed from Demo on ") {
			t.Errorf("%q", st.Warnings)
		}
		must(c.Leave(t.Context(), "Demo", api.LeaveDraft{}))(t)
		if st := must(c.Status(t.Context()))(t); len(st.Warnings) != 1 || !strings.Contains(st.Warnings[0], "this team left Demo on ") {
			t.Errorf("%q", st.Warnings)
		}
		time.Sleep(2 * leftNews)
		if st := must(c.Status(t.Context()))(t); len(st.Warnings) != 0 {
			t.Errorf("%q", st.Warnings)
		}
		for _, m := range all {
			m.stop()
		}
	})
}
