package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// stopTime is how long a daemon may take for an orderly stop. It bounds itself to 15 seconds, if the machine lets it run.
const stopTime = time.Minute

// process is one run of a daemon.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed once it was reaped
	err  error         // how it ended; valid after done
}

// startDaemon starts the daemon of the home directory. It runs until it is stopped or killed; ctx gives
// values, not an end, so that an interrupted caller can still stop it in order.
func (t *Team) startDaemon(ctx context.Context) (*process, error) {
	log, err := os.OpenFile(t.logPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start daemon of %s: %w", t.Name, err)
	}
	defer log.Close() //nolint:errcheck // the daemon writes through its own descriptor

	cmd := exec.CommandContext(context.WithoutCancel(ctx), t.cluster.binary, "daemon") //nolint:gosec // the program under test
	cmd.Dir, cmd.Env = t.cluster.Dir, t.environment()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = apart()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start daemon of %s: %w", t.Name, err)
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// kill ends the process at once, as a loss of power would for it, and waits until it is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // gone already is as good
	<-p.done
}

// stop asks for an orderly end. An error means that it did not come about; the process is gone anyway.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.kill()
		return fmt.Errorf("interrupt daemon: %w", err)
	}
	late := time.NewTimer(stopTime)
	defer late.Stop()
	select {
	case <-p.done:
		return p.err
	case <-late.C:
		p.kill()
		return fmt.Errorf("daemon did not stop within %s", stopTime)
	}
}

// running reports whether the process is there.
func (p *process) running() bool {
	if p == nil {
		return false
	}
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Build compiles the program from this checkout into dir and returns its path.
func Build(ctx context.Context, dir string) (string, error) {
	binary := filepath.Join(dir, "tocsin")
	out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "tocsin/cmd/tocsin").CombinedOutput() //nolint:gosec // fixed words
	if err != nil {
		return "", fmt.Errorf("build tocsin: %w\n%s", err, out)
	}
	return binary, nil
}
