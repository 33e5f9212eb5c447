package sim

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/cryptotest"

	"github.com/cockroachdb/datadriven"
)

// TestScenarios plays the conversations of testdata. Each block is one or more commands, then what
// happened; testdata/README.md has the words. Run with -rewrite to accept what happens now, and
// review the difference as a change of behaviour.
func TestScenarios(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		if !strings.HasSuffix(path, ".txt") {
			t.Skip("not a scenario")
		}
		cryptotest.SetGlobalRandom(t, 1) // crypto/hpke takes no reader
		s := &script{}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			first := d.Cmd
			for _, a := range d.CmdArgs {
				first += " " + a.String()
			}
			var out []string
			for _, line := range append([]string{first}, strings.Split(d.Input, "\n")...) {
				if line = strings.TrimSpace(line); line == "" {
					continue
				}
				said, err := s.do(line)
				out = append(out, brief(s.told())...)
				out = append(out, said...)
				if err != nil {
					out = append(out, "error: "+err.Error())
				}
			}
			return strings.Join(out, "\n")
		})
		if s.w != nil {
			if err := s.w.Check(); err != nil {
				t.Error(err)
			}
		}
	})
}

// brief leaves out most of the lines that differ from others in numbers alone, where there are many.
func brief(lines []string) (out []string) {
	const many, shown = 24, 4
	digits := regexp.MustCompile("[0-9]+")
	seen := map[string]int{}
	for _, l := range lines {
		seen[digits.ReplaceAllString(l, "")]++
	}
	put := map[string]int{}
	for _, l := range lines {
		shape := digits.ReplaceAllString(l, "")
		if put[shape]++; seen[shape] <= many || put[shape] <= shown {
			out = append(out, l)
		}
		if seen[shape] > many && put[shape] == shown {
			out = append(out, fmt.Sprintf("(and %d more like this)", seen[shape]-shown))
		}
	}
	return out
}
