package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"tocsin/node/config"
	"tocsin/node/httpapi"
	"tocsin/pkg/identity"
	"tocsin/pkg/keyfile"
	"tocsin/pkg/mesh"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// stopTime bounds Stop.
const stopTime = 15 * time.Second

// Network is what the node uses of the mesh; *mesh.Mesh is one. Its methods say there what they
// promise.
type Network interface {
	Run(ctx context.Context) error
	Close() error
	Publish(ctx context.Context, ch record.Channel, frame []byte) error
	Deliver(ctx context.Context, team identity.TeamID, frames [][]byte) ([]policy.Judgement, error)
	Sync(ch record.Channel, team identity.TeamID) int
	FetchBody(ctx context.Context, r *record.Record, part *mesh.Partial) ([]byte, error)
	Refresh()
	Greet(team identity.TeamID)
	GiveKeys(keys ...replica.KeyAsk)
	Peers() []mesh.PeerInfo
	Dials() []mesh.DialInfo
	Addrs() []string
	AddAddress(addr string) error
}

// Options say what a node is made of.
type Options struct {
	Home   string        // required; the directory of store, address book and socket
	Config config.Config // required; as config.Load returned it
	Keys   *keyfile.Node // required; the caller found and opened them, as keys.unlock of the settings says
	// Retired are the keys that this node had before: what was sealed to them opens with them.
	Retired []*identity.NodeKey
	Version string           // of the program, for status
	Logger  *slog.Logger     // required
	Now     func() time.Time // required
	Rand    io.Reader        // required
	// Getenv reads the environment, of which the node wants NOTIFY_SOCKET. Nil: it is empty.
	Getenv func(string) string

	// Store opens the store. Nil: the one in Home. For tests and other engines.
	Store func() (replica.Store, error)
	// Network opens the network. Nil: the mesh. For tests and simulations.
	Network func(mesh.Options) (Network, error)
	// Listen makes the socket. Nil: the one in Home. It may return nil for none.
	Listen func(ctx context.Context, path string) (net.Listener, error)
}

func (o *Options) validate() error {
	switch {
	case o.Home == "":
		return errors.New("node needs a home directory")
	case o.Keys == nil:
		return errors.New("node needs keys")
	case o.Logger == nil:
		return errors.New("node needs a logger")
	case o.Now == nil || o.Rand == nil:
		return errors.New("node needs a clock and randomness")
	}
	if err := o.Config.Check(); err != nil {
		return err
	}
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	if o.Network == nil {
		o.Network = func(m mesh.Options) (Network, error) { return mesh.New(m) }
	}
	if o.Listen == nil {
		o.Listen = httpapi.Listen
	}
	return nil
}

// Node is one daemon. Make it with New, then call Run, or Start and Stop.
type Node struct {
	opt     Options
	log     *slog.Logger
	now     func() time.Time
	started time.Time
	ready   time.Duration // set by Start before anything serves

	key      *identity.NodeKey // signs cards, invites and charters; records and statements are the replica's
	replica  *replica.Replica
	door     *door
	net      Network
	hub      *hub
	server   *httpapi.Server
	listener net.Listener // nil for none

	outbox   *outbox
	receipts *receipts
	bodies   *bodies
	steps    *replica.Steps
	compared chan struct{} // room for one: steps have something to note
	unsent   *unsent
	names    atomic.Pointer[nameIndex] // of the roster that was asked about last
	skew     *skew
	twin     *twin
	book     *book
	joined   *book
	proofs   *book
	marking  sync.Mutex    // held while a held document goes out or is dropped, so that it goes once
	members  chan struct{} // room for one: statements changed, so that applications may be due

	stops  stops
	failed chan error // room for one: the first part that fails ends the node
}

// New opens everything and starts nothing. A failure closes what was opened.
func New(ctx context.Context, opt Options) (*Node, error) {
	if err := opt.validate(); err != nil {
		return nil, err
	}
	n := &Node{
		opt: opt, log: opt.Logger, now: opt.Now, started: opt.Now(), key: opt.Keys.Key, failed: make(chan error, 1),
	}
	if err := n.open(ctx); err != nil {
		return nil, errors.Join(err, n.Stop(ctx))
	}
	return n, nil
}

