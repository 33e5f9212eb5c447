package config

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// decode takes the file in, key by key, so that one mistake does not hide the others.
func (l *Loaded) decode(path string, b []byte) Errors {
	f := &file{name: filepath.Base(path), lines: linesOf(b), known: map[string]key{}, tables: map[string]bool{}, into: l}
	for _, k := range keys() {
		f.known[k.name] = k
		if table, _, ok := strings.Cut(k.name, "."); ok {
			f.tables[table] = true
		}
	}
	var tree map[string]any
	err := toml.Unmarshal(b, &tree)
	if err == nil {
		f.walk("", tree)
		return f.errs
	}
	if broken, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, _ := broken.Position()
		return Errors{{
			File: f.name, Line: line, Key: strings.Join(broken.Key(), "."),
			Problem: "cannot be read: " + strings.TrimPrefix(broken.Error(), "toml: "), Hint: "compare with what tocsin config init writes",
		}}
	}
	return Errors{{File: f.name, Problem: "cannot be read: " + err.Error(), Hint: "compare with what tocsin config init writes"}}
}

// file is one file on its way into the settings.
type file struct {
	name   string
	lines  map[string]int
	known  map[string]key
	tables map[string]bool
	into   *Loaded
	errs   Errors
}

// walk takes the values of a table in.
func (f *file) walk(prefix string, tree map[string]any) {
	for _, part := range slices.Sorted(maps.Keys(tree)) {
		name, value := prefix+part, tree[part]
		sub, isTable := value.(map[string]any)
		k, isKey := f.known[name]
		quoted := strings.Contains(part, ".") // "mesh.listen" in quotes is one word
		switch {
		case isKey && !quoted:
			f.take(k, value)
		case f.tables[name] && !isTable:
			f.bad(name, "must be a table", "write ["+name+"] in a line of its own, and its settings below")
		case isTable && (len(sub) > 0 || f.tables[name]) && !quoted:
			f.walk(name+".", sub)
		default:
			f.bad(name, "is not a setting", suggest(name))
		}
	}
}

func (f *file) take(k key, value any) {
	o := f.origin(k.name)
	f.into.origins[k.name] = o
	if problem := f.into.setTOML(k, value); problem != "" {
		f.errs = append(f.errs, o.mistake(k.name, problem, ""))
	}
}

func (f *file) bad(name, problem, hint string) {
	f.errs = append(f.errs, f.origin(name).mistake(printable(name), problem, hint))
}

// origin says where a key stands: on its own line, or on that of the table it is written inside of.
func (f *file) origin(name string) Origin {
	at := name
	for f.lines[at] == 0 && strings.Contains(at, ".") {
		at = at[:strings.LastIndexByte(at, '.')]
	}
	return Origin{Layer: "file", Where: fmt.Sprintf("%s:%d", f.name, f.lines[at]), file: f.name, line: f.lines[at]}
}

// printable keeps a name that somebody else chose to printable ASCII.
func printable(name string) string {
	return strings.Trim(fmt.Sprintf("%+.80q", name), `"`)
}

// setTOML gives one key a value of the file, or says what is wrong with it.
func (c *Config) setTOML(k key, value any) (problem string) {
	switch p := reflect.ValueOf(c).Elem().FieldByIndex(k.index).Addr().Interface().(type) {
	case *[]string:
		list, ok := value.([]any)
		texts := make([]string, 0, len(list))
		for _, one := range list {
			s, isText := one.(string)
			ok = ok && isText
			texts = append(texts, s)
		}
		if !ok {
			return `must be a list of texts, such as ["one", "two"]`
		}
		*p = texts
	case *bool:
		b, ok := value.(bool)
		if !ok {
			return "must be true or false, without quotes"
		}
		*p = b
	case *int:
		n, ok := value.(int64)
		if !ok || int64(int(n)) != n {
			return "must be a number, without quotes"
		}
		*p = int(n)
	default: // a text, or what is read from one
		s, ok := value.(string)
		if !ok {
			return "must be text, in quotes"
		}
		if err := c.set(k, []string{s}); err != nil {
			return err.Error()
		}
	}
	return ""
}

// linesOf finds on which line each key and table stands first. What is broken is left to the decoder
// to report.
func linesOf(b []byte) map[string]int {
	lines := map[string]int{}
	var p unstable.Parser
	p.Reset(b)
	table := ""
	for p.NextExpression() {
		e := p.Expression()
		var parts []string
		line := 0
		for it := e.Key(); it.Next(); {
			n := it.Node()
			if line == 0 {
				line = p.Shape(n.Raw).Start.Line
			}
			parts = append(parts, string(n.Data))
		}
		name := strings.Join(parts, ".")
		switch e.Kind {
		case unstable.Table, unstable.ArrayTable:
			table = name + "."
		case unstable.KeyValue:
			name = table + name
		default:
			continue
		}
		if lines[name] == 0 {
			lines[name] = line
		}
	}
	return lines
}
