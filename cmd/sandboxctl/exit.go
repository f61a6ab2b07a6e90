package main

import (
	"context"
	"errors"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/inventory"
)

// Exit codes. The help text of the root command documents them.
const (
	exitOK    = 0
	exitError = 1
	// exitUsage means that the command line or the configuration is invalid.
	exitUsage = 2
	// exitNothing means that there is no such sandbox, or that it is not collected.
	exitNothing = 3
)

// errNothing is wrapped by errors with the exit code exitNothing.
var errNothing = errors.New("nothing found")

// nothingError is an error with the exit code exitNothing and its own text.
type nothingError struct{ error }

func (e nothingError) Is(target error) bool { return target == errNothing }
func (e nothingError) Unwrap() error        { return e.error }

// usageError is an error of the command line or of the configuration.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// exitCode returns the exit code for the error of a command. started reports whether the
// command has started to run: any error before that is about the command line.
func exitCode(err error, started bool) int {
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errNothing), errors.Is(err, inventory.ErrNotFound):
		return exitNothing
	case !started, errors.As(err, &usage), errors.As(err, new(*inventory.AmbiguousError)):
		return exitUsage
	}
	return exitError
}

// startedKey is the key of a *bool in the context of commands, which is set when the
// command line is valid and the command begins to run.
type startedKey struct{}

// setStarted records that a command begins to run.
func setStarted(ctx context.Context) {
	if started, ok := ctx.Value(startedKey{}).(*bool); ok {
		*started = true
	}
}
