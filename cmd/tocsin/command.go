package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// How to add a command. Write one file named after the noun, with one function that is listed in run.go:
//
//	func alertCommand(e *env) *cli.Command {
//		return newCommand(e, command{
//			Name:  "alert",
//			Usage: "warn a community, and read its warnings",
//			Verbs: []*cli.Command{alertSendCommand(e), alertListCommand(e)},
//		})
//	}
//
//	func alertSendCommand(e *env) *cli.Command {
//		return newCommand(e, command{
//			Name:     "send",
//			Usage:    "publish a new alert",
//			Args:     "[DRAFT]",
//			Help:     "Paragraphs on what it does, what is durable when it returns, and what it refuses.",
//			Examples: []string{"tocsin alert send --tlp clear --title 'Test' draft.toml"},
//			Flags:    []cli.Flag{required(&cli.StringFlag{Name: "tlp", Usage: "who may see it"})},
//			Run: func(ctx context.Context, c *cli.Context) error {
//				...
//			},
//		})
//	}
//
// The rules that newCommand cannot check for you:
//   - the answer goes to e.Stdout, and with e.JSON it is printJSON of a struct whose fields only ever grow;
//   - text that came from a peer is printed through cleanLine, cleanText or a table, never as it is;
//   - a mistake of the user is a *userError with the next thing to type as its Hint; errors are returned, not printed;
//   - nothing is read or opened before Run, and nothing at package level: the whole tree is built on every start.

// command describes a verb (Run set) or a noun that groups verbs (Verbs set).
type command struct {
	// Name is one lower-case word.
	Name string
	// Usage is one line: lower case, no full stop.
	Usage string
	// Args is the shape of the positional arguments, from which their number is checked: "REQUEST", "[FILE]",
	// "TEAM...", "REQUEST ANSWER [FILE...]". Empty means none.
	Args string
	// Help is the manual: paragraphs parted by an empty line, wrapped when printed.
	Help string
	// Examples are lines that can be typed as they stand.
	Examples []string
	// Flags are the command's own; --json and --home are added to every command. A flag names its value in back
	// quotes inside its usage (`TEAM`). Repeat a slice flag to give several values; commas do not split. Any other flag that is
	// given twice is refused.
	Flags []cli.Flag
	// Verbs makes this a group.
	Verbs []*cli.Command
	// Hidden keeps it out of help, completion and the man page.
	Hidden bool
	// Run does the work. Flags, argument count and required flags have been checked; e.JSON and e.Home are set.
	Run func(ctx context.Context, c *cli.Context) error
}

// newCommand is the only place that makes a cli.Command (a lint rule sees to it), so that the mistakes urfave accepts in
// silence, answers on stdout, or exits on, are usage errors with a hint on stderr here.
func newCommand(e *env, s command) *cli.Command {
	cmd := &cli.Command{
		Name:            s.Name,
		Usage:           s.Usage,
		ArgsUsage:       s.Args,
		Description:     s.Help,
		UsageText:       strings.Join(s.Examples, "\n"),
		Flags:           append(slices.Clone(s.Flags), globalFlags()...),
		Subcommands:     s.Verbs,
		Hidden:          s.Hidden,
		HideHelp:        true,
		HideHelpCommand: true,
		OnUsageError:    usageHandler(e),
	}
	cmd.Action = func(c *cli.Context) error {
		readGlobals(e, c)
		if s.Run == nil {
			return chooseVerb(c, pageOf(c.Command.HelpName, cmd))
		}
		tail := checkTail(e.Args, c)
		if tail.help {
			return writeHelp(e.Stdout, pageOf(c.Command.HelpName, cmd))
		}
		if tail.err != nil {
			return tail.err
		}
		if err := checkCount(c, s.Args); err != nil {
			return err
		}
		if err := checkEmpty(c, s.Args); err != nil && !s.Hidden { // the word that is being completed may be empty
			return err
		}
		if err := checkRequired(c); err != nil {
			return err
		}
		if err := checkDash(c); err != nil {
			return err
		}
		return s.Run(c.Context, c)
	}
	return cmd
}

// requiredCategory marks a flag without which the command is refused. It uses the one free word that every urfave flag
// carries; urfave's own Required prints help to stdout, and before the order of the words has been looked at.
const requiredCategory = "required"

// required makes the command refuse to run without f. A kind of flag that it does not know is a mistake in the program, which
// every start and every test would show.
func required(f cli.Flag) cli.Flag {
	switch f := f.(type) {
	case *cli.StringFlag:
		f.Category = requiredCategory
	case *cli.StringSliceFlag:
		f.Category = requiredCategory
	case *cli.PathFlag:
		f.Category = requiredCategory
	case *cli.IntFlag:
		f.Category = requiredCategory
	case *cli.DurationFlag:
		f.Category = requiredCategory
	default:
		panic(fmt.Sprintf("required: no case for %T", f))
	}
	return f
}

func isRequired(f cli.Flag) bool {
	c, ok := f.(cli.CategorizableFlag)
	return ok && c.GetCategory() == requiredCategory
}

// globalFlags are accepted by every command and by every noun before it. They are made anew each time, since urfave
// writes to the flags it parses.
func globalFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "json", Usage: "answer in JSON, and report errors as one JSON object on stderr"},
		&cli.StringFlag{Name: "home", Usage: "`DIR` of keys, store and socket (TOCSIN_HOME; ~/.tocsin)"},
	}
}

// isGlobal tells the flags every command has from a command's own.
func isGlobal(f cli.Flag) bool { return f.Names()[0] == "json" || f.Names()[0] == "home" }

// readGlobals takes the global flags from wherever on the line they were given; the innermost wins.
func readGlobals(e *env, c *cli.Context) {
	e.JSON = false
	for _, l := range slices.Backward(c.Lineage()) {
		if l.IsSet("json") {
			e.JSON = l.Bool("json")
		}
		if l.IsSet("home") {
			e.Home = l.String("home")
		}
	}
}
