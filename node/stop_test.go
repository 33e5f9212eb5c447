package node

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestStopsUnwindInOppositeOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s stops
		var order []string
		add := func(name string, err error) {
			s.push(name, func(context.Context) error { order = append(order, name); return err })
		}
		boom := errors.New("boom")
		add("store", nil)
		add("mesh", boom)
		s.push("stuck", func(ctx context.Context) error {
			order = append(order, "stuck")
			<-t.Context().Done() // deaf to the ctx it is given
			return nil
		})
		add("api", nil)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		begin := time.Now()
		err := s.unwind(ctx, slog.New(slog.DiscardHandler))
		if !slices.Equal(order, []string{"api", "stuck", "mesh", "store"}) {
			t.Errorf("order %v", order)
		}
		if !errors.Is(err, boom) || !strings.Contains(err.Error(), "stop stuck: still running") {
			t.Errorf("got %v", err)
		}
		if took := time.Since(begin); took > 12*time.Second {
			t.Errorf("took %s", took)
		}
		if err := s.unwind(ctx, slog.New(slog.DiscardHandler)); err != nil || len(order) != 4 {
			t.Errorf("a second unwind did something: %v %v", order, err)
		}
	})
}
