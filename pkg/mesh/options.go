package mesh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/policy"
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
	Records
	Keys

	// Statements returns the IDs of all statements here, ascending.
	Statements() []record.StatementID
	// StatementFrames returns the frames of those of the given statements that the team may have.
	StatementFrames(ids []record.StatementID, to identity.TeamID) [][]byte
	// PutAddress keeps a peer's signed address record, replacing the one before.
	PutAddress(peer string, signedRecord []byte) error
	// Addresses calls fn for each record kept. The slices are valid only during the call.
	Addresses(fn func(peer string, signedRecord []byte)) error
}

// Records is what the mesh reads of the records here, and of bodies.
type Records interface {
	// PrivateChannels returns the channels of two teams of which records are here.
	PrivateChannels() []record.Channel
	// SetFor returns the IDs of those records of a channel that the team may have, as of one moment: of a
	// member all of them, of an observer what is for observers.
	SetFor(ch record.Channel, team identity.TeamID, now time.Time) reconcile.Set
	// FrameFor returns a kept record's frame as it may go to the team, or an error where it may not. It is
	// the only way in which the bytes of a record leave. The zero team stands for all members of the
	// record's community, on its topic.
	FrameFor(id record.ID, team identity.TeamID, via policy.Action) ([]byte, error)
	// MayRead reports whether the team may have the records of the channel.
	MayRead(team identity.TeamID, ch record.Channel) bool
	// ChunkFor returns the leaves of a detached body and its chunk n, as FrameFor does the frame.
	ChunkFor(id record.ID, n int, team identity.TeamID) (leaves [][32]byte, chunk []byte, err error)
}

// Keys is what the mesh carries of keys that seal bodies. It opens none of them.
type Keys interface {
	// WantedKeys returns the keys of kept records that cannot be opened.
	WantedKeys() []replica.KeyAsk
	// WrapsFor returns statements that hand the keys to a node, less those that are not here or that it
	// may not have. sealing is the node's sealing public key.
	WrapsFor(now time.Time, to *identity.Delegation, sealing []byte, asks []replica.KeyAsk) [][]byte
	// TakeWraps takes statements that hand keys to this node and returns how many it keeps, durably.
	TakeWraps(now time.Time, from identity.TeamID, frames [][]byte) (taken int)
	// SealingKey returns the sealing public key that delegations name by this digest.
	SealingKey(digest [32]byte) ([]byte, bool)
	// PutSealingKey keeps a sealing public key.
	PutSealingKey(key []byte) error
	// MissingSealingKeys returns the digests of those that this node has a use for and does not have.
	MissingSealingKeys() [][32]byte
}

// Roster says who belongs where, as of one moment. *roster.Roster is one.
type Roster interface {
	// Claims returns the delegations in force at at that name the transport key with this digest, one for
	// each team, less those of a root that was replaced and of node keys that were revoked or are frozen:
	// who holds such a key is nobody. There is more than one where a root names a key that is not its node's.
	Claims(transportDigest [32]byte, at time.Time) []*identity.Delegation
	CommunitiesOf(team identity.TeamID) []identity.CommunityID
	Member(c identity.CommunityID, team identity.TeamID) bool
	// Observer reports whether the team applied to the community, a member sponsors it, and it is no member
	// yet. ObservedBy returns the communities of which it is one, ascending.
	Observer(c identity.CommunityID, team identity.TeamID) bool
	ObservedBy(team identity.TeamID) []identity.CommunityID
	// Canonical returns the ID that a team has now, where its root key was replaced.
	Canonical(team identity.TeamID) identity.TeamID
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
	// OnTwin: a node of the team hears two processes that speak with this node's key, of which this is one, or may.
	OnTwin func(from identity.TeamID, now Company)
	// OnAhead: a node of the team keeps records of this node outside, which are that far ahead of its clock.
	OnAhead func(from identity.TeamID, ahead time.Duration)
	// OnKeys: a node of the team handed over keys that this node lacked.
	OnKeys func(from identity.TeamID, taken int)
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

	Listen       []string // multiaddrs to listen on, TCP and QUIC; none: outbound only
	Announce     []string // multiaddrs under which others reach this node, told before those it sees itself
	AnnounceOnly bool     // what it sees itself is told to nobody
	Static       []string // multiaddrs with /p2p/ID, also /dns4, /dns6 and /dnsaddr; always kept connected
	MDNS         bool     // find and be found by nodes in the local network
	Profile      Profile
	AheadOf      func(team identity.TeamID) time.Duration // how far ahead of ours the clock of a team is whose records we keep outside for that; nil: never
	SyncPeriod   time.Duration                            // between two periodic sessions; 0: 5 minutes
	Events       Events
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
