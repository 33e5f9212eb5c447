package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// startTime is how long a daemon may take until it answers; far above what it takes.
const startTime = 3 * time.Minute

// maxSocket is what the path of a Unix socket may have at most on the systems that we know.
const maxSocket = 100

// Options say how to make a Cluster.
type Options struct {
	Schema Schema
	// Binary is the program; see Build. Required.
	Binary string
	// Dir is where the teams' homes and files are made. Empty: a new directory that Close removes.
	Dir string
	// Env is added to the environment of all commands and daemons.
	Env []string
	// Record puts a relay before each node, by which alone the others are told to reach it and which keeps
	// what passes; see Recorded.
	Record bool
}

// Cluster is some teams with a node each. It is for one goroutine, but for its teams.
type Cluster struct {
	Schema Schema
	// Dir is where the teams' homes are; it is also the working directory of all commands, so that a
	// file which one team writes can be read by another, as if it had been sent by mail.
	Dir string

	binary string
	env    []string
	record bool
	ours   bool // Dir is to be removed
	teams  []*Team
	relays sync.WaitGroup
}

// New prepares the directories. Nothing runs yet: Boot starts it all, or start teams one by one.
func New(o Options) (*Cluster, error) {
	if err := o.Schema.validate(); err != nil {
		return nil, fmt.Errorf("new cluster: %w", err)
	}
	binary, err := filepath.Abs(o.Binary)
	if err != nil {
		return nil, fmt.Errorf("new cluster: %w", err)
	}
	if _, err := os.Stat(binary); o.Binary == "" || err != nil {
		return nil, fmt.Errorf("new cluster: no program at %q", o.Binary)
	}
	c := &Cluster{Schema: o.Schema, Dir: o.Dir, binary: binary, env: o.Env, record: o.Record}
	if c.Dir == "" {
		if c.Dir, err = tempDir(); err != nil {
			return nil, fmt.Errorf("new cluster: %w", err)
		}
		c.ours = true
	}
	for i, s := range o.Schema.Teams {
		if err := c.enter(i, s.Name); err != nil {
			return nil, errors.Join(fmt.Errorf("new cluster: %w", err), c.Close())
		}
	}
	return c, nil
}

// Add adds a team that comes later, as MakeIdentity and Start, or Boot, would have found it.
func (c *Cluster) Add(s TeamSchema) (*Team, error) {
	schema := c.Schema
	schema.Teams = append(slices.Clone(schema.Teams), s)
	if err := schema.validate(); err != nil {
		return nil, fmt.Errorf("add team: %w", err)
	}
	if err := c.enter(len(c.teams), s.Name); err != nil {
		return nil, fmt.Errorf("add team: %w", err)
	}
	c.Schema = schema
	return c.teams[len(c.teams)-1], nil
}

func (c *Cluster) enter(i int, name string) error {
	t := &Team{Name: name, Home: filepath.Join(c.Dir, fmt.Sprintf("n%d", i)), cluster: c}
	if socket := filepath.Join(t.Home, "tocsin.sock"); len(socket) > maxSocket {
		return fmt.Errorf("the path %s is too long for a socket", socket)
	}
	if c.record {
		var err error
		if t.relay, err = openRelay(); err != nil {
			return err
		}
		c.relays.Go(t.relay.serve)
	}
	c.teams = append(c.teams, t)
	return nil
}

// tempDir makes a directory whose path leaves room for that of a socket.
func tempDir() (string, error) {
	parent := os.TempDir()
	if len(parent) > maxSocket/2 {
		parent = "/tmp"
	}
	return os.MkdirTemp(parent, "tocsin-")
}

// Start makes a cluster and boots it. Close it in any case but an error.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	c, err := New(o)
	if err != nil {
		return nil, err
	}
	if err := c.Boot(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Teams returns all teams, in the order of the schema.
func (c *Cluster) Teams() []*Team { return c.teams }

// Team returns the team of that name, which must be in the schema.
func (c *Cluster) Team(name string) *Team {
	for _, t := range c.teams {
		if t.Name == name {
			return t
		}
	}
	panic("no team " + name + " in the schema")
}

// Each calls do for all teams at once and returns their errors.
func (c *Cluster) Each(do func(*Team) error) error {
	errs := make([]error, len(c.teams))
	var all sync.WaitGroup
	for i, t := range c.teams {
		all.Go(func() { errs[i] = do(t) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// Close stops all daemons, in order where they let themselves be stopped, and removes the directory if
// New made it. The error says which daemons did not stop in order.
func (c *Cluster) Close() error {
	err := c.Each((*Team).Stop)
	for _, t := range c.teams {
		if t.relay != nil {
			err = errors.Join(err, t.relay.close())
		}
	}
	c.relays.Wait()
	if c.ours {
		err = errors.Join(err, os.RemoveAll(c.Dir))
	}
	return err
}

// Dump describes the state of each node for whoever has to find out what went wrong.
func (c *Cluster) Dump(ctx context.Context) string {
	var b strings.Builder
	for _, t := range c.teams {
		fmt.Fprintf(&b, "--- %s (%s)\n", t.Name, t.Home)
		if !t.Running() {
			b.WriteString("not running\n")
		} else if s, err := t.Client().Status(ctx); err != nil {
			fmt.Fprintf(&b, "no status: %v\n", err)
		} else {
			fmt.Fprintf(&b, "records %v, statements %d, outbox %d, peers", s.Records, s.Statements, s.Outbox)
			for _, p := range s.Peers {
				b.WriteString(" " + p.Team.Name)
			}
			b.WriteByte('\n')
		}
		b.WriteString(t.LogTail())
	}
	return b.String()
}

// Until asks the condition again and again until it is nil, and gives up after patience with its last
// answer and a dump of the cluster.
func (c *Cluster) Until(ctx context.Context, patience time.Duration, condition func(context.Context) error) error {
	deadline, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := condition(deadline)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline.Done():
			return fmt.Errorf("waited %s: %w\n%s", patience, err, c.Dump(ctx))
		case <-tick.C:
		}
	}
}
