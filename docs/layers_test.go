// Package docs holds the code to what the documents say. It is not part of the product: it has no code but tests. Its
// invariant: a rule that can be checked is written once, in the document, and read from there.
package docs

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// layers is layers.txt, read.
type layers struct {
	row   map[string]int      // package -> row
	below map[string][]string // package -> what stands left of it in its chain
	later map[string]bool     // may not exist yet
	tests map[string][]string // package -> what its tests may import in spite of the rows
	allow map[string][]string // package -> what it may import in spite of a rule about rows
	rules []rule
}

// rule is one line beyond the rows.
type rule struct {
	kind     ruleKind
	owner    string // a package, or a file of one
	from, to int    // rows
	targets  []string
	reason   string
}

type ruleKind int

const (
	onlyImports  ruleKind = iota // nobody but owner imports a target
	neverImport                  // rows from..to import no target
	neverSay                     // rows from..to use no target: "go" or "pkg.Name"
	neverReaches                 // owner depends on no target, however far down
)

// pkg is what the checker needs to know of a package.
type pkg struct {
	path  string // without the module's name
	doc   bool
	files []file
}

type file struct {
	name    string
	test    bool
	imports []string // the module's own packages without its name
	says    []string // "go" for a go statement, "pkg.Name" for a selector
}

// parseLayers reads the text; any line it does not understand is an error, so that a misspelt rule is not a rule lost.
func parseLayers(text string) (*layers, error) {
	l := &layers{
		row: map[string]int{}, below: map[string][]string{}, later: map[string]bool{},
		tests: map[string][]string{}, allow: map[string][]string{},
	}
	for n, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		if strings.TrimSpace(line) == "" {
			continue
		}
		if err := l.parseLine(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
	}
	for owner := range l.tests {
		if _, ok := l.row[owner]; !ok {
			return nil, fmt.Errorf("tests of %s: no such package in the rows", owner)
		}
	}
	return l, nil
}

func (l *layers) parseLine(line string) error {
	line, reason, _ := strings.Cut(line, " -- ")
	head, rest, ok := strings.Cut(line, ":")
	words := strings.Fields(head)
	if !ok || len(words) < 2 {
		return fmt.Errorf("cannot read %q", line)
	}
	r := rule{reason: strings.TrimSpace(reason), targets: strings.Fields(rest)}
	switch {
	case (words[0] == "row" || words[0] == "later") && len(words) == 2:
		return l.parseRow(words[0] == "later", words[1], rest)
	case words[0] == "tests" && len(words) == 2:
		l.tests[words[1]] = r.targets
		return nil
	case words[0] == "allow" && len(words) == 2 && r.reason != "":
		l.allow[words[1]] = r.targets
		return nil
	case words[0] == "only" && len(words) == 3 && words[2] == "imports":
		r.kind, r.owner = onlyImports, words[1]
	case words[0] == "rows" && len(words) == 4 && words[2] == "never":
		r.kind = map[string]ruleKind{"import": neverImport, "say": neverSay}[words[3]]
		if r.kind == onlyImports {
			return fmt.Errorf("cannot read %q", head)
		}
		if _, err := fmt.Sscanf(words[1], "%d-%d", &r.from, &r.to); err != nil {
			return fmt.Errorf("read rows %q: %w", words[1], err)
		}
	case len(words) == 3 && words[1] == "never" && words[2] == "reaches":
		r.kind, r.owner = neverReaches, words[0]
	default:
		return fmt.Errorf("cannot read %q", head)
	}
	if r.reason == "" || len(r.targets) == 0 {
		return fmt.Errorf("rule %q needs targets and a reason", head)
	}
	l.rules = append(l.rules, r)
	return nil
}

func (l *layers) parseRow(later bool, number, rest string) error {
	n, err := strconv.Atoi(number)
	if err != nil {
		return fmt.Errorf("read row: %w", err)
	}
	for chain := range strings.SplitSeq(rest, ";") {
		var left []string
		for name := range strings.SplitSeq(chain, "<") {
			name = strings.TrimSpace(name)
			if name == "" || strings.ContainsAny(name, " \t") {
				return fmt.Errorf("read chain %q: want names parted by <", chain)
			}
			if _, twice := l.row[name]; twice {
				return fmt.Errorf("%s is named twice", name)
			}
			l.row[name], l.later[name] = n, later
			l.below[name] = slices.Clone(left)
			left = append(left, name)
		}
	}
	return nil
}

