package local

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// TestKillNine kills a daemon with SIGKILL while several clients publish, starts it again, and looks
// for every ID that was acknowledged. Some kills hit the daemon while it still starts.
func TestKillNine(t *testing.T) {
	from := *seed
	if from == 0 {
		from = rand.Uint64()
	}
	lines := min(*cycles, max(2, runtime.NumCPU())) // nodes killed side by side: much of a cycle is waiting for the disk
	t.Logf("%d cycles, repeat with -seed %d", *cycles, from)
	var total struct {
		sync.Mutex
		acknowledged, early int
	}
	t.Run("lines", func(t *testing.T) {
		for line := range lines {
			t.Run(fmt.Sprint(line), func(t *testing.T) {
				t.Parallel()
				c := start(t, Numbered("killed", 1))
				v := &victim{Team: c.Teams()[0], rng: rand.New(rand.NewPCG(from, uint64(line)))}
				for n := line; n < *cycles; n += lines {
					if err := v.cycle(t.Context()); err != nil {
						t.Fatalf("cycle %d, seed %d: %v", n, from, err)
					}
				}
				if err := v.find(t.Context(), v.all); err != nil {
					t.Fatalf("after all cycles, seed %d: %v", from, err)
				}
				total.Lock()
				defer total.Unlock()
				total.acknowledged += len(v.all)
				total.early += v.early
			})
		}
	})
	t.Logf("%d IDs acknowledged, all there; %d kills before the daemon was ready", total.acknowledged, total.early)
}

// victim is a node that is killed again and again.
type victim struct {
	*Team
	rng   *rand.Rand
	all   []record.ID // acknowledged, ever
	early int
}

// cycle publishes until the kill, and looks for what was acknowledged. The daemon runs before and after.
func (v *victim) cycle(ctx context.Context) error {
	acknowledged, err := v.publishUntilKilled(ctx, time.Duration(v.rng.Int64N(int64(40*time.Millisecond))))
	if err != nil {
		return err
	}
	if v.rng.IntN(8) == 0 {
		if err := v.Launch(ctx); err != nil {
			return err
		}
		time.Sleep(time.Duration(v.rng.Int64N(int64(80 * time.Millisecond)))) // the moment of the kill is what is drawn
		v.Kill()
		v.early++
	}
	if err := v.Start(ctx); err != nil {
		return err
	}
	v.all = append(v.all, acknowledged...)
	return v.find(ctx, acknowledged)
}

// publishUntilKilled returns the IDs that the daemon acknowledged before it was killed: after the first
// acknowledgement and the given time.
func (v *victim) publishUntilKilled(ctx context.Context, after time.Duration) ([]record.ID, error) {
	const clients = 3
	var mu sync.Mutex
	var ids []record.ID
	var unexpected error
	first := make(chan struct{})
	var one sync.Once
	var publishing sync.WaitGroup
	for n := range clients {
		title := fmt.Sprintf("from client %d, %d bytes more", n, n*3000)
		publishing.Go(func() {
			for ctx.Err() == nil {
				p, err := v.Client().PublishAlert(ctx, api.AlertDraft{Community: "killed", Alert: sample(title, n*3000)})
				if err != nil {
					var problem *api.Problem
					mu.Lock()
					if errors.As(err, &problem) && problem.Code != api.NotRunning {
						unexpected = err // a live daemon has no reason to refuse
					}
					mu.Unlock()
					one.Do(func() { close(first) })
					return
				}
				mu.Lock()
				ids = append(ids, p.ID)
				mu.Unlock()
				one.Do(func() { close(first) })
			}
		})
	}
	<-first
	time.Sleep(after) // the moment of the kill is what is drawn
	v.Kill()
	publishing.Wait()
	if len(ids) == 0 && unexpected == nil {
		unexpected = errors.New("nothing was acknowledged before the kill")
	}
	return ids, unexpected
}

// find asks the daemon for each ID, body and all.
func (v *victim) find(ctx context.Context, ids []record.ID) error {
	for _, id := range ids {
		r, err := v.Client().Record(ctx, id.String())
		if err != nil {
			return fmt.Errorf("acknowledged record %s: %w", id, err)
		}
		if r.ID != id || !r.Proof.BodyMatch || r.Alert == nil {
			return fmt.Errorf("acknowledged record %s: came back incomplete", id)
		}
	}
	return nil
}

// sample is an alert with so many bytes of text.
func sample(title string, size int) notice.Alert {
	text := make([]byte, size)
	for i := range text {
		text[i] = "tocsin "[i%7]
	}
	return notice.Alert{
		Type: notice.AlertNew, Status: notice.StatusActual, Marking: notice.Marking{TLP: notice.TLPClear},
		Severity: notice.SeverityMinor, Urgency: notice.UrgencyFuture, Certainty: notice.CertaintyObserved,
		Texts: []notice.Text{{Language: "en", Title: title, Summary: string(text)}},
	}
}

func TestTwoDaemonsOnOneDirectory(t *testing.T) {
	c := start(t, Numbered("alone", 1))
	second := *c.Teams()[0]
	if err := second.Launch(t.Context()); err == nil {
		t.Fatal("a running team could be launched again")
	}
	r, err := second.Run(t.Context(), "daemon")
	if err != nil || r.Code == 0 || r.Stdout != "" {
		t.Fatalf("second daemon: exit %d, %v\n%s", r.Code, err, r.Stderr)
	}
	if _, err := os.Stat(second.Home); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Teams()[0].Client().Status(t.Context()); err != nil {
		t.Errorf("the first daemon suffered: %v", err)
	}
}
