// Package node is the daemon put together: it is given the keys, opens the store, the replica, the mesh and the
// local API, owns every goroutine and the clock, and does what takes time (deliveries, receipts, long
// bodies, pruning). It judges nothing: records pass the replica's door, calls come through httpapi.
// Invariant: everything that New and Start opened is on one stack and comes down in the opposite
// order, whether by Stop or because New failed half-way.
//
// Goroutines: the door (the only one that commits records), the mesh, the server of the local API, and
// the loops of outbox.go, receipt.go, body.go and tend.go. What they share is the replica, which has its own
// lock, and the small structs named in node.go, each with its own.
package node
