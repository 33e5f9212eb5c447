package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"filippo.io/age"
	"github.com/urfave/cli/v2"

	"tocsin/node/config"
	"tocsin/pkg/backup"
	"tocsin/pkg/keyfile"
	"tocsin/pkg/replica"
	"tocsin/pkg/store"
)

// openFlags are those of the commands that open a backup.
func openFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "identity", Usage: "open it with the age identity in `FILE` (- for standard input), where it was written for a recipient"},
		&cli.StringFlag{Name: "passphrase-file", Usage: "read the passphrase from `FILE` (- for standard input) instead of asking on the terminal"},
	}
}

func backupRestoreCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "restore",
		Usage: "bring a node back from a backup",
		Args:  "FILE",
		Help: `Reads FILE (- for standard input) and makes the home directory (--home, which must not exist or be empty) as it was when the backup
was written. It appears when everything is there, or not at all.

What the node signed after the backup is not known to it, and it must not sign at such a place again: it goes on in its lanes when a
member was compared with. What it lacks it gets from the members. Never run the old node and the restored one at the same time; if
the old machine may be in other hands, revoke its node key (tocsin key revoke) and make another.`,
		Examples: []string{"tocsin backup restore --home /var/lib/tocsin node.backup"},
		Flags:    openFlags(),
		Run: func(ctx context.Context, c *cli.Context) error {
			home, err := e.home()
			if err != nil {
				return err
			}
			if err := vacant(home); err != nil {
				return err
			}
			id, err := backupIdentity(ctx, e, c)
			if err != nil {
				return err
			}
			m, counts, err := restoreBackup(e, c.Args().First(), home, id)
			if err != nil {
				return err
			}
			if err := printBackup(e, home, m, counts); err != nil {
				return err
			}
			complain(e.Stderr, "", e.here("next: see that the old node is off, for good; then start this one with: tocsin daemon"))
			return nil
		},
	})
}

func backupCheckCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:     "check",
		Usage:    "read a backup to its end without restoring it",
		Args:     "FILE",
		Help:     `Opens the file (- for standard input), reads it whole and says what it is of. A backup that nobody has read is not one.`,
		Examples: []string{"tocsin backup check node.backup"},
		Flags:    openFlags(),
		Run: func(ctx context.Context, c *cli.Context) error {
			id, err := backupIdentity(ctx, e, c)
			if err != nil {
				return err
			}
			var m backup.Manifest
			counts, err := readBackup(e, c.Args().First(), id, backup.Taker{
				Begin: func(got backup.Manifest) error { m = got; return nil },
				File:  func(backup.File) error { return nil },
				Pair:  func(_, _ []byte) error { return nil },
			})
			if err != nil {
				return err
			}
			return printBackup(e, "", m, counts)
		},
	})
}

func printBackup(e *env, home string, m backup.Manifest, counts backup.Counts) error {
	if e.JSON {
		return printJSON(e.Stdout, struct {
			Team    string    `json:"team"`
			Node    string    `json:"node"`
			Created time.Time `json:"created"`
			Program string    `json:"program"`
			Home    string    `json:"home,omitzero"`
			backup.Counts
		}{cleanLine(m.Team), cleanLine(m.Node), m.Created, cleanLine(m.Program), home, counts})
	}
	s := &sheet{now: e.Now()}
	s.line("Team", cleanLine(m.Team))
	s.line("Node", cleanLine(m.Node))
	s.at("Written", m.Created)
	s.line("By", cleanLine(m.Program))
	s.linef("Holds", "%d files, %d entries of the store", counts.Files, counts.Pairs)
	s.line("Restored to", home)
	return s.write(e.Stdout)
}

// vacant refuses a home directory in which something is.
func vacant(home string) error {
	list, err := os.ReadDir(home)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && len(list) == 0:
		return nil
	case err != nil:
		return &userError{Code: exitFailed, Msg: "cannot read " + plainFileError(err)}
	}
	return &userError{
		Code: exitRefused, Msg: home + " is not empty, and nothing in it is touched",
		Hint: "name a new directory with --home DIR, or move that one away",
	}
}

