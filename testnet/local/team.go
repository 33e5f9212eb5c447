package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"tocsin/pkg/client"
)

// commandTime bounds one command.
const commandTime = 3 * time.Minute

// maxOutput bounds what is kept of a command's answer.
const maxOutput = 32 << 20

// Team is one team's node and its operator's shell. It is for one goroutine, but for Client, Run and
// Running.
type Team struct {
	Name string
	// Home is the node's home directory.
	Home string

	cluster *Cluster
	relay   *relay   // nil unless what the nodes say is recorded
	daemon  *process // nil before the first start
}

// Result is what a command did.
type Result struct {
	Stdout, Stderr string
	Code           int
}

// Client returns a client of the team's daemon.
func (t *Team) Client() *client.Client { return client.New(filepath.Join(t.Home, "tocsin.sock")) }

// Run runs one command of the program as the team's operator. An exit code is no error; that the
// command could not be run, or took longer than a minute, is.
func (t *Team) Run(ctx context.Context, args ...string) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, t.cluster.binary, args...) //nolint:gosec // the program under test
	cmd.Dir, cmd.Env = t.cluster.Dir, t.environment()
	var stdout, stderr bounded
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	r := Result{Stdout: stdout.String(), Stderr: stderr.String(), Code: cmd.ProcessState.ExitCode()}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return r, fmt.Errorf("run tocsin %s: %w", strings.Join(args, " "), ctx.Err())
	case err != nil && !errors.As(err, &exit):
		return r, fmt.Errorf("run tocsin %s: %w", strings.Join(args, " "), err)
	}
	return r, nil
}

// bounded is a buffer that stops a command which says more than maxOutput.
type bounded struct{ bytes.Buffer }

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxOutput {
		return 0, fmt.Errorf("command printed more than %d bytes", maxOutput)
	}
	return b.Buffer.Write(p)
}

// Launch starts the daemon without waiting for it, and Ready waits until it answers.
func (t *Team) Launch(ctx context.Context) error {
	if t.daemon.running() {
		return fmt.Errorf("start daemon of %s: it is running", t.Name)
	}
	p, err := t.startDaemon(ctx)
	if err == nil {
		t.daemon = p
	}
	return err
}

// Ready waits until the daemon answers on its socket.
func (t *Team) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := t.Client().Status(ctx); err == nil {
			return nil
		}
		select {
		case <-t.daemon.done:
			return fmt.Errorf("daemon of %s ended: %w\n%s", t.Name, t.daemon.err, t.LogTail())
		case <-ctx.Done():
			return fmt.Errorf("daemon of %s is not ready: %w\n%s", t.Name, ctx.Err(), t.LogTail())
		case <-tick.C:
		}
	}
}

// Start starts the daemon and waits until it answers.
func (t *Team) Start(ctx context.Context) error {
	if err := t.Launch(ctx); err != nil {
		return err
	}
	return t.Ready(ctx)
}

// Running reports whether the daemon's process is there.
func (t *Team) Running() bool { return t.daemon.running() }

// Pid returns the number of the daemon's process, or 0.
func (t *Team) Pid() int {
	if !t.daemon.running() {
		return 0
	}
	return t.daemon.cmd.Process.Pid
}

// Kill ends the daemon with SIGKILL and waits until it is gone.
func (t *Team) Kill() {
	if t.daemon != nil {
		t.daemon.kill()
	}
}

// Stop ends the daemon in order. An error says that it ended otherwise.
func (t *Team) Stop() error {
	if !t.daemon.running() {
		return nil
	}
	if err := t.daemon.stop(); err != nil {
		return fmt.Errorf("stop daemon of %s: %w\n%s", t.Name, err, t.LogTail())
	}
	return nil
}

// Restart stops the daemon in order and starts it again.
func (t *Team) Restart(ctx context.Context) error {
	if err := t.Stop(); err != nil {
		return err
	}
	return t.Start(ctx)
}

func (t *Team) logPath() string { return t.Home + ".log" }

// LogTail returns the last lines of the daemon's log.
func (t *Team) LogTail() string {
	const most = 4 << 10
	log, err := os.ReadFile(t.logPath())
	if err != nil {
		return "(no log: " + err.Error() + ")"
	}
	if len(log) > most {
		log = log[len(log)-most:]
		log = log[bytes.IndexByte(log, '\n')+1:]
	}
	return string(log)
}

// Log returns what the daemon logged so far.
func (t *Team) Log() ([]byte, error) { return os.ReadFile(t.logPath()) }

// environment is that of an operator who set nothing but where the node lives. The listening addresses
// are the system's choice, so that clusters do not meet.
func (t *Team) environment() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "TOCSIN_") {
			env = append(env, v)
		}
	}
	env = append(env, "HOME="+t.Home, "TOCSIN_HOME="+t.Home)
	if t.relay == nil {
		env = append(env, "TOCSIN_MESH_LISTEN=/ip4/127.0.0.1/tcp/0,/ip4/127.0.0.1/udp/0/quic-v1")
	} else {
		env = append(env, "TOCSIN_MESH_LISTEN="+multiaddr(t.relay.node), "TOCSIN_MESH_ANNOUNCE="+multiaddr(t.relay.listener.Addr()), "TOCSIN_MESH_ANNOUNCE_ONLY=true")
	}
	return append(env, t.cluster.env...)
}
