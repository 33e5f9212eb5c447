package node

import (
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"tocsin/node/config"
	"tocsin/pkg/mesh"
	"tocsin/pkg/replica"
	"tocsin/pkg/store"
)

func (n *Node) openStore() (replica.Store, error) {
	if n.opt.Store != nil {
		return n.opt.Store()
	}
	c := n.opt.Config.Store
	dir := config.Path(n.opt.Home, c.Dir)
	return store.Open(store.Options{
		Dir: dir, Key: n.opt.Keys.StoreKey, Quota: quotaOf(c.Quota, dir), Floor: int64(c.Floor), Logger: n.log,
	})
}

// moreRoom is how much a store may grow that is larger than the default quota.
const moreRoom = 4 << 30

// quotaOf returns the quota of a store. The default stops no store that is larger already.
func quotaOf(q config.Size, dir string) int64 {
	if q != config.DefaultQuota {
		return int64(q)
	}
	used := int64(0)
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return nil //nolint:nilerr // what cannot be read here the store will name
		}
		if info, err := e.Info(); err == nil {
			used += info.Size()
		}
		return nil
	})
	if used > int64(q)-moreRoom {
		return used + moreRoom
	}
	return int64(q)
}

func (n *Node) meshOptions() mesh.Options {
	c, keys := n.opt.Config.Mesh, n.opt.Keys
	profile := mesh.Profile(c.Profile)
	if c.Profile == "balanced" {
		profile = mesh.Balanced
	}
	return mesh.Options{
		Key: keys.Key, Delegation: keys.Delegation, Door: meshDoor{n}, Copy: n.replica,
		Roster: func() mesh.Roster { return n.replica.Roster() },
		Now:    n.now, Rand: n.opt.Rand, Logger: n.log,
		Listen: c.Listen, Announce: c.Announce, AnnounceOnly: c.AnnounceOnly, Static: c.Peers, MDNS: c.MDNS, Profile: profile, SyncPeriod: c.SyncEvery.Std(),
		AheadOf: n.aheadOf,
		Events:  mesh.Events{OnAhead: n.aheadCame, OnPeer: n.peerCame, OnGone: n.peerWent, OnInStep: n.inStep, OnStatements: n.statementsCame, OnKeys: n.keysCame, OnTwin: n.twinCame},
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

// Tune sets what belongs to the whole process: the network library's own logs are discarded, which a
// peer could fill, and memory is used as suits a daemon that mostly waits (processor time for a small
// heap), unless the environment says otherwise. Call it once, from main, before New.
func Tune(getenv func(string) string) {
	mesh.Quiet()
	if getenv("GOGC") == "" {
		debug.SetGCPercent(40)
	}
	if getenv("GOMEMLIMIT") == "" {
		// Well above what the store's compactions hold while many records come in: at the limit the collector runs without end.
		debug.SetMemoryLimit(512 << 20)
	}
}
