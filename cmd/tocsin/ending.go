package main

import (
	"tocsin/pkg/api"
)

// warnOfEnd tells with every command that this node's delegation ends within days, by what the command has seen of it, unless
// the command has said so itself.
func warnOfEnd(e *env) {
	ends := e.Ends
	for _, d := range e.clients {
		if until := d.Until(); !until.IsZero() {
			ends = until
		}
	}
	if e.Warned || ends.IsZero() || ends.Sub(e.Now()) >= api.ExpiryNear {
		return
	}
	complain(e.Stderr, "warning: ", e.here(api.ExpiryWarning("this node", ends, e.Now())))
}
