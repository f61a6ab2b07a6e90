package collect

import (
	"time"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/lifecycle"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/telemetry"
)

// Settings of a [Collection].
type Settings struct {
	// Interval is the time between two pulls of a sandbox, InitialDelay the time
	// before the first pull, Timeout the deadline of a pull.
	Interval, InitialDelay, Timeout time.Duration
	Runtimes                        []sandbox.Runtime
	Sink                            sandbox.Sink
	// Events accepts the transitions of sandboxes. If it is nil, they are dropped.
	Events lifecycle.Sink
	// Selects reports whether a sandbox is collected. If it is nil, all are.
	Selects func(*sandbox.Identity) bool
	// Metrics selects the metrics that the receiver adds for each sandbox.
	Metrics metadata.MetricsConfig

	Logger    *zap.Logger
	Telemetry *telemetry.Telemetry
	// ReportError reports that the discovery of a runtime fails, nil that it
	// works again.
	ReportError func(runtime string, err error)
}

// limits are not configurable. They are fields of the collection so that tests
// can reach them with few sandboxes.
type limits struct {
	// inFlight is the maximum number of pulls in flight, and unproven that of
	// pulls of sandboxes whose last pull did not succeed.
	inFlight, unproven int
	// maxBackOff is the longest time between two pulls of a failing sandbox.
	maxBackOff time.Duration
}

var defaultLimits = limits{
	inFlight:   512,
	unproven:   384,
	maxBackOff: 5 * time.Minute,
}
