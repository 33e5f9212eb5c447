//go:build unix

package main

import (
	"fmt"
	"syscall"
)

// leaveNoCore has this process, and what it starts, leave no core file when it crashes: its memory holds keys
// and open bodies. It cannot be taken back. A crash handler of the system that is started by the kernel gets the
// limit told, and may ignore it.
func leaveNoCore() error {
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		return fmt.Errorf("forbid core files: %w", err)
	}
	return nil
}
