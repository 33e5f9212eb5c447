package ledger_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tocsin/pkg/ledger"
)

// sixMP is the treated arm of Freireich et al. (1963), weeks in remission, the table that nearly
// every text on survival analysis works through. A negative number is censored.
func sixMP() []ledger.Observation {
	weeks := []int{6, 6, 6, -6, 7, -9, 10, -10, -11, 13, 16, -17, -19, -20, 22, 23, -25, -32, -32, -34, -35}
	return observations(weeks)
}

func observations(hours []int) []ledger.Observation {
	var obs []ledger.Observation
	for _, h := range hours {
		o := ledger.Observation{After: time.Duration(h) * time.Hour, Answered: true}
		if h < 0 {
			o = ledger.Observation{After: time.Duration(-h) * time.Hour}
		}
		obs = append(obs, o)
	}
	return obs
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > tolerance {
		t.Errorf("%s = %.4f, want %.4f", what, got, want)
	}
}

func TestKaplanMeierFreireich(t *testing.T) {
	want := []struct {
		week, risk, answered, censored int
		open, low, high                float64
	}{
		{6, 21, 3, 1, .857, .620, .952},
		{7, 17, 1, 1, .807, .563, .923},
		{10, 15, 1, 2, .753, .503, .889},
		{13, 12, 1, 0, .690, .432, .849},
		{16, 11, 1, 3, .627, .368, .805},
		{22, 7, 1, 0, .538, .268, .747},
		{23, 6, 1, 5, .448, .188, .680},
	}
	c := ledger.KaplanMeier(sixMP())
	if c.N != 21 || c.Answered != 9 || c.Watched != 35*time.Hour || len(c.Steps) != len(want) {
		t.Fatalf("n %d answered %d watched %v steps %d", c.N, c.Answered, c.Watched, len(c.Steps))
	}
	for i, w := range want {
		s := c.Steps[i]
		if s.At != time.Duration(w.week)*time.Hour || s.AtRisk != w.risk || s.Answered != w.answered || s.Censored != w.censored {
			t.Errorf("step %d = %+v, want %+v", i, s, w)
		}
		near(t, "open", s.Open, w.open, .0006)
		near(t, "low", s.Low, w.low, .0006)
		near(t, "high", s.High, w.high, .0006)
		near(t, "lookup", c.Open(s.At), s.Open, 0)
		near(t, "just before", c.Open(s.At-1), map[bool]float64{true: 1, false: c.Steps[max(i-1, 0)].Open}[i == 0], 0)
	}
	for _, q := range []struct {
		p       float64
		week    int
		reached bool
	}{{.25, 13, true}, {.5, 23, true}, {.75, 0, false}} {
		d, ok := c.Quantile(q.p)
		if d != time.Duration(q.week)*time.Hour || ok != q.reached {
			t.Errorf("quantile %v = %v %v, want %d weeks %v", q.p, d, ok, q.week, q.reached)
		}
	}
	mean, known := c.RestrictedMean(35 * time.Hour)
	near(t, "restricted mean", mean.Hours(), 23.287, .001)
	if !known {
		t.Error("restricted mean at the last observation is not known")
	}
	if _, known := c.RestrictedMean(36 * time.Hour); known {
		t.Error("restricted mean beyond the last observation is said to be known")
	}
}

func TestKaplanMeierEdges(t *testing.T) {
	tests := []struct {
		name    string
		hours   []int
		median  int
		reached bool
		mean10  float64
		known   bool
	}{
		{"nothing", nil, 0, false, 10, false},
		{"all open", []int{-3, -4}, 0, false, 10, false},
		{"all open, long enough", []int{-3, -12}, 0, false, 10, true},
		{"one answered", []int{4}, 4, true, 4, true},
		{"exactly half", []int{2, -8}, 2, true, 6, false},
		{"a third three times", []int{3, 6, 9}, 6, true, 6, true},
		{"answered at once", []int{0, 0, -5}, 0, true, 10.0 / 3, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := ledger.KaplanMeier(observations(tt.hours))
			d, ok := c.Median()
			if d != time.Duration(tt.median)*time.Hour || ok != tt.reached {
				t.Errorf("median %v %v", d, ok)
			}
			mean, known := c.RestrictedMean(10 * time.Hour)
			near(t, "mean", mean.Hours(), tt.mean10, .001)
			if known != tt.known {
				t.Errorf("mean known %v", known)
			}
		})
	}
}

// Without censoring the estimate is the plain share of longer waits; with it, the order in which
// observations are given does not matter, the curve falls, and the band holds it.
func TestKaplanMeierLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		obs := rapid.SliceOf(rapid.Custom(func(t *rapid.T) ledger.Observation {
			return ledger.Observation{
				After:    time.Duration(rapid.IntRange(-1, 20).Draw(t, "after")),
				Answered: rapid.Bool().Draw(t, "answered"),
			}
		})).Draw(t, "obs")
		c := ledger.KaplanMeier(obs)
		again := ledger.KaplanMeier(rapid.Permutation(obs).Draw(t, "shuffled"))
		last, answered := 1.0, 0
		for i, s := range c.Steps {
			if s != again.Steps[i] {
				t.Fatalf("step %d depends on order: %+v, %+v", i, s, again.Steps[i])
			}
			if s.Open >= last || s.Low > s.Open || s.High < s.Open || s.Low < 0 || s.High > 1 {
				t.Fatalf("step %d: %+v after %v", i, s, last)
			}
			last = s.Open
			answered += s.Answered
		}
		if answered != c.Answered || c.N != len(obs) {
			t.Fatalf("answered %d of %d, want %d of %d", c.Answered, c.N, answered, len(obs))
		}
		for i := range obs {
			obs[i].Answered = true
		}
		full, d := ledger.KaplanMeier(obs), time.Duration(rapid.IntRange(0, 21).Draw(t, "at"))
		longer := 0
		for _, o := range obs {
			if o.After > d {
				longer++
			}
		}
		if len(obs) > 0 && math.Abs(full.Open(d)-float64(longer)/float64(len(obs))) > 1e-9 {
			t.Fatalf("open at %v = %v, want %d/%d", d, full.Open(d), longer, len(obs))
		}
	})
}
