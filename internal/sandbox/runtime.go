package sandbox

import (
	"context"
	"time"
)

// Runtime finds the sandboxes of one kind on this host.
type Runtime interface {
	// Name is one of the Runtime constants.
	Name() string
	// Watch tells the observer what there is and what changes, until the
	// context ends. It returns when nothing it started is left running, and
	// before that only with an error that cannot heal. All calls to the
	// observer come from one goroutine.
	Watch(ctx context.Context, observer Observer) error
	// Summarize appends what the runtime's own exporter says about itself
	// (counts of sandboxes and the like), given what the collection knows.
	Summarize(r *Reading, tally Stats)
}

// Observer is told about sandboxes as they come and go.
type Observer interface {
	// Added reports a sandbox that was not there before. From then on the
	// observer owns it and closes it.
	Added(s Sandbox)
	// Gone reports that an added sandbox is no more.
	Gone(s Sandbox)
	// Passed reports how many paths the runtime looked at and did not take as
	// sandboxes, by reason (few and fixed). Each report replaces the last.
	Passed(runtime string, counts map[string]int)
	// Trouble reports that finding sandboxes itself fails, nil that it works
	// again. Repeats are fine.
	Trouble(runtime string, err error)
}

// Sandbox is one life of one sandbox.
//
// Identity and State may be called at any time. All other methods are called
// by one goroutine at a time.
type Sandbox interface {
	// Identity never changes.
	Identity() *Identity
	// State is what the runtime's files say now.
	State() State
	// Pace is the shortest time between the starts of two pulls that is sure
	// not to burden the sandbox; 0 if any will do.
	Pace() time.Duration
	// Ask begins a pull, if it can do so without waiting, and tells whether it
	// did: the sandbox then works on its answer while others are asked. What
	// follows is a call of Pull, which takes the answer, or of Close.
	Ask(ctx context.Context) bool
	// Answered tells, after Ask, whether the answer has begun to arrive, or that
	// there will be none.
	Answered() bool
	// Pull asks the sandbox, unless Ask did with the same context, and appends
	// what it verified to the reading, which comes in empty. It calls waits, if
	// not nil, before it waits for the sandbox. It returns when the context ends,
	// at the latest. With an error, always a [Failure], the points of the reading
	// do not count, except with the outcome [Partial].
	Pull(ctx context.Context, r *Reading, waits func()) error
	// Describe appends what is known without asking the sandbox. verified
	// tells whether its last pull was a success.
	Describe(r *Reading, verified bool)
	// Series appends one point, of any value, for each series that Pull or
	// Describe has yielded and that has not been reported as ended yet, and
	// forgets them.
	Series(r *Reading)
	// Close releases the connection and all else the sandbox holds.
	Close() error
}

// State is where a sandbox is in its life, as far as files tell.
type State string

const (
	// Running sandboxes are pulled.
	Running State = "running"
	// Booting sandboxes cannot be asked yet.
	Booting State = "booting"
	// Stopped sandboxes have left files behind, but no process.
	Stopped State = "stopped"
	// SkippedUnsafe sandboxes could be harmed by asking. They are still
	// pulled: Pull reads what can be had without contact.
	SkippedUnsafe State = "skipped_unsafe"
)

// Pulled tells whether Pull is called in this state.
func (s State) Pulled() bool { return s == Running || s == SkippedUnsafe }

// Stats is what the collection knows about all sandboxes of one runtime.
type Stats struct {
	// Time is now, Started when the receiver started.
	Time, Started time.Time
	// Seen counts every sandbox since the receiver started.
	Seen int64
	// Running, Broken: sandboxes that run, and those of them whose last pull
	// failed.
	Running, Broken int64
	// Pulls and Failures count finished pulls since the receiver started.
	Pulls, Failures int64
	// Durations is a histogram of the pulls' durations in milliseconds, with
	// the bounds 1, 2, 4 … 512.
	Durations Distribution
}
