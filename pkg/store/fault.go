package store

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// faultsPanic has this goroutine panic where the system has no page to give, instead of ending the process: Badger reads
// and makes its files by mapping them. The function that it returns undoes it.
func faultsPanic() (undo func()) {
	old := debug.SetPanicOnFault(true)
	return func() { debug.SetPanicOnFault(old) }
}

// errPage is what a panic of faultsPanic means.
var errPage = errors.New("the system could not read or make room for a page of a file (input/output error, or no space left on device)")

// unreadable returns the error that a recovered panic is if a page could not be had, else nil.
func unreadable(r any) error {
	if fault, ok := r.(interface{ Addr() uintptr }); ok && fault.Addr() > 0 {
		return fmt.Errorf("%w: %v", errPage, r)
	}
	return nil
}
