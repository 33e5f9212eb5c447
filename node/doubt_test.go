package node

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

func TestManyLanesAreWarnedOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.member("Alpha")
		a.rand = rand.NewChaCha8([32]byte{1}) // the world's own repeats itself after some runs
		together(t, a)
		for range manyLanes + 1 { // each start publishes before anybody was compared with
			if hasWarning(t, a, "lanes") {
				t.Error("it warns too early")
			}
			must(a.PublishAlert(t.Context(), draft("x")))(t)
			a.restart()
		}
		if !hasWarning(t, a, "49 lanes, 48 more than one for each channel") {
			t.Errorf("no warning: %q", must(a.Status(t.Context()))(t).Warnings)
		}
		a.stop()
	})
}

func hasWarning(t *testing.T, m *member, what string) bool {
	t.Helper()
	return slices.ContainsFunc(must(m.Status(t.Context()))(t).Warnings, func(w string) bool { return strings.Contains(w, what) })
}
