package sim

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// TestOracleNotices breaks promises behind the back of the code under test: an oracle that is never
// wrong about a right world must also not be right about a wrong one.
func TestOracleNotices(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		harm func(t *testing.T, w *World, alpha, beta *Team, id record.ID)
		says string
	}{
		{"a lost record", func(t *testing.T, _ *World, _, beta *Team, _ record.ID) {
			t.Helper()
			if err := beta.store.Drop([]byte("b")); err != nil {
				t.Fatal(err)
			}
		}, "not found"},
		{"a store from before", func(t *testing.T, _ *World, _, beta *Team, _ record.ID) {
			t.Helper()
			if err := beta.Crash(); err != nil {
				t.Fatal(err)
			}
			if err := beta.store.Drop([]byte("b"), []byte("i")); err != nil {
				t.Fatal(err)
			}
			if err := beta.Restart(); err != nil {
				t.Fatal(err)
			}
		}, "beta took alert-1 twice"},
		{"a broken signature at rest", func(t *testing.T, _ *World, _, beta *Team, id record.ID) {
			t.Helper()
			good, err := beta.rep.Frame(id)
			if err != nil {
				t.Fatal(err)
			}
			bad, err := Spoil(good)
			if err != nil {
				t.Fatal(err)
			}
			overwrite(t, beta, good, bad)
		}, "not genuine"},
		{"two records in one place", func(t *testing.T, w *World, alpha, _ *Team, _ record.ID) {
			t.Helper()
			ch, _ := w.Community("region")
			two, err := alpha.Equivocate(ch, newAlert("this"), newAlert("that"))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range two {
				r, err := (&record.Verifier{}).Open(f)
				if err != nil {
					t.Fatal(err)
				}
				delete(w.oracle.forged, r.ID()) // as if honest software had done it
				w.oracle.saw(w, r)
			}
		}, "in one place"},
		{"an observer that says it was here", func(t *testing.T, w *World, alpha, beta *Team, _ record.ID) {
			t.Helper()
			ch, _ := w.Community("region")
			w.Partition([]*Team{alpha}, []*Team{beta})
			if _, err := alpha.Publish(replica.Outgoing{Channel: ch, Notice: newAlert("unheard")}); err != nil {
				t.Fatal(err)
			}
			if err := w.Run(time.Hour); err != nil {
				t.Fatal(err)
			}
			if err := beta.rep.InStep(replica.Step{Channel: ch, Team: alpha.ID, At: w.now}); err != nil {
				t.Fatal(err)
			}
			w.Heal()
		}, "for its own absence"},
		{"a secret in clear on the wire", func(t *testing.T, w *World, alpha, _ *Team, _ record.ID) {
			t.Helper()
			ch, _ := w.Community("region")
			a := newAlert("secret")
			w.mark(a, notice.TLPAmber)
			f, err := alpha.utter(alpha, ch, a, w.now)
			if err != nil {
				t.Fatal(err)
			}
			w.watch(alpha, f)
		}, "in clear"},
		{"a secret in base64", func(t *testing.T, w *World, alpha, _ *Team, _ record.ID) {
			t.Helper()
			for pad := range 3 {
				w.oracle.failures = nil
				w.watch(alpha, []byte(base64.RawURLEncoding.EncodeToString([]byte("xxx"[:pad]+w.Secret()+"yy"))))
				if w.oracle.failures == nil {
					t.Errorf("at offset %d nothing is found", pad)
				}
			}
		}, "in clear"},
		{"a secret in a refusal", func(_ *testing.T, w *World, alpha, _ *Team, _ record.ID) {
			w.note("%s takes no %s", alpha.Name, w.Secret())
		}, "says what not everybody"},
		{"a key that nobody gave", func(t *testing.T, w *World, alpha, beta *Team, _ record.ID) {
			t.Helper()
			sealedAlert(t, w, alpha, beta)
			for _, e := range w.oracle.keys.epochs {
				delete(e.holders, beta)
			}
		}, "nobody who may handed over"},
		{"a key for a stranger", func(t *testing.T, w *World, alpha, beta *Team, _ record.ID) {
			t.Helper()
			sealedAlert(t, w, alpha, beta)
			mallory, err := w.AddTeam("mallory")
			if err != nil {
				t.Fatal(err)
			}
			ch, _ := w.Community("region")
			for id := range w.oracle.keys.epochs {
				w.oracle.handed(alpha, mallory, &notice.Wrap{Channel: ch.Tag(), Key: id})
			}
		}, "does not hold for a member"},
		{"a writer that seals for a removed member", func(t *testing.T, w *World, alpha, beta *Team, _ record.ID) {
			t.Helper()
			id := sealedAlert(t, w, alpha, beta)
			if err := alpha.Remove("region", beta); err != nil {
				t.Fatal(err)
			}
			e, err := alpha.rep.Entry(id)
			if err != nil {
				t.Fatal(err)
			}
			w.oracle.sealed(alpha, e.Record) // as if it were written only now
		}, "of whose removal it knows"},
		{"a member that stays without a key", func(t *testing.T, w *World, alpha, beta *Team, _ record.ID) {
			t.Helper()
			alpha.starves[beta] = true
			if id := sealedAlert(t, w, alpha, beta); !beta.rep.Has(id) {
				t.Fatal("beta has it not")
			}
			if err := w.Converged(); err == nil {
				t.Error("all is well, it says")
			}
		}, "could have its key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, alpha, beta, id := twoTeams(t)
			tt.harm(t, w, alpha, beta, id)
			err := w.Run(time.Minute)
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("the oracle says %v, want %q", err, tt.says)
			}
		})
	}
}

// sealedAlert lets alpha write what only members may read, and beta get it.
func sealedAlert(t *testing.T, w *World, alpha, _ *Team) record.ID {
	t.Helper()
	ch, _ := w.Community("region")
	a := newAlert("for members")
	w.mark(a, notice.TLPAmber)
	id, err := alpha.Publish(replica.Outgoing{Channel: ch, Notice: a})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Run(10 * time.Minute); err != nil {
		t.Fatal(err)
	}
	return id
}

// twoTeams makes a world in which beta has an alert of alpha's.
func twoTeams(t *testing.T) (w *World, alpha, beta *Team, id record.ID) {
	t.Helper()
	w = New(Config{Seed: 5})
	var err error
	if alpha, err = w.AddTeam("alpha"); err != nil {
		t.Fatal(err)
	}
	if beta, err = w.AddTeam("beta"); err != nil {
		t.Fatal(err)
	}
	if err := alpha.Found("region", 0); err != nil {
		t.Fatal(err)
	}
	if err := alpha.Admit("region", beta); err != nil {
		t.Fatal(err)
	}
	ch, _ := w.Community("region")
	if id, err = alpha.Publish(replica.Outgoing{Channel: ch, Notice: newAlert("one")}); err != nil {
		t.Fatal(err)
	}
	if err := w.Run(time.Minute); err != nil {
		t.Fatal(err)
	}
	return w, alpha, beta, id
}

// overwrite replaces a value in a team's store.
func overwrite(t *testing.T, team *Team, from, to []byte) {
	t.Helper()
	var at []byte
	err := team.store.Scan(nil, false, func(key, value []byte) error {
		if string(value) == string(from) {
			at = append([]byte{}, key...)
		}
		return nil
	})
	if err != nil || at == nil {
		t.Fatalf("find the record on disk: %v", err)
	}
	if err := team.store.Apply([]replica.Op{{Key: at, Value: to}}); err != nil {
		t.Fatal(err)
	}
}
