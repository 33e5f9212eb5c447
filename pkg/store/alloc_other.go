//go:build !linux

package store

import "os"

// allocate gives f n bytes of real room.
func allocate(f *os.File, n int64) error { return fill(f, n) }
