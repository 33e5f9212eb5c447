package config

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write template.toml from the comments of the struct")

// manual reads the field comments of the struct types in config.go.
func manual(t *testing.T) map[string]map[string]string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "config.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	docs := map[string]map[string]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		s, ok := spec.Type.(*ast.StructType)
		if !ok {
			return true
		}
		docs[spec.Name.Name] = map[string]string{}
		for _, field := range s.Fields.List {
			docs[spec.Name.Name][field.Names[0].Name] = strings.TrimSpace(field.Doc.Text())
		}
		return true
	})
	return docs
}

func comment(b *strings.Builder, text string) {
	for line := range strings.SplitSeq(text, "\n") {
		b.WriteString("# " + line + "\n")
	}
}

// render writes the template: every setting as a comment with its default, so that a file made from
// it follows later defaults.
func render(t *testing.T) string {
	t.Helper()
	docs := manual(t)
	var b strings.Builder
	comment(&b, "The settings of a tocsin node. A line that begins with # says nothing: take the mark away to set\n"+
		"something else than the default that stands there. Each setting can also be given in the environment:\n"+
		"listen of [mesh] as TOCSIN_MESH_LISTEN, values of lists parted by commas. The environment goes before\n"+
		"this file, a flag before both. tocsin config show --origin tells what holds and why.")
	c := Default()
	table := ""
	for _, k := range keys() {
		typ, field := reflect.TypeFor[Config](), reflect.StructField{}
		owner := typ
		for _, i := range k.index {
			owner = typ
			field = typ.Field(i)
			typ = field.Type
		}
		name := k.name
		if prefix, last, ok := strings.Cut(k.name, "."); ok {
			name = last
			if prefix != table {
				table = prefix
				b.WriteString("\n\n[" + table + "]\n")
			}
		}
		doc := docs[owner.Name()][field.Name]
		if doc == "" {
			t.Errorf("%s.%s has no manual", owner.Name(), field.Name)
		}
		b.WriteString("\n")
		comment(&b, doc)
		for line := range strings.SplitSeq(name+" = "+c.text(k), "\n") {
			b.WriteString("#" + line + "\n")
		}
	}
	return b.String()
}

func TestTemplateIsTheManual(t *testing.T) {
	want := render(t)
	if *update {
		if err := os.WriteFile("template.toml", []byte(want), 0o644); err != nil { //nolint:gosec // a source file
			t.Fatal(err)
		}
		return
	}
	if Template() != want {
		t.Error("template.toml is not what the comments of config.go say; run: go test ./node/config -update")
	}
}

// TestTemplateSetsTheDefaults takes the marks away: the values written there are the defaults.
func TestTemplateSetsTheDefaults(t *testing.T) {
	text := regexp.MustCompile(`(?m)^#([^ ]|    ")`).ReplaceAllString(Template(), "$1")
	l := &Loaded{Config: Config{}, origins: map[string]Origin{}}
	if errs := l.decode("config.toml", []byte(text)); errs != nil {
		t.Fatal(errs)
	}
	if want := Default(); !reflect.DeepEqual(l.Config, want) {
		t.Errorf("got %+v\nwant %+v", l.Config, want)
	}
	for _, name := range Names() {
		if l.OriginOf(name).Layer != "file" {
			t.Errorf("%s does not stand in the template", name)
		}
	}
	l = &Loaded{Config: Default(), origins: map[string]Origin{}}
	if errs := l.decode("config.toml", []byte(Template())); errs != nil || len(l.origins) != 0 {
		t.Errorf("the template as it is sets %v, %v", l.origins, errs)
	}
}
