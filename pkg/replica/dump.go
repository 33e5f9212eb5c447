package replica

// Dump calls fn for each key and value of the store, as of one moment. The slices are valid during the
// call; fn must not call the replica. What it hands out holds everything that is kept, keys that open
// sealed bodies too: it is for a backup and for nothing else.
func (r *Replica) Dump(fn func(key, value []byte) error) error {
	return r.opt.Store.Scan(nil, false, fn)
}
