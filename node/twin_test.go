package node

import (
	"testing"
	"testing/synctest"
	"time"

	"tocsin/pkg/mesh"
)

func TestACopyOfThisNodeIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.member("Alpha"), w.member("Bravo")
		defer a.stop()
		defer b.stop()
		together(t, a, b)
		time.Sleep(time.Second)
		if hasWarning(t, a, "also runs") {
			t.Error("it warns of nothing")
		}
		a.twinCame(b.id(), mesh.Suspected) // that a restart leaves behind too
		if hasWarning(t, a, "also runs") {
			t.Error("it warns of what is not known")
		}
		a.twinCame(b.id(), mesh.Twin)
		if !hasWarning(t, a, "another copy of this node also runs: Bravo (") {
			t.Errorf("no warning: %q", must(a.Status(t.Context()))(t).Warnings)
		}
		time.Sleep(2 * twinWarns)
		if hasWarning(t, a, "also runs") {
			t.Error("it warns of what was long ago")
		}
	})
}
