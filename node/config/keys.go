package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// key is one setting: its name in the file ("mesh.listen") and where it is in Config.
type key struct {
	name  string
	index []int
}

// keys returns every setting in the order of the file.
func keys() []key { return keysOf(reflect.TypeFor[Config](), "", nil) }

func keysOf(t reflect.Type, prefix string, index []int) []key {
	var out []key
	for i := range t.NumField() {
		f := t.Field(i)
		name := prefix + f.Tag.Get("toml")
		at := append(append([]int{}, index...), i)
		if f.Type.Kind() == reflect.Struct {
			out = append(out, keysOf(f.Type, name+".", at)...)
			continue
		}
		out = append(out, key{name: name, index: at})
	}
	return out
}

// Names returns the names of all settings, in the order of the file.
func Names() []string {
	var out []string
	for _, k := range keys() {
		out = append(out, k.name)
	}
	return out
}

// EnvName returns the environment variable that sets a key: mesh.listen is TOCSIN_MESH_LISTEN.
func EnvName(key string) string {
	return "TOCSIN_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// set gives one key a value from the environment or a flag. Lists take several values.
func (c *Config) set(k key, values []string) error {
	v := reflect.ValueOf(c).Elem().FieldByIndex(k.index)
	if list, ok := reflect.TypeAssert[*[]string](v.Addr()); ok {
		*list = append([]string{}, values...)
		return nil
	}
	if len(values) != 1 {
		return fmt.Errorf("takes one value, not %d", len(values))
	}
	switch p := v.Addr().Interface().(type) {
	case *string:
		*p = values[0]
	case *bool:
		b, err := parseBool(values[0])
		if err != nil {
			return err
		}
		*p = b
	case *int:
		n, err := strconv.Atoi(values[0])
		if err != nil {
			return fmt.Errorf("%+.40q is not a whole number", values[0])
		}
		*p = n
	case *Duration:
		return p.UnmarshalText([]byte(values[0]))
	case *Size:
		return p.UnmarshalText([]byte(values[0]))
	}
	return nil
}

// text writes the value of one key as it stands in the file.
func (c *Config) text(k key) string {
	switch v := reflect.ValueOf(c).Elem().FieldByIndex(k.index).Interface().(type) {
	case []string:
		quoted := make([]string, len(v))
		for i, s := range v {
			quoted[i] = strconv.QuoteToASCII(s)
		}
		if len(quoted) > 1 {
			return "[\n    " + strings.Join(quoted, ",\n    ") + ",\n]"
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	case bool:
		return strconv.FormatBool(v)
	case int:
		return strconv.Itoa(v)
	case fmt.Stringer:
		return strconv.QuoteToASCII(v.String())
	case string:
		return strconv.QuoteToASCII(v)
	}
	return ""
}
