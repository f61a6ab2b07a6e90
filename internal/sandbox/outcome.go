package sandbox

import (
	"errors"
	"fmt"
)

// Outcome is how a pull ended. It is the attribute "outcome" of the receiver's
// own telemetry and, for failures, "error.type" of a sandbox's metrics, so the
// list is short and closed.
type Outcome string

const (
	// OK means that the whole response was read and verified.
	OK Outcome = "ok"
	// Partial means that part of the response was read and verified, and the
	// rest was lost.
	Partial Outcome = "partial"
	// Unreachable means that nothing listens on the socket, or the receiver may
	// not connect to it.
	Unreachable Outcome = "unreachable"
	// WrongPeer means that a process other than the expected one listens on
	// the socket.
	WrongPeer Outcome = "wrong_peer"
	// Timeout means that the deadline passed before the response was complete.
	Timeout Outcome = "timeout"
	// Disconnected means that the sandbox closed the connection before the
	// response was complete.
	Disconnected Outcome = "disconnected"
	// Oversize means that the response exceeded a limit.
	Oversize Outcome = "oversize"
	// Malformed means that the response does not have the expected format.
	Malformed Outcome = "malformed"
	// Refused means that the sandbox responded with an error.
	Refused Outcome = "refused"
	// Rejected means that the response was well-formed and failed verification.
	Rejected Outcome = "rejected"
	// Untrusted means that there is nothing to verify a response against.
	Untrusted Outcome = "untrusted"
	// Unsafe means that a request could crash the sandbox, so none was sent, and
	// that nothing could be read on the host either.
	Unsafe Outcome = "unsafe"
	// Gone means that the sandbox ended during the pull, which is not an error.
	Gone Outcome = "gone"
	// Canceled means that the receiver is shutting down.
	Canceled Outcome = "canceled"
	// Internal means that the receiver itself failed.
	Internal Outcome = "internal"
)

// Outcomes lists all outcomes, OK first.
var Outcomes = [...]Outcome{
	OK, Partial, Unreachable, WrongPeer, Timeout, Disconnected, Oversize, Malformed,
	Refused, Rejected, Untrusted, Unsafe, Gone, Canceled, Internal,
}

// ShouldBackOff reports whether an immediate retry could put load on the sandbox
// or the receiver again, so that retries should back off.
func (o Outcome) ShouldBackOff() bool {
	switch o {
	case Timeout, Oversize, Malformed, Disconnected, Partial, WrongPeer, Unreachable, Internal:
		return true
	}
	return false
}

// Failure is the error of a pull: its outcome and the cause.
type Failure struct {
	Outcome Outcome
	Err     error
}

// Fail wraps an error with an outcome. An error that already is a [Failure]
// keeps its outcome.
func Fail(outcome Outcome, err error) error {
	var failure *Failure
	if errors.As(err, &failure) {
		return err
	}
	return &Failure{Outcome: outcome, Err: err}
}

// Failf is [Fail] with a formatted error.
func Failf(outcome Outcome, format string, args ...any) error {
	return &Failure{Outcome: outcome, Err: fmt.Errorf(format, args...)}
}

func (f *Failure) Error() string { return string(f.Outcome) + ": " + f.Err.Error() }

func (f *Failure) Unwrap() error { return f.Err }

// Violation is implemented by errors about a response that violates a rule of the
// verification.
type Violation interface {
	error
	// Violated returns the name of the rule, from a closed list, and the metric, as the
	// sandbox names it; empty if the rule is not about a metric.
	Violated() (rule, metric string)
}

// OutcomeOf returns the outcome that the error of a pull stands for: OK for nil,
// Internal for an error that is not a [Failure].
func OutcomeOf(err error) Outcome {
	if err == nil {
		return OK
	}
	var failure *Failure
	if errors.As(err, &failure) {
		return failure.Outcome
	}
	return Internal
}

// ErrorTypeOf returns the outcome that names the cause of a failed pull. It is
// [OutcomeOf], except that a partial pull has the error type of the failure that
// cut it short.
func ErrorTypeOf(err error) Outcome {
	outcome := OutcomeOf(err)
	if outcome != Partial {
		return outcome
	}
	var partial *Failure
	errors.As(err, &partial)
	return OutcomeOf(partial.Err)
}
