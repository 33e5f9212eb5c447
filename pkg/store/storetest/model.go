package storetest

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tocsin/pkg/replica"
)

// testModel runs random calls against a map. One store serves all runs, emptied between them, so
// that a store on disk also sees many files come and go.
func testModel(t *testing.T, open Open, reopen Reopen) {
	s := open(t)
	key := rapid.Custom(func(t *rapid.T) string { // few keys, so that they meet
		return rapid.SampledFrom([]string{"a", "a/", "b", "b\xff", "\x00"}).Draw(t, "head") +
			strings.Repeat("k", rapid.IntRange(0, 2).Draw(t, "tail"))
	})
	rapid.Check(t, func(rt *rapid.T) {
		if err := s.Drop([]byte{}); err != nil {
			rt.Fatalf("drop: %v", err)
		}
		model := make(map[string]string)
		rt.Repeat(map[string]func(*rapid.T){
			"apply": func(rt *rapid.T) {
				var ops []replica.Op
				for range rapid.IntRange(0, 6).Draw(rt, "ops") {
					k := key.Draw(rt, "key")
					if rapid.Bool().Draw(rt, "delete") {
						ops = append(ops, del(k))
						delete(model, k)
						continue
					}
					v := rapid.StringN(0, 5, -1).Draw(rt, "value")
					ops = append(ops, put(k, v))
					model[k] = v
				}
				if err := s.Apply(ops); err != nil {
					rt.Fatalf("apply: %v", err)
				}
			},
			"get": func(rt *rapid.T) {
				k := key.Draw(rt, "key")
				got, err := s.Get([]byte(k))
				want, ok := model[k]
				if ok && (err != nil || string(got) != want) || !ok && !errors.Is(err, replica.ErrNotFound) {
					rt.Fatalf("get %q: %q, %v; want %q, %v", k, got, err, want, ok)
				}
			},
			"drop": func(rt *rapid.T) {
				if rapid.IntRange(0, 9).Draw(rt, "rarely") != 0 {
					rt.Skip()
				}
				p := key.Draw(rt, "prefix")
				if err := s.Drop([]byte(p)); err != nil {
					rt.Fatalf("drop: %v", err)
				}
				maps.DeleteFunc(model, func(k, _ string) bool { return strings.HasPrefix(k, p) })
			},
			"reopen": func(rt *rapid.T) {
				if rapid.IntRange(0, 29).Draw(rt, "rarely") != 0 {
					rt.Skip()
				}
				if err := s.Close(); err != nil {
					rt.Fatalf("close: %v", err)
				}
				s = reopen(t, s)
			},
			"": func(rt *rapid.T) { checkModel(rt, s, model) },
		})
	})
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

func checkModel(rt *rapid.T, s replica.Store, model map[string]string) {
	want := slices.Sorted(maps.Keys(model))
	var got []string
	err := s.Scan(nil, false, func(k, v []byte) error {
		if string(v) != model[string(k)] {
			rt.Fatalf("scan: %q has %q, want %q", k, v, model[string(k)])
		}
		got = append(got, string(k))
		return nil
	})
	if err != nil || !slices.Equal(got, want) {
		rt.Fatalf("scan: %q, %v; want %q", got, err, want)
	}
}
