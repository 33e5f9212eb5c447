package node

import "context"

// Backup implements httpapi.Service.
func (n *Node) Backup(ctx context.Context, fn func(key, value []byte) error) error {
	return n.replica.Dump(func(key, value []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return fn(key, value)
	})
}
