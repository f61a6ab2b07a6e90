package urpc

import (
	"context"
	"errors"
	"os"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Outcome returns the outcome of a pull that ends with this error of decoding a
// response: an error of [Decode], or of a scanner that reads from a connection.
func Outcome(err error) sandbox.Outcome {
	var remote *RemoteError
	switch {
	case errors.As(err, &remote):
		return sandbox.Refused
	case jsonscan.IsLimit(err):
		return sandbox.Oversize
	case errors.Is(err, jsonscan.ErrRead), errors.Is(err, jsonscan.ErrTruncated):
		return SourceOutcome(err)
	case errors.Is(err, jsonscan.ErrMisuse):
		return sandbox.Internal
	}
	return sandbox.Malformed
}

// SourceOutcome returns the outcome of a pull that ends with this error of the
// connection or of its context.
func SourceOutcome(err error) sandbox.Outcome {
	switch {
	case errors.Is(err, context.Canceled):
		return sandbox.Canceled
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return sandbox.Timeout
	}
	return sandbox.Disconnected
}
