package local

import "syscall"

// apart puts a daemon into a process group of its own, so that an interrupt typed at a terminal reaches
// only us, and we end the daemons in order; if we are killed, they are.
func apart() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
