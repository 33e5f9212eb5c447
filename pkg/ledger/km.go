package ledger

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Observation is one request seen by one team: how long it took until a human answered, or, if
// Answered is false, how long it has been watched without an answer (censored).
type Observation struct {
	After    time.Duration
	Answered bool
}

// Step is one drop of a Curve: what is known from time At until the next step.
type Step struct {
	At       time.Duration
	AtRisk   int // requests still unanswered and watched just before At
	Answered int // answered at At
	Censored int // left unanswered at or after At and before the next step
	// Open is the estimated share still unanswered after At; Low and High bound it (95 %, Greenwood's
	// variance on the log-log scale). When everything at risk is answered Open is 0, the variance is
	// not defined, and the band is taken from 0 to the High of the step before: wide, not missing.
	Open, Low, High float64
}

// Curve is the Kaplan-Meier estimate of the share of requests still unanswered, by time since they
// were sent. It uses the unanswered ones for as long as they were watched, which a mean of the
// answered ones does not, so a team cannot look fast by answering only what is easy.
type Curve struct {
	N        int // observations
	Answered int // of them answered
	Steps    []Step
	// Watched is the longest observation. The estimate says nothing beyond it.
	Watched time.Duration
}

// z95 is the standard normal quantile for a two-sided band of 95 %.
const z95 = 1.959963984540054

// rounding keeps a product of fractions that should be exactly 1/2 from missing the median.
const rounding = 1e-12

// KaplanMeier estimates the curve of the given observations, in any order. A request that is
// censored at the very time another is answered counts as at risk then, as is usual. A negative
// duration counts as zero.
func KaplanMeier(obs []Observation) Curve {
	sorted := slices.Clone(obs)
	for i := range sorted {
		sorted[i].After = max(sorted[i].After, 0)
	}
	slices.SortFunc(sorted, func(a, b Observation) int { return cmp.Compare(a.After, b.After) })
	return estimate(sorted)
}

// estimate is KaplanMeier for observations that are ascending and not negative.
func estimate(sorted []Observation) Curve {
	c := Curve{N: len(sorted)}
	if c.N == 0 {
		return c
	}
	c.Watched = sorted[c.N-1].After
	open, high, variance := 1.0, 1.0, 0.0
	for i := 0; i < len(sorted); {
		at, risk := sorted[i].After, len(sorted)-i
		answered, censored := 0, 0
		for ; i < len(sorted) && sorted[i].After == at; i++ {
			if sorted[i].Answered {
				answered++
			} else {
				censored++
			}
		}
		if answered == 0 {
			if last := len(c.Steps) - 1; last >= 0 {
				c.Steps[last].Censored += censored
			}
			continue
		}
		n, d := float64(risk), float64(answered)
		s := Step{At: at, AtRisk: risk, Answered: answered, Censored: censored, High: high}
		if answered < risk {
			open *= 1 - d/n
			variance += d / (n * (n - d))
			spread := math.Exp(z95 * math.Sqrt(variance) / math.Abs(math.Log(open)))
			s.Open, s.Low, s.High = open, math.Pow(open, spread), math.Pow(open, 1/spread)
			high = s.High
		}
		c.Answered += answered
		c.Steps = append(c.Steps, s)
	}
	return c
}

// Open returns the estimated share still unanswered after d. Beyond Watched it repeats the last
// known value.
func (c Curve) Open(d time.Duration) float64 {
	i, found := slices.BinarySearchFunc(c.Steps, d, func(s Step, d time.Duration) int { return cmp.Compare(s.At, d) })
	if !found {
		i--
	}
	if i < 0 {
		return 1
	}
	return c.Steps[i].Open
}

// Quantile returns the first time by which at least the share p of the requests is estimated to be
// answered: 0.25, 0.5 and 0.75 give the quartiles. It reports false when the curve does not get
// there: so many are still open that the quantile is not known, only that it is longer.
func (c Curve) Quantile(p float64) (time.Duration, bool) {
	for _, s := range c.Steps {
		if s.Open <= 1-p+rounding {
			return s.At, true
		}
	}
	return 0, false
}

// Median is Quantile(0.5).
func (c Curve) Median() (time.Duration, bool) { return c.Quantile(0.5) }

// RestrictedMean returns the mean time to an answer when every wait is counted up to the horizon
// at most: the area under the curve. It reports false when the curve ends, unanswered, before the
// horizon: the value then takes the last known share to stay as it is, which is the longest that
// the data allow.
func (c Curve) RestrictedMean(horizon time.Duration) (time.Duration, bool) {
	area, from, open := 0.0, time.Duration(0), 1.0
	for _, s := range c.Steps {
		if s.At >= horizon {
			break
		}
		area += open * float64(s.At-from)
		from, open = s.At, s.Open
	}
	area += open * float64(max(horizon-from, 0))
	known := c.N > 0 && (open == 0 || horizon <= c.Watched)
	return time.Duration(math.Round(area)), known
}
