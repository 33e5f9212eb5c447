package node

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"tocsin/pkg/api"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// slowEngine takes fake time for each commit and remembers what was durable when.
type slowEngine struct {
	takes time.Duration
	fail  bool

	mu      sync.Mutex
	durable map[record.ID]bool
	batches []int
	inside  int
}

func (e *slowEngine) enter() func() {
	e.mu.Lock()
	e.inside++
	if e.inside > 1 {
		panic("two commits at once")
	}
	e.mu.Unlock()
	time.Sleep(e.takes) // fake time
	e.mu.Lock()
	return func() { e.inside--; e.mu.Unlock() }
}

func (e *slowEngine) Ingest(_ time.Time, arrivals []replica.Arrival) []replica.Outcome {
	defer e.enter()()
	out := make([]replica.Outcome, len(arrivals))
	for i, a := range arrivals {
		out[i].ID = record.ID(a.Frame)
		out[i].Judgement = policy.Judgement{Verdict: policy.Accept, Reason: policy.OK}
		if e.fail {
			out[i].Judgement = policy.Judgement{Reason: policy.Unavailable}
			continue
		}
		e.durable[out[i].ID] = true
	}
	e.batches = append(e.batches, len(arrivals))
	return out
}

func (e *slowEngine) Publish(_ time.Time, outgoing []replica.Outgoing) []replica.Published {
	defer e.enter()()
	return make([]replica.Published, len(outgoing))
}

func frame(n int) []byte {
	var id record.ID
	id[0], id[1], id[2] = byte(n>>16), byte(n>>8), byte(n)
	return id[:]
}

// TestDoorAnswersWhatIsDurable: every caller gets its own outcomes, in order, and not before they are
// durable; and what is queued during a commit goes into one.
func TestDoorAnswersWhatIsDurable(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		callers := rapid.SliceOfN(rapid.IntRange(1, 40), 1, 60).Draw(rt, "callers")
		gaps := rapid.SliceOfN(rapid.IntRange(0, 3), len(callers), len(callers)).Draw(rt, "gaps")
		fail := rapid.Bool().Draw(rt, "fail")
		synctest.Test(t, func(t *testing.T) {
			e := &slowEngine{takes: 5 * time.Millisecond, fail: fail, durable: map[record.ID]bool{}}
			d := newDoor(e, time.Now, 4)
			ctx, stop := context.WithCancel(t.Context())
			var all sync.WaitGroup
			all.Go(func() { _ = d.Run(ctx) })
			next := 0
			var calls sync.WaitGroup
			for i, n := range callers {
				var arrivals []replica.Arrival
				for range n {
					arrivals = append(arrivals, replica.Arrival{Frame: frame(next)})
					next++
				}
				calls.Go(func() {
					out, err := d.Ingest(t.Context(), arrivals)
					if err != nil || len(out) != len(arrivals) {
						t.Errorf("%d outcomes for %d arrivals, %v", len(out), len(arrivals), err)
						return
					}
					e.mu.Lock()
					defer e.mu.Unlock()
					for j := range out {
						if !slices.Equal(out[j].ID[:], arrivals[j].Frame) {
							t.Errorf("outcome %d is another's", j)
						}
						if (out[j].Verdict == policy.Accept) != e.durable[out[j].ID] {
							t.Errorf("told %v, durable %v", out[j].Verdict, e.durable[out[j].ID])
						}
					}
				})
				time.Sleep(time.Duration(gaps[i]) * time.Millisecond)
			}
			calls.Wait()
			stop()
			all.Wait()
			total := 0
			for _, n := range e.batches {
				total += n
			}
			if total != next {
				t.Errorf("%d arrivals committed, %d sent", total, next)
			}
		})
	})
}

func TestDoorIdleCallerWaitsForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &slowEngine{takes: 5 * time.Millisecond, durable: map[record.ID]bool{}}
		d := newDoor(e, time.Now, 4)
		ctx, stop := context.WithCancel(t.Context())
		var done sync.WaitGroup
		done.Go(func() { _ = d.Run(ctx) })
		begin := time.Now()
		if _, err := d.Ingest(t.Context(), []replica.Arrival{{Frame: frame(1)}}); err != nil {
			t.Error(err)
		}
		if took := time.Since(begin); took != e.takes {
			t.Errorf("took %s, the disk %s", took, e.takes)
		}
		stop()
		done.Wait()
	})
}

func TestDoorStopAnswersEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &slowEngine{takes: time.Second, durable: map[record.ID]bool{}}
		d := newDoor(e, time.Now, 8)
		ctx, stop := context.WithCancel(t.Context())
		var done sync.WaitGroup
		done.Go(func() { _ = d.Run(ctx) })
		var mu sync.Mutex
		answers := map[string]int{}
		for i := range 30 {
			done.Go(func() {
				out, err := d.Ingest(t.Context(), []replica.Arrival{{Frame: frame(i)}})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case errors.Is(err, errStopped):
					answers["stopped"]++
				case err == nil && e.durable[out[0].ID]:
					answers["durable"]++
				default:
					answers["odd"]++
				}
			})
		}
		time.Sleep(time.Millisecond)
		stop()
		done.Wait()
		if answers["odd"] > 0 || answers["durable"]+answers["stopped"] != 30 || answers["durable"] == 0 {
			t.Errorf("answers %v", answers)
		}
		if _, err := d.Publish(t.Context(), make([]replica.Outgoing, 1)); !api.Is(err, api.Unavailable) {
			t.Errorf("after the end: %v", err)
		}
	})
}

func TestDoorFullQueueIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &slowEngine{takes: time.Hour, durable: map[record.ID]bool{}}
		d := newDoor(e, time.Now, 1)
		ctx, stop := context.WithCancel(t.Context())
		var done sync.WaitGroup
		done.Go(func() { _ = d.Run(ctx) })
		for range 2 { // one on its way to the disk, one in the queue
			done.Go(func() { _, _ = d.Publish(t.Context(), make([]replica.Outgoing, 1)) })
			synctest.Wait()
		}
		if _, err := d.Publish(t.Context(), make([]replica.Outgoing, 1)); !api.Is(err, api.Unavailable) {
			t.Errorf("full: %v", err)
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := d.Ingest(short, []replica.Arrival{{}}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a peer's arrival: %v", err)
		}
		stop()
		done.Wait()
	})
}
