package collect

import (
	"sync/atomic"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// target is one scheduled sandbox. It has one owner at a time: the scheduler, or
// the pull in flight.
type target struct {
	// key is the sandbox as the runtime reports it, and sandbox the same behind a
	// barrier.
	key     sandbox.Sandbox
	sandbox isolated
	// sender is the sandbox if it can be pulled in a group, nil otherwise.
	sender  sandbox.Sender
	pending *pending
	// lane is the lane of the sink for all deliveries of the sandbox.
	lane  int
	phase time.Duration
	// discovered is when the sandbox was discovered.
	discovered time.Time
	// due is when the next turn should start and turned when the last one did;
	// pulled is when the last pull started.
	due, turned, pulled time.Time
	// retry is the time before which the sandbox is not pulled.
	retry time.Time

	health health
	// events is what the next events depend on.
	events transitions
	// reading is that of a pull of which a further response is still to be
	// received, nil otherwise.
	reading *sandbox.Reading
	// recorded is the status according to the runtime's files as of the last turn,
	// and reported the one in the last delivery, which also depends on the pulls.
	// Both are zero before the first.
	recorded, reported sandbox.Status
	// infoDue is when info points are due again.
	infoDue time.Time
	// lost is set if the sink lost the last info points.
	lost atomic.Bool
	// logged is when a failure was last logged; failing means that recovery has
	// not been logged since.
	logged  time.Time
	failing bool

	// The rest always belongs to the scheduler.

	// slot is when the next turn is due at the latest. A booting sandbox is
	// checked before that.
	slot time.Time
	// responded means that an overdue response has arrived during the turn in progress.
	responded bool
	// lostInTurn means that the sink has lost points during the turn in progress.
	lostInTurn bool
	// changedInTurn means that the sandbox has booted or has ended during the turn in
	// progress.
	changedInTurn bool
	// unresponsive means that the sandbox was unresponsive after its last turn.
	unresponsive bool
	// queue is where the target waits, nil while its turn is in progress, and
	// index its position there.
	queue *queue
	index int
	// counted means that the turn in progress counts against the limit for
	// unproven sandboxes.
	counted bool
	// gone means that the runtime has reported the end of the sandbox, closed that
	// the last turn is in progress or over.
	gone, closed bool
}

var _ sandbox.Source = (*target)(nil)

// proven reports whether the last pull succeeded. Other targets can use only part
// of the limit on pulls in flight.
func (t *target) proven() bool { return t.health.outcome == sandbox.OK }

// Lost implements [sandbox.Source].
func (t *target) Lost(repull bool) {
	t.lost.Store(true)
	if repull {
		t.pending.repull(t)
	}
}

// queue is a heap of targets, ordered by the time they are due.
type queue []*target

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].due.Before(q[j].due) }
func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}

// Push implements [heap.Interface].
func (q *queue) Push(x any) {
	t := x.(*target)
	t.index = len(*q)
	*q = append(*q, t)
}

// Pop implements [heap.Interface].
func (q *queue) Pop() any {
	last := len(*q) - 1
	t := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	t.index = -1
	return t
}
