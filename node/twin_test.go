package node

import (
	"testing"
	"testing/synctest"
	"time"

	"tocsin/pkg/mesh"
	"tocsin/pkg/record"
)

func TestACopyOfThisNodeIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b, c := w.member("Alpha"), w.member("Bravo"), w.member("Charlie")
		for _, m := range []*member{a, b, c} {
			defer m.stop()
		}
		together(t, a, b, c)
		time.Sleep(time.Second)
		if hasWarning(t, a, "also runs") {
			t.Error("it warns of nothing")
		}
		a.twinCame(b.id(), mesh.Suspected) // that a restart leaves behind too
		if hasWarning(t, a, "also runs") {
			t.Error("it warns of what is not known")
		}
		a.twinCame(b.id(), mesh.Twin)
		if !hasWarning(t, a, "also runs, by the word of Bravo (") || hasWarning(t, a, "revoke") {
			t.Errorf("the word of one member is told as %q", must(a.Status(t.Context()))(t).Warnings)
		}
		time.Sleep(time.Second)
		a.twinCame(c.id(), mesh.Twin)
		if !hasWarning(t, a, "another copy of this node also runs: 2 teams hear") || !hasWarning(t, a, "revoke") {
			t.Errorf("the word of two is told as %q", must(a.Status(t.Context()))(t).Warnings)
		}
		time.Sleep(2 * twinWarns)
		if hasWarning(t, a, "also runs") {
			t.Error("it warns of what was long ago")
		}
	})
}

// A member that lies does not keep this node's lanes in doubt for ever by saying with each hello that it may hear two.
func TestASuspicionOfOneMemberPasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.member("Alpha"), w.member("Bravo")
		defer a.stop()
		defer b.stop()
		ch := record.InCommunity(together(t, a, b))
		must(a.PublishAlert(t.Context(), draft("x")))(t)
		a.restart()
		for range 2 * int((5*time.Minute)/twinAsks) {
			a.twinCame(b.id(), mesh.Suspected)
			time.Sleep(twinAsks / 2)
		}
		a.replica.Confirm(ch, a.now())
		must(a.PublishAlert(t.Context(), draft("x")))(t)
		if st, err := a.replica.Stats(); err != nil || st.Lanes != 1 {
			t.Errorf("%d lanes, %v", st.Lanes, err)
		}
	})
}
