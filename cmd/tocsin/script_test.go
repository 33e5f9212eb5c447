package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/urfave/cli/v2"
)

// TestMain makes this test binary stand for the programs that the scripts run.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"tocsin": main,
		"sample": sampleMain,
	})
}

// sampleMain is the wrapper around one command with one of everything.
func sampleMain() {
	e := testEnv(os.Args[1:], os.Stdout)
	e.Stderr = os.Stderr
	var got []string
	code := runTree(context.Background(), e, []*cli.Command{sample(e, &got)})
	if got != nil {
		fmt.Println(got)
	}
	os.Exit(code)
}

// patience bounds every wait of a script: far above what anything takes, so that only a fault meets it.
const patience = 30 * time.Second

// TestScript runs every script in testdata/script. Each has its own directory $WORK, and a node's home at $TOCSIN_HOME
// (not made yet). Beside testscript's own commands (kill and wait are for daemons in the background):
//
//	code N PROGRAM [ARG...]      run and expect exit code N; stdout and stderr can be matched afterwards
//	waitfor PATH                 wait until the file exists, or until something listens if it is a socket
//	until REGEXP PROGRAM [ARG...]  run again and again until it succeeds and its stdout matches
//	lines N stdout|stderr|FILE   expect N lines
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(te *testscript.Env) error {
			te.Setenv("HOME", te.Getenv("WORK"))
			te.Setenv("TOCSIN_HOME", filepath.Join(te.Getenv("WORK"), "n"))
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"code":    scriptCode,
			"waitfor": scriptWaitFor,
			"until":   scriptUntil,
			"lines":   scriptLines,
		},
	})
}

func scriptCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N PROGRAM [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if err != nil {
		if _, scanErr := fmt.Sscanf(err.Error(), "exit status %d", &got); scanErr != nil {
			ts.Fatalf("run %s: %v", args[1], err)
		}
	}
	if got != want {
		ts.Fatalf("%s: exit code %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

// poll asks ready until it says yes or patience is at an end.
func poll(ts *testscript.TestScript, what string, ready func() bool) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !ready(); <-tick.C {
		if time.Now().After(deadline) {
			ts.Fatalf("waited %s for %s", patience, what)
		}
	}
}

func scriptWaitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: waitfor PATH")
	}
	path := ts.MkAbs(args[0])
	poll(ts, args[0], func() bool {
		info, err := os.Stat(path)
		if err != nil || info.Mode()&os.ModeSocket == 0 {
			return err == nil
		}
		conn, err := net.Dial("unix", path)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	})
}

func scriptUntil(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until REGEXP PROGRAM [ARG...]")
	}
	want, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	poll(ts, strings.Join(args, " "), func() bool {
		return ts.Exec(args[1], args[2:]...) == nil && want.MatchString(ts.ReadFile("stdout"))
	})
}

func scriptLines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: lines N FILE")
	}
	if got := strings.Count(ts.ReadFile(args[1]), "\n"); strconv.Itoa(got) != args[0] {
		ts.Fatalf("%s has %d lines, want %s", args[1], got, args[0])
	}
}
