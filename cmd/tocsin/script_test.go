package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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

// patience bounds every wait of a script: far above what anything takes on a machine that is busy with other things, so that
// only a fault meets it.
const patience = 3 * time.Minute

// TestScript runs every script in testdata/script. Each has its own directory $WORK, and a node's home at $TOCSIN_HOME
// (not made yet). Beside testscript's own commands (kill and wait are for daemons in the background):
//
//	code N PROGRAM [ARG...]      run and expect exit code N; stdout and stderr can be matched afterwards
//	waitfor PATH                 wait until the file exists, or until something listens if it is a socket
//	until REGEXP PROGRAM [ARG...]  run again and again until it succeeds and its stdout matches
//	lines N stdout|stderr|FILE   expect N lines
//	[!] found WORD PATH...       expect the word in a file below one of the paths, as it is, in hexadecimal or in base64
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
			"found":   scriptFound,
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

func scriptFound(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: [!] found WORD PATH...")
	}
	var places []string
	files := 0
	for _, root := range args[1:] {
		ts.Check(filepath.WalkDir(ts.MkAbs(root), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			files++
			b, err := os.ReadFile(path)
			if slices.ContainsFunc(spelt(args[0]), func(s string) bool { return bytes.Contains(b, []byte(s)) }) {
				places = append(places, path)
			}
			return err
		}))
	}
	if neg && len(places) > 0 || !neg && len(places) == 0 || files == 0 {
		ts.Fatalf("%s is found in %d of %d files: %q", args[0], len(places), files, places)
	}
}

// spelt is a word as it is, in hexadecimal, and as it stands in base64 at each of three offsets.
func spelt(word string) []string {
	all := []string{word, hex.EncodeToString([]byte(word))}
	for pad := range 3 {
		coded := base64.RawURLEncoding.EncodeToString(append(make([]byte, pad), word...))
		all = append(all, coded[(pad*8+5)/6:len(coded)-2])
	}
	return all
}
