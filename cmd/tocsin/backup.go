package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"unicode/utf8"

	"filippo.io/age"
	"github.com/urfave/cli/v2"

	"tocsin/node/config"
	"tocsin/pkg/backup"
	"tocsin/pkg/client"
	"tocsin/pkg/keyfile"
	"tocsin/pkg/store"
)

func backupCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "backup",
		Usage: "write a node into one encrypted file, and bring it back from there",
		Verbs: []*cli.Command{backupCreateCommand(e), backupRestoreCommand(e), backupCheckCommand(e)},
	})
}

func backupCreateCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "create",
		Usage: "write a backup of this node",
		Help: `Writes the node's keys, its settings and everything in its store (records, statements, keys that open sealed records, pins, the
outbox) into one age file, for a passphrase or for age recipients (--recipient, may be repeated). The daemon may be running: the
backup is of one moment. When the command returns the file is on stable storage; with -o - it went to stdout, never to a terminal, and
whatever reads it there must keep it: tocsin backup check reads it back.

root.key is not in it unless --with-root is given: keep it apart. Whoever opens the backup can speak as this node and read what it can
read; whoever also has root.key is the team. An unlock key that lies outside of the home directory is not in it either.`,
		Examples: []string{
			"tocsin backup create -o node.backup",
			"tocsin backup create -o - | ssh HOST 'cat > node.backup'",
			"tocsin backup create --recipient age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p -o node.backup",
		},
		Flags: []cli.Flag{
			required(&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "`FILE` to write, which must not exist, or - for stdout"}),
			&cli.StringSliceFlag{Name: "recipient", Usage: "encrypt to this age `RECIPIENT` instead of a passphrase; may be repeated"},
			&cli.StringFlag{Name: "passphrase-file", Usage: "read the passphrase from `FILE` (- for standard input) instead of asking on the terminal"},
			&cli.BoolFlag{Name: "with-root", Usage: "put root.key in as well, which stays under its own passphrase"},
		},
		Run: func(ctx context.Context, c *cli.Context) error {
			path := c.String("output")
			if err := notShown(e, path, "a backup", "tocsin backup create -o - | ssh HOST 'cat > node.backup'"); err != nil {
				return err
			}
			home, err := e.home()
			if err != nil {
				return err
			}
			to, err := backupRecipients(ctx, e, c)
			if err != nil {
				return err
			}
			counts, err := createBackup(ctx, e, backupJob{home: home, path: path, to: to, root: c.Bool("with-root")})
			if err != nil {
				return err
			}
			if e.JSON && path != dash {
				return printJSON(e.Stdout, struct {
					File string `json:"file"`
					backup.Counts
				}{path, counts})
			}
			complain(e.Stderr, "", fmt.Sprintf("wrote %d files and %d entries of the store; keep it apart from this machine", counts.Files, counts.Pairs))
			if path == dash {
				return nil
			}
			_, err = fmt.Fprintln(e.Stdout, path)
			return err
		},
	})
}

func backupRecipients(ctx context.Context, e *env, c *cli.Context) ([]age.Recipient, error) {
	var to []age.Recipient
	for _, typed := range c.StringSlice("recipient") {
		r, err := age.ParseX25519Recipient(typed)
		if err != nil {
			return nil, usageErrorf("age-keygen -y prints the recipient of an identity", "--recipient %q is not an age recipient", typed)
		}
		to = append(to, r)
	}
	if len(to) > 0 {
		if c.IsSet("passphrase-file") {
			return nil, usageErrorf("choose one", "--recipient and --passphrase-file do not go together")
		}
		return to, nil
	}
	secret, err := backupPassphrase(ctx, e, c.String("passphrase-file"), true)
	if err != nil {
		return nil, err
	}
	r, err := age.NewScryptRecipient(secret)
	if err != nil {
		return nil, fmt.Errorf("use passphrase: %w", err)
	}
	return []age.Recipient{r}, nil
}

// backupPassphrase takes the passphrase of a backup from a file or the terminal, twice if it is a new one.
func backupPassphrase(ctx context.Context, e *env, file string, fresh bool) (secret string, err error) {
	const question = "Passphrase of the backup: "
	if fresh && file == "" {
		secret, err = askTwice(ctx, question)
	} else {
		secret, err = askKnown(ctx, e, file, question)
	}
	if err != nil {
		return "", err
	}
	return secret, longEnough(secret, fresh)
}

func longEnough(secret string, fresh bool) error {
	switch n := utf8.RuneCountInString(secret); {
	case n == 0:
		return usageErrorf("", "the passphrase is empty")
	case fresh && n < weakPassphrase:
		return usageErrorf("four words that nobody would put together are long enough",
			"the passphrase has fewer than %d characters; whoever copies the backup can try all of them", weakPassphrase)
	}
	return nil
}

// backupJob is one backup to be written.
type backupJob struct {
	home, path string
	to         []age.Recipient
	root       bool
}

