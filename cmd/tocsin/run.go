package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"
)

// commands lists the tree, in the order of the help page. One line per file; see command.go for how to write one.
func commands(e *env) []*cli.Command {
	return []*cli.Command{
		initCommand(e),
		idCommand(e),
		keyCommand(e),
		daemonCommand(e),
		configCommand(e),
		statusCommand(e),
		communityCommand(e),
		inviteCommand(e),
		joinCommand(e),
		profileCommand(e),
		teamCommand(e),
		alertCommand(e),
		requestCommand(e),
		replyCommand(e),
		recordCommand(e),
		ledgerCommand(e),
		backupCommand(e),
		helpCommand(e),
		versionCommand(e),
		completionCommand(e),
		completeCommand(e),
		manCommand(e),
	}
}

// run executes one command line and returns its exit code. It writes nowhere but to the writers of e, and never exits.
func run(ctx context.Context, e *env) int { return runTree(ctx, e, commands(e)) }

// runTree is run for any tree, so that the tests can hold the wrapper to its promises with commands of their own.
func runTree(ctx context.Context, e *env, tree []*cli.Command) int {
	out := &answer{w: e.Stdout}
	e.Stdout = out
	err := newApp(e, tree).RunContext(ctx, append([]string{programName}, e.Args...))
	if err == nil && out.err != nil {
		err = fmt.Errorf("write answer: %w", out.err)
	}
	warnOfEnd(e)
	if err == nil {
		return int(exitDone)
	}
	e.JSON = e.JSON || jsonTyped(e.Args)
	return report(e, e.placed(explain(err), err))
}

// programName is how the help, the hints and the man page call the binary, whatever the file was renamed to.
const programName = "tocsin"

// jsonTyped finds --json on a line that may be too broken to parse, so that the complaint about it is JSON as well.
func jsonTyped(args []string) bool {
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	return slices.Contains(args, "--json") || slices.Contains(args, "-json")
}

// newApp assembles the tree. Everything that urfave does on its own account is switched off here: help and version flags
// (shared package variables), help to stdout on a mistake, os.Exit, and a stat of the binary for its build time.
func newApp(e *env, tree []*cli.Command) *cli.App {
	app := &cli.App{
		Name:                      programName,
		HelpName:                  programName,
		Usage:                     "signed alerts and cooperation requests between CSIRTs, without a centre",
		Flags:                     append(globalFlags(), &cli.BoolFlag{Name: "version", Usage: "print the version"}),
		Commands:                  tree,
		HideHelp:                  true,
		HideHelpCommand:           true,
		HideVersion:               true,
		DisableSliceFlagSeparator: true,
		Compiled:                  e.Now(),
		Reader:                    e.Stdin,
		Writer:                    e.Stdout,
		ErrWriter:                 e.Stderr,
		ExitErrHandler:            func(*cli.Context, error) {},
		OnUsageError:              usageHandler(e),
	}
	app.Before = func(*cli.Context) error { return checkOnce(app.Flags, tree, e.Args) }
	app.Action = func(c *cli.Context) error {
		readGlobals(e, c)
		if c.Bool("version") {
			return printVersion(e)
		}
		return chooseVerb(c, rootPage(app))
	}
	return app
}
