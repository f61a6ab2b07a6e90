package collect

import (
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// health is the results of the pulls of a sandbox.
type health struct {
	// outcome is that of the last pull, empty before the first; failures is the
	// number of consecutive failures.
	outcome  sandbox.Outcome
	failures int
	// duration is that of the last pull, and lastSuccess the end of the last one
	// that succeeded.
	duration    time.Duration
	lastSuccess time.Time
	// next is about when the next pull starts.
	next time.Time
	// timedOut means that a pull has timed out and none has succeeded since.
	timedOut bool
	// failed counts failures by error type. Few sandboxes ever fail, so it is
	// created with the first failure.
	failed map[sandbox.Outcome]int64
}

// record records how a pull ended. errorType is the cause of a failure.
func (h *health) record(outcome, errorType sandbox.Outcome, started, now time.Time) {
	h.outcome = outcome
	h.duration = now.Sub(started)
	switch outcome {
	case sandbox.OK:
		h.lastSuccess = now
		h.failures = 0
		h.timedOut = false
	case sandbox.Gone, sandbox.Canceled:
	default:
		h.failures++
		h.timedOut = h.timedOut || errorType == sandbox.Timeout
		if h.failed == nil {
			h.failed = map[sandbox.Outcome]int64{}
		}
		h.failed[errorType]++
	}
}

// status returns the status of a sandbox with the given status according to its
// runtime's files.
func (h *health) status(recorded sandbox.Status) sandbox.Status {
	if h.timedOut {
		return recorded.WithTimeout()
	}
	return recorded
}
