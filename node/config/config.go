// Package config is what an operator can set of a node, layered from defaults, the file config.toml,
// environment and flags. The comments of its fields are the manual: the template that the program
// prints is made from them, and a test holds the two together. It opens nothing but that file, and
// does not hold what belongs to the team (names, contacts) or to a community (retention, floors).
// Invariant: the zero value of no key is a trap; a Config that Load returned passes Check.
package config

import "path/filepath"

// Config is the settings of one node. Whoever can write the file can point the node to other peers,
// open it to the network or fill its log, but can neither forge what the team says nor read what it
// stores without the keys.
type Config struct {
	// Where the local API listens: a path, relative to the home directory. Who can open it speaks for
	// the team, so it is made with mode 0600 and answers its own user and root alone. At most 100
	// characters in full, a limit of Unix sockets.
	Socket string `toml:"socket"`

	Mesh      Mesh      `toml:"mesh"`
	Community Community `toml:"community"`
	Trust     Trust     `toml:"trust"`
	Keys      Keys      `toml:"keys"`
	Store     Store     `toml:"store"`
	Limits    Limits    `toml:"limits"`
	Log       Log       `toml:"log"`
}

// Mesh is how the node takes part in the network.
type Mesh struct {
	// Addresses to listen on, as multiaddrs. Without any the node only calls others, which is enough to
	// take part. Port 443 gets through most firewalls.
	Listen []string `toml:"listen"`
	// Addresses under which others reach this node, if they differ from those it sees itself, for
	// example behind a router that forwards a port. Members learn them, and cards and invites name them
	// first.
	Announce []string `toml:"announce"`
	// Tell others the addresses of announce alone: those of an inner network are of no use outside of it,
	// and nobody's business.
	AnnounceOnly bool `toml:"announce_only"`
	// Nodes to stay connected to, as multiaddrs that end in /p2p/ID; /dns4, /dns6 and /dnsaddr names
	// are looked up anew. Others are learnt from invites and from members, so this may stay empty.
	Peers []string `toml:"peers"`
	// Find, and be found by, nodes in the local network by multicast DNS. It tells the local network
	// that this machine runs tocsin.
	MDNS bool `toml:"mdns"`
	// How much the node gives for how quick it is: balanced, wide (for nodes with bandwidth in large
	// communities) or leaf (for a thin or dear line).
	Profile string `toml:"profile"`
	// How often the node compares what it has in each community with a member that it is connected to,
	// another one each time as chance has it. Gossip is faster; this is what makes sure. From 10s to 24h.
	SyncEvery Duration `toml:"sync_every"`
}

// The values of Community.Attest.
const (
	AttestAuto = "auto"
	AttestAsk  = "ask"
)

// Community is what the node does in its communities without being told each time.
type Community struct {
	// Who attests that an application lay open for its window, unopposed, which admits the team once as many
	// members say so as the charter asks: auto (the node, once the window has run by its clock) or ask
	// (nobody, until somebody runs tocsin community admit). Sponsoring and objecting are always a person's.
	Attest string `toml:"attest"`
}

// Trust is how this node sees teams. Others never learn of it.
type Trust struct {
	// How many vouches make a team one that is vouched for: by teams that are pinned here, counted once for
	// each parent organisation, so that one organisation with many teams does not speak for all. From 1 to 16.
	Vouches int `toml:"vouches"`
}

// Keys is where the keys are.
type Keys struct {
	// The key that opens node.key: a path, relative to the home directory; or credential:NAME for a
	// systemd credential (LoadCredential= in the unit). Who has it and node.key speaks as this node
	// until its delegation ends or is revoked.
	Unlock string `toml:"unlock"`
}

// Store is what the node keeps on disk, encrypted.
type Store struct {
	// The directory, relative to the home directory. Lost, it is filled again by the members of each
	// community; private requests and the ledger's own sightings are not.
	Dir string `toml:"dir"`
	// The most bytes the store may occupy, such as 20GiB; 0 for no limit but the disk. Of the last
	// eighth, at most 1GiB, each team has a share for what is urgent, and this node the rest. Beyond it
	// nothing new is kept; what others have is fetched once there is room. Where nothing is said, a store
	// that is larger already may grow by 4GiB at each start.
	Quota Size `toml:"quota"`
	// Nothing is written while fewer bytes than this are free on the disk. At least 128MiB: the store
	// needs room to tidy up.
	Floor Size `toml:"floor"`
	// How long private records are kept at least, from 30d to 3660d; as long as those of a community that
	// is shared with the other team if that is longer. What communities keep their charters say.
	PrivateRetention Duration `toml:"private_retention"`
}

// Limits is what the node takes from others.
type Limits struct {
	// How far a record's time may be ahead of this node's clock, from 1m to 24h. Records beyond it are
	// not kept until their time comes.
	ClockAhead Duration `toml:"clock_ahead"`
	// Bodies above 48 KiB do not ride with gossip. Up to this size they are fetched at once; larger
	// ones stay with those who have them. From 0 (none) to 16MiB.
	FetchBody Size `toml:"fetch_body"`
	// How many calls may wait for the disk at once, each something to publish or what a peer sent.
	// Beyond that a publish is told to come again, and peers wait.
	Queue int `toml:"queue"`
}

// Log is what the node says about itself, on standard error. Bodies are never logged.
type Log struct {
	// The least that is logged: debug, info, warn or error.
	Level string `toml:"level"`
	// The form of a line: text or json.
	Format string `toml:"format"`
}

// DefaultQuota is the quota of a store whose operator has said nothing.
const DefaultQuota = 16 * gibibyte

// Path returns where a path of the settings leads: it is relative to the home directory.
func Path(home, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(home, path)
}

// Default returns the settings of a node whose operator has said nothing.
func Default() Config {
	return Config{
		Socket: "tocsin.sock",
		Mesh: Mesh{
			Listen:    []string{"/ip4/0.0.0.0/udp/4733/quic-v1", "/ip6/::/udp/4733/quic-v1", "/ip4/0.0.0.0/tcp/4733", "/ip6/::/tcp/4733"},
			Announce:  []string{},
			Peers:     []string{},
			Profile:   "balanced",
			SyncEvery: 5 * minute,
		},
		Community: Community{Attest: AttestAuto},
		Trust:     Trust{Vouches: 2},
		Keys:      Keys{Unlock: "unlock.key"},
		Store:     Store{Dir: "store", Quota: DefaultQuota, Floor: 192 * mebibyte, PrivateRetention: 400 * day},
		Limits:    Limits{ClockAhead: 10 * minute, FetchBody: 16 * mebibyte, Queue: 1024},
		Log:       Log{Level: "info", Format: "text"},
	}
}
