package main

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/pelletier/go-toml/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
)

// readProfile reads a profile from a TOML file. The keys are the names of the wire, so the file is turned into JSON and read as
// the daemon reads; what is wrong is named with its line.
func readProfile(e *env, path string) (*notice.Profile, error) {
	text, err := readInput(e, path, maxDraft)
	if usage, ok := errors.AsType[*userError](err); ok {
		return nil, usage
	}
	if err != nil {
		return nil, &userError{Code: exitFailed, Msg: "cannot read " + plainFileError(err), Hint: "make one with: tocsin profile init"}
	}
	return decodeProfile(path, text, e.Now())
}

func decodeProfile(name string, text []byte, now time.Time) (*notice.Profile, error) {
	loose := map[string]any{}
	from := origin{file: name}
	if err := toml.Unmarshal(text, &loose); err != nil {
		if malformed, ok := errors.AsType[*toml.DecodeError](err); ok {
			line, column := malformed.Position()
			return nil, usageErrorf("", "%s:%d:%d: %s", name, line, column, strings.TrimPrefix(malformed.Error(), "toml: "))
		}
		return nil, usageErrorf("", "%s: %s", name, strings.TrimPrefix(err.Error(), "toml: "))
	}
	from.lines = linesOf(text)
	asJSON, err := json.Marshal(wireTimes(loose))
	if err != nil {
		return nil, fmt.Errorf("read profile: %w", err)
	}
	d := &drafting{from: from, now: now}
	p := &notice.Profile{}
	if err := api.DecodeRequest(bytes.NewReader(asJSON), p); err != nil {
		problem, ok := errors.AsType[*api.Problem](err)
		if !ok || len(problem.Fields) == 0 {
			return nil, err
		}
		for _, f := range problem.Fields {
			d.wrong(f.Field, f.Problem, f.Hint)
			if strings.HasSuffix(f.Problem, "is not a member of this request") {
				d.mistakes[len(d.mistakes)-1] = unknownInProfile(f.Field)
			}
		}
		return nil, d.err()
	}
	if p.Document.Updated.IsZero() {
		p.Document.Updated = now
	}
	p.Normalise()
	d.take(p.Validate())
	if err := d.err(); err != nil {
		return nil, err
	}
	return p, nil
}

func unknownInProfile(field string) mistake {
	last := field[strings.LastIndexByte(field, '.')+1:]
	last, _, _ = strings.Cut(last, "[")
	m := mistake{Key: field, Problem: "is not a field of a profile", Hint: "tocsin profile init -o - prints all"}
	switch near := nearest(last, wireNames(reflect.TypeFor[notice.Profile]())); near {
	case "":
	case last:
		m.Hint = "it belongs into another table; " + m.Hint
	default:
		m.Hint = "did you mean " + near + "?"
	}
	return m
}

// wireNames lists the names that a type and what it is made of have on the wire.
func wireNames(t reflect.Type) []string {
	for t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t.PkgPath() != reflect.TypeFor[notice.Profile]().PkgPath() {
		return nil
	}
	var names []string
	for f := range t.Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			names = append(names, name)
		}
		names = append(names, wireNames(f.Type)...)
	}
	return names
}

// wireTimes writes TOML's dates and times, which need no quotes there, as a profile has them.
func wireTimes(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			if day, ok := v[k].(toml.LocalDate); ok && k == "updated" {
				v[k] = day.AsTime(time.UTC)
			}
			v[k] = wireTimes(v[k])
		}
	case []any:
		for i := range v {
			v[i] = wireTimes(v[i])
		}
	case toml.LocalDate:
		return v.String()
	case toml.LocalTime:
		return fmt.Sprintf("%02d:%02d", v.Hour, v.Minute)
	case toml.LocalDateTime:
		return v.AsTime(time.UTC).Format(time.RFC3339)
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	}
	return v
}
