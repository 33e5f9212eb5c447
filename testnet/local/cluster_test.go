package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"tocsin/pkg/api"
	"tocsin/pkg/client"
)

func TestNewRefuses(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		opt  Options
		want string
	}{
		{"no teams", Options{Binary: program}, "no teams"},
		{"no program", Options{Schema: Numbered("x", 1)}, "no program"},
		{"program elsewhere", Options{Schema: Numbered("x", 1), Binary: "/nonexistent"}, "no program"},
		{"long path", Options{Schema: Numbered("x", 1), Binary: program, Dir: "/tmp/" + strings.Repeat("x", maxSocket)}, "too long"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := New(c.opt); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestStartThatFailsSaysWhyAndLeavesNothing(t *testing.T) {
	parent := t.TempDir()
	t.Setenv("TMPDIR", parent)
	program, err := os.Executable() // see TestMain
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), Options{Schema: Numbered("x", 1), Binary: program}); err == nil || !strings.Contains(err.Error(), "node-0") {
		t.Errorf("got %v", err)
	}
	if left, err := os.ReadDir(parent); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestClusterCatchesUp(t *testing.T) {
	c := start(t, Numbered("three", 3))
	away := c.Team("node-2")
	away.Kill()
	if _, err := away.Client().Status(t.Context()); !errors.Is(err, client.ErrNotRunning) {
		t.Errorf("a killed node answers: %v", err)
	}
	p, err := c.Team("node-0").Client().PublishAlert(t.Context(), api.AlertDraft{Community: "three", Alert: sample("missed", 10)})
	if err != nil {
		t.Fatal(err)
	}
	if err := away.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Until(t.Context(), patience, func(ctx context.Context) error {
		for _, team := range c.Teams() {
			if _, err := team.Client().Record(ctx, p.ID.String()); err != nil {
				return fmt.Errorf("%s: %w", team.Name, err)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	r, err := away.Run(t.Context(), "--json", "status")
	if err != nil || r.Code != 0 || !strings.Contains(r.Stdout, `"alert": 1`) && !strings.Contains(r.Stdout, `"alert":1`) {
		t.Errorf("exit code %d, %v\n%s%s", r.Code, err, r.Stdout, r.Stderr)
	}
	if err := away.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Connected(t.Context()); err != nil {
		t.Fatal(err)
	}
}
