package main

import (
	"io"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// table lays out rows in columns by the width they take on a terminal, where one Chinese or Korean character takes two cells
// and a combining mark none. Cells are cleaned here, so text from a peer can be added as it came.
type table struct {
	head  []string
	right []bool
	rows  [][]string
}

// newTable names the columns; a name that ends in ">" makes its column flush right, for numbers.
func newTable(head ...string) *table {
	t := &table{}
	for _, h := range head {
		name, right := strings.CutSuffix(h, ">")
		t.head = append(t.head, name)
		t.right = append(t.right, right)
	}
	return t
}

// add appends a row; cells beyond the named columns are dropped, missing ones are empty.
func (t *table) add(cells ...string) {
	row := make([]string, len(t.head))
	for i, cell := range cells[:min(len(cells), len(row))] {
		row[i] = cleanLine(cell)
	}
	t.rows = append(t.rows, row)
}

// write prints the header and the rows, two spaces between columns, no space at the end of a line.
func (t *table) write(w io.Writer) error {
	widths := make([]int, len(t.head))
	all := append([][]string{t.head}, t.rows...)
	for _, row := range all {
		for i, cell := range row {
			widths[i] = max(widths[i], cellWidth(cell))
		}
	}
	var b strings.Builder
	for _, row := range all {
		var line strings.Builder
		for i, cell := range row {
			if i > 0 {
				line.WriteString("  ")
			}
			pad := strings.Repeat(" ", widths[i]-cellWidth(cell))
			if t.right[i] {
				line.WriteString(pad + cell)
			} else {
				line.WriteString(cell + pad)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// cellWidth counts terminal cells.
func cellWidth(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

func runeWidth(r rune) int {
	if r < 0x7f {
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	case width.Neutral, width.EastAsianAmbiguous, width.EastAsianNarrow, width.EastAsianHalfwidth:
		return 1
	}
	return 1
}

// truncate shortens s to at most cells terminal cells, ending in "..." if anything was cut.
func truncate(s string, cells int) string {
	if cellWidth(s) <= cells || cells < 4 {
		return s
	}
	n := 0
	for i, r := range s {
		if n += runeWidth(r); n > cells-3 {
			return s[:i] + "..."
		}
	}
	return s
}
