package replica_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

func TestHeldDocuments(t *testing.T) {
	us, _, _ := village(t)
	long := bytes.Repeat([]byte("0123456789"), 200_000)
	id, err := us.Hold(replica.Held{Name: "a.json", Source: "csaf", At: noon, By: "ada", Labels: []string{"PURPLE"}}, long)
	if err != nil || id != replica.HeldIDOf(long) {
		t.Fatalf("%s %v", id, err)
	}
	if _, err := us.Hold(replica.Held{Name: "b.json"}, long); !errors.Is(err, replica.ErrHeld) {
		t.Errorf("again: %v", err)
	}
	us.restart(t, noon)
	if got, err := us.HeldDocument(id); err != nil || !bytes.Equal(got, long) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	other, err := us.Hold(replica.Held{Name: "b.json", At: noon.Add(time.Second)}, []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := us.Held()
	if err != nil || len(list) != 2 || list[0].ID != id || list[0].By != "ada" || list[0].Size != len(long) || !list[0].At.Equal(noon) {
		t.Fatalf("%+v %v", list, err)
	}
	as := replica.Release{By: "bob", At: noon.Add(time.Hour), TLP: notice.TLPGreen, Record: record.ID{1}}
	if err := us.ReleaseHeld(id, as); err != nil {
		t.Fatal(err)
	}
	if err := us.DropHeld(other); err != nil {
		t.Fatal(err)
	}
	us.restart(t, noon)
	list, err = us.Held()
	if err != nil || len(list) != 1 || list[0].Released == nil || *list[0].Released != as {
		t.Fatalf("%+v %v", list, err)
	}
	for _, gone := range []replica.HeldID{id, other} {
		if _, err := us.HeldDocument(gone); !errors.Is(err, replica.ErrNotFound) {
			t.Errorf("%v", err)
		}
		if err := us.DropHeld(gone); !errors.Is(err, replica.ErrNotFound) {
			t.Errorf("%v", err)
		}
		if err := us.ReleaseHeld(gone, as); !errors.Is(err, replica.ErrNotFound) {
			t.Errorf("%v", err)
		}
	}
	if n := count(t, us.store, "hd"); n != 0 {
		t.Errorf("%d chunks of documents that are gone", n)
	}
	if _, err := us.Hold(replica.Held{Name: "a.json", At: noon}, long); err != nil {
		t.Errorf("one that was let out comes again: %v", err)
	}
}

func TestHeldIsBounded(t *testing.T) {
	us, _, _ := village(t)
	if _, err := us.Hold(replica.Held{Title: strings.Repeat("x", 5000)}, []byte("x")); reasonOf(err) != policy.Malformed {
		t.Errorf("long title: %v", err)
	}
	for i := range replica.MaxHeld {
		if _, err := us.Hold(replica.Held{At: noon}, []byte{byte(i), byte(i >> 8)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := us.Hold(replica.Held{At: noon}, []byte("one more")); reasonOf(err) != policy.Quota {
		t.Errorf("%v", err)
	}
}
