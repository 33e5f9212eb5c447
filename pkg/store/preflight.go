package store

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/table"
)

// preflight looks at the files that Badger is about to trust, and answers ErrCorrupt or ErrWrongKey
// where it would lose data without a word or end the process. It writes nothing, but sets tables aside. It runs with the
// directory's lock held.
func preflight(o Options, db string) (files, error) {
	clean, err := wasClean(o.Dir)
	if err != nil {
		return files{}, err
	}
	files, err := listFiles(db)
	if err != nil {
		return files, err
	}
	if !files.manifest {
		if len(files.tables)+len(files.logs) > 0 {
			return files, corrupt(filepath.Join(db, badger.ManifestFilename), "the file is missing")
		}
		return files, nil // a new store
	}
	if !files.keys {
		if clean || len(files.tables)+len(files.logs) > 0 {
			return files, corrupt(filepath.Join(db, badger.KeyRegistryFileName), "the file is missing")
		}
		return files, nil // a crash in the first Open: nothing was ever written
	}
	keys, err := checkKeys(o, db)
	if err != nil {
		return files, err
	}
	manifest, err := readManifest(o, db)
	if err != nil {
		return files, err
	}
	if err := checkTables(o, db, manifest, keys); err != nil {
		return files, err
	}
	if err := setAside(o, db, orphansOf(files, manifest), clean); err != nil {
		return files, err
	}
	for _, name := range files.logs {
		if err := checkLog(filepath.Join(db, name)); err != nil {
			return files, err
		}
	}
	return files, nil
}

type files struct {
	manifest, keys bool
	tables         []string
	logs           []string // write-ahead logs of memtables, none of them empty
}

// listFiles also removes logs of no bytes, value logs too: a crash left them between creation and
// sizing, nothing was in them, and Badger would stop at them.
func listFiles(db string) (files, error) {
	var fs files
	entries, err := os.ReadDir(db)
	if err != nil {
		return fs, fmt.Errorf("open store: %w", err)
	}
	for _, e := range entries {
		name := e.Name()
		switch {
		case name == badger.ManifestFilename:
			fs.manifest = true
		case name == badger.KeyRegistryFileName:
			fs.keys = true
		case strings.HasSuffix(name, ".sst"):
			fs.tables = append(fs.tables, name)
		case strings.HasSuffix(name, ".mem"), strings.HasSuffix(name, ".vlog"):
			fi, err := e.Info()
			if err != nil {
				return fs, fmt.Errorf("open store: %w", err)
			}
			if fi.Size() == 0 {
				if err := os.Remove(filepath.Join(db, name)); err != nil {
					return fs, fmt.Errorf("open store: %w", err)
				}
			} else if strings.HasSuffix(name, ".mem") {
				fs.logs = append(fs.logs, name)
			}
		}
	}
	return fs, nil
}

func readManifest(o Options, db string) (m badger.Manifest, err error) {
	path := filepath.Join(db, badger.ManifestFilename)
	f, err := os.Open(path) //nolint:gosec // below the operator's directory
	if err != nil {
		return m, fmt.Errorf("open store: %w", err)
	}
	defer func() {
		if r := recover(); r != nil {
			err = corrupt(path, oneLine(fmt.Sprint(r)))
		}
		err = errors.Join(err, f.Close())
	}()
	m, _, err = badger.ReplayManifestFile(f, 0, badgerOptions(db, o.Key, logAdapter{log: o.Logger}))
	if err != nil {
		return m, corrupt(path, oneLine(err.Error()))
	}
	return m, nil
}

func orphansOf(f files, m badger.Manifest) []string {
	var out []string
	for _, name := range f.tables {
		id, ok := table.ParseFileID(name)
		if _, listed := m.Tables[id]; !ok || !listed {
			out = append(out, name)
		}
	}
	return out
}

// setAside moves tables that the MANIFEST does not list to a directory of their own. After a crash
// they are most often a flush or compaction that did not come to its end, and hold nothing that is
// not elsewhere too; but a MANIFEST cut short looks the same. What an earlier Open set aside is
// removed once a whole run has ended in order.
func setAside(o Options, db string, orphans []string, clean bool) error {
	aside := orphanDir(o)
	if clean {
		if err := empty(aside); err != nil {
			return fmt.Errorf("open store: %w", err)
		}
	}
	if len(orphans) == 0 {
		return nil
	}
	if err := os.MkdirAll(aside, 0o700); err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	for _, name := range orphans {
		err := os.Rename(filepath.Join(db, name), filepath.Join(aside, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("open store: %w", err)
		}
	}
	o.Logger.Warn("set tables aside that the store does not list, as after a crash",
		slog.String("dir", aside), slog.Int("tables", len(orphans)))
	return nil
}

// empty removes the files in a directory and leaves it there, for a disk on which none can be made.
func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		err = errors.Join(err, os.Remove(filepath.Join(dir, e.Name())))
	}
	return err
}

func orphanDir(o Options) string { return filepath.Join(o.Dir, "orphans") }
