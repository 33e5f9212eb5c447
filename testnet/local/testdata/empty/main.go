// Command empty links the network and the disk library of the daemon and does nothing: the floor for
// the time that a command of one program with the daemon takes.
package main

import (
	"os"

	"github.com/dgraph-io/badger/v4"
	"github.com/libp2p/go-libp2p"
	pubsub "github.com/libp2p/go-libp2p-pubsub"
)

func main() {
	if len(os.Args) > 1 { // never; it keeps the linker from leaving them out
		_, _ = libp2p.New()
		_, _ = badger.Open(badger.DefaultOptions(os.Args[1]))
		_, _ = pubsub.NewGossipSub(nil, nil)
	}
}
