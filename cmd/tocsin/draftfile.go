package main

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// maxDraft bounds a draft file: the texts of 32 languages at their longest. Attachments are files of their own.
const maxDraft = 4 << 20

// origin says where each field of a draft was written.
type origin struct {
	// file is the draft's name as it was typed, or empty if there is none.
	file string
	// lines holds the line of each key: "tlp", "text[1].title", "affected".
	lines map[string]int
	// flags holds the flag that set a key.
	flags map[string]string
}

// place names a field for its writer: "alert.toml:12: severity", or "--severity".
func (o origin) place(key string) string {
	if flag, ok := o.flags[key]; ok {
		return flag
	}
	if list, _, ok := strings.Cut(key, "["); ok && o.flags[list] != "" {
		return o.flags[list]
	}
	switch line := o.line(key); {
	case o.file == "" && key == "":
		return "this notice"
	case o.file == "":
		return flagFor(key)
	case key == "":
		return o.file + ":"
	case line == 0:
		return o.file + ": " + key
	default:
		return fmt.Sprintf("%s:%d: %s", o.file, line, key)
	}
}

// order puts mistakes in the order of the file; what stands nowhere comes last.
func (o origin) order(key string) int {
	if n := o.line(key); n > 0 && o.flags[key] == "" {
		return n
	}
	return math.MaxInt
}

// line is where the key stands, else the list or table that it belongs to; 0 if there is neither.
func (o origin) line(key string) int {
	for key != "" {
		if n := o.lines[key]; n > 0 {
			return n
		}
		key = key[:max(strings.LastIndexByte(key, '.'), strings.LastIndexByte(key, '['), 0)]
	}
	return 0
}

// flagFor is the flag that sets a key, for a writer who used no file.
func flagFor(key string) string {
	name := key[strings.LastIndexByte(key, '.')+1:]
	name, _, _ = strings.Cut(name, "[")
	switch name {
	case "text":
		return "--title"
	case "language":
		return "--lang"
	case "prefixes":
		return "--prefix"
	case "asns":
		return "--asn"
	case "domains":
		return "--domain"
	case "countries":
		return "--country"
	case "persons":
		return "--person"
	case "sectors":
		return "--sector"
	}
	return "--" + strings.ReplaceAll(name, "_", "-")
}

// decodeDraft reads TOML into into, a pointer to a struct. Everything that is wrong with its form is one usage error with a line for
// each mistake. The lines of all keys are returned for the mistakes that are found later.
func decodeDraft(name string, text []byte, into any) (origin, error) {
	o := origin{file: name}
	if len(text) > maxDraft {
		return o, usageErrorf("put long content into an attachment", "%s: has %d bytes, at most %d are allowed", name, len(text), maxDraft)
	}
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		return o, usageErrorf("attach it instead: --attach "+name, "%s is a JSON file, a draft is TOML", name)
	}
	dec := toml.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	var unknown *toml.StrictMissingError
	var malformed *toml.DecodeError
	switch {
	case errors.As(err, &unknown):
		return o, unknownKeys(name, unknown, into)
	case errors.As(err, &malformed):
		line, column := malformed.Position()
		where := fmt.Sprintf("%s:%d:%d:", name, line, column)
		if key := strings.Join(malformed.Key(), "."); key != "" {
			where = fmt.Sprintf("%s:%d: %s:", name, line, key)
		}
		return o, usageErrorf("", "%s %s", where, plainTOML(malformed.Error(), reflect.TypeOf(into).Elem(), malformed.Key()))
	case err != nil:
		return o, usageErrorf("", "%s: %s", name, strings.TrimPrefix(err.Error(), "toml: "))
	}
	o.lines = linesOf(text)
	return o, nil
}

// plainTOML is an error of the decoder in the words of the draft: the types of this program mean nothing to its writer.
func plainTOML(text string, draft reflect.Type, key []string) string {
	text = strings.TrimPrefix(text, "toml: ")
	if !strings.Contains(text, "cannot decode") && !strings.Contains(text, "Go ") && !strings.Contains(text, "cannot store") &&
		!strings.Contains(text, "incompatible") && !strings.Contains(text, "cannot be stored") {
		return text
	}
	return "must be " + kindIn(draft, key)
}

