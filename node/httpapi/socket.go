package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// ErrInUse says that another daemon listens on the socket.
var ErrInUse = errors.New("another daemon listens there")

// socketMode lets the owner alone connect; peerUser checks it again.
const socketMode = 0o600

// Listen makes the socket. A socket that nobody listens on is replaced; anything else at the path is
// left alone and is an error. The caller holds the home directory's lock, so that no other daemon
// does the same at this moment.
//
// The socket is bound inside a directory that nobody else can enter, given its mode there, and moved
// into place: at no moment is it open to others, and no umask of the whole process is touched.
func Listen(ctx context.Context, path string) (net.Listener, error) {
	if err := vacant(ctx, path); err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), ".s")
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	defer func() { _ = os.Remove(dir) }()
	inside := filepath.Join(dir, "s")
	l, err := (&net.ListenConfig{}).Listen(ctx, "unix", inside)
	if err != nil {
		if errors.Is(err, syscall.EINVAL) {
			return nil, fmt.Errorf("listen on %s: the path is too long for a socket; choose a shorter one in the settings (socket)", path)
		}
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	made, err := settle(inside, path)
	if err != nil {
		_ = os.Remove(inside)
		return nil, errors.Join(fmt.Errorf("listen on %s: %w", path, err), l.Close())
	}
	return &listener{Listener: l, path: path, made: made}, nil
}

func settle(inside, path string) (fs.FileInfo, error) {
	if err := os.Chmod(inside, socketMode); err != nil {
		return nil, err
	}
	if err := os.Rename(inside, path); err != nil {
		return nil, err
	}
	return os.Lstat(path)
}

// vacant reports an error unless the path is free or holds a socket that nobody listens on.
func vacant(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return errors.New("something that is not a socket is there; move it away")
	}
	d := net.Dialer{Timeout: 2 * time.Second}
	c, err := d.DialContext(ctx, "unix", path)
	switch {
	case err == nil:
		return errors.Join(ErrInUse, c.Close())
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, fs.ErrNotExist):
		return nil // left behind by a daemon that was killed
	}
	return fmt.Errorf("cannot tell whether a daemon listens there: %w", err)
}

// listener takes its socket away when it closes, if it is still its own.
type listener struct {
	net.Listener
	path string
	made fs.FileInfo
	once sync.Once
	err  error
}

// Close implements net.Listener.
func (l *listener) Close() error {
	l.once.Do(func() {
		if now, err := os.Lstat(l.path); err == nil && os.SameFile(now, l.made) {
			l.err = os.Remove(l.path)
		}
		l.err = errors.Join(l.err, l.Listener.Close())
	})
	return l.err
}
