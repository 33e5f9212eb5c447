package sim

import (
	"container/heap"
	"time"
)

// event is something that will happen.
type event struct {
	at    time.Time
	order uint64 // of scheduling; decides between events of the same moment
	do    func()
}

// queue is a heap of events, the next one first.
type queue []event

func (q queue) Len() int { return len(q) }

func (q queue) Less(i, j int) bool {
	if !q[i].at.Equal(q[j].at) {
		return q[i].at.Before(q[j].at)
	}
	return q[i].order < q[j].order
}

func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push implements heap.Interface.
func (q *queue) Push(x any) { *q = append(*q, x.(event)) }

// Pop implements heap.Interface.
func (q *queue) Pop() any {
	old := *q
	last := old[len(old)-1]
	old[len(old)-1] = event{}
	*q = old[:len(old)-1]
	return last
}

// after schedules do.
func (w *World) after(d time.Duration, do func()) {
	w.count++
	heap.Push(&w.queue, event{at: w.now.Add(d), order: w.count, do: do})
}

// upTo draws a duration from 0 to d.
func (w *World) upTo(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(w.rnd.Int64N(int64(d) + 1))
}

// chance draws whether something of that likelihood happens.
func (w *World) chance(perMille int) bool { return perMille > 0 && w.rnd.IntN(1000) < perMille }
