package collect

import (
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/pdataconv"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Settings of a [Collection].
type Settings struct {
	// Receiver is the id that the receiver's own telemetry is labeled with.
	Receiver component.ID
	// Interval is the time between two pulls of a sandbox, InitialDelay that
	// before the first of all, Timeout the longest that one pull may take.
	Interval, InitialDelay, Timeout time.Duration
	Runtimes                        []sandbox.Runtime
	Converter                       *pdataconv.Converter
	// Metrics tells which of the fixed metrics are on.
	Metrics metadata.MetricsConfig
	Next    consumer.Metrics

	Logger    *zap.Logger
	Telemetry component.TelemetrySettings
	Obsreport *receiverhelper.ObsReport
	// Report tells the collector how the component is.
	Report func(*componentstatus.Event)
}

// Limits that are not for users to set. They are variables of the collection
// so that tests can bring them about with few sandboxes.
type limits struct {
	// inFlight pulls at most are under way at once, and of these at most
	// unproven to sandboxes whose last pull was no success.
	inFlight, unproven int
	// workers hand batches over.
	workers int
	// batchPoints is the most a batch holds, unless one sandbox alone exceeds
	// it; batchAge is the longest that a point waits for its batch to fill, about
	// as long as it takes to visit all sandboxes of a slot.
	batchPoints int
	batchAge    time.Duration
	// backOff is the longest time between two pulls of a failing sandbox.
	backOff time.Duration
	// drain is how long the last batches may take when the receiver stops.
	drain time.Duration
}

var defaultLimits = limits{
	inFlight:    512,
	unproven:    384,
	workers:     2,
	batchPoints: 8192,
	batchAge:    50 * time.Millisecond,
	backOff:     5 * time.Minute,
	drain:       time.Second,
}
