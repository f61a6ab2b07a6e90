package collect

import (
	"sync/atomic"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// member is a sandbox in the care of the collection. It has one owner at a
// time: the scheduler, or the pull in flight.
type member struct {
	sandbox sandbox.Sandbox
	worker  *worker
	phase   time.Duration
	// watched is when it was found.
	watched time.Time
	// due is when the next visit should start, visited when the last one did,
	// began when the last one did in which it was asked.
	due, visited, began time.Time
	// retry is the time before which the sandbox is only described, not asked.
	retry time.Time

	health health
	// reported is the state that its last reading told of, empty before the
	// first reading.
	reported sandbox.State
	// constants is when to say again what hardly ever changes; at once if what
	// was said last is lost, as the worker notes.
	constants time.Time
	lost      atomic.Bool
	// logged is when the log last told that it fails, complained that it has not
	// told since that it does no longer.
	logged     time.Time
	complained bool

	// The rest belongs to the scheduler at all times.

	// slot is when it is visited in any case; it is looked at before that while
	// it boots.
	slot time.Time
	// heap it waits in, nil while a visit is under way, and its place there.
	heap  *queue
	place int
	// counted: the visit under way takes one of the places for unproven
	// sandboxes.
	counted bool
	// gone: the runtime has reported its end. closed: the last visit is over.
	gone, closed bool
}

// proven members answered when last asked; others can take only a part of the
// pulls in flight.
func (m *member) proven() bool { return m.health.outcome == sandbox.OK }

// queue holds members by the time they are due.
type queue []*member

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].due.Before(q[j].due) }
func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}

// Push is for container/heap.
func (q *queue) Push(x any) {
	m := x.(*member)
	m.place = len(*q)
	*q = append(*q, m)
}

// Pop is for container/heap.
func (q *queue) Pop() any {
	last := len(*q) - 1
	m := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	m.place = -1
	return m
}
