package main

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// usageHandler turns what the flag parser says into a usage error, or into help: with no help flag defined, the parser
// reports -h and --help as flag.ErrHelp.
func usageHandler(e *env) cli.OnUsageErrorFunc {
	return func(c *cli.Context, err error, _ bool) error {
		path := c.Command.HelpName
		if errors.Is(err, flag.ErrHelp) {
			p := pageOf(path, c.Command)
			if path == programName {
				p = rootPage(c.App)
			}
			return writeHelp(e.Stdout, p)
		}
		msg := err.Error()
		if name, ok := strings.CutPrefix(msg, "flag provided but not defined: -"); ok {
			return unknownFlag(c, name)
		}
		if name, ok := strings.CutPrefix(msg, "flag needs an argument: -"); ok {
			return usageErrorf(seeHelp(path), "flag %s needs a value", dashed(strings.TrimPrefix(name, "-")))
		}
		return usageErrorf(seeHelp(path), "%s", strings.Replace(msg, "for flag -", "for flag --", 1))
	}
}

// chooseVerb is the action of a noun: it runs only when no verb was recognised.
func chooseVerb(c *cli.Context, p page) error {
	if !c.Args().Present() {
		return usageErrorf("one of: "+strings.Join(verbNames(p), ", ")+"\n"+seeHelp(p.Path), "%s needs a command", p.Path)
	}
	name := c.Args().First()
	hint := seeHelp(p.Path)
	if near := nearest(name, verbNames(p)); near != "" {
		hint = "did you mean: " + p.Path + " " + near + quoteAll(c.Args().Tail())
	}
	return usageErrorf(hint, "unknown command %q", p.Path+" "+name)
}

// tailCheck is the verdict on what follows the flags.
type tailCheck struct {
	help bool
	err  error
}

// checkTail refuses flags typed after a positional argument, which urfave would pass on as arguments: an alert sent with its
// --tlp ignored is the mistake this product must not make. Everything after "--" is an argument.
func checkTail(raw []string, c *cli.Context) tailCheck {
	tail := c.Args().Slice()
	head := raw[:max(0, len(raw)-len(tail))]
	if len(tail) == 0 || (len(head) > 0 && head[len(head)-1] == "--") {
		return tailCheck{}
	}
	var late, plain []string
	for i := 0; i < len(tail); i++ {
		word := tail[i]
		if word == "--" {
			plain = append(plain, tail[i+1:]...)
			return tailCheck{err: wrongOrder(head, late, plain, append(late, "--")[0])}
		}
		if word == "-" || !strings.HasPrefix(word, "-") {
			plain = append(plain, word)
			continue
		}
		name, _, hasValue := strings.Cut(strings.TrimLeft(word, "-"), "=")
		if name == "h" || name == "help" {
			return tailCheck{help: true}
		}
		f := flagNamed(c.Command.Flags, name)
		if f == nil {
			return tailCheck{err: unknownFlag(c, name)}
		}
		late = append(late, word)
		if takesValue(f) && !hasValue && i+1 < len(tail) {
			i++
			late = append(late, tail[i])
		}
	}
	if len(late) == 0 {
		return tailCheck{}
	}
	return tailCheck{err: wrongOrder(head, late, plain, late[0])}
}

// wrongOrder prints the line as it should have been typed.
func wrongOrder(head, late, plain []string, offender string) error {
	line := programName + quoteAll(head) + quoteAll(late)
	if slices.ContainsFunc(plain, func(s string) bool { return strings.HasPrefix(s, "-") && s != "-" }) {
		line += " --"
	}
	return usageErrorf("did you mean: "+line+quoteAll(plain), "%s comes after %q: flags go before arguments", offender, plain[0])
}

// unknownFlag names the flag and, if there is one that looks like it, the flag that was meant.
func unknownFlag(c *cli.Context, name string) error {
	name, _, _ = strings.Cut(strings.TrimLeft(name, "-"), "=")
	var known []string
	for _, f := range c.Command.Flags {
		known = append(known, f.Names()...)
	}
	hint := seeHelp(c.Command.HelpName)
	if near := nearest(name, known); near != "" {
		hint = "did you mean: " + dashed(near)
	}
	return usageErrorf(hint, "unknown flag %s for %q", dashed(name), c.Command.HelpName)
}

// checkCount holds the number of arguments against the shape in the help text.
func checkCount(c *cli.Context, shape string) error {
	least, most := countOf(shape)
	switch n := c.NArg(); {
	case n < least:
		return usageErrorf(seeHelp(c.Command.HelpName), "missing %s", strings.Fields(shape)[n])
	case most >= 0 && n > most:
		return usageErrorf(seeHelp(c.Command.HelpName), "unexpected argument %q", c.Args().Get(most))
	}
	return nil
}

// checkEmpty refuses an empty argument, as an unset variable of a script makes one.
func checkEmpty(c *cli.Context, shape string) error {
	for i, word := range c.Args().Slice() {
		if strings.TrimSpace(word) == "" {
			return usageErrorf(seeHelp(c.Command.HelpName), "%s is empty", argumentName(shape, i))
		}
	}
	return nil
}

// argumentName is what the shape calls the argument at i, where the last name stands for all that follow.
func argumentName(shape string, i int) string {
	names := strings.Fields(shape)
	return strings.TrimSuffix(strings.Trim(names[min(i, len(names)-1)], "[]"), "...")
}

// countOf reads a shape such as "REQUEST [FILE...]"; most is -1 for any number.
func countOf(shape string) (least, most int) {
	for word := range strings.FieldsSeq(shape) {
		if !strings.HasPrefix(word, "[") {
			least++
		}
		if strings.HasSuffix(strings.TrimSuffix(word, "]"), "...") {
			return least, -1
		}
		most++
	}
	return least, most
}

// checkRequired names every required flag that is missing, not only the first.
func checkRequired(c *cli.Context) error {
	var missing []string
	for _, f := range c.Command.Flags {
		if isRequired(f) && !c.IsSet(f.Names()[0]) {
			missing = append(missing, dashed(f.Names()[0]))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return usageErrorf(seeHelp(c.Command.HelpName), "missing %s", strings.Join(missing, ", "))
}

func seeHelp(path string) string { return "see: " + path + " --help" }

func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

func flagNamed(flags []cli.Flag, name string) cli.Flag {
	for _, f := range flags {
		if slices.Contains(f.Names(), name) {
			return f
		}
	}
	return nil
}

func takesValue(f cli.Flag) bool {
	d, ok := f.(cli.DocGenerationFlag)
	return ok && d.TakesValue()
}

// quoteAll joins words so that a shell reads them back, each with a space before it.
func quoteAll(words []string) string {
	var b strings.Builder
	for _, w := range words {
		b.WriteByte(' ')
		if w != "" && !strings.ContainsFunc(w, needsQuote) {
			b.WriteString(w)
			continue
		}
		fmt.Fprintf(&b, "'%s'", strings.ReplaceAll(w, "'", `'\''`))
	}
	return b.String()
}

func needsQuote(r rune) bool {
	return r >= 0x80 || (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("-_./:=@%+,", r)
}