// check returns one sentence for each way in which the code is not what the text says.
func (l *layers) check(pkgs []pkg) []string {
	var faults []string
	complain := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	seen := map[string]bool{}
	for _, p := range pkgs {
		seen[p.path] = true
		row, named := l.row[p.path]
		if !named {
			complain("%s is not named in layers.txt", p.path)
			continue
		}
		if !p.doc {
			complain("%s has no package comment", p.path)
		}
		for _, f := range p.files {
			for _, imp := range f.imports {
				if why := l.judge(p.path, f.test, imp); why != "" {
					complain("%s/%s imports %s: %s", p.path, f.name, imp, why)
				}
			}
			for _, r := range l.rules {
				for _, what := range r.broken(p.path, row, l.without(f, p.path)) {
					complain("%s/%s %s: %s", p.path, f.name, what, r.reason)
				}
			}
		}
	}
	for name := range l.row {
		if !seen[name] && !l.later[name] {
			complain("%s is named in layers.txt and does not exist; move it to a \"later\" line", name)
		}
	}
	for _, r := range l.rules {
		if r.kind == neverReaches {
			for _, target := range reached(pkgs, r) {
				complain("%s reaches %s: %s", r.owner, target, r.reason)
			}
		}
	}
	slices.Sort(faults)
	return faults
}

// without is the file less the imports that are allowed to its package by name.
func (l *layers) without(f file, path string) file {
	f.imports = slices.DeleteFunc(slices.Clone(f.imports), func(imp string) bool { return matchesAny(l.allow[path], imp) })
	return f
}

// judge says why one of our packages may not import another, or "".
func (l *layers) judge(from string, test bool, to string) string {
	row, ours := l.row[to]
	if !ours || to == from || row < l.row[from] {
		return ""
	}
	if test && (row == l.row[from] || slices.Contains(l.tests[from], to)) {
		return ""
	}
	if row > l.row[from] {
		return fmt.Sprintf("row %d may not know row %d", l.row[from], row)
	}
	if !slices.Contains(l.below[from], to) {
		return fmt.Sprintf("they are neighbours in row %d", row)
	}
	return ""
}

// broken lists what a file does against the rule. Tests may use the clock, the disk and goroutines.
func (r rule) broken(path string, row int, f file) []string {
	var found []string
	inRows := row >= r.from && row <= r.to && !f.test
	switch r.kind {
	case onlyImports:
		if path == r.owner || path+"/"+f.name == r.owner {
			return nil
		}
		for _, imp := range f.imports {
			// The package itself may be imported by its own external tests.
			if matchesAny(r.targets, imp) && imp != path {
				found = append(found, fmt.Sprintf("imports %s, which only %s may", imp, r.owner))
			}
		}
	case neverImport:
		for _, imp := range f.imports {
			if inRows && matchesAny(r.targets, imp) {
				found = append(found, "imports "+imp)
			}
		}
	case neverSay:
		for _, word := range f.says {
			if inRows && slices.Contains(r.targets, word) {
				found = append(found, "says "+word)
			}
		}
	case neverReaches:
	}
	return found
}

// reached follows the imports of the rule's owner through our own packages, tests left out.
func reached(pkgs []pkg, r rule) []string {
	byPath := map[string]pkg{}
	for _, p := range pkgs {
		byPath[p.path] = p
	}
	var found []string
	visited := map[string]bool{r.owner: true}
	for queue := []string{r.owner}; len(queue) > 0; queue = queue[1:] {
		for _, f := range byPath[queue[0]].files {
			for _, imp := range f.imports {
				if f.test || visited[imp] {
					continue
				}
				visited[imp] = true
				queue = append(queue, imp)
				if matchesAny(r.targets, imp) {
					found = append(found, imp+" (through "+queue[0]+")")
				}
			}
		}
	}
	return found
}

func matchesAny(patterns []string, imp string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		tree, isTree := strings.CutSuffix(p, "/...")
		return imp == tree || (isTree && strings.HasPrefix(imp, tree+"/"))
	})
}
