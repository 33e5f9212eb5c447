package node

import (
	"os"
	"path/filepath"
	"testing"

	"tocsin/node/config"
)

// A store that is larger than the default quota goes on.
func TestTheDefaultQuotaStopsNoLargerStore(t *testing.T) {
	dir := t.TempDir()
	if got := quotaOf(config.DefaultQuota, dir); got != int64(config.DefaultQuota) {
		t.Errorf("a new store has %d", got)
	}
	f, err := os.Create(filepath.Join(dir, "1.vlog")) //nolint:gosec // a temporary directory
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(20 << 30); err != nil { // sparse: it takes no room
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if got := quotaOf(config.DefaultQuota, dir); got != 24<<30 {
		t.Errorf("a store of 20 GiB has %d", got)
	}
	if got := quotaOf(8<<30, dir); got != 8<<30 {
		t.Errorf("what the operator said became %d", got)
	}
	if quotaOf(0, dir) != 0 {
		t.Error("no quota became one")
	}
}
