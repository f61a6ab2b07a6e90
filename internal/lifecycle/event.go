package lifecycle

import (
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Name is the name of an event.
type Name string

const (
	// Found means that a sandbox was discovered, and Started that its workload has
	// started since.
	Found   Name = "sandbox.found"
	Started Name = "sandbox.started"
	Paused  Name = "sandbox.paused"
	Resumed Name = "sandbox.resumed"
	// Unresponsive means that a request has timed out, and Recovered that a pull has
	// succeeded again.
	Unresponsive Name = "sandbox.unresponsive"
	Recovered    Name = "sandbox.recovered"
	// VerificationFailed means that a response was rejected.
	VerificationFailed Name = "sandbox.verification_failed"
	Checkpointed       Name = "sandbox.checkpointed"
	Restored           Name = "sandbox.restored"
	// Exited means that the process of the sandbox has ended, and Gone that the runtime
	// has removed the sandbox.
	Exited Name = "sandbox.exited"
	Gone   Name = "sandbox.gone"
	// Skipped means that a sandbox is not contacted, or that a path is not collected as
	// a sandbox.
	Skipped Name = "sandbox.skipped"
	// EventsDropped means that limits or the pipeline have prevented records of other
	// events.
	EventsDropped Name = "sandbox.events_dropped"
)

// Names lists all names, in the usual order of the events of a sandbox.
var Names = [...]Name{
	Found, Started, Paused, Resumed, Unresponsive, Recovered, VerificationFailed, Checkpointed, Restored, Skipped,
	Exited, Gone, EventsDropped,
}

// Event is one transition. It must not be modified after it was recorded.
type Event struct {
	Name Name
	// Time is when the transition was noticed.
	Time time.Time
	// Identity is the sandbox, nil if the event is not about a single sandbox.
	Identity *sandbox.Identity
	// Runtime is the name of the runtime. [Recorder.Record] sets it if there is an
	// identity.
	Runtime string

	// State is the state in which a sandbox was found.
	State sandbox.State
	// SkipReason is why a sandbox or path is skipped; Path is set for paths only.
	SkipReason, Path string
	// Rule is the rule that a response violated, and Metric the metric; it is empty
	// if the rule is not about a metric. The sandbox chooses the name of the metric, so
	// it is bounded.
	Rule, Metric string
	// Duration is how long a sandbox that has recovered was unresponsive.
	Duration time.Duration
	// Exit is what is known about the end of a sandbox; nil if nothing is.
	Exit *sandbox.Exit
	// Dropped is the number of earlier events of the same sandbox that were dropped
	// since its last one; for EventsDropped, the number of all events.
	Dropped int
}

// Sink accepts events.
type Sink interface {
	// Record accepts an event and may retain it. It does not block, and may be called
	// from any goroutine.
	Record(e *Event)
}

// Discard is a sink that drops all events.
var Discard Sink = discard{}

type discard struct{}

func (discard) Record(*Event) {}
