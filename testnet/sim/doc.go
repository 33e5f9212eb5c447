// Package sim is a whole mesh in one thread and in virtual time: teams with a store in memory, a
// network that delays, loses, doubles, reorders and cuts, machines that die in the middle of a
// write, and people who do not answer. It drives the very replica that the daemon runs: what comes
// in goes through Ingest, what goes out through Publish, catching up is reconcile message by
// message. It is not the wire: it knows no libp2p and no encoding of the mesh, and processor time
// costs nothing here. What it does to a message stands in for what pkg/mesh does with a stream.
// Invariant: the same seed and the same calls give the same trace, byte for byte, on any machine, where
// the process's own randomness is fixed too (cryptotest.SetGlobalRandom: keys travel by crypto/hpke, which
// takes no reader, so that one test at a time runs a world); and no call returns nil after the oracle (Check) has found the promises broken.
package sim
