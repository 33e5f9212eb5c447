package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// checkOnce refuses a second value for each flag that takes one: the parser would keep the last and say nothing, so that
// "--tlp amber --tlp clear" sent CLEAR. A switch may be given again with the same value, which changes nothing.
func checkOnce(flags []cli.Flag, verbs []*cli.Command, words []string) error {
	given := map[string]string{}
	for i := 0; i < len(words); i++ {
		if !strings.HasPrefix(words[i], "-") {
			at := slices.IndexFunc(verbs, func(c *cli.Command) bool { return c.HasName(words[i]) })
			if at < 0 {
				return nil // an argument, and no flag comes after it; see checkTail
			}
			return checkOnce(verbs[at].Flags, verbs[at].Subcommands, words[i+1:])
		}
		name, value, hasValue := strings.Cut(strings.TrimLeft(words[i], "-"), "=")
		f := flagNamed(flags, name)
		switch {
		case f == nil:
			return nil // "-" or "--", or what the parser refuses
		case takesValue(f) && !hasValue && i+1 < len(words):
			i++
			value = words[i]
		case !takesValue(f) && !hasValue:
			value = "true"
		}
		if s, ok := f.(cli.DocGenerationSliceFlag); ok && s.IsSliceFlag() {
			continue
		}
		name = f.Names()[0]
		if first, again := given[name]; again && (takesValue(f) || first != value) {
			return usageErrorf("give "+dashed(name)+" once: it takes one value", "%s is given twice: %q and %q", dashed(name),
				truncate(first, 60), truncate(value, 60))
		}
		given[name] = value
	}
	return nil
}