// open is one straight line on purpose: each thing is made from those above it, and comes down after
// those below it.
func (n *Node) open(ctx context.Context) error {
	keys := n.opt.Keys
	st, err := n.openStore()
	if err != nil {
		return err
	}
	n.stops.push("store", func(context.Context) error { return st.Close() })

	n.replica, err = replica.Open(replica.Options{
		Store: st, Key: keys.Key, Delegation: keys.Delegation, Retired: n.opt.Retired, Rand: n.opt.Rand, Parallel: parallel,
		Limits: policy.Limits{
			Ahead: n.opt.Config.Limits.ClockAhead.Std(), PrivateRetention: n.opt.Config.Store.PrivateRetention.Std(),
		},
		ReceiptGrace: receiptGrace,
	}, n.now())
	if err != nil {
		return err
	}
	n.hub = newHub(n.started)
	n.outbox, n.receipts, n.bodies = newOutbox(), newReceipts(), newBodies()
	n.steps, n.compared = replica.NewSteps(n.started, gapLimit), make(chan struct{}, 1)
	n.unsent, n.skew = newUnsent(), newSkew()
	n.twin = newTwin()
	n.door = newDoor(n.replica, n.now, n.opt.Config.Limits.Queue)
	n.door.before, n.door.after = n.look, n.committed
	n.book, n.joined, n.proofs = newAddressBook(n.opt.Home), newJoinedBook(n.opt.Home), newProofBook(n.opt.Home)
	n.members = make(chan struct{}, 1)
	n.recallJoined(ctx)

	if n.net, err = n.opt.Network(n.meshOptions()); err != nil {
		return fmt.Errorf("open mesh: %w", err)
	}
	n.stops.push("mesh", func(context.Context) error { return n.net.Close() })
	n.callBook(ctx)

	if n.server, err = httpapi.New(httpapi.Options{
		Service: n, Logger: n.log, Until: func() time.Time { return n.replica.Delegation().Until },
	}); err != nil {
		return err
	}
	path := n.Addr()
	if n.listener, err = n.opt.Listen(ctx, path); err != nil {
		return err
	}
	if l := n.listener; l != nil {
		n.stops.push("socket", func(context.Context) error {
			if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
				return err
			}
			return nil
		})
	}
	return nil
}

// Addr returns the path of the local API's socket.
func (n *Node) Addr() string { return config.Path(n.opt.Home, n.opt.Config.Socket) }

// Start starts every goroutine and returns. The node serves from then on, until Stop; ctx gives
// values, not an end.
func (n *Node) Start(ctx context.Context) error {
	n.ready = n.now().Sub(n.started)
	n.goOn(ctx, "door", n.door.Run)
	n.goOn(ctx, "mesh run", n.net.Run)
	n.goOn(ctx, "outbox", n.runOutbox)
	n.goOn(ctx, "receipts", n.runReceipts)
	n.goOn(ctx, "bodies", n.runBodies)
	n.goOn(ctx, "tending", n.runTending)
	if l := n.listener; l != nil {
		n.goOn(ctx, "local api", func(ctx context.Context) error { return n.server.Serve(ctx, l) })
	}
	n.log.InfoContext(ctx, "ready", slog.Duration("after", n.ready), slog.String("version", n.opt.Version),
		slog.String("team", n.replica.Self().String()), slog.String("socket", n.Addr()), slog.Any("addresses", n.net.Addrs()))
	if err := tellSystemd(n.opt.Getenv("NOTIFY_SOCKET"), "READY=1"); err != nil {
		n.log.WarnContext(ctx, "could not tell systemd", slog.Any("err", err))
	}
	return nil
}

// goOn runs a part in a goroutine of its own and puts its end on the stack.
func (n *Node) goOn(ctx context.Context, name string, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var done sync.WaitGroup
	done.Go(func() {
		if err := run(ctx); err != nil && ctx.Err() == nil {
			select {
			case n.failed <- fmt.Errorf("%s: %w", name, err):
			default: // the first failure ends the node; this one came of it
			}
		}
	})
	n.stops.push(name, func(context.Context) error {
		cancel()
		done.Wait()
		return nil
	})
}

// Stop ends everything in the opposite order, within stopTime. It may be called more than once.
func (n *Node) Stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	return n.stops.unwind(ctx, n.log)
}

// Run starts the node and stops it when ctx ends or a part fails.
func (n *Node) Run(ctx context.Context) error {
	if err := n.Start(ctx); err != nil {
		return errors.Join(err, n.Stop(ctx))
	}
	var failure error
	select {
	case <-ctx.Done():
	case failure = <-n.failed:
		n.log.ErrorContext(ctx, "a part of the node failed", slog.Any("err", failure))
	}
	_ = tellSystemd(n.opt.Getenv("NOTIFY_SOCKET"), "STOPPING=1") // the end comes with or without it
	n.log.InfoContext(ctx, "shutting down")
	err := errors.Join(failure, n.Stop(ctx))
	n.log.InfoContext(ctx, "shut down")
	return err
}
