package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"tocsin/node/config"
	"tocsin/pkg/keyfile"
)

// settingsSource is where the settings of this node are read from. flags are values by key, over all others.
func settingsSource(e *env, home string, flags map[string][]string) config.Source {
	src := config.Source{File: filepath.Join(home, config.FileName), Flags: flags}
	if e.Environ != nil {
		src.Env = e.Environ()
	}
	return src
}

// loadSettings reads them; a mistake is a usage error with a line for each.
func loadSettings(src config.Source) (*config.Loaded, error) {
	loaded, err := config.Load(src)
	if _, ok := errors.AsType[config.Errors](err); ok {
		return nil, &userError{Code: exitUsage, Err: err, Hint: "tocsin config check tells whether it is right; tocsin config show --origin where each value is from"}
	}
	if err != nil {
		return nil, &userError{Code: exitFailed, Err: err}
	}
	return loaded, nil
}

// socketPath is where the daemon of this node listens. The settings are read only if there are any, so that an ordinary command
// does not pay for them.
func socketPath(e *env) (string, error) {
	home, err := e.home()
	if err != nil {
		return "", err
	}
	if e.Getenv(config.EnvName("socket")) == "" && !exists(filepath.Join(home, config.FileName)) {
		return config.Path(home, config.Default().Socket), nil
	}
	loaded, err := loadSettings(settingsSource(e, home, nil))
	if err != nil {
		return "", err
	}
	return config.Path(home, loaded.Socket), nil
}

// unlockSource says where the key that opens node.key is.
func unlockSource(e *env, home string) (keyfile.UnlockSource, error) {
	loaded, err := loadSettings(settingsSource(e, home, nil))
	if err != nil {
		return keyfile.UnlockSource{}, err
	}
	return unlockOf(e, home, loaded)
}

// unlockOf reads "credential:NAME" from the directory that systemd passes, and takes anything else as a path.
func unlockOf(e *env, home string, loaded *config.Loaded) (keyfile.UnlockSource, error) {
	name, ok := strings.CutPrefix(loaded.Keys.Unlock, "credential:")
	if !ok {
		return keyfile.UnlockSource{Path: config.Path(home, loaded.Keys.Unlock)}, nil
	}
	dir := e.Getenv("CREDENTIALS_DIRECTORY")
	if dir == "" {
		return keyfile.UnlockSource{}, &userError{
			Code: exitDenied, Msg: "keys.unlock names the credential " + name + ", but systemd has passed none",
			Hint: "run it from a unit with LoadCredential=" + name + ":PATH, or set keys.unlock to a file",
		}
	}
	if filepath.Base(name) != name || name == "." || name == ".." {
		return keyfile.UnlockSource{}, usageErrorf("", "keys.unlock: %q is not the name of a credential", name)
	}
	text, err := readLimited(filepath.Join(dir, name), 16<<10)
	if err != nil {
		code := exitFailed
		if errors.Is(err, os.ErrNotExist) {
			code = exitNotFound
		}
		return keyfile.UnlockSource{}, &userError{Code: code, Msg: "cannot read the credential: " + plainFileError(err)}
	}
	return keyfile.UnlockSource{Identity: text}, nil
}
