package sandboxreceiver

import (
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// newRuntimes makes the runtimes that are enabled. This is the one place that
// lists them.
func newRuntimes(*Config, *zap.Logger) ([]sandbox.Runtime, error) {
	return nil, nil
}

func defaultRoots() []string { return []string{"/run/runsc"} }
