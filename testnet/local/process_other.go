//go:build !linux

package local

import "syscall"

// apart has nothing to add: elsewhere an interrupt typed at a terminal reaches the daemons too.
func apart() *syscall.SysProcAttr { return nil }
