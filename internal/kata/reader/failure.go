package reader

import (
	"context"
	"errors"
	"net"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/exposition"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// failureOf returns the failure of a pull whose response broke off. partial
// is set if host data was read before; the cause stays the error type.
func failureOf(err error, partial bool) error {
	outcome := outcomeOf(err)
	failure := sandbox.Fail(outcome, err)
	if partial && outcome != sandbox.Canceled {
		return &sandbox.Failure{Outcome: sandbox.Partial, Err: failure}
	}
	return failure
}

func outcomeOf(err error) sandbox.Outcome {
	var (
		failure *sandbox.Failure
		network net.Error
	)
	switch {
	case errors.As(err, &failure):
		return failure.Outcome
	case errors.Is(err, exposition.ErrTooLarge), errors.Is(err, exposition.ErrTooManyLines):
		return sandbox.Oversize
	case errors.Is(err, context.Canceled):
		return sandbox.Canceled
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return sandbox.Timeout
	}
	return sandbox.Disconnected
}
