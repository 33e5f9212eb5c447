package docs

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "tocsin"

// TestLayers compares the code with layers.txt.
func TestLayers(t *testing.T) {
	l := readLayers(t)
	for _, fault := range l.check(loadPackages(t)) {
		t.Error(fault)
	}
}

func readLayers(t *testing.T) *layers {
	t.Helper()
	text, err := os.ReadFile("layers.txt")
	if err != nil {
		t.Fatal(err)
	}
	l, err := parseLayers(string(text))
	if err != nil {
		t.Fatalf("layers.txt: %v", err)
	}
	return l
}

// loadPackages asks the go command which packages there are and reads their files, those of other systems too.
func loadPackages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-find", "-json=ImportPath,Dir", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var pkgs []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var listed struct{ ImportPath, Dir string }
		if err := dec.Decode(&listed); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		p := pkg{path: strings.TrimPrefix(listed.ImportPath, module+"/")}
		names, err := filepath.Glob(filepath.Join(listed.Dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			f, doc := readFile(t, name)
			p.files = append(p.files, f)
			p.doc = p.doc || doc
		}
		pkgs = append(pkgs, p)
	}
}

func readFile(t *testing.T, name string) (f file, doc bool) {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	f = file{name: filepath.Base(name), test: strings.HasSuffix(name, "_test.go")}
	for _, imp := range tree.Imports {
		path, err := strconv.Unquote(imp.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		f.imports = append(f.imports, strings.TrimPrefix(path, module+"/"))
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			f.says = append(f.says, "go")
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok {
				f.says = append(f.says, x.Name+"."+n.Sel.Name)
			}
		}
		return true
	})
	doc = tree.Doc != nil && strings.TrimSpace(tree.Doc.Text()) != "" && !strings.HasSuffix(tree.Name.Name, "_test")
	return f, doc
}

// TestLayersCatches plants each kind of fault in a small world that is otherwise in order.
func TestLayersCatches(t *testing.T) {
	l, err := parseLayers(`
		row 0: a < b; c   # a comment
		row 1: d; e
		later 1: soon
		row 2: f
		tests d: f
		rows 0-0 never import: os os/...  -- pure
		rows 0-0 never say: go time.Now  -- pure
		allow c: os/user  -- names only
		only e imports: ext/db/...  -- one owner
		only f/run.go imports: e  -- light
		d never reaches: ext/net  -- closed
	`)
	if err != nil {
		t.Fatal(err)
	}
	world := func(extra ...pkg) []pkg {
		base := []pkg{
			{path: "a", doc: true, files: []file{{name: "a_test.go", test: true, imports: []string{"os", "c"}, says: []string{"go"}}}},
			{path: "b", doc: true, files: []file{{name: "b.go", imports: []string{"a", "osmosis"}}}},
			{path: "c", doc: true, files: []file{{name: "c.go", imports: []string{"os/user"}}}},
			{path: "d", doc: true, files: []file{{name: "d.go", imports: []string{"b", "c"}}, {name: "d_test.go", test: true, imports: []string{"f"}}}},
			{path: "e", doc: true, files: []file{{name: "e.go", imports: []string{"ext/db/v4"}}, {name: "e_test.go", test: true, imports: []string{"e"}}}},
			{path: "f", doc: true, files: []file{{name: "run.go", imports: []string{"e", "d"}, says: []string{"go"}}}},
		}
		for _, x := range extra {
			i := slices.IndexFunc(base, func(p pkg) bool { return p.path == x.path })
			if i < 0 {
				base = append(base, x)
				continue
			}
			base[i].files = append(slices.Clone(base[i].files), x.files...)
		}
		return base
	}
	one := func(path string, f file) pkg { return pkg{path: path, files: []file{f}} }
	tests := []struct {
		name  string
		world []pkg
		want  string
	}{
		{"in order", world(), ""},
		{"upward", world(one("a", file{name: "x.go", imports: []string{"d"}})), "a/x.go imports d: row 0 may not know row 1"},
		{"upward in a test", world(one("a", file{name: "x_test.go", test: true, imports: []string{"d"}})), "a/x_test.go imports d: row 0 may not know row 1"},
		{"against the chain", world(one("a", file{name: "x.go", imports: []string{"b"}})), "a/x.go imports b: they are neighbours in row 0"},
		{"sibling", world(one("c", file{name: "x.go", imports: []string{"a"}})), "c/x.go imports a: they are neighbours in row 0"},
		{"impure import", world(one("b", file{name: "x.go", imports: []string{"os/exec"}})), "b/x.go imports os/exec: pure"},
		{"goroutine", world(one("b", file{name: "x.go", says: []string{"go"}})), "b/x.go says go: pure"},
		{"clock", world(one("b", file{name: "x.go", says: []string{"time.Now"}})), "b/x.go says time.Now: pure"},
		{"second owner", world(one("f", file{name: "x.go", imports: []string{"ext/db"}})), "f/x.go imports ext/db, which only e may: one owner"},
		{"other file", world(one("f", file{name: "x.go", imports: []string{"e"}})), "f/x.go imports e, which only f/run.go may: light"},
		{"from afar", world(one("c", file{name: "x.go", imports: []string{"ext/net"}})), "d reaches ext/net (through c): closed"},
		{"unnamed", world(pkg{path: "g", doc: true}), "g is not named in layers.txt"},
		{"undocumented", append(world()[:5], pkg{path: "f"}), "f has no package comment"},
		{"missing", world()[:5], `f is named in layers.txt and does not exist; move it to a "later" line`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(l.check(tt.world), "\n"); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

// TestLayersRefuses: a line that is not understood is not a rule lost in silence.
func TestLayersRefuses(t *testing.T) {
	for _, text := range []string{
		"a < b", "row x: a", "row 0: a b", "row 0: a; a", "only a import: b -- c", "only a imports: b", "only a imports: -- c",
		"rows 0 never import: b -- c", "rows 0-1 never eat: b -- c", "tests z: a",
	} {
		if _, err := parseLayers(text); err == nil {
			t.Errorf("%q was understood", text)
		}
	}
}
