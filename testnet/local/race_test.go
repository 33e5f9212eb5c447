//go:build race

package local

// The daemons are other processes, which the detector does not see; what it can see takes few cycles.
const usualCycles = 10
