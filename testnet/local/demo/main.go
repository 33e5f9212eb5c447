// Command demo shows the main job of tocsin, done by real processes: six teams of one fictional region
// form a community, one of them sends an alert, an update and a cancel, asks the others for help, and
// reads in its ledger who answered, who declined, who was late, who is silent and who was unreachable. In a
// second act they found a community that governs itself: a seventh team applies, is admitted and removed,
// sealed alerts and a request for one team go their ways, and the demo searches for their text wherever
// others could.
// It is not a test of details, and not a simulation: every line after a prompt is a command that it ran.
// Invariant: it exits with 0 only if every outcome that it tells of was observed, in the answers of the
// nodes themselves; it leaves no process and no file behind.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"
)

// patience bounds the whole demo, which takes some 35 seconds.
const patience = 10 * time.Minute

func main() {
	os.Exit(runProcess())
}

func runProcess() int {
	var o options
	var picture string
	flag.StringVar(&o.binary, "tocsin", "bin/tocsin", "`PROGRAM` to show")
	flag.StringVar(&o.data, "data", "", "`DIR` of real documents to send: csaf/*.json and misp/*.json")
	flag.StringVar(&picture, "svg", "", "draw a picture of the demo into `FILE`")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "demo: %s: no arguments, please\n", flag.Arg(0))
		return 2
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer context.AfterFunc(ctx, stop)() // a second interrupt ends us at once
	signal.Ignore(syscall.SIGPIPE)       // a failed write says it, and which one it was
	ctx, unread := context.WithCancel(ctx)
	defer unread()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()

	colour := term.IsTerminal(int(os.Stdout.Fd())) && os.Getenv("NO_COLOR") == ""
	o.out = &transcript{w: os.Stdout, colour: colour, unread: unread}
	err := play(ctx, o)
	if err == nil && picture != "" {
		err = os.WriteFile(picture, o.out.svg(), 0o644) //nolint:gosec // a picture for everybody
	}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		fmt.Fprintln(os.Stderr, "demo: interrupted; all nodes are stopped and their files removed")
		return 130
	case err != nil:
		fmt.Fprintf(os.Stderr, "\ndemo: %v\n", err)
		return 1
	}
	return 0
}
