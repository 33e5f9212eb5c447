package main

import (
	"fmt"
	"io"
	"math"
	"strings"

	"tocsin/pkg/api"
)

// The size of the plot, in characters.
const (
	plotWidth  = 60
	plotHeight = 10
)

// fewest is how many requests a curve is drawn of; below it, it would show chance.
const fewest = 5

const legend = "      # share still unanswered after that time   . where it may be with this few requests (95 %)"

// writeCurves draws the response curves of one team: how many of the requests were still unanswered after how long.
func writeCurves(w io.Writer, l *api.Ledger) error {
	c := l.Curve
	if c == nil || len(l.Teams) != 1 {
		return nil
	}
	t := &l.Teams[0]
	for _, curve := range []struct {
		title  string
		steps  []api.LedgerStep
		sample int
	}{{"Still unanswered, of what we asked", c.Own, t.Own.Sample}, {"Still unanswered, of what we saw others ask", c.Others, t.Others.Sample}} {
		if curve.sample == 0 {
			continue
		}
		text := fmt.Sprintf("%s: too few for a curve (%s, %d needed).", curve.title, plural(curve.sample, "request"), fewest)
		if curve.sample >= fewest && len(curve.steps) > 0 {
			text = curve.title + ":\n" + plot(curve.steps) + legend
		} else if curve.sample >= fewest {
			text = curve.title + ": all of them, so there is no curve."
		}
		if _, err := io.WriteString(w, "\n"+text+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// plot draws a step curve: # is the estimate, . lies within its 95 % band. The time axis is logarithmic, since answers come
// after minutes or after weeks.
func plot(steps []api.LedgerStep) string {
	first, last := axis(steps)
	rows := make([][]byte, plotHeight+1)
	for y := range rows {
		rows[y] = []byte(strings.Repeat(" ", plotWidth))
	}
	for x := range plotWidth {
		at := math.Exp(first + (last-first)*float64(x)/float64(plotWidth-1))
		open, low, high := valueAt(steps, at*(1+1e-9))
		for y := rowOf(high); y <= rowOf(low); y++ {
			rows[y][x] = '.'
		}
		rows[rowOf(open)][x] = '#'
	}
	var b strings.Builder
	for y, row := range rows {
		label := "    "
		if y%(plotHeight/2) == 0 {
			label = fmt.Sprintf("%3d%%", 100-y*100/plotHeight)
		}
		b.WriteString(strings.TrimRight(fmt.Sprintf("%s |%s", label, row), " ") + "\n")
	}
	left, right := waited(int64(math.Round(math.Exp(first)))), waited(int64(math.Round(math.Exp(last))))
	fmt.Fprintf(&b, "     +%s\n      %s%*s\n", strings.Repeat("-", plotWidth), left, plotWidth-len(left), right)
	return b.String()
}

// axis is the range of the logarithm of seconds: from before the first answer to after the last.
func axis(steps []api.LedgerStep) (first, last float64) {
	low, high := int64(math.MaxInt64), int64(1)
	for _, s := range steps {
		low, high = min(low, max(s.After, 1)), max(high, s.After)
	}
	first, last = math.Log(math.Max(float64(low)/2, 1)), math.Log(float64(high)*2)
	return first, math.Max(last, first+1)
}

// valueAt is the last step at or before a time; before the first everything is open.
func valueAt(steps []api.LedgerStep, seconds float64) (open, low, high float64) {
	open, low, high = 1, 1, 1
	for _, s := range steps {
		if float64(s.After) > seconds {
			break
		}
		open, low, high = s.Open, s.Low, s.High
	}
	return open, low, high
}

// rowOf turns a share into a row, whatever number a newer daemon may send.
func rowOf(share float64) int {
	if !(share >= 0) { // also not a number
		share = 0
	}
	return plotHeight - int(math.Round(math.Min(share, 1)*plotHeight))
}
