package main

import "strings"

// nearest returns the known word that was probably meant, or "" if none is near: a suggestion that is a guess is worse than
// none.
func nearest(typed string, known []string) string {
	best, bestDistance := "", max(1, len(typed)/3)+1
	for _, k := range known {
		if len(typed) >= 2 && strings.HasPrefix(k, typed) {
			return k
		}
		if d := editDistance(typed, k); d < bestDistance && d < len(k) {
			best, bestDistance = k, d
		}
	}
	return best
}

// editDistance counts the inserted, deleted, replaced and swapped neighbouring letters between a and b. Words longer than a
// command name are cut off, since the cost grows with the product of the lengths.
func editDistance(a, b string) int {
	const longest = 64
	a, b = a[:min(len(a), longest)], b[:min(len(b), longest)]
	before := make([]int, len(b)+1)
	last := make([]int, len(b)+1)
	row := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
