package sandbox

import (
	"context"
	"time"
)

// Runtime discovers the sandboxes of one kind on this host.
type Runtime interface {
	// Name is the value of the resource attribute sandbox.runtime.name.
	Name() string
	// Watch reports sandboxes to the observer until the context ends. It returns
	// when nothing it started is still running, and before the end of the context
	// only with an error that is permanent. It calls the observer from one
	// goroutine. Goroutines that it starts must use [RecoverPanic].
	Watch(ctx context.Context, observer Observer) error
	// AppendRuntimeMetrics appends what the runtime's upstream exporter reports
	// about itself (number of sandboxes and the like).
	AppendRuntimeMetrics(r *Reading, stats Stats)
}

// Observer is notified of sandboxes as they come and go.
type Observer interface {
	// Added reports a new sandbox. The observer owns it from then on and closes
	// it.
	Added(s Sandbox)
	// Gone reports that an added sandbox no longer exists.
	Gone(s Sandbox)
	// Skipped reports that a path is not collected as a sandbox, with a reason
	// from a closed list. It is called again when the reason changes, with an
	// empty one if the path is no longer skipped.
	Skipped(path, reason string)
	// SkippedEntries reports how many entries of a path are not collected for a
	// reason, in addition to those that Skipped reports one by one. It is called
	// again when the number changes.
	SkippedEntries(path, reason string, count int)
	// Scanned reports, once, that the first scan is complete: all sandboxes and
	// skipped paths that it found have been reported.
	Scanned()
	// DiscoveryError reports that discovery itself fails, nil that it works
	// again. It may be called repeatedly with the same error.
	DiscoveryError(err error)
}

// Sandbox is one instance of a sandbox.
//
// Identity and Status may be called at any time. All other methods are called
// by one goroutine at a time.
type Sandbox interface {
	// Identity never changes.
	Identity() *Identity
	// Status is the status according to the runtime's files.
	Status() Status
	// MinInterval is the shortest time between the starts of two pulls that is
	// known not to burden the sandbox; 0 if there is no such limit.
	MinInterval() time.Duration
	// Pull requests metrics and appends what it verified to the reading, which
	// is empty. It returns at the latest when the context ends. If it returns an
	// error, always a [Failure], the points of the reading are ignored, except
	// with the outcome [Partial].
	Pull(ctx context.Context, r *Reading) error
	// AppendInfo appends what is known without a pull. verified is whether the
	// last pull succeeded.
	AppendInfo(r *Reading, verified bool)
	// AppendSeries appends one point for each series that Pull or AppendInfo has
	// emitted since the last call, so that they can be ended. Each of the points
	// identifies a series; the values are ignored.
	AppendSeries(r *Reading)
	// Close releases what the sandbox holds.
	Close() error
}

// Sender is implemented by sandboxes whose pull can be split into a request that
// is sent without waiting and a response that is read later, so that many are
// pulled with few wake-ups. All of its methods belong to one pull.
type Sender interface {
	Sandbox
	// Send starts a pull and reports whether it did, which is false if there is
	// more to do than to send one request. It does not wait. Receive or Close
	// must follow.
	Send(ctx context.Context) bool
	// Ready reports whether the response has begun to arrive, or that there will
	// be none.
	Ready() bool
	// Receive completes the pull that Send started with the same context, as Pull
	// does. It calls onBlock, if not nil, before it waits for the sandbox.
	Receive(r *Reading, onBlock func()) error
	// More reports whether a successful Receive has sent a further request, whose
	// response another Receive with the same reading adds to it. That response is
	// an addition: if it fails, Receive returns no error, and the pull has
	// succeeded.
	More() bool
}

// Awaiter is implemented by sandboxes that can wait for an overdue response without
// occupying a goroutine, so that recovery is noticed immediately and a sandbox that
// hangs need not be sent further requests, each of which may occupy it more.
type Awaiter interface {
	Sandbox
	// OnLateResponse sets the function to call when an awaited response begins to
	// arrive, or never will. It is called before the first pull. The function may be
	// called from any goroutine and does not block.
	OnLateResponse(notify func())
	// Awaiting reports whether the last pull has timed out and its response is still
	// awaited. That ends with the next pull.
	Awaiting() bool
}

// Checkpointer is implemented by sandboxes whose runtime records checkpoints.
type Checkpointer interface {
	Sandbox
	// Checkpoint returns what the runtime's files record. It may be called at any time.
	Checkpoint() Checkpoint
}

// Checkpoint is what is recorded about the checkpoints of a sandbox.
type Checkpoint struct {
	// Checkpointed reports whether the sandbox was checkpointed, and Restored whether it
	// was restored from a checkpoint.
	Checkpointed, Restored bool
	// Started is when the process of a restored sandbox started.
	Started time.Time
}

// Stats are the statistics of all sandboxes of one runtime.
type Stats struct {
	// Time is the current time, Started when the receiver started.
	Time, Started time.Time
	// Seen is the number of sandboxes since the receiver started.
	Seen int64
	// Running is the number of running sandboxes, Broken the number of these
	// whose last pull failed.
	Running, Broken int64
	// Pulls and Failures count completed pulls since the receiver started.
	Pulls, Failures int64
	// Durations is a histogram of pull durations in milliseconds, with the
	// bounds 1, 2, 4 … 512.
	Durations Distribution
}