// savedFiles are the files of the home directory that a backup holds, where they are there; beside them the
// keys that a node was rotated from, see keyfile.RetiredFiles.
func savedFiles() []string {
	return []string{keyfile.NodeFile, keyfile.UnlockFile, config.FileName, profileFile, "peers.txt", "communities.txt", "domains.txt"}
}

func createBackup(ctx context.Context, e *env, job backupJob) (backup.Counts, error) {
	var none backup.Counts
	unlock, err := unlockSource(e, job.home)
	if err != nil {
		return none, err
	}
	keys, err := keyfile.Load(job.home, unlock)
	if err != nil {
		return none, keyError(job.home, err)
	}
	files, err := homeFiles(job)
	if err != nil {
		return none, err
	}
	pairs, done, err := storePairs(ctx, e, job.home, keys.StoreKey)
	if err != nil {
		return none, err
	}
	defer done()
	content := backup.Content{Files: files, Pairs: pairs, Manifest: backup.Manifest{
		Created: e.Now().UTC(), Program: versionString(), Team: keys.Delegation.Team.String(), Node: keys.Delegation.Node.String(),
	}}
	if job.path == dash {
		return writeBackup(e.Stdout, job.to, content)
	}
	f, err := newFile(job.path, 0o600)
	if err != nil {
		return none, err
	}
	counts, err := writeBackup(f, job.to, content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		_ = os.Remove(job.path) // made here; half a backup is worse than none
		return none, err
	}
	return counts, nil
}

func writeBackup(w io.Writer, to []age.Recipient, content backup.Content) (backup.Counts, error) {
	out := bufio.NewWriterSize(w, 1<<20)
	counts, err := backup.Write(out, to, content)
	return counts, errors.Join(err, out.Flush())
}

func homeFiles(job backupJob) ([]backup.File, error) {
	old, err := filepath.Glob(filepath.Join(job.home, keyfile.RetiredFiles))
	if err != nil {
		return nil, fmt.Errorf("look for retired keys: %w", err)
	}
	names := savedFiles()
	for _, path := range old {
		names = append(names, filepath.Base(path))
	}
	if job.root {
		names = append(names, keyfile.RootFile)
	}
	var files []backup.File
	for _, name := range names {
		data, err := readLimited(filepath.Join(job.home, name), backup.MaxFile)
		if errors.Is(err, fs.ErrNotExist) {
			if name == keyfile.RootFile {
				return nil, &userError{Code: exitNotFound, Msg: "there is no root.key in " + job.home, Hint: "leave --with-root out: a root key that is kept elsewhere is safe there"}
			}
			continue
		}
		if err != nil {
			return nil, cannotRead("", err)
		}
		files = append(files, backup.File{Name: name, Data: data})
	}
	return files, nil
}

// storePairs asks the daemon for its store, or opens the store itself where no daemon runs.
func storePairs(ctx context.Context, e *env, home string, key []byte) (pairs backup.Pairs, done func(), err error) {
	d, err := dial(e)
	if err != nil {
		return nil, nil, err
	}
	stream, err := d.Backup(ctx)
	if err == nil {
		return func(fn func(key, value []byte) error) error { return backup.ReadPairs(stream, fn) },
			func() { _ = stream.Close() }, nil // only read from
	}
	if !errors.Is(err, client.ErrNotRunning) {
		return nil, nil, err
	}
	loaded, err := loadSettings(settingsSource(e, home, nil))
	if err != nil {
		return nil, nil, err
	}
	dir := config.Path(home, loaded.Store.Dir)
	if !exists(dir) {
		return func(func(key, value []byte) error) error { return nil }, func() {}, nil // a node that never ran
	}
	st, err := store.Open(store.Options{Dir: dir, Key: key})
	if err != nil {
		return nil, nil, daemonError(home, err)
	}
	return func(fn func(key, value []byte) error) error { return st.Scan(nil, false, fn) }, func() { _ = st.Close() }, nil // only read from
}

// backupIdentity opens a backup with an age identity file or a passphrase.
func backupIdentity(ctx context.Context, e *env, c *cli.Context) (age.Identity, error) {
	if path := c.String("identity"); path != "" {
		text, err := readInput(e, path, 16<<10)
		if err != nil {
			return nil, cannotRead("", err)
		}
		ids, err := age.ParseIdentities(bytes.NewReader(text))
		if err != nil || len(ids) != 1 {
			return nil, &userError{Code: exitFailed, Msg: inputName(path) + " does not hold exactly one age identity", Hint: "a file as age-keygen writes it"}
		}
		return ids[0], nil
	}
	secret, err := backupPassphrase(ctx, e, c.String("passphrase-file"), false)
	if err != nil {
		return nil, err
	}
	id, err := age.NewScryptIdentity(secret)
	if err != nil {
		return nil, usageErrorf("", "the passphrase is empty")
	}
	return id, nil
}
