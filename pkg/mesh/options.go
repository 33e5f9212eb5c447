package mesh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/reconcile"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// Door is the way in for everything that peers send. Both methods may be called from many goroutines.
type Door interface {
	// Ingest passes the frames through the one door and returns when what was accepted is durable: one
	// outcome per arrival, in order. An error means that nothing is known of any of them.
	Ingest(ctx context.Context, arrivals []replica.Arrival) ([]replica.Outcome, error)
	// AddStatements offers statements that came from a peer of the given team (zero: unknown) and
	// returns how many were new and kept.
	AddStatements(ctx context.Context, from identity.TeamID, frames [][]byte) (news int, err error)
}

// Copy is what the mesh reads of this node's copy of the record set, and where it keeps addresses. It
// must be safe for concurrent use. *replica.Replica is one.
type Copy interface {
	// Statements returns the IDs of all statements here, ascending.
	Statements() []record.StatementID
	// StatementFrames returns the frames of those of the given statements that the team may have.
	StatementFrames(ids []record.StatementID, to identity.TeamID) [][]byte
	// Set returns the IDs of a channel as of one moment.
	Set(ch record.Channel, now time.Time) reconcile.Set
	// Frame returns a kept record's frame.
	Frame(id record.ID) ([]byte, error)
	// MayRead reports whether the team may have the records of the channel.
	MayRead(team identity.TeamID, ch record.Channel) bool
	// Chunk returns chunk n of a detached body, and for n = 0 all its leaves.
	Chunk(id record.ID, n int) (leaves [][32]byte, chunk []byte, err error)
	// PutAddress keeps a peer's signed address record, replacing the one before.
	PutAddress(peer string, signedRecord []byte) error
	// Addresses calls fn for each record kept. The slices are valid only during the call.
	Addresses(fn func(peer string, signedRecord []byte)) error
}

// Roster says who belongs where, as of one moment. *roster.Roster is one.
type Roster interface {
	// Claims returns the delegations in force at at that name the transport key with this digest, one for
	// each team. There is more than one where a root names a key that is not its node's.
	Claims(transportDigest [32]byte, at time.Time) []*identity.Delegation
	CommunitiesOf(team identity.TeamID) []identity.CommunityID
	Member(c identity.CommunityID, team identity.TeamID) bool
}

// Profile is how much a node gives for how quick it is.
type Profile string

// The profiles.
const (
	// Balanced is the default: four mesh neighbours per topic. With flood publishing an author's
	// neighbours have a record at once; forwarding costs half of what Wide costs.
	Balanced Profile = ""
	// Wide keeps eight neighbours: for nodes with bandwidth in communities of hundreds.
	Wide Profile = "wide"
	// Leaf keeps two neighbours and gossips no IDs: for a node on a thin or dear line.
	Leaf Profile = "leaf"
)

// Events are called as things happen. Each may be nil. They are called from the mesh's goroutines, one
// at a time per peer, and must not block for long or call Close.
type Events struct {
	// OnPeer: a hello with a node of a known team is over (again, if its communities changed).
	OnPeer func(PeerInfo)
	// OnGone: the last connection to a node that OnPeer named has ended.
	OnGone func(PeerInfo)
	// OnInStep: this node and a node of the team compared the channel and hold the same records. What the
	// team had written by at, the moment before the comparison began, is here.
	OnInStep func(ch record.Channel, team identity.TeamID, at time.Time)
	// OnStatements: statements from a peer were new; the mesh has refreshed itself already.
	OnStatements func(from identity.TeamID, news int)
}

// Options configure a Mesh.
type Options struct {
	Key        *identity.NodeKey    // required; the host's identity is its transport key
	Delegation *identity.Delegation // required; shown in hello
	Door       Door                 // required
	Copy       Copy                 // required
	Roster     func() Roster        // required; the roster of now, called often
	Now        func() time.Time     // required
	Rand       io.Reader            // required; seeds jitter and choice, nothing secret
	Logger     *slog.Logger         // required; never gets bodies

	Listen     []string // multiaddrs to listen on, TCP and QUIC; none: outbound only
	Announce   []string // multiaddrs under which others reach this node, told before those it sees itself
	Static     []string // multiaddrs with /p2p/ID, also /dns4, /dns6 and /dnsaddr; always kept connected
	MDNS       bool     // find and be found by nodes in the local network
	Profile    Profile
	SyncPeriod time.Duration // between two periodic sessions; 0: 5 minutes
	Events     Events
}

func (o *Options) validate() error {
	switch {
	case o.Key == nil, o.Delegation == nil:
		return errors.New("mesh needs a node key and its delegation")
	case o.Delegation.Node != o.Key.Node():
		return errors.New("mesh was given the delegation of another node key")
	case o.Door == nil, o.Copy == nil, o.Roster == nil:
		return errors.New("mesh needs a door, a copy and a roster")
	case o.Now == nil, o.Rand == nil, o.Logger == nil:
		return errors.New("mesh needs a clock, randomness and a logger")
	case o.SyncPeriod < 0:
		return errors.New("mesh: the sync period is negative")
	}
	switch o.Profile {
	case Balanced, Wide, Leaf:
	default:
		return fmt.Errorf("mesh: unknown profile %q", o.Profile)
	}
	if o.SyncPeriod == 0 {
		o.SyncPeriod = syncPeriod
	}
	return nil
}
