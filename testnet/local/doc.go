// Package local runs a cluster of real tocsin processes on the loopback of one machine, from a short
// schema: for the demo, for tests that need kill -9 and a real disk, and for measurements. It is not a
// simulation (that is testnet/sim), it opens no node itself, and it knows the nodes only as an operator
// does: by the program, its local API and its log.
// Invariant: every process that it starts is gone, and every directory that it made, when Close has
// returned; on Linux the processes go even if this one is killed.
package local
