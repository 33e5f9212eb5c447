package local

import (
	"context"
	"flag"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"
)

var (
	cycles = flag.Int("cycles", usualCycles, "how often TestKillNine kills a daemon")
	seed   = flag.Uint64("seed", 0, "where TestKillNine begins to draw (0: anywhere)")
)

// patience bounds every wait of the tests: far above what anything takes on a machine that is busy with other things.
const patience = 3 * time.Minute

// built is the program of this checkout, compiled by the first test that needs it.
var built struct {
	sync.Once
	dir, path string
	err       error
}

// TestMain makes this binary a daemon that fails at once, for the test that needs one.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "daemon" {
		os.Exit(1)
	}
	code := m.Run()
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

func binary(tb testing.TB) string {
	tb.Helper()
	built.Do(func() {
		if built.path = os.Getenv("TOCSIN_TEST_BINARY"); built.path != "" {
			return // a test that runs itself once more has built it
		}
		//nolint:usetesting // it outlives the test that built it
		if built.dir, built.err = os.MkdirTemp("", "tocsin-build-"); built.err == nil {
			built.path, built.err = Build(context.Background(), built.dir)
		}
	})
	if built.err != nil {
		tb.Fatal(built.err)
	}
	return built.path
}

// start boots a cluster that is closed when the test ends; a failed test shows the state of its nodes.
func start(tb testing.TB, s Schema) *Cluster {
	tb.Helper()
	c, err := Start(tb.Context(), Options{Schema: s, Binary: binary(tb)})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if tb.Failed() {
			fmt.Fprint(os.Stderr, c.Dump(context.Background()))
		}
		if err := c.Close(); err != nil {
			tb.Error(err)
		}
	})
	return c
}
