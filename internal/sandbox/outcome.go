package sandbox

import (
	"errors"
	"fmt"
)

// Outcome is how a pull ended, in one word. It is the attribute "outcome" of
// the receiver's own telemetry, so there are few of them and each is fixed.
type Outcome string

const (
	// OK: everything was read and verified.
	OK Outcome = "ok"
	// Partial: something was salvaged, the rest was lost.
	Partial Outcome = "partial"
	// Unreachable: nobody listens on the socket, or it may not be opened.
	Unreachable Outcome = "unreachable"
	// WrongPeer: another process listens than the one that should.
	WrongPeer Outcome = "wrong_peer"
	// Timeout: the deadline passed before the answer was complete.
	Timeout Outcome = "timeout"
	// Disconnected: the sandbox closed the connection in mid-answer.
	Disconnected Outcome = "disconnected"
	// Oversize: the answer exceeded a limit.
	Oversize Outcome = "oversize"
	// Malformed: the answer is not in the expected format.
	Malformed Outcome = "malformed"
	// Refused: the sandbox answered that it would not or could not.
	Refused Outcome = "refused"
	// Rejected: the answer was well formed and failed verification.
	Rejected Outcome = "rejected"
	// Untrusted: there is nothing to verify an answer against.
	Untrusted Outcome = "untrusted"
	// Unsafe: asking could harm the sandbox, so it was not asked.
	Unsafe Outcome = "unsafe"
	// Gone: the sandbox went away meanwhile, which is no error.
	Gone Outcome = "gone"
	// Canceled: the receiver is stopping.
	Canceled Outcome = "canceled"
	// Internal: a fault of the receiver itself.
	Internal Outcome = "internal"
)

// Outcomes are all there are, OK first.
var Outcomes = [...]Outcome{
	OK, Partial, Unreachable, WrongPeer, Timeout, Disconnected, Oversize, Malformed,
	Refused, Rejected, Untrusted, Unsafe, Gone, Canceled, Internal,
}

// ShouldBackOff tells whether another attempt at once could burden the sandbox or
// the receiver again, so that attempts should back off.
func (o Outcome) ShouldBackOff() bool {
	switch o {
	case Timeout, Oversize, Malformed, Disconnected, Partial, WrongPeer, Unreachable, Internal:
		return true
	}
	return false
}

// Failure is the error of a pull: its outcome and what led to it.
type Failure struct {
	Outcome Outcome
	Err     error
}

// Fail wraps an error with an outcome. An error that is a [Failure] already
// keeps the outcome it has.
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

// OutcomeOf is the outcome that an error of a pull stands for: OK for none,
// Internal for an error that is no [Failure].
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
