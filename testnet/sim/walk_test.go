package sim

import (
	"flag"
	"os"
	"runtime"
	"strconv"
	"testing"
	"testing/cryptotest"
)

var (
	seedCount = flag.Int("sim.seeds", envInt("SIM_SEEDS", 6), "how many random worlds to run (also SIM_SEEDS)")
	firstSeed = flag.Uint64("sim.seed", 1, "the seed of the first random world")
	seedTold  = flag.Int("sim.told", 40, "how many lines of what happened a failure shows")
	seedSteps = flag.Int("sim.steps", 80, "how many actions a random world sees")
)

func envInt(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// TestRandomWorlds lets worlds of random teams, on a random network, with random trouble, run under
// the oracle; then the trouble ends, and all must hold the same.
func TestRandomWorlds(t *testing.T) {
	for i := range *seedCount {
		seed := *firstSeed + uint64(i)
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			cryptotest.SetGlobalRandom(t, seed) // crypto/hpke takes no reader; so no two worlds at once
			w, err := walk(seed, *seedSteps)
			if err == nil {
				return
			}
			told := w.Told()
			for _, line := range told[max(0, len(told)-*seedTold):] {
				t.Log(line)
			}
			t.Errorf("seed %d: %v\nrepeat it with\n  go test ./testnet/sim -run TestRandomWorlds -sim.seed=%d -sim.seeds=1 -sim.steps=%d",
				seed, err, seed, *seedSteps)
		})
	}
}

// TestSameSeedSameTrace holds the world to its invariant, on one processor and on several.
func TestSameSeedSameTrace(t *testing.T) {
	cryptotest.SetGlobalRandom(t, 42)
	one, err := walk(42, 60)
	if err != nil {
		t.Fatal(err)
	}
	before := runtime.GOMAXPROCS(1)
	cryptotest.SetGlobalRandom(t, 42)
	two, err := walk(42, 60)
	runtime.GOMAXPROCS(before)
	if err != nil {
		t.Fatal(err)
	}
	if one.Trace() != two.Trace() {
		t.Errorf("seed 42 gave trace %s, then %s", one.Trace(), two.Trace())
	}
	other, err := walk(43, 60)
	if err != nil {
		t.Fatal(err)
	}
	if one.Trace() == other.Trace() {
		t.Error("two seeds gave one trace")
	}
}
