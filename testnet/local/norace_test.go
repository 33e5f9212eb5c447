//go:build !race

package local

const usualCycles = 200