// restoreBackup builds the home directory beside its place and moves it there when it is whole.
func restoreBackup(e *env, path, home string, id age.Identity) (m backup.Manifest, counts backup.Counts, err error) {
	home, err = filepath.Abs(home)
	if err != nil {
		return m, counts, fmt.Errorf("find home: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(home), 0o700); err != nil { //nolint:gosec // the operator names the directory
		return m, counts, fmt.Errorf("make directory: %w", err)
	}
	stage, err := os.MkdirTemp(filepath.Dir(home), filepath.Base(home)+".restoring-")
	if err != nil {
		return m, counts, fmt.Errorf("make directory: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(stage)) //nolint:gosec // the operator names the directory
		}
	}()
	r := &restoring{e: e, stage: stage}
	counts, err = readBackup(e, path, id, backup.Taker{
		Begin: func(got backup.Manifest) error { m = got; return nil }, File: r.file, Pair: r.pair,
	})
	if err = errors.Join(err, r.end(err == nil)); err != nil {
		return m, counts, err
	}
	if err := os.Remove(home); err != nil && !errors.Is(err, fs.ErrNotExist) { //nolint:gosec // it was empty, and the operator named it
		return m, counts, fmt.Errorf("restore: %w", err)
	}
	if err := os.Rename(stage, home); err != nil { //nolint:gosec // the operator names the directory
		return m, counts, fmt.Errorf("restore: %w", err)
	}
	dir, err := os.Open(filepath.Dir(home)) //nolint:gosec // the operator names the directory
	if err != nil {
		return m, counts, fmt.Errorf("restore: %w", err)
	}
	return m, counts, errors.Join(dir.Sync(), dir.Close())
}

// readBackup reads a backup file and says in words what is wrong with it.
func readBackup(e *env, path string, id age.Identity, take backup.Taker) (backup.Counts, error) {
	f, err := openInput(e, path)
	if usage, ok := errors.AsType[*userError](err); ok {
		return backup.Counts{}, usage
	}
	if err != nil {
		return backup.Counts{}, &userError{Code: exitNotFound, Msg: "cannot read " + plainFileError(err)}
	}
	defer f.Close() //nolint:errcheck // only read from
	counts, err := backup.Read(bufio.NewReaderSize(f, 1<<20), id, take)
	switch {
	case errors.Is(err, backup.ErrWrongKey):
		return counts, &userError{Code: exitDenied, Msg: inputName(path) + ": wrong passphrase or identity", Hint: "a backup for a recipient is opened with --identity FILE"}
	case errors.Is(err, backup.ErrNotBackup):
		return counts, &userError{Code: exitFailed, Msg: inputName(path), Err: err, Hint: "name a file that tocsin backup create wrote"}
	case errors.Is(err, backup.ErrDamaged):
		return counts, &userError{Code: exitFailed, Msg: inputName(path), Err: err, Hint: "nothing in it can be trusted to be whole: take an earlier backup"}
	}
	return counts, err
}

// restoring fills a home directory.
type restoring struct {
	e     *env
	stage string
	store *store.Store
	ops   []replica.Op
	size  int
}

func (r *restoring) file(f backup.File) error {
	if !restorable(f.Name) {
		return fmt.Errorf("%w: %q has no place in a home directory", backup.ErrDamaged, f.Name)
	}
	return createFile(filepath.Join(r.stage, f.Name), f.Data, 0o600)
}

func restorable(name string) bool {
	old, err := filepath.Match(keyfile.RetiredFiles, name)
	return err == nil && old || slices.Contains(append(savedFiles(), keyfile.RootFile), name)
}

// open makes the store, once the files that say where and under which key are there.
func (r *restoring) open() error {
	unlock, err := unlockSource(r.e, r.stage)
	if err != nil {
		return err
	}
	keys, err := keyfile.Load(r.stage, unlock)
	if err != nil {
		return keyError("", err)
	}
	loaded, err := loadSettings(settingsSource(r.e, r.stage, nil))
	if err != nil {
		return err
	}
	dir := config.Path(r.stage, loaded.Store.Dir)
	if exists(dir) { // only one that the settings put elsewhere
		return &userError{Code: exitRefused, Msg: "the settings of the backup keep the store in " + dir + ", where something is already", Hint: "move that away"}
	}
	r.store, err = store.Open(store.Options{Dir: dir, Key: keys.StoreKey})
	return err
}

func (r *restoring) pair(key, value []byte) error {
	if r.store == nil {
		if err := r.open(); err != nil {
			return err
		}
	}
	if r.size+len(key)+len(value) > replica.MaxApplyBytes || len(r.ops) == replica.MaxApplyOps {
		if err := r.flush(); err != nil {
			return err
		}
	}
	r.ops = append(r.ops, replica.Op{Key: append([]byte(nil), key...), Value: append([]byte(nil), value...)})
	r.size += len(key) + len(value)
	return nil
}

func (r *restoring) flush() error {
	if len(r.ops) == 0 {
		return nil
	}
	err := r.store.Apply(r.ops)
	r.ops, r.size = nil, 0
	return err
}

// end completes the store.
func (r *restoring) end(good bool) (err error) {
	if r.store == nil {
		return nil
	}
	if good {
		err = r.flush()
	}
	return errors.Join(err, r.store.Close())
}
