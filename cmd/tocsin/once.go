package main

import (
	"flag"

	"github.com/urfave/cli/v2"
)

// once refuses a second value for each flag that takes one: the parser would keep the last and say nothing, so that
// "--tlp amber --tlp clear" sent CLEAR. The error is left in twice, since the parser passes on no more than an error's text.
func once(flags []cli.Flag, twice **userError) []cli.Flag {
	list := make([]cli.Flag, len(flags))
	for i, f := range flags {
		list[i] = f
		if s, ok := f.(cli.DocGenerationSliceFlag); ok && s.IsSliceFlag() {
			continue
		}
		if single, ok := f.(singleFlag); ok {
			list[i] = onceFlag{single, twice}
		}
	}
	return list
}

// singleFlag is what help, completion and the parser ask of a flag.
type singleFlag interface {
	cli.DocGenerationFlag
	cli.CategorizableFlag
}

// onceFlag is a flag whose values on the line are counted, those of all its names together.
type onceFlag struct {
	singleFlag
	twice **userError
}

// Apply implements cli.Flag.
func (f onceFlag) Apply(set *flag.FlagSet) error {
	if err := f.singleFlag.Apply(set); err != nil {
		return err
	}
	given := &givenFlag{name: f.Names()[0], twice: f.twice}
	for _, name := range f.Names() {
		known := set.Lookup(name)
		known.Value = &onceValue{Value: known.Value, given: given, name: name}
	}
	return nil
}

// givenFlag is what the line has said of one flag so far.
type givenFlag struct {
	name      string // its first name
	by, value string // the name it was given by, none so far if empty, and its value
	twice     **userError
}

// onceValue is the value of a flag under one of its names.
type onceValue struct {
	flag.Value
	given *givenFlag
	name  string
}

// String implements flag.Value.
func (v *onceValue) String() string {
	if v == nil || v.Value == nil { // the parser asks an empty one for its default
		return ""
	}
	return v.Value.String()
}

// IsBoolFlag says that the flag may stand without a value.
func (v *onceValue) IsBoolFlag() bool {
	b, ok := v.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

// Set implements flag.Value. A switch may be given again with the same value, which changes nothing. After it has parsed, the
// library copies the value to the flag's other names, which is no second one; where two names were typed with one value, the
// library sees it by itself.
func (v *onceValue) Set(text string) error {
	g, before := v.given, v.String()
	if err := v.Value.Set(text); err != nil {
		return err
	}
	after := v.String()
	switch {
	case g.by == "":
		g.by, g.value = v.name, after
		return nil
	case v.IsBoolFlag() && after == before, g.by != v.name && after == g.value:
		return nil
	}
	*g.twice = givenTwice(g.name, g.value, after)
	return *g.twice
}

// givenTwice says that a flag has two values.
func givenTwice(name, first, second string) *userError {
	return usageErrorf("give "+dashed(name)+" once: it takes one value", "%s is given twice: %q and %q", dashed(name),
		truncate(first, 60), truncate(second, 60))
}
