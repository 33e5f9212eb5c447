package ledger_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"tocsin/pkg/ledger"
	"tocsin/pkg/notice"
)

// TestRetract asks that what was retracted leaves nothing behind, and takes nothing else with it.
func TestRetract(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 7)) //nolint:gosec // repeats by its seed
		opt, now := ledger.Options{ReceiptGrace: time.Hour}, at(700)
		events := history(r, 12)
		l := told(opt, events...)
		gone := map[[32]byte]bool{}
		for _, e := range events {
			if _, request := e.Notice.(*notice.Request); !request && e.Notice != nil && r.IntN(4) == 0 {
				gone[e.ID] = true
				l.Retract(e.ID)
			}
			if r.IntN(5) == 0 {
				l.Teams(now, ledger.Filter{})
			}
		}
		var rest []ledger.Event
		for _, e := range events {
			if !gone[e.ID] {
				rest = append(rest, e)
			}
		}
		mustEqual(t, "retracted", pictureOf(l, now), pictureOf(told(opt, rest...), now))
	}
}
