// Command tocsin is the daemon of a node and the tool its operators type at.
//
// It is not where anything is decided: a command turns flags and files into one call of the daemon's local API, or of a
// pure package, and the answer into text or JSON. Only daemon.go imports the node, so every other command starts without
// building, opening or dialling any of it.
//
// Invariant: stdout carries the answer and nothing else, stderr everything else, and the exit code is one of the table in
// exit.go, whatever the library underneath would have done.
package main

import (
	"context"
	"crypto/rand"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	os.Exit(runProcess())
}

// runProcess is main with its deferred calls run before the exit. The first interrupt cancels the context, so that a command
// can end in order; from then on signals have their default effect again, so that the second one kills.
func runProcess() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer context.AfterFunc(ctx, stop)()
	return run(ctx, &env{
		Args:    os.Args[1:],
		Stdin:   os.Stdin,
		Stdout:  os.Stdout,
		Stderr:  os.Stderr,
		Getenv:  os.Getenv,
		Environ: os.Environ,
		Now:     time.Now,
		Rand:    rand.Reader,
	})
}
