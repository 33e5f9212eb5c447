// Package mesh is the network: a libp2p host, a gossip topic per community, and streams by which
// nodes say hello, catch up (sync), hand over what is private (direct) and fetch long bodies. It is
// the only importer of libp2p. It judges no record, keeps none and knows no roster rule: frames pass
// the Door it is given, what it may hand out is asked of a Copy, and who belongs where of a Roster.
// Invariant: a peer gets topics, sync, direct delivery and bodies only while the Roster names its
// transport key as a node of a team that shares the channel; to anybody else the only door is hello.
//
// Goroutines: Run owns all of this package's; it returns when they have ended. Those of libp2p end
// with Close, those of gossip soon after Run.
package mesh
