package node

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"

	"tocsin/node/config"
	"tocsin/pkg/keyfile"
	"tocsin/pkg/mesh"
	"tocsin/pkg/replica"
	"tocsin/pkg/store"
)

// maxCredential bounds an unlock key from systemd; the real one has some 200 bytes.
const maxCredential = 16 << 10

// keys loads the node's keys from where the settings say.
func (n *Node) keys() (*keyfile.Node, error) {
	if n.opt.Keys != nil {
		return n.opt.Keys, nil
	}
	var unlock keyfile.UnlockSource
	if name, ok := strings.CutPrefix(n.opt.Config.Keys.Unlock, "credential:"); ok {
		dir := n.opt.Getenv("CREDENTIALS_DIRECTORY")
		if dir == "" || name != filepath.Base(name) {
			return nil, fmt.Errorf("keys.unlock names the systemd credential %q, and systemd handed none over; "+
				"add LoadCredential=%s:PATH to the unit", name, name)
		}
		f, err := os.Open(filepath.Join(dir, name)) //nolint:gosec // the directory is systemd's
		if err != nil {
			return nil, fmt.Errorf("open credential: %w", err)
		}
		defer f.Close() //nolint:errcheck // only read from
		if unlock.Identity, err = io.ReadAll(io.LimitReader(f, maxCredential)); err != nil {
			return nil, fmt.Errorf("read credential: %w", err)
		}
	} else {
		unlock.Path = inside(n.opt.Home, n.opt.Config.Keys.Unlock)
	}
	return keyfile.Load(n.opt.Home, unlock)
}

func (n *Node) openStore(keys *keyfile.Node) (replica.Store, error) {
	if n.opt.Store != nil {
		return n.opt.Store()
	}
	c := n.opt.Config.Store
	return store.Open(store.Options{
		Dir: inside(n.opt.Home, c.Dir), Key: keys.StoreKey, Quota: int64(c.Quota), Floor: int64(c.Floor), Logger: n.log,
	})
}

func (n *Node) meshOptions(keys *keyfile.Node) mesh.Options {
	c := n.opt.Config.Mesh
	profile := mesh.Profile(c.Profile)
	if c.Profile == "balanced" {
		profile = mesh.Balanced
	}
	return mesh.Options{
		Key: keys.Key, Delegation: keys.Delegation, Door: meshDoor{n}, Copy: n.replica,
		Roster: func() mesh.Roster { return n.replica.Roster() },
		Now:    n.now, Rand: n.opt.Rand, Logger: n.log,
		Listen: c.Listen, Static: c.Peers, MDNS: c.MDNS, Profile: profile, SyncPeriod: c.SyncEvery.Std(),
		Events: mesh.Events{OnPeer: n.peerCame, OnGone: n.peerWent, OnInStep: n.inStep, OnStatements: n.statementsCame},
	}
}

// parallel runs do(0) to do(n-1) on all processors and returns when all have returned.
func parallel(n int, do func(i int)) {
	workers := min(n, runtime.GOMAXPROCS(0))
	if workers < 2 {
		for i := range n {
			do(i)
		}
		return
	}
	var next atomic.Int64
	var done sync.WaitGroup
	for range workers {
		done.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	done.Wait()
}

// NewLogger returns the logger that the settings ask for.
func NewLogger(c config.Log, w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		level = slog.LevelInfo // Check has refused it already
	}
	opt := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, opt))
	}
	return slog.New(slog.NewTextHandler(w, opt))
}

// Tune sets how the process uses memory, unless the environment says so itself: a daemon that mostly
// waits gives processor time for a small heap. Call it once, from main.
func Tune(getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(40)
	}
	if getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(192 << 20)
	}
}
