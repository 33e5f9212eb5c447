package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"tocsin/node"
	"tocsin/node/config"
	"tocsin/pkg/keyfile"
	"tocsin/pkg/store"
)

func daemonCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "daemon",
		Usage: "run this node until it is interrupted",
		Help: `Opens the keys without asking anybody (keys.unlock in the settings: a key file, or credential:NAME for a systemd credential), then
the store, joins the mesh and listens for the other commands on the socket in the home directory. It logs to stderr, never what
notices say. The first interrupt or SIGTERM ends it in order; the second at once, which loses nothing that was acknowledged. It goes on
where the terminal is closed (SIGHUP), and where nobody reads the log any more; lines that could not be written are counted.

The settings come from defaults, config.toml, the environment and the flags here, each over the one before: tocsin config init writes
them with their manual, tocsin config show --origin shows what holds. One directory has room for one daemon.`,
		Examples: []string{
			"tocsin daemon",
			"tocsin daemon --listen /ip4/0.0.0.0/tcp/443 --set log.format=json",
		},
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "listen", Usage: "`ADDRESS` to listen on, instead of mesh.listen; may be repeated"},
			&cli.StringSliceFlag{Name: "peer", Usage: "`ADDRESS` of a node to stay connected to, instead of mesh.peers; may be repeated"},
			&cli.StringSliceFlag{Name: "set", Usage: "any setting, as `KEY=VALUE`; repeat it for each value of a list"},
		},
		Run: func(ctx context.Context, c *cli.Context) error {
			home, err := e.home()
			if err != nil {
				return err
			}
			if home, err = filepath.Abs(home); err != nil {
				return fmt.Errorf("find home: %w", err)
			}
			flags, err := daemonFlags(c)
			if err != nil {
				return err
			}
			loaded, err := loadSettings(settingsSource(e, home, flags))
			if err != nil {
				return err
			}
			for _, w := range loaded.Warnings {
				complain(e.Stderr, "", "warning: "+w)
			}
			return runDaemon(ctx, e, home, loaded)
		},
	})
}

// daemonFlags are the settings that the line gives, by key.
func daemonFlags(c *cli.Context) (map[string][]string, error) {
	flags := map[string][]string{}
	for flag, key := range map[string]string{"listen": "mesh.listen", "peer": "mesh.peers"} {
		if c.IsSet(flag) {
			flags[key] = c.StringSlice(flag)
		}
	}
	for _, typed := range c.StringSlice("set") {
		key, value, ok := strings.Cut(typed, "=")
		if !ok || key == "" {
			return nil, usageErrorf("such as --set log.level=debug", "--set %q is not KEY=VALUE", typed)
		}
		if !slices.Contains(config.Names(), key) {
			hint := "tocsin config show lists the settings"
			if near := nearest(key, config.Names()); near != "" {
				hint = "did you mean " + near + "?"
			}
			return nil, usageErrorf(hint, "--set %q: there is no such setting", key)
		}
		flags[key] = append(flags[key], value)
	}
	return flags, nil
}

// runDaemon opens the keys, makes the node and runs it. That ctx ends is how a daemon is meant to end, not a failure.
func runDaemon(ctx context.Context, e *env, home string, loaded *config.Loaded) error {
	// Who reads the log may go away, and so may the terminal: neither is a reason to end. Other commands keep the usual effect.
	signal.Ignore(syscall.SIGPIPE, syscall.SIGHUP)
	if err := leaveNoCore(); err != nil { // before any key is in memory
		return err
	}
	unlock, err := unlockOf(e, home, loaded)
	if err != nil {
		return err
	}
	keys, err := keyfile.Load(home, unlock)
	if err != nil {
		return keyError(home, err)
	}
	retired, err := keyfile.LoadRetired(home, unlock)
	if err != nil {
		return keyError(home, err)
	}
	node.Tune(e.Getenv)
	lines := newDaemonLog(e.Stderr)
	defer lines.close()
	logger := node.NewLogger(loaded.Log, lines)
	lines.lost = func(n int) { logger.WarnContext(ctx, "lines of the log were lost", slog.Int("lines", n)) }
	n, err := node.New(ctx, node.Options{
		Home: home, Config: loaded.Config, Version: versionString(), Logger: logger, Now: e.Now, Rand: e.Rand,
		Getenv: e.Getenv, Keys: keys, Retired: retired,
	})
	if err != nil {
		return daemonError(home, err)
	}
	return n.Run(ctx)
}

// daemonError gives the faults that an operator can mend a hint.
func daemonError(home string, err error) error {
	if errors.Is(err, store.ErrLocked) {
		return &userError{
			Code: exitRefused, Msg: "another daemon is running in " + home,
			Hint: "tocsin status tells how it is; one more node needs a directory of its own: --home DIR",
		}
	}
	return err
}