// kindIn says what the field of a key holds.
func kindIn(t reflect.Type, key []string) string {
	for t.Kind() == reflect.Slice && len(key) > 0 {
		t = t.Elem()
	}
	switch {
	case len(key) == 0:
	case t.Kind() == reflect.Struct:
		for f := range t.Fields() {
			if f.Anonymous {
				if found := kindIn(f.Type, key); found != "" {
					return found
				}
			}
			if f.Tag.Get("toml") == key[0] {
				return kindIn(f.Type, key[1:])
			}
		}
		return ""
	default:
		return kindIn(t, nil)
	}
	kind, list := t.Kind(), t.Kind() == reflect.Slice
	if list {
		kind = t.Elem().Kind()
	}
	switch {
	case list && kind == reflect.String:
		return "a list of texts"
	case list && kind == reflect.Struct:
		return "a list of blocks, each with its name in double brackets"
	case list:
		return "a list of whole numbers from 0 to 4294967295"
	case kind == reflect.String:
		return "text"
	case kind == reflect.Bool:
		return "true or false"
	case kind == reflect.Struct:
		return "a table"
	}
	return "a number"
}

func unknownKeys(name string, unknown *toml.StrictMissingError, into any) error {
	var lines []string
	known := keysOf(reflect.TypeOf(into).Elem())
	for i := range unknown.Errors {
		e := &unknown.Errors[i]
		line, _ := e.Position()
		key := strings.Join(e.Key(), ".")
		text := fmt.Sprintf("%s:%d: %s is not a field of a draft", name, line, key)
		last := key[strings.LastIndexByte(key, '.')+1:]
		if near := nearest(last, known); near != "" {
			text += "; did you mean " + near + "?"
		}
		lines = append(lines, text)
	}
	return usageErrorf("--template prints a draft with every field", "%s", strings.Join(lines, "\n"))
}

// keysOf lists the keys of a draft and of its tables.
func keysOf(t reflect.Type) []string {
	var keys []string
	for f := range t.Fields() {
		inner := f.Type
		if inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		if key := f.Tag.Get("toml"); key != "" {
			keys = append(keys, key)
		}
		if inner.Kind() == reflect.Struct {
			keys = append(keys, keysOf(inner)...)
		}
	}
	return keys
}

// linesOf walks a document that has been decoded without error and notes the line of each key and of each element of an array.
func linesOf(text []byte) map[string]int {
	lines := map[string]int{}
	blocks := map[string]int{}
	var p unstable.Parser
	p.Reset(text)
	table := ""
	for p.NextExpression() {
		e := p.Expression()
		path, line := keyPath(&p, e)
		switch e.Kind {
		case unstable.Table:
			table = path + "."
			lines[path] = line
		case unstable.ArrayTable:
			block := fmt.Sprintf("%s[%d]", path, blocks[path])
			blocks[path]++
			table = block + "."
			lines[block] = line
		case unstable.KeyValue:
			lines[table+path] = line
			noteElements(&p, lines, table+path, e.Value())
		default:
		}
	}
	return lines
}

// keyPath is a key joined with dots, and the line it begins on.
func keyPath(p *unstable.Parser, e *unstable.Node) (path string, line int) {
	var words []string
	for it := e.Key(); it.Next(); {
		if line == 0 {
			line = p.Shape(it.Node().Raw).Start.Line
		}
		words = append(words, string(it.Node().Data))
	}
	return strings.Join(words, "."), line
}

// noteElements gives the elements of an array their own lines, for lists that are written one to a line.
func noteElements(p *unstable.Parser, lines map[string]int, key string, v *unstable.Node) {
	if v.Kind != unstable.Array {
		return
	}
	i := 0
	for it := v.Children(); it.Next(); i++ {
		if n := it.Node(); n.Raw.Length > 0 {
			lines[fmt.Sprintf("%s[%d]", key, i)] = p.Shape(n.Raw).Start.Line
		}
	}
}
