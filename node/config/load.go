package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// FileName is the name of the file in the home directory.
const FileName = "config.toml"

// maxFile bounds the file.
const maxFile = 1 << 20

// Source is where to read settings from, each layer over the one before: defaults, File, Env, Flags.
type Source struct {
	// File is the path of the file. A missing file counts as empty, unless Required.
	File     string
	Required bool
	// Env is the environment as NAME=value; of lists the values are parted by commas.
	Env []string
	// Flags are values by key name: {"mesh.listen": {"/ip4/..."}}.
	Flags map[string][]string
}

// Loaded is the settings and where each came from.
type Loaded struct {
	Config
	origins  map[string]Origin
	Warnings []string // what looks like a mistake and was passed over
}

// Origin is where a value came from.
type Origin struct {
	Layer string // "default", "file", "environment" or "flag"
	Where string // the file and line, or the variable; empty for a flag and a default

	file string
	line int
}

// setFlag stands for any flag that gives a setting.
const setFlag = "--set"

// mistake says what is wrong with the value of a key that came from here.
func (o Origin) mistake(key, problem, hint string) *Error {
	e := &Error{File: o.file, Line: o.line, Key: key, Problem: problem, Hint: hint}
	switch o.Layer {
	case "environment":
		e.Where = o.Where
	case "flag":
		e.Where = setFlag
	}
	return e
}

// String returns the origin for people.
func (o Origin) String() string {
	if o.Where == "" {
		return o.Layer
	}
	return o.Layer + " " + o.Where
}

// Value is one setting with its origin, as shown to the operator.
type Value struct {
	Key    string
	Value  string // as in the file
	Origin Origin
}

// Values returns all settings in the order of the file.
func (l *Loaded) Values() []Value {
	var out []Value
	for _, k := range keys() {
		out = append(out, Value{Key: k.name, Value: l.text(k), Origin: l.OriginOf(k.name)})
	}
	return out
}

// OriginOf returns where the value of a key came from.
func (l *Loaded) OriginOf(key string) Origin {
	if o, ok := l.origins[key]; ok {
		return o
	}
	return Origin{Layer: "default"}
}

// Load reads the layers and checks the result. The error is Errors, with every mistake of every layer,
// or one of reading the file.
func Load(src Source) (*Loaded, error) {
	l := &Loaded{Config: Default(), origins: map[string]Origin{}}
	var errs Errors
	if src.File != "" {
		b, err := readFile(src.File)
		if err != nil && (src.Required || !errors.Is(err, fs.ErrNotExist)) {
			return nil, fmt.Errorf("read settings: %w", err)
		}
		errs = append(errs, l.decode(src.File, b)...)
	}
	errs = append(errs, l.environment(src.Env)...)
	errs = append(errs, l.flags(src.Flags)...)
	errs = append(errs, l.check()...) // what could not be read has its default, which is right
	if len(errs) == 0 {
		return l, nil
	}
	errs.sort()
	return nil, errs
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // the operator's own choice
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read from
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = fmt.Errorf("%s is longer than %d bytes", path, maxFile)
	}
	return b, err
}

func (l *Loaded) environment(env []string) Errors {
	var errs Errors
	known := map[string]key{}
	for _, k := range keys() {
		known[EnvName(k.name)] = k
	}
	for _, entry := range env {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "TOCSIN_") || name == "TOCSIN_HOME" {
			continue
		}
		k, ok := known[name]
		if !ok {
			l.Warnings = append(l.Warnings, "the environment variable "+name+" sets nothing; "+suggest(name))
			continue
		}
		values := []string{value}
		if l.list(k) {
			values = splitList(value)
		}
		if err := l.set(k, values); err != nil {
			errs = append(errs, &Error{Key: k.name, Where: name, Problem: err.Error()})
			continue
		}
		l.origins[k.name] = Origin{Layer: "environment", Where: name}
	}
	return errs
}

func splitList(s string) []string {
	var out []string
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

func (l *Loaded) list(k key) bool { return strings.HasPrefix(l.text(k), "[") }

func (l *Loaded) flags(flags map[string][]string) Errors {
	var errs Errors
	left := len(flags)
	for _, k := range keys() {
		values, ok := flags[k.name]
		if !ok {
			continue
		}
		left--
		if err := l.set(k, values); err != nil {
			errs = append(errs, &Error{Key: k.name, Where: setFlag, Problem: err.Error()})
			continue
		}
		l.origins[k.name] = Origin{Layer: "flag"}
	}
	if left == 0 {
		return errs
	}
	for name := range flags {
		if !isKey(name) {
			errs = append(errs, &Error{Key: name, Where: setFlag, Problem: "is not a setting", Hint: suggest(name)})
		}
	}
	return errs
}

func isKey(name string) bool {
	for _, k := range keys() {
		if k.name == name {
			return true
		}
	}
	return false
}
