package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestThreatModel: every defence in security.md names the tests that fail without it, and they exist. A test is
// written `directory: Name`, where Name is a test function of that directory or a scenario under its testdata.
func TestThreatModel(t *testing.T) {
	text, err := os.ReadFile("security.md")
	if err != nil {
		t.Fatal(err)
	}
	var (
		named  = regexp.MustCompile("`([a-z0-9/]+): ([A-Za-z0-9_.-]+(?:, [A-Za-z0-9_.-]+)*)`")
		known  = map[string][]string{}
		rows   int
		header []string
	)
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		switch {
		case !strings.HasPrefix(line, "|"):
			header = nil
			continue
		case header == nil:
			header = cells
			continue
		case len(header) != 3 || strings.TrimSpace(header[2]) != "tests" || strings.HasPrefix(line, "|---"):
			continue
		case len(cells) != 3:
			t.Errorf("a row has %d cells: %s", len(cells), line)
			continue
		}
		rows++
		tests := named.FindAllStringSubmatch(cells[2], -1)
		if rest := strings.Trim(named.ReplaceAllString(cells[2], ""), " ;\n"); len(tests) == 0 || rest != "" {
			t.Errorf("not the form of a list of tests: %q", cells[2])
		}
		for _, m := range tests {
			if _, ok := known[m[1]]; !ok {
				known[m[1]] = testsOf(t, filepath.Join("..", m[1]))
			}
			for name := range strings.SplitSeq(m[2], ", ") {
				if !slices.Contains(known[m[1]], name) {
					t.Errorf("%s has no test %s, which is to prove: %s", m[1], name, strings.TrimSpace(cells[0]))
				}
			}
		}
	}
	if rows < 30 {
		t.Errorf("security.md has %d defences; was the head of its tables changed?", rows)
	}
}

// testsOf names the test functions of a directory and the files under its testdata.
func testsOf(t *testing.T, dir string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	isTest := regexp.MustCompile("^(Test|Fuzz|Benchmark)[A-Z]")
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range tree.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && isTest.MatchString(fn.Name.Name) {
				names = append(names, fn.Name.Name)
			}
		}
	}
	data := filepath.Join(dir, "testdata")
	if _, err := os.Stat(data); err != nil {
		return names
	}
	err = filepath.WalkDir(data, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, filepath.Base(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
