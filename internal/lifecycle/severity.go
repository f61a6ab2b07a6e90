package lifecycle

import "github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"

// Severity is how severe an event is.
type Severity uint8

const (
	// Info is the severity of events that are expected.
	Info Severity = iota
	// Warn is the severity of events that may need attention.
	Warn
	// Error is the severity of events that end the work of a sandbox.
	Error
)

// Severity returns the severity of an event.
func (e *Event) Severity() Severity {
	switch e.Name {
	case Unresponsive, VerificationFailed, EventsDropped:
		return Warn
	case Exited:
		switch e.exitReason() {
		case sandbox.ExitOOM:
			return Error
		case sandbox.ExitKilled:
			return Warn
		}
	case Skipped:
		if e.State == sandbox.Skipped {
			return Warn
		}
	}
	return Info
}

// exitReason returns why a sandbox ended.
func (e *Event) exitReason() sandbox.ExitReason {
	if e.Exit == nil || e.Exit.Reason == "" {
		return sandbox.ExitUnknown
	}
	return e.Exit.Reason
}

// Sentence describes the event in a sentence without data.
func (e *Event) Sentence() string {
	switch e.Name {
	case Exited:
		return exitSentences[e.exitReason()]
	case Skipped:
		if e.Path != "" {
			return "Path is not collected as a sandbox"
		}
	}
	return sentences[e.Name]
}

var sentences = map[Name]string{
	Found:              "Sandbox was found",
	Started:            "Sandbox started its workload",
	Paused:             "Sandbox was paused",
	Resumed:            "Sandbox was resumed",
	Unresponsive:       "Sandbox stopped responding",
	Recovered:          "Sandbox responds again",
	VerificationFailed: "Sandbox sent metrics that failed verification",
	Checkpointed:       "Sandbox was checkpointed",
	Restored:           "Sandbox was restored from a checkpoint",
	Skipped:            "Sandbox is not contacted; its metrics are read on the host",
	Gone:               "Sandbox was removed",
	EventsDropped:      "Lifecycle events were dropped",
}

var exitSentences = map[sandbox.ExitReason]string{
	sandbox.ExitCompleted: "Sandbox exited because its workload completed",
	sandbox.ExitKilled:    "Sandbox exited because a signal ended it",
	sandbox.ExitOOM:       "Sandbox exited after the kernel killed a process because a memory limit was reached",
	sandbox.ExitRemoved:   "Sandbox exited because it was removed",
	sandbox.ExitUnknown:   "Sandbox exited for an unknown reason",
}
