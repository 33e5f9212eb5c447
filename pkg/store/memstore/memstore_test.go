package memstore_test

import (
	"errors"
	"testing"

	"tocsin/pkg/replica"
	"tocsin/pkg/store/memstore"
	"tocsin/pkg/store/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t,
		func(*testing.T) replica.Store { return memstore.New(memstore.Options{}) },
		func(t *testing.T, s replica.Store) replica.Store {
			t.Helper()
			m, ok := s.(*memstore.Store)
			if !ok {
				t.Fatalf("not a memstore: %T", s)
			}
			return m.Clone()
		})
}

func TestFault(t *testing.T) {
	broken := errors.New("broken disk")
	for _, tt := range []struct {
		name  string
		apply bool
		err   error
		want  int
	}{
		{"no fault", false, nil, 1},
		{"failed", false, broken, 0},
		{"said it failed but it happened", true, broken, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := memstore.New(memstore.Options{})
			var saw []replica.Op
			s.SetFault(func(op string, ops []replica.Op) (bool, error) {
				if op == "apply" {
					saw = ops
				}
				return tt.apply, tt.err
			})
			if err := s.Apply([]replica.Op{{Key: []byte("k")}}); !errors.Is(err, tt.err) {
				t.Fatalf("apply: %v, want %v", err, tt.err)
			}
			if len(saw) != 1 || s.Len() != tt.want {
				t.Fatalf("fault saw %d operations, store has %d keys, want 1 and %d", len(saw), s.Len(), tt.want)
			}
			s.SetFault(nil)
			if after := s.Crash(); after.Len() != tt.want {
				t.Fatalf("%d keys after a crash, want %d", after.Len(), tt.want)
			}
			if err := s.Apply(nil); !errors.Is(err, replica.ErrClosed) {
				t.Fatalf("apply after a crash: %v", err)
			}
		})
	}
}

func TestFaultOnReading(t *testing.T) {
	broken := errors.New("broken disk")
	s := memstore.New(memstore.Options{Fault: func(string, []replica.Op) (bool, error) { return true, broken }})
	_, getErr := s.Get([]byte("k"))
	_, usageErr := s.Usage()
	scanErr := s.Scan(nil, true, func(_, _ []byte) error { return nil })
	for _, err := range []error{getErr, usageErr, scanErr, s.Drop(nil)} {
		if !errors.Is(err, broken) {
			t.Errorf("%v, want the fault's error", err)
		}
	}
}

func TestCloneIsIndependent(t *testing.T) {
	a := memstore.New(memstore.Options{})
	write(t, a, "1")
	b := a.Clone()
	write(t, a, "2")
	write(t, b, "3")
	write(t, b, "4")
	if a.Len() != 2 || b.Len() != 3 {
		t.Fatalf("%d and %d keys, want 2 and 3", a.Len(), b.Len())
	}
}

func TestQuota(t *testing.T) {
	s := memstore.New(memstore.Options{Quota: 4})
	write(t, s, "abcd")
	if err := s.Apply([]replica.Op{{Key: []byte("e")}}); !errors.Is(err, replica.ErrFull) {
		t.Fatalf("beyond the quota: %v, want ErrFull", err)
	}
	if err := s.Apply([]replica.Op{{Key: []byte("abcd"), Delete: true}, {Key: []byte("e")}}); err != nil {
		t.Fatalf("replacing within the quota: %v", err)
	}
}

func write(t *testing.T, s *memstore.Store, key string) {
	t.Helper()
	if err := s.Apply([]replica.Op{{Key: []byte(key)}}); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkApply(b *testing.B) {
	s := memstore.New(memstore.Options{})
	value := make([]byte, 2000)
	var n uint32
	for b.Loop() {
		n++
		h := n * 2654435761                                                // spread over the key space
		key := []byte{byte(h >> 24), byte(h >> 16), byte(h >> 8), byte(h)} //nolint:gosec // the bytes of it
		if err := s.Apply([]replica.Op{{Key: key, Value: value}, {Key: append([]byte("i"), key...)}}); err != nil {
			b.Fatal(err)
		}
	}
}
