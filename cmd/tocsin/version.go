package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"
)

// version is set by the Makefile at link time and by nothing else; the linker can set only a package variable.
var version string

// versionString falls back on what the go command stamped into the binary.
func versionString() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

func versionCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "version",
		Usage: "print the version",
		Run:   func(context.Context, *cli.Context) error { return printVersion(e) },
	})
}

func printVersion(e *env) error {
	if e.JSON {
		return printJSON(e.Stdout, struct {
			Version string `json:"version"`
			Go      string `json:"go"`
			System  string `json:"system"`
		}{versionString(), runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH})
	}
	_, err := fmt.Fprintf(e.Stdout, "%s %s %s %s/%s\n", programName, versionString(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
